"""A broker's own count of charges in the browser and in the API: asked over a real login at the rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from starlette.testclient import TestClient

from tests.services.test_connect_over_http import APP, Rehearsal
from tests.web.houses import join, visitor
from tests.web.test_pages import HTML, assert_fits_the_policy, text_of
from tunefolio.adapters.brokers.zerodha.broker import Zerodha
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.services.house import House

pytestmark = pytest.mark.usefixtures("built_assets")
DAY = "2026-11-19"


@dataclass
class Linked:
    """Asha at her browser, her Zerodha account, and the broker behind it."""

    client: TestClient
    account: int
    sandbox: Sandbox
    house: House


@pytest.fixture
def linked(small_house: House) -> Iterator[Linked]:
    config = SandboxConfig(APP, "http://localhost:8000/auth/zerodha/callback", clock=small_house.clock)
    with Sandbox(config) as sandbox:
        options = {"root_url": sandbox.kite_url, "login_url": f"{sandbox.kite_url}/connect/login"}
        zerodha = Zerodha(options, small_house.shared)
        rules = replace(small_house.rules, operator_apps={"zerodha": APP})
        house = replace(small_house, brokers={"zerodha": zerodha}, rules=rules)
        try:
            client = join(visitor(house), "asha@example.org", "Asha")
            answer = Rehearsal(None, sandbox).come_back(client.get("/auth/zerodha/login").headers["location"])  # type: ignore[arg-type]
            assert client.get("/auth/zerodha/callback", params=answer).status_code == 302
            (home,) = client.get("/api/v1/accounts").json()["data"]
            for trade in ("buy 10 NSE:INFY @ 1500 order 7001", "sell 4 NSE:INFY @ 1510 order 7002"):
                line = {"text": f"{DAY} {trade}"}
                made = client.post(f"/api/v1/accounts/{home['id']}/transactions/line", json=line)
                assert made.status_code == 201, made.text
            yield Linked(client, home["id"], sandbox, house)
        finally:
            zerodha.close()


def test_the_api_asks_and_tells_every_line(linked: Linked) -> None:
    wish = {"account": linked.account, "day": DAY}
    answer = linked.client.post("/api/v1/charges/notes/compare", json=wish)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["broker"], body["day"], len(body["orders"])) == ("Zerodha", DAY, 3)
    assert [(one["order"], one["segment"], one["quantity"]) for one in body["orders"]] == [
        ("7001", "intraday", "4"), ("7001", "delivery", "6"), ("7002", "intraday", "4"),
    ]  # fmt: skip
    lines = {line["title"]: line for line in body["orders"][1]["lines"]}
    assert (lines["Securities transaction tax"]["stated"], lines["Brokerage"]["stated"]) == ("9.00", "0.00")
    assert body["total"]["stated"]
    assert body["not_asked"] == []


def test_the_page_of_a_day_asks_on_a_button(linked: Linked) -> None:
    page = text_of(linked.client, f"/charges/notes/{DAY}?account={linked.account}")
    assert "Ask Zerodha" in page
    form = {"account": str(linked.account), "plan": "", "group": ""}
    answer = linked.client.post(f"/charges/notes/{DAY}/ask", data=form, headers=HTML)
    assert answer.status_code == 200, answer.text
    assert "order 7001" in answer.text
    assert "Total of what the broker states" in answer.text
    assert "Each order is counted alone" in answer.text
    assert_fits_the_policy(answer.text)


def test_a_session_that_ended_leads_to_the_login(linked: Linked) -> None:
    linked.sandbox.grants.end_all()
    wish = {"account": linked.account, "day": DAY}
    answer = linked.client.post("/api/v1/charges/notes/compare", json=wish)
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (409, "broker-login-needed")


def test_a_broker_that_is_away_is_busy_and_writes_nothing(linked: Linked) -> None:
    linked.sandbox.kite_faults.plan("502", path="/charges/orders", times=5)
    wish = {"account": linked.account, "day": DAY}
    assert linked.client.post("/api/v1/charges/notes/compare", json=wish).status_code == 503
    linked.sandbox.kite_faults.clear()
    assert linked.client.post("/api/v1/charges/notes/compare", json=wish).status_code == 200


@pytest.mark.parametrize(
    ("wish", "field"), [({"day": "soon"}, "day"), ({"account": 0}, "account"), ({"broker": "moon"}, "broker")]
)
def test_a_wrong_wish_is_named(linked: Linked, wish: dict[str, object], field: str) -> None:
    answer = linked.client.post(
        "/api/v1/charges/notes/compare", json={"account": linked.account, "day": DAY} | wish
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_stranger_learns_nothing_of_the_account(linked: Linked) -> None:
    other = join(visitor(linked.house), "ravi@example.org", "Ravi")
    wish = {"account": linked.account, "day": DAY}
    assert other.post("/api/v1/charges/notes/compare", json=wish).status_code == 404
    form = {"account": str(linked.account)}
    assert other.post(f"/charges/notes/{DAY}/ask", data=form, headers=HTML).status_code == 404


def test_an_account_kept_by_hand_has_no_button(linked: Linked) -> None:
    shelf = linked.client.get("/api/v1/portfolios").json()["data"][0]["id"]
    home = linked.client.post("/api/v1/accounts", json={"name": "Demat", "portfolio_id": shelf}).json()["id"]
    line = {"text": f"{DAY} buy 1 NSE:INFY @ 1500 fee 20 parts stt:15,brokerage:5"}
    assert linked.client.post(f"/api/v1/accounts/{home}/transactions/line", json=line).status_code == 201
    page = text_of(linked.client, f"/charges/notes/{DAY}?account={home}&plan=zerodha:standard")
    assert "Ask Zerodha" not in page
    assert "Beside what the broker charged" in page
    (day,) = linked.client.get(f"/api/v1/charges/notes?account={home}&broker=zerodha&day={DAY}").json()[
        "data"
    ]
    assert day["stated"]["total"]["stated"] == "20.00"
    answer = linked.client.post("/api/v1/charges/notes/compare", json={"account": home, "day": DAY})
    assert answer.json()["errors"][0]["field"] == "account"
