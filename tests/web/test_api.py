"""The first system's routes, in shapes and meanings, over what a broker reported."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.houses import connect_broker, join, visitor
from tunefolio.services.house import House

pytestmark = pytest.mark.one_is_enough


@pytest.fixture
def investor(house: House) -> TestClient:
    client = join(visitor(house), "asha@example.org", "Asha")
    connect_broker(house, client)
    return client


def read(client: TestClient, path: str) -> dict[str, Any]:
    """The answer with every number as Decimal: what was sent, not what a float makes of it."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = json.loads(answer.text, parse_float=Decimal)
    return body


@pytest.mark.on_both
def test_overview_has_the_figures_of_the_strip(investor: TestClient) -> None:
    body = read(investor, "/api/portfolio/overview")
    assert body == {
        "total_stocks": 3,
        "total_invested": Decimal("28515.00"),
        "current_value": Decimal("28108.55"),
        "total_pnl": Decimal("93.55"),
        "total_pnl_pct": Decimal("0.33"),
        "unpriced_count": 1,
        "as_of": body["as_of"],
    }


@pytest.mark.on_both
def test_holdings_agree_with_the_broker_to_the_paisa(investor: TestClient) -> None:
    body = read(investor, "/api/portfolio/holdings")
    assert body["count"] == 3
    rows = {row["symbol"]: row for row in body["data"]}
    power = rows["TATAPOWER"]
    assert list(power)[:2] == ["symbol", "exchange"]
    assert (power["quantity"], power["avg_buy_price"], power["current_price"]) == (
        50,
        Decimal("245.30"),
        Decimal("268.15"),
    )
    assert (power["invested_value"], power["current_value"]) == (Decimal("12265.00"), Decimal("13407.50"))
    assert (power["pnl"], power["pnl_pct"]) == (Decimal("1142.50"), Decimal("9.32"))
    assert rows["INFY"]["quantity"] == Decimal("10.5")
    assert power["last_snapshot_at"] is None
    assert power["last_snapshot_at_reason"] == "no snapshot yet"
    assert power["snapshot_count"] == 0


def test_what_is_not_available_is_null_with_a_reason(investor: TestClient) -> None:
    rows = {row["symbol"]: row for row in read(investor, "/api/portfolio/holdings")["data"]}
    bare = rows["UNPRICED"]
    for name in ("current_price", "current_value", "pnl", "pnl_pct"):
        assert bare[name] is None
        assert bare[f"{name}_reason"] == "no price yet"
        assert f"{name}_reason" not in rows["TATAPOWER"]


def test_numbers_are_sent_with_their_decimals(investor: TestClient) -> None:
    text = investor.get("/api/portfolio/holdings").text
    assert '"invested_value":12265.00' in text
    assert '"quantity":50,' in text


@pytest.mark.on_both
def test_holdings_page_by_page_are_the_whole_list(investor: TestClient) -> None:
    whole = read(investor, "/api/portfolio/holdings")
    assert "next" not in whole
    found, cursor = [], ""
    while True:
        page = read(investor, f"/api/portfolio/holdings?limit=2&cursor={cursor}")
        assert page["count"] == 3
        found += page["data"]
        cursor = page.get("next", "")
        if not cursor:
            break
    assert found == whole["data"]


def test_a_cursor_of_no_list_is_refused(investor: TestClient) -> None:
    answer = investor.get("/api/portfolio/holdings?limit=1&cursor=999-1")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_sector_shares_add_up_and_lead_to_their_holdings(investor: TestClient) -> None:
    body = read(investor, "/api/sectors/allocation")
    assert body["total_portfolio_value"] == Decimal("28108.55")
    values = [row["current_value"] for row in body["sectors"] if row["current_value"] is not None]
    assert sum(values) == body["total_portfolio_value"]
    shares = [row["weight_pct"] for row in body["sectors"] if row["weight_pct"] is not None]
    assert sum(shares) == pytest.approx(Decimal(100), abs=Decimal("0.02"))
    for row in body["sectors"]:
        inside = read(investor, f"/api/sectors/{row['sector']}/holdings")
        assert inside["stock_count"] == row["stock_count"] == len(inside["holdings"])
        assert sum(line["invested_value"] for line in inside["holdings"]) == row["invested_value"]
        assert {"symbol", "quantity", "invested_value", "current_value", "pnl", "pnl_pct"} <= set(
            inside["holdings"][0]
        )


def test_a_sector_without_holdings_is_not_found(investor: TestClient) -> None:
    assert investor.get("/api/sectors/Astrology/holdings").status_code == 404


@pytest.mark.on_both
def test_a_snapshot_is_taken_and_found_again(investor: TestClient) -> None:
    empty = read(investor, "/api/snapshots/latest")
    assert empty == {"latest_at": None, "latest_at_reason": "no snapshot yet", "count": 0, "data": []}
    taken = investor.post("/api/snapshots/trigger")
    assert taken.status_code == 200, taken.text
    (entry,) = taken.json()["data"]
    assert entry["snapshot_type"] == "MANUAL"
    assert entry["snapshot_at"] == "2026-11-20T10:30:00+05:30"
    latest = read(investor, "/api/snapshots/latest")
    assert latest["latest_at"] == entry["snapshot_at"]
    assert [row["id"] for row in latest["data"]] == [entry["id"]]
    row = read(investor, "/api/portfolio/holdings")["data"][0]
    assert (row["last_snapshot_at"], row["snapshot_count"]) == ("2026-11-20T10:30:00+05:30", 1)
    again = investor.post("/api/snapshots/trigger").json()["data"][0]
    assert read(investor, "/api/snapshots/latest")["data"][0]["id"] == again["id"] != entry["id"]
    states = [one["state"] for one in read(investor, "/api/v1/snapshots")["data"]]
    assert sorted(states) == ["replaced", "taken"]


def test_session_tells_of_person_and_broker(investor: TestClient) -> None:
    body = read(investor, "/api/session/active")
    assert body["active"] is True
    assert body["person"]["email"] == "asha@example.org"
    (line,) = body["broker_sessions"]
    assert (line["broker"], line["user_id"], line["state"]) == ("zerodha", "AB1234", "connected")
    assert "token-of-the-broker" not in json.dumps(body, default=str)


def test_a_portfolio_narrows(investor: TestClient) -> None:
    made = investor.post("/api/v1/portfolios", json={"name": "Second"}).json()
    body = read(investor, f"/api/portfolio/overview?portfolio={made['id']}")
    assert (body["total_stocks"], body["total_invested"], body["current_value"]) == (0, 0, 0)
    assert body["total_pnl_pct"] is None
    assert read(investor, "/api/portfolio/overview?portfolio=")["total_stocks"] == 3
    assert investor.get("/api/portfolio/overview?portfolio=999").status_code == 404
    assert investor.get("/api/portfolio/overview?portfolio=all").status_code == 422


@pytest.mark.on_both
def test_an_archived_account_is_not_counted(investor: TestClient) -> None:
    (account,) = read(investor, "/api/v1/accounts")["data"]
    assert investor.post(f"/api/v1/accounts/{account['id']}/archive").status_code == 204
    assert read(investor, "/api/portfolio/overview")["total_stocks"] == 0


@pytest.mark.parametrize(
    ("path", "sign"),
    [
        ("/api/portfolio/overview", "0.33%"),
        ("/api/portfolio/holdings", "TATAPOWER"),
        ("/api/sectors/allocation", "<"),
        ("/api/sectors/Unclassified/holdings", "UNPRICED"),
    ],
)
def test_htmx_gets_a_fragment(investor: TestClient, path: str, sign: str) -> None:
    answer = investor.get(path, headers={"hx-request": "true", "hx-request-type": "partial"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert sign in answer.text
    assert "<html" not in answer.text


def test_a_machine_gets_health_and_a_browser_is_sent_on(house: House) -> None:
    client = visitor(house)
    body = read(client, "/")
    assert (body["status"], body["database"]) == ("ok", house.database.dialect)
    assert (body["market_phase"], body["trading_day"]) == ("continuous", "2026-11-20")
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    sent = client.get("/", headers=browser)
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in")
    join(client, "asha@example.org", "Asha")
    assert client.get("/", headers=browser).headers["location"] == "/dashboard"


def test_a_forged_or_used_state_is_refused(investor: TestClient) -> None:
    there = investor.get("/auth/zerodha/login").headers["location"]
    state = there.rpartition("state=")[2]
    forged = investor.get("/auth/zerodha/callback?request_token=good&status=success&state=forged")
    assert forged.status_code == 422
    assert forged.json()["type"] == "/api/docs#rejected"
    path = f"/auth/zerodha/callback?request_token=good&status=success&state={state}"
    assert investor.get(path).headers["location"] == "/dashboard"
    assert investor.get(path).status_code == 422
