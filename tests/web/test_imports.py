"""The way of a file into the books, as pages and as an API: every step, every verdict, every refusal."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.adapters.cas_pdfs import Folio, Row, Scheme, blank, cams
from tests.web.houses import work
from tunefolio.bootstrap import adapters
from tunefolio.services.house import House

HTML = {"accept": "text/html"}
D = Decimal
PAN = "AAAAA0000A"
TABLE = "When,Deal,Paper,Pieces,Each,Cost of it\n" + "".join(
    f"{1 + row % 28:02}-03-2025,Buy,PAPER{row},10,1500,20\n" for row in range(130)
)
MEANS = ["day", "kind", "symbol", "quantity", "price", "fees"]


@pytest.fixture(autouse=True)
def every_format() -> None:
    adapters.load()


@pytest.fixture
def account(asha: TestClient) -> int:
    """An empty account of Asha's."""
    shelf = asha.post("/api/v1/portfolios", json={"name": "Main"}).json()["id"]
    home = {"portfolio_id": shelf, "name": "Demat"}
    made: int = asha.post("/api/v1/accounts", json=home).json()["id"]
    return made


def files(content: str | bytes, name: str = "trades.csv") -> dict[str, Any]:
    return {"file": (name, content if isinstance(content, bytes) else content.encode())}


def digest_in(page: str) -> str:
    found = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
    assert found, page[:500]
    return found[1]


def send(asha: TestClient, path: str, **fields: Any) -> str:
    answer = asha.post(path, data=fields, headers=HTML, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def statement(jump: str = "10") -> bytes:
    """Two purchases; the printed balance of the second says whether the first is missing one."""
    rows = (
        Row(date(2024, 4, 5), "Purchase", D(5000), D(10), D(500), D(10)),
        Row(date(2024, 5, 6), "Purchase", D(600), D(1), D(600), D(jump) + 1),
    )
    scheme = Scheme("HDFC Flexi Cap Fund - Growth", "INF179K01608", rows=rows)
    return cams([Folio("10000001 / 90", "HDFC Mutual Fund", (scheme,))], password=PAN)


def test_a_table_is_explained_checked_page_by_page_and_recorded(asha: TestClient, account: int) -> None:
    answer = asha.post("/imports/preview", data={"account": account}, files=files(TABLE), headers=HTML)
    assert "What do the columns mean?" in answer.text
    assert "130 rows below line 1" in answer.text
    sha = digest_in(answer.text)
    fields = {"account": account, "sha256": sha, "means": MEANS, "day_order": "dmy"}
    page = send(asha, "/imports/columns", **fields)
    assert "Record 130 transactions" in page
    assert "PAPER0<" in page
    assert "1 to 100 of 130" in page
    assert "PAPER129<" not in page
    page = send(asha, "/imports/rows", account=account, sha256=sha, offset=100)
    assert "101 to 130 of 130" in page
    assert "PAPER129<" in page
    assert "No row of this sort" in send(asha, "/imports/rows", account=account, sha256=sha, fate="refused")
    page = send(asha, "/imports", account=account, sha256=sha, total=130)
    assert "Tables you explained" in page
    again = asha.post("/imports/preview", data={"account": account}, files=files(TABLE), headers=HTML)
    assert "Nothing new." in again.text
    assert "already there" in again.text


def test_the_most_natural_header_of_all_is_asked_about_and_not_taken_for_a_torn_tradebook(
    asha: TestClient, account: int
) -> None:
    content = "Trade Date,Type,Symbol,Quantity,Price\n2024-05-02,buy,INFY,10,1415.50\n"
    answer = asha.post("/imports/preview", data={"account": account}, files=files(content), headers=HTML)
    assert "What do the columns mean?" in answer.text
    fields = {"account": account, "sha256": digest_in(answer.text), "day_order": "ymd"}
    page = send(asha, "/imports/columns", means=["day", "kind", "symbol", "quantity", "price"], **fields)
    assert "Record 1 transactions" in page or "Record 1 transaction" in page


def test_a_table_with_decimal_commas_is_seen_to_be_one_and_says_how_to_be_read_where_it_is_not(
    asha: TestClient, account: int
) -> None:
    content = (
        "Day;Was;Symbol;Units;Preis;Fee\n2024-05-02;buy;INFY;10;99,50;12,5\n2024-05-03;buy;INFY;1.000;5;0\n"
    )
    answer = asha.post("/imports/preview", data={"account": account}, files=files(content), headers=HTML)
    assert 'value="comma" selected' in answer.text
    assert 'value="day" selected' in answer.text
    fields = {"account": account, "sha256": digest_in(answer.text), "day_order": "ymd", "point": "dot"}
    means = ["day", "kind", "symbol", "quantity", "price", "fees"]
    page = send(asha, "/imports/columns", means=means, **fields)
    assert "'12,5' is not a number" in page
    assert "If the file writes 1.234,50, say so under How cells are written" in page


def test_a_map_can_be_said_anew_and_forgotten(asha: TestClient, account: int) -> None:
    answer = asha.post("/imports/preview", data={"account": account}, files=files(TABLE), headers=HTML)
    sha = digest_in(answer.text)
    send(asha, "/imports/columns", account=account, sha256=sha, means=MEANS, day_order="dmy")
    page = send(asha, "/imports/columns/again", account=account, sha256=sha)
    assert 'value="fees" selected' in page
    (kept,) = asha.get("/api/v1/imports/maps").json()["data"]
    assert kept["columns"]["fees"] == ["Cost of it"]
    assert "Tables you explained" not in send(asha, "/imports/columns/forget", shape=kept["shape"])
    assert asha.get("/api/v1/imports/maps").json()["data"] == []


@pytest.mark.parametrize(
    ("means", "words"),
    [
        (["", "kind", "symbol", "quantity", "price", "fees"], "no column says the day"),
        (["day", "day", "symbol", "quantity", "price", "fees"], "is one column"),
        (["day", "kind"], "2 entries for 6 columns"),
        (["moon", "kind", "symbol", "quantity", "price", "fees"], "unknown"),
    ],
)
def test_a_map_that_does_not_fit_is_told(
    asha: TestClient, account: int, means: list[str], words: str
) -> None:
    answer = asha.post("/imports/preview", data={"account": account}, files=files(TABLE), headers=HTML)
    fields = {"account": account, "sha256": digest_in(answer.text), "means": means}
    refused = asha.post("/imports/columns", data=fields, headers=HTML)
    assert refused.status_code == 422
    assert words in html.unescape(refused.text)


def test_a_statement_is_opened_with_its_password_and_its_balances_add_up(
    asha: TestClient, account: int
) -> None:
    data = {"account": account, "password": PAN}
    page = asha.post("/imports/preview", data=data, files=files(statement(), "cas.pdf"), headers=HTML).text
    assert "consolidated account statement of CAMS" in page
    assert "Every balance adds up." in page
    assert "Record 2 transactions" in page
    assert PAN not in page


def test_a_statement_that_contradicts_itself_is_shown_and_not_trusted(asha: TestClient, account: int) -> None:
    data = {"account": account, "password": PAN}
    page = asha.post("/imports/preview", data=data, files=files(statement("90"), "c.pdf"), headers=HTML).text
    assert "Parts of this statement are not trusted." in page
    assert "Record 0 transactions" in page


def test_a_statement_with_a_row_that_is_not_understood_shows_the_break(
    asha: TestClient, account: int
) -> None:
    rows = (
        Row(date(2024, 4, 5), "Purchase", D(5000), D(10), D(500), D(10)),
        Row(date(2024, 5, 6), "Switch In - Merger", D(600), D(2), D(300), D(12)),
    )
    scheme = Scheme("HDFC Flexi Cap Fund - Growth", "INF179K01608", rows=rows)
    content = cams([Folio("10000001 / 90", "HDFC Mutual Fund", (scheme,))])
    page = asha.post(
        "/imports/preview", data={"account": account}, files=files(content, "c.pdf"), headers=HTML
    ).text
    assert "Balances that do not add up" in page
    assert "merger of the two schemes" in page


def test_a_text_book_is_checked_and_recorded_whole(asha: TestClient, account: int) -> None:
    book = 'account "Demat"\n2024-04-01 buy 10 NSE:INFY @ 1500\n'
    page = asha.post("/imports/preview", data={"account": account}, files=files(book, "b.txt"), headers=HTML)
    assert "TuneFolio text book" in page.text
    assert "Record 1 transaction" in page.text
    send(asha, "/imports/book", account=account, sha256=digest_in(page.text))
    assert len(asha.get("/api/v1/transactions").json()["data"]) == 1


def test_the_api_goes_the_same_way(asha: TestClient, account: int) -> None:
    path = f"/api/v1/accounts/{account}/imports"
    answer = asha.post(f"{path}/upload", files=files(TABLE))
    assert answer.status_code == 201, answer.text
    taken = answer.json()
    assert (taken["needs"], taken["next"], taken["table"]["rows_total"]) == ("columns", "columns", 130)
    unexplained = asha.post(f"{path}/rows", json={"sha256": taken["sha256"]})
    assert (unexplained.status_code, unexplained.json()["errors"][0]["field"]) == (422, "columns")
    columns = {name: [head] for name, head in zip(MEANS, taken["table"]["header"], strict=True)}
    said = {"sha256": taken["sha256"], "columns": columns, "day_order": "dmy"}
    assert asha.post(f"{path}/columns", json=said).json()["next"] == "rows"
    found: list[int] = []
    offset: int | None = 0
    while offset is not None:
        wish = {"sha256": taken["sha256"], "offset": offset, "limit": 50}
        body = asha.post(f"{path}/rows", json=wish).json()
        found += [row["row"] for row in body["data"]]
        offset = body.get("next_offset")
    assert found == list(range(2, 132))
    first = asha.post(f"{path}/rows", json={"sha256": taken["sha256"], "limit": 1}).json()["data"][0]
    assert (first["fate"], first["what"]["fees"], first["problems"]) == ("fresh", "20.00", [])
    done = asha.post(path, json={"sha256": taken["sha256"]}).json()
    assert (done["added"], done["format"]) == (130, "table")
    shape = taken["table"]["shape"]
    assert asha.post("/api/v1/imports/maps/forget", json={"shape": shape}).status_code == 204


def test_a_long_file_is_recorded_in_the_background(house: House, asha: TestClient, account: int) -> None:
    path = f"/api/v1/accounts/{account}/imports"
    taken = asha.post(f"{path}/upload", files=files(TABLE)).json()
    columns = {name: [head] for name, head in zip(MEANS, taken["table"]["header"], strict=True)}
    asha.post(f"{path}/columns", json={"sha256": taken["sha256"], "columns": columns, "day_order": "dmy"})
    asked = asha.post(path, json={"sha256": taken["sha256"], "background": True})
    assert asked.status_code == 202
    job = asha.get(f"/api/v1/jobs/{asked.json()['job_id']}").json()
    assert job["kind"] == "import_file"
    assert "Waiting" in asha.get("/imports", headers=HTML).text


@pytest.mark.parametrize(
    ("content", "name", "password", "field"),
    [
        (blank("A bill"), "bill.pdf", "", "file"),
        (blank("A bill", password="x"), "bill.pdf", "y", "password"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "locked.xlsx", "", "file"),
        (b"PK\x03\x04 torn", "torn.xlsx", "", "file"),
        (b"\x00\x01\x02\x03", "x.bin", "", "file"),
        (b"a," * 3_000_000, "wide.csv", "", "file"),
        (b"", "empty.csv", "", "file"),
    ],
    ids=["a bill", "wrong password", "protected workbook", "torn workbook", "binary", "wide", "empty"],
)
def test_a_hostile_file_is_refused_with_a_reason_and_a_cure(
    asha: TestClient, account: int, content: bytes, name: str, password: str, field: str
) -> None:
    path = f"/api/v1/accounts/{account}/imports/upload"
    answer = asha.post(path, files=files(content, name), data={"password": password})
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body["errors"][0]["field"] == field
    assert body["cure"]
    page = asha.post(
        "/imports/preview",
        data={"account": account, "password": password},
        files=files(content, name),
        headers=HTML,
    )
    assert page.status_code == 422


def test_two_hundred_megabytes_are_refused_before_they_are_read(asha: TestClient, account: int) -> None:
    """The length alone decides; a body that says none is cut off at the limit."""
    path = f"/api/v1/accounts/{account}/imports/upload"
    headers = {"content-type": "multipart/form-data; boundary=x", "content-length": str(200 << 20)}
    assert asha.post(path, content=b"", headers=headers).status_code == 413

    def endless() -> Any:
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(200):
            yield b"x" * (1 << 20)

    answer = asha.post(path, content=endless(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 413


def test_a_formula_in_a_file_is_text_on_the_page_and_harmless_in_every_export(
    house: House, asha: TestClient, account: int
) -> None:
    rows = 'Date,Side,Symbol,Qty,Price,Notes\n31-03-2025,Buy,INFY,1,1500,"=HYPERLINK(""http://x"")"\n'
    path = f"/api/v1/accounts/{account}/imports"
    taken = asha.post(f"{path}/upload", files=files(rows)).json()
    said = {"sha256": taken["sha256"], **taken["map"]}
    assert asha.post(f"{path}/columns", json=said).status_code == 200
    assert asha.post(path, json={"sha256": taken["sha256"]}).json()["added"] == 1
    work(house)
    exported = zipfile.ZipFile(io.BytesIO(asha.get("/portfolios/export").content))
    table = exported.read("transactions.csv").decode()
    assert "'=HYPERLINK" in table
    assert ",=HYPERLINK" not in table
    assert ',"=HYPERLINK' not in table
