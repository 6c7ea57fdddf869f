"""/api/v1 over the real services: what a program does with portfolios, facts, files, brokers and jobs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from tests.web.houses import connect_broker, join, visitor, work
from tunefolio.bootstrap import adapters
from tunefolio.services.house import House

pytestmark = pytest.mark.one_is_enough

HEADER = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id"
BOOK = f"""{HEADER}
INFY,INE009A01021,2024-04-01,NSE,EQ,EQ,buy,false,10,1500,1,1
INFY,INE009A01021,2024-05-02,NSE,EQ,EQ,sell,false,4,1600,2,2
TCS,INE467B01029,2024-05-02,NOWHERE,EQ,EQ,buy,false,4,1600,3,3
""".encode()


@pytest.fixture
def asha(house: House) -> TestClient:
    return join(visitor(house), "asha@example.org", "Asha")


def made(client: TestClient, path: str, **body: Any) -> int:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def desk(client: TestClient) -> int:
    """A hand-kept account."""
    shelf = made(client, "/api/v1/portfolios", name="Family")
    return made(client, "/api/v1/accounts", portfolio_id=shelf, name="By hand")


@pytest.mark.on_both
def test_portfolios_and_accounts_live_and_go(asha: TestClient) -> None:
    account = desk(asha)
    (shelf,) = asha.get("/api/v1/portfolios").json()["data"]
    assert (shelf["name"], shelf["currency"], shelf["archived_at"]) == ("Family", "INR", None)
    renamed = asha.patch(f"/api/v1/portfolios/{shelf['id']}", json={"name": "House"})
    assert renamed.json()["name"] == "House"
    other = made(asha, "/api/v1/portfolios", name="Other")
    moved = asha.patch(f"/api/v1/accounts/{account}", json={"name": "Demat", "portfolio_id": other}).json()
    assert (moved["name"], moved["portfolio_id"], moved["kind"]) == ("Demat", other, "manual")
    assert asha.get(f"/api/v1/accounts?portfolio={shelf['id']}").json()["data"] == []
    for verb in ("archive", "restore", "archive"):
        assert asha.post(f"/api/v1/portfolios/{other}/{verb}").status_code == 204
        assert asha.post(f"/api/v1/accounts/{account}/{verb}").status_code == 204
    assert asha.get(f"/api/v1/portfolios/{other}").json()["archived_at"] == "2026-11-20T10:30:00+05:30"
    assert asha.delete(f"/api/v1/accounts/{account}?confirm_name=wrong").status_code == 422
    gone = asha.delete(f"/api/v1/accounts/{account}?confirm_name=Demat")
    assert gone.status_code == 200
    assert gone.headers["content-type"] == "application/zip"
    assert gone.content[:2] == b"PK"
    assert asha.get(f"/api/v1/accounts/{account}").status_code == 404
    assert asha.delete(f"/api/v1/portfolios/{other}?confirm_name=Other").status_code == 200


def test_a_taken_name_is_refused(asha: TestClient) -> None:
    made(asha, "/api/v1/portfolios", name="Family")
    answer = asha.post("/api/v1/portfolios", json={"name": "Family"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "name"


@pytest.mark.on_both
def test_facts_are_recorded_read_corrected_and_taken_back(asha: TestClient) -> None:
    account = desk(asha)
    path = f"/api/v1/accounts/{account}/transactions"
    bought = made(
        asha, path, kind="buy", day="2024-04-01", instrument="NSE:INFY", quantity="10", price="1500",
        fees="12.50", tags=["core"], note="first",
    )  # fmt: skip
    made(asha, f"{path}/line", text="2024-05-02 sell 4 NSE:INFY @ 1600 #core")
    made(asha, path, kind="deposit", day="2024-03-01", amount="50000.25")
    rows = asha.get("/api/v1/transactions").json()["data"]
    assert [row["kind"] for row in rows] == ["sell", "buy", "deposit"]
    assert (rows[1]["amount"], rows[1]["fees"], rows[1]["quantity"]) == ("15000.00", "12.50", "10")
    assert rows[1]["line"].startswith("2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5")
    assert rows[1]["instrument"]["isin"] == "INE009A01021"
    assert asha.post(f"/api/v1/transactions/{bought}/reverse").status_code == 422, "its units are sold"
    correction = {
        "kind": "buy",
        "day": "2024-04-01",
        "instrument": "NSE:INFY",
        "quantity": "12",
        "price": "1500",
    }
    corrected = asha.put(f"/api/v1/transactions/{bought}", json=correction)
    assert corrected.status_code == 200, corrected.text
    instrument = rows[1]["instrument"]["id"]
    holding = asha.get(f"/api/v1/accounts/{account}/holdings/{instrument}").json()
    assert [lot["quantity"] for lot in holding["lots"]] == ["8"]
    assert holding["lots"][0]["acquired"] == "2024-04-01"
    (match,) = holding["matches"]
    assert (match["quantity"], match["proceeds"], match["gain"]) == ("4", "6400.00", "400.00")
    new = corrected.json()["id"]
    assert asha.put(f"/api/v1/transactions/{new}/tags/long").status_code == 204
    tagged = asha.get("/api/v1/transactions?tag=long").json()
    assert [row["id"] for row in tagged["data"]] == [new]
    assert "long" in tagged["tags"]
    assert asha.delete(f"/api/v1/transactions/{new}/tags/long").status_code == 204
    assert asha.delete(f"/api/v1/transactions/{new}/tags/long").status_code == 404


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (
            {"kind": "sell", "day": "2024-04-01", "instrument": "NSE:INFY", "quantity": "1", "price": "1"},
            "quantity",
        ),
        (
            {"kind": "buy", "day": "2024-04-01", "instrument": "NSE:INFY", "quantity": "-1", "price": "1"},
            "quantity",
        ),
        (
            {"kind": "buy", "day": "2024-04-01", "instrument": "XSE:INFY", "quantity": "1", "price": "1"},
            "exchange",
        ),
        (
            {"kind": "buy", "day": "01/04/2024", "instrument": "NSE:INFY", "quantity": "1", "price": "1"},
            "day",
        ),
        ({"kind": "buy", "day": "2024-04-01", "instrument": "NSE:INFY", "quantity": "1"}, "price"),
        ({"kind": "deposit", "day": "2024-04-01"}, "amount"),
        ({"kind": "deposit", "day": "2027-04-01", "amount": "1"}, "day"),
        ({"kind": "deposit", "day": "2024-04-01", "amount": "1.123456"}, "number"),
        ({"kind": "deposit", "day": "2024-04-01", "amount": 1.5}, "amount"),
        ({"kind": "deposit", "day": "2024-04-01", "amount": "1", "currency": "RUPEES"}, "currency"),
        ({"kind": "gift", "day": "2024-04-01", "amount": "1"}, "kind"),
    ],
)
def test_a_wrong_fact_names_its_field(asha: TestClient, wish: dict[str, Any], field: str) -> None:
    answer = asha.post(f"/api/v1/accounts/{desk(asha)}/transactions", json=wish)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.on_both
def test_pages_of_facts_are_the_whole_list(asha: TestClient) -> None:
    path = f"/api/v1/accounts/{desk(asha)}/transactions"
    every = [
        made(asha, path, kind="deposit", day=f"2024-04-0{1 + n // 3}", amount=str(n + 1)) for n in range(8)
    ]
    found: list[int] = []
    cursor = ""
    while True:
        page = asha.get(f"/api/v1/transactions?limit=3&cursor={cursor}").json()
        found += [row["id"] for row in page["data"]]
        cursor = page.get("next", "")
        if not cursor:
            break
    assert found == sorted(every, reverse=True)
    for wrong in ("x", "2024-04-01", "2024-04-01_x", "2024-13-01_1"):
        assert asha.get(f"/api/v1/transactions?cursor={wrong}").status_code == 422


@pytest.mark.on_both
def test_a_file_is_previewed_recorded_once_and_undone(asha: TestClient) -> None:
    adapters.load()
    account = desk(asha)
    files = {"file": ("book.csv", BOOK)}
    preview = asha.post(f"/api/v1/accounts/{account}/imports/preview", files=files)
    assert preview.status_code == 200, preview.text
    body = preview.json()
    assert (body["rows_total"], body["fresh"], body["repeated"], body["refused"]) == (3, 2, 0, 1)
    assert body["problems"][0]["row"] == 4
    assert [row["fate"] for row in body["sample"]][:2] == ["fresh", "fresh"]
    assert asha.get("/api/v1/transactions").json()["data"] == []
    path = f"/api/v1/accounts/{account}/imports"
    first = asha.post(path, json={"sha256": body["sha256"]}).json()
    assert (first["added"], first["repeated"], first["refused"]) == (2, 0, 1)
    asha.post(f"{path}/preview", files=files)
    again = asha.post(path, json={"sha256": body["sha256"]}).json()
    assert (again["added"], again["repeated"]) == (0, 2)
    assert [row["id"] for row in asha.get("/api/v1/imports?limit=1").json()["data"]] == [again["id"]]
    assert len(asha.get(f"/api/v1/transactions?imported={first['id']}").json()["data"]) == 2
    assert asha.post(f"/api/v1/imports/{first['id']}/undo").json() == {"reversed": 2}
    assert asha.get(f"/api/v1/imports/{first['id']}").json()["undone_at"]
    assert asha.get("/api/v1/transactions").json()["data"] == []
    assert asha.post(f"/api/v1/imports/{first['id']}/undo").status_code == 422
    assert asha.post(path, json={"sha256": "0" * 64}).status_code == 404


def test_a_file_with_a_wrong_header_is_refused(asha: TestClient) -> None:
    adapters.load()
    files = {"file": ("book\x00\x01.csv", b"a,b,c\n1,2,3\n")}
    answer = asha.post(f"/api/v1/accounts/{desk(asha)}/imports/preview", files=files)
    assert answer.status_code == 422
    assert answer.json()["cure"]


@pytest.mark.on_both
def test_a_broker_is_set_up_connected_synced_and_left(house: House, asha: TestClient) -> None:
    (line,) = asha.get("/api/v1/brokers").json()["data"]
    assert (line["broker"], line["account_id"], line["app"]) == ("zerodha", None, "operator")
    app = {"api_key": "mykey", "api_secret": "mysecret"}
    assert asha.put("/api/v1/brokers/zerodha/app", json=app).status_code == 204
    url = asha.post("/api/v1/brokers/zerodha/login").json()["url"]
    assert "api_key=mykey" in urlsplit(url).query
    connect_broker(house, asha)
    (line,) = asha.get("/api/v1/brokers").json()["data"]
    assert (line["state"], line["app"]) == ("connected", "own")
    assert "mysecret" not in asha.get("/api/v1/brokers").text
    asked = asha.post(f"/api/v1/accounts/{line['account_id']}/sync")
    assert asked.status_code == 202
    work(house)
    job = asha.get(f"/api/v1/jobs/{asked.json()['job_id']}").json()
    assert (job["kind"], job["state"]) == ("sync", "done")
    assert asha.post(f"/api/v1/brokers/accounts/{line['account_id']}/disconnect").status_code == 204
    (line,) = asha.get("/api/v1/brokers").json()["data"]
    assert line["state"] == "disconnected"
    assert asha.delete("/api/v1/brokers/zerodha/app").status_code == 204
    assert asha.post("/api/v1/brokers/nowhere/login").status_code == 422


def test_jobs_and_the_timetable_are_shown(house: House, asha: TestClient) -> None:
    connect_broker(house, asha)
    (line,) = asha.get("/api/v1/brokers").json()["data"]
    waiting = asha.post(f"/api/v1/accounts/{line['account_id']}/sync").json()["job_id"]
    assert asha.post(f"/api/v1/jobs/{waiting}/cancel").status_code == 204
    assert asha.get(f"/api/v1/jobs/{waiting}").json()["state"] == "cancelled"
    page = asha.get("/api/v1/jobs?limit=1").json()
    assert page["data"][0]["id"] == waiting
    assert int(page["next"]) == waiting
    assert asha.get(f"/api/v1/jobs?cursor={waiting}").json()["data"][0]["id"] < waiting
    assert asha.get("/api/v1/jobs?cursor=x").status_code == 422
    assert asha.get("/api/v1/admin/jobs").json()["data"][0]["id"] == waiting
    duties = {row["name"]: row for row in asha.get("/api/v1/timetable").json()["data"]}
    assert duties["snapshot_sod"]["next_run_at"] == "2026-11-23T09:00:00+05:30"


def test_a_snapshot_without_lines_is_there_all_the_same(house: House, asha: TestClient) -> None:
    desk(asha)
    (empty,) = asha.post("/api/snapshots/trigger").json()["data"]
    told = asha.get(f"/api/v1/snapshots/{empty['id']}").json()
    assert (told["type"], told["value"], told["unpriced"]) == ("MANUAL", "0.00", 0)
    assert asha.get(f"/api/v1/snapshots/{empty['id']}/lines").json() == {"data": []}
    for path in ("999999", "999999/lines"):
        assert asha.get(f"/api/v1/snapshots/{path}").status_code == 404
    ravi = join(visitor(house), "ravi@example.org", "Ravi")
    assert ravi.get(f"/api/v1/snapshots/{empty['id']}").status_code == 404
    assert ravi.get(f"/api/v1/snapshots/{empty['id']}/lines").status_code == 404


def test_everybody_is_listed_for_admins_only(house: House, asha: TestClient) -> None:
    assert [one["name"] for one in asha.get("/api/v1/persons").json()["data"]] == ["Asha"]
    ravi = join(visitor(house), "ravi@example.org", "Ravi")
    assert ravi.get("/api/v1/persons").status_code == 403
    assert visitor(house).get("/api/v1/persons").status_code == 401


@pytest.mark.on_both
def test_snapshots_have_lines_and_a_curve(house: House, asha: TestClient) -> None:
    connect_broker(house, asha)
    asha.post("/api/snapshots/trigger")
    (entry,) = asha.get("/api/v1/snapshots").json()["data"]
    lines = asha.get(f"/api/v1/snapshots/{entry['id']}/lines").json()["data"]
    assert {line["symbol"] for line in lines} == {"TATAPOWER", "INFY", "UNPRICED"}
    assert [line["value"] for line in lines if line["symbol"] == "UNPRICED"] == [None]
    curve = asha.get("/api/v1/value-curve").json()
    assert [(point["day"], point["unpriced"]) for point in curve["data"]] == [("2026-11-20", 1)]
    assert asha.get("/api/v1/value-curve?since=2026-11-21").json()["data"] == []


def test_ones_own_word_on_a_sector_goes_first(house: House, asha: TestClient) -> None:
    connect_broker(house, asha)
    row = next(
        r for r in asha.get("/api/v1/transactions").json()["data"] if r["instrument"]["symbol"] == "INFY"
    )
    path = f"/api/v1/sectors/overrides/{row['instrument']['id']}"
    assert asha.put(path, json={"sector": "Software"}).status_code == 204
    assert asha.get("/api/sectors/Software/holdings").json()["stock_count"] == 1
    assert asha.get("/api/v1/sectors/overrides").json()["data"][0]["symbol"] == "INFY"
    assert asha.delete(path).status_code == 204
    assert asha.delete(path).status_code == 404
    assert asha.get("/api/sectors/Software/holdings").status_code == 404
    assert asha.put("/api/v1/sectors/overrides/9999", json={"sector": "x"}).status_code == 404


@pytest.mark.on_both
def test_people_are_invited_and_given_roles(house: House, asha: TestClient) -> None:
    invited = asha.post("/api/v1/admin/invites", json={"email": "ravi@example.org", "role": "reader"}).json()
    (open_one,) = asha.get("/api/v1/admin/invites").json()["data"]
    assert open_one["email"] == "ravi@example.org"
    assert invited["code"] not in asha.get("/api/v1/admin/invites").text
    newcomer = {"name": "Ravi", "password": "a long enough password", "invite": invited["code"]}
    wrong = visitor(house).post("/api/v1/persons", json={**newcomer, "email": "eve@example.org"})
    assert wrong.status_code == 422
    ravi = visitor(house).post("/api/v1/persons", json={**newcomer, "email": "ravi@example.org"}).json()
    assert ravi["role"] == "reader"
    page = asha.get("/api/v1/admin/persons?limit=1").json()
    assert page["data"][0]["email"] == "asha@example.org"
    assert asha.get(f"/api/v1/admin/persons?cursor={page['next']}").json()["data"][0]["id"] == ravi["id"]
    last = asha.put(f"/api/v1/admin/persons/{page['data'][0]['id']}/role", json={"role": "member"})
    assert last.status_code == 422
    revoked = asha.post("/api/v1/admin/invites", json={})
    assert revoked.status_code == 201
    (row,) = asha.get("/api/v1/admin/invites").json()["data"]
    assert asha.delete(f"/api/v1/admin/invites/{row['id']}").status_code == 204
    assert asha.delete(f"/api/v1/admin/invites/{row['id']}").status_code == 404
