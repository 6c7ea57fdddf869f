"""Schedule FA on its page, by the API and in the files of the year; the PDF says what the CSV says."""

from __future__ import annotations

import csv
import io
import re
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from math import prod
from typing import Any

import pypdfium2
import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from tests.web.houses import join, visitor
from tests.web.test_pages import HTML, assert_fits_the_policy, text_of
from tests.web.test_tax_api import account, write_down
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.closes import Close
from tunefolio.market.fx import Rate
from tunefolio.services.house import House
from tunefolio.store import closes, rates

pytestmark = pytest.mark.usefixtures("built_assets")
YEAR = "year=2024-25"
NUMBER = re.compile(r'<a class="why[^"]*" href="(/tax/foreign/explain[^"]+)"[^>]*>([^<]+)</a>')
USD = Currency("USD")
FACTS = (
    "2023-05-02 deposit 3000 USD",
    "2023-05-04 buy 10 NASDAQ:AAPL @ 170 USD fee 1",
    "2024-02-05 buy 2 NASDAQ:AAPL @ 190 USD",
    "2024-03-04 sell 4 NASDAQ:AAPL @ 180 USD fee 1",
    "2024-05-16 dividend 2 NASDAQ:AAPL USD tax 0.5",
    "2024-06-03 interest 5 USD",
)
AT_HOME = ("2023-04-03 buy 10 NSE:INFY @ 1400 fee 50", "2024-06-12 sell 4 NSE:INFY @ 1700 fee 8")


@pytest.fixture
def home(asha: TestClient) -> int:
    """Asha's account abroad and her shares at home; nobody knows a close or a rate yet."""
    found = account(asha, "आशा abroad")
    write_down(asha, found, *FACTS, *AT_HOME)
    return found


@pytest.fixture
def priced(small_house: House, asha: TestClient, home: int) -> int:
    """A close of 200 dollars every day of 2024, 250 on the fifth of June; 83 rupees a dollar."""
    apple = body(asha, f"/foreign?{YEAR}")["a3"][0]["instrument"]
    first = TradingDay.parse("2023-12-20")
    days = [first.plus_days(number) for number in range(378)]
    peak = TradingDay.parse("2024-06-05")
    now = small_house.clock.now()
    with small_house.database.writing() as db:
        some = [Close(day, Decimal(250 if day == peak else 200)) for day in days]
        closes.put(db, InstrumentId(apple), USD, some, "test", now)
        begun = TradingDay.parse("2023-04-01")
        known = [Rate(USD, INR, begun.plus_days(number), Decimal(83), "test") for number in range(731)]
        rates.put(db, known)
    return home


def worked_out(tree: dict[str, Any]) -> Decimal:
    """A figure from its leaves alone: a product is rounded once, to the paisa."""
    if tree["op"] == "leaf":
        return Decimal(tree["value"])
    parts = [worked_out(part) for part in tree["inputs"]]
    match tree["op"]:
        case "product, 2 decimals":
            return prod(parts, start=Decimal(1)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        case "sum":
            return sum(parts, Decimal(0))
        case _:
            assert tree["op"] == "difference"
            return parts[0] - sum(parts[1:])


def body(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/tax{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_each_lot_has_its_row_and_the_account_its_money(asha: TestClient, priced: int) -> None:
    found = body(asha, f"/foreign?{YEAR}")
    assert (found["from"], found["to"], found["not_available"]) == ("2024-01-01", "2024-12-31", 0)
    old, new = found["a3"]
    assert (old["country"], old["country_code"], old["acquired"]) == (
        "UNITED STATES OF AMERICA",
        "2",
        "2023-05-04",
    )
    names = ("initial", "peak", "closing", "received", "proceeds")
    assert [old[name] for name in names] == [
        f"{1701 * 83}.00",
        f"{max(6 * 250, 10 * 200) * 83}.00",
        f"{6 * 200 * 83}.00",
        "124.50",
        f"{720 * 83}.00",
    ]
    assert [new[name] for name in names] == [
        f"{380 * 83}.00",
        f"{500 * 83}.00",
        f"{400 * 83}.00",
        "41.50",
        "0.00",
    ]
    assert (new["peak_day"], new["units"]) == ("2024-06-05", "2")
    (money,) = found["a2"]
    assert (money["interest"], money["dividends"]) == ("415.00", "166.00")
    assert money["closing"] == f"{Decimal('1644.5') * 83:.2f}"
    assert any("telegraphic transfer buying rate" in one for one in found["doubts"])


def test_every_number_of_the_page_opens_how_it_was_made(asha: TestClient, priced: int) -> None:
    page = text_of(asha, f"/tax/foreign?{YEAR}")
    assert_fits_the_policy(page)
    assert "calendar year 2024" in page
    assert "not the financial year" in page
    assert "not advice" in page
    links = NUMBER.findall(page)
    assert len(links) == 2 * 5 + 5
    for href, text in links:
        answer = asha.get("/api/v1" + unescape(href))
        assert answer.status_code == 200, href
        value = worked_out(answer.json())
        assert value.quantize(Decimal(1), ROUND_HALF_UP) == Decimal(text.strip("₹ ").replace(",", "")), href
        drawer = text_of(asha, unescape(href), **{"hx-request": "true", "hx-request-type": "partial"})
        assert drawer.lstrip().startswith('<div class="explained">')


def test_what_is_not_known_is_not_available_and_says_why(asha: TestClient, home: int) -> None:
    found = body(asha, f"/foreign?{YEAR}")
    assert found["not_available"] == 3
    assert all(one[name] is None for one in found["a3"] for name in ("initial", "peak", "closing"))
    assert all(hole["cure"] for one in (*found["a3"], *found["a2"]) for hole in one["missing"])
    page = text_of(asha, f"/tax/foreign?{YEAR}")
    assert 'class="na"' in page
    assert "In 3 rows a number is not available" in page


def test_a_figure_that_is_none_is_not_found(asha: TestClient, priced: int) -> None:
    key = body(asha, f"/foreign?{YEAR}")["a3"][0]["key"]
    for figure in (f"a3:{key}:country", "a3:1~2~3~:peak", "a2:9~USD:peak", "a4:x:peak", "peak"):
        assert asha.get(f"/api/v1/tax/foreign/explain?{YEAR}&figure={figure}").status_code == 404, figure


def test_a_house_without_anything_abroad_says_so(asha: TestClient) -> None:
    page = text_of(asha, "/tax/foreign")
    assert "Nothing abroad in 2026" in page
    assert body(asha, f"/foreign?{YEAR}")["a3"] == []


def test_nothing_of_another_is_shown(small_house: House, asha: TestClient, priced: int) -> None:
    bela = join(visitor(small_house), "bela@example.org", "Bela")
    assert body(bela, f"/foreign?{YEAR}")["a3"] == []
    key = body(asha, f"/foreign?{YEAR}")["a3"][0]["key"]
    assert bela.get(f"/api/v1/tax/foreign/explain?{YEAR}&figure=a3:{key}:peak").status_code == 404
    mine = asha.post("/api/v1/tax/taxpayers", json={"name": "Amma"}).json()["id"]
    assert bela.get(f"/tax/foreign?{YEAR}&taxpayer={mine}", headers=HTML).status_code == 404


# Files ---------------------------------------------------------------------------------------------


def test_the_csv_has_the_rows_of_the_page_in_whole_rupees(asha: TestClient, priced: int) -> None:
    for path in ("/api/v1/tax/export/schedule-fa.csv", "/tax/export/schedule-fa.csv"):
        answer = asha.get(f"{path}?{YEAR}")
        assert answer.headers["content-disposition"] == 'attachment; filename="schedule-fa-2024-25.csv"'
        head, *rows = csv.reader(io.StringIO(answer.text))
        assert head[8] == "Peak value of investment during the Period"
        assert [row[8] for row in rows] == [str(2000 * 83), str(500 * 83)]
        assert {row[1] for row in rows} == {"2-UNITED STATES OF AMERICA"}


def test_the_workbook_has_a_sheet_of_it(asha: TestClient, priced: int) -> None:
    answer = asha.get(f"/tax/export/statement.xlsx?{YEAR}")
    book = load_workbook(io.BytesIO(answer.content))
    cells = [row for row in book["Schedule FA"].iter_rows(values_only=True) if row[6]]
    assert cells[0][8] == "Peak value of investment during the Period"
    assert [row[8] for row in cells[1:3]] == [2000 * 83, 500 * 83]
    words = [str(row[0]) for row in book["Schedule FA"].iter_rows(values_only=True)]
    assert any(word.startswith("Doubtful: rate of exchange") for word in words)


def test_no_file_before_the_books_bear_it(asha: TestClient, priced: int) -> None:
    write_down(asha, priced, "2024-04-03 opening 5 NSE:ITC @ 10")
    for name in ("schedule-fa.csv", "statement.pdf", "statement.xlsx"):
        refused = asha.get(f"/tax/export/{name}?{YEAR}", headers=HTML)
        assert refused.status_code == 409, name
        assert "No file was made." in refused.text
    for name in ("schedule-fa.csv", "statement.pdf"):
        assert asha.get(f"/api/v1/tax/export/{name}?{YEAR}").status_code == 409, name


def words_of(content: bytes) -> list[str]:
    """The words of each page, as another library reads them."""
    document = pypdfium2.PdfDocument(content)
    return [document[number].get_textpage().get_text_range() for number in range(len(document))]


def pdf(client: TestClient) -> bytes:
    answer = client.get(f"/api/v1/tax/export/statement.pdf?{YEAR}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    content: bytes = answer.content
    return content


def test_the_pdf_says_what_the_csv_says(asha: TestClient, priced: int) -> None:
    """Each deed of the CSV stands in one line of the PDF with every sum, to the paisa."""
    write_down(
        asha,
        priced,
        *(f"2024-07-{day:02d} sell 0.125 NASDAQ:AAPL @ {180 + day}.37 USD fee 1" for day in range(1, 29)),
    )
    lines = [line for page in words_of(pdf(asha)) for line in page.splitlines()]
    statement = asha.get(f"/api/v1/tax/export/statement.csv?{YEAR}").text
    deeds = [row for row in csv.DictReader(io.StringIO(statement)) if row["Gain"]]
    assert len(deeds) == 29
    sums = ("Consideration", "Expenses", "Cost", "Value on 2018-01-31", "Cost taken", "Gain")
    for deed in deeds:
        wanted = [Decimal(deed[name]).quantize(Decimal("0.01")) for name in sums if deed[name]]
        told = [line for line in lines if deed["Transferred"] in line and deed["Acquired"] in line]
        found = [
            [Decimal(one.replace(",", "")) for one in re.findall(r"-?[\d,]+\.\d\d\b", line)] for line in told
        ]
        assert wanted in found, deed


def test_the_pdf_names_who_when_and_every_page(asha: TestClient, priced: int) -> None:
    pages = words_of(pdf(asha))
    for number, text in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in text
        assert "not advice" in text
        assert "2024-25 (assessment year 2025-26)" in text
        assert "Made on " in text
    whole = "\n".join(pages)
    assert "₹" in whole
    assert "आशा abroad" in whole
    assert "Schedule FA, table A3: calendar year 2024-01-01 to 2024-12-31" in whole
    assert f"{2000 * 83 // 100_000},{2000 * 83 % 100_000 // 1000:02d},000.00" in whole
    assert "Doubtful: rate of exchange" in whole, whole[-3000:]


def test_headings_are_repeated_on_every_page_of_a_table(asha: TestClient, priced: int) -> None:
    text = "\n".join(f"2024-07-02 sell 0.01 NASDAQ:AAPL @ {200 + number} USD" for number in range(120))
    bulk = {"account_id": priced, "text": text}
    assert asha.post("/api/v1/transactions/bulk", json=bulk).status_code in (200, 201)
    pages = [text for text in words_of(pdf(asha)) if "2023-05-04 2024-07-02" in text]
    assert len(pages) >= 3
    for text in pages:
        assert "Consideration" in text, text
        assert "Cost taken" in text, text


def test_the_same_year_gives_the_same_bytes(asha: TestClient, priced: int) -> None:
    assert pdf(asha) == pdf(asha)


def test_only_the_files_tell_the_account_number_whole(asha: TestClient, priced: int) -> None:
    number = "ABCPE1234F"
    kept = asha.put("/api/v1/tax/taxpayers/0/years/2024-25", json={"regime": "new"})
    assert kept.status_code == 204, kept.text
    (me,) = body(asha, "/taxpayers")["data"]
    told = asha.put(f"/api/v1/tax/taxpayers/{me['id']}", json={"name": "Asha", "pan": number})
    assert told.status_code == 200, told.text
    assert f"PAN {number}" in "".join(words_of(pdf(asha)))
    book = load_workbook(io.BytesIO(asha.get(f"/tax/export/statement.xlsx?{YEAR}").content))
    assert ("PAN", number) in [row[:2] for row in book["Summary"].iter_rows(values_only=True)]
    assert number not in text_of(asha, f"/tax/foreign?{YEAR}")
