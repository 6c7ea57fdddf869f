"""Before a sale: what it would bring, with every number opening how it was made; sales worth a thought."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape

import pytest
from starlette.testclient import TestClient

from tests.web.test_pages import text_of
from tests.web.test_tax import explained, must_be, rounded
from tests.web.test_tax_api import account, write_down
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency, Price
from tunefolio.core.time import TradingDay
from tunefolio.market.fx import Rate
from tunefolio.market.quotes import Quote
from tunefolio.services.house import House
from tunefolio.store import quotes, rates

USD = Currency("USD")
pytestmark = pytest.mark.usefixtures("built_assets")


def quote(house: House, instrument: int, price: str) -> None:
    now = house.clock.now()
    with house.database.writing() as db:
        quotes.put(db, [Quote(InstrumentId(instrument), Price.of(price), None, now, "test")])


@pytest.fixture
def planned(small_house: House, asha: TestClient) -> tuple[int, int, int]:
    """Account, INFY with a long-term lot and a fresh one, TCS at a loss beside a gain of this year; SBIN all
    long-term."""
    home = account(asha)
    write_down(
        asha, home, "2024-04-03 buy 10 NSE:INFY @ 1400", "2026-05-04 buy 10 NSE:INFY @ 1500",
        "2026-06-01 buy 100 NSE:TCS @ 4000", "2026-04-06 buy 100 NSE:ITC @ 300",
        "2026-09-01 sell 100 NSE:ITC @ 500", "2025-01-06 buy 10 NSE:SBIN @ 700",
    )  # fmt: skip
    rows = asha.get("/api/v1/transactions").json()["data"]
    ids = {row["instrument"]["symbol"]: int(row["instrument"]["id"]) for row in rows}
    for id in ids.values():
        known = {"tax_class": "listed_equity"}
        assert asha.put(f"/api/v1/tax/instruments/{id}", json=known).status_code == 204
    quote(small_house, ids["INFY"], "1600")
    quote(small_house, ids["TCS"], "3900")
    quote(small_house, ids["SBIN"], "800")
    return home, ids["INFY"], ids["TCS"]


def test_a_sale_is_worked_out_before_it_is_done(asha: TestClient, planned: tuple[int, int, int]) -> None:
    home, infy, _ = planned
    wish = {"account_id": home, "instrument_id": infy, "units": "12"}
    found = asha.post("/api/v1/tax/what-if", json=wish).json()
    assert [(lot["acquired"], lot["units"], lot["term"]) for lot in found["lots"]] == [
        ("2024-04-03", "10", "long"),
        ("2026-05-04", "2", "short"),
    ]
    assert found["proceeds"] == "19200.00"
    charges, tax = Decimal(found["charges"]["total"]), Decimal(found["effect"]["tax"])
    assert charges > 0
    assert tax > 0
    assert Decimal(found["net"]) == Decimal("19200.00") - charges - tax
    dearer = asha.post("/api/v1/tax/what-if", json=wish | {"price": "1700"}).json()
    assert dearer["proceeds"] == "20400.00"
    page = text_of(asha, f"/tax/planning?of={home}:{infy}&units=12")
    assert "₹19,200.00" in page
    assert "of the year, line by line" in page
    before = asha.get("/api/v1/transactions").json()["data"]
    assert all(row["kind"] != "sell" or row["instrument"]["symbol"] == "ITC" for row in before)


def test_a_plan_costs_what_the_sale_will_cost(small_house: House, asha: TestClient) -> None:
    """Of the 140 charged on the purchase 120 were transaction tax: 8 of the 20 left are the first forty's."""
    home = account(asha)
    write_down(
        asha, home, "2025-04-10 buy 100 NSE:INFY @ 1200 fee 140", "2026-05-04 sell 40 NSE:INFY @ 1500 fee 60",
    )  # fmt: skip
    (infy,) = {int(row["instrument"]["id"]) for row in asha.get("/api/v1/transactions").json()["data"]}
    known = {"tax_class": "listed_equity"}
    assert asha.put(f"/api/v1/tax/instruments/{infy}", json=known).status_code == 204
    wish = {"account_id": home, "instrument_id": infy, "units": "60", "price": "1600"}
    (planned,) = asha.post("/api/v1/tax/what-if", json=wish).json()["lots"]
    assert (planned["cost"], planned["doubts"]) == ("72012.00", [])
    write_down(asha, home, "2026-11-20 sell 60 NSE:INFY @ 1600 fee 96")
    deeds = asha.get("/api/v1/tax/deeds?year=2026-27").json()["data"]
    sold = {one["units"]: one["cost"] for one in deeds}
    assert sold == {"40": "48008.00", "60": planned["cost"]}


def test_every_number_of_a_plan_is_what_its_explanation_works_out(
    asha: TestClient, planned: tuple[int, int, int]
) -> None:
    home, infy, _ = planned
    page = text_of(asha, f"/tax/planning?of={home}:{infy}&units=12&price=1655.55")
    names: set[str] = set()
    for address, text, tree in explained(asha, page):
        must_be(text, tree, address)
        names.add(re.sub(r"deed%3A[0-9-]+", "deed", address.partition("figure=")[2]))
    wanted = ("proceeds", "charges", "tax", "net", "carried", "price", "before%3Atotal", "after%3Atotal")
    offers = ("units", "held", "price", "gain", "saved", "exemption_used", "carried")
    lots = ("gain", "received", "expenses", "cost", "taken", "rate")
    assert names >= {*wanted, *(f"offer%3A{one}" for one in offers)}
    assert names >= {f"after%3Adeed%3A{one}" for one in lots}
    assert {"charge%3Astt", "charge%3Agst", "after%3Acess"} <= names
    tree = asha.get(f"/api/v1/tax/planning/explain?of={home}:{infy}&units=12&figure=net").json()
    answer = asha.post("/api/v1/tax/what-if", json={"account_id": home, "instrument_id": infy, "units": "12"})
    assert rounded(Decimal(tree["value"]), 2) == Decimal(answer.json()["net"])


def test_a_plans_explanation_leads_to_facts_rules_and_nothing_made_up(
    asha: TestClient, planned: tuple[int, int, int]
) -> None:
    home, infy, _ = planned
    place = f"/tax/planning/explain?of={home}:{infy}&units=12&figure="
    drawer = text_of(asha, f"{place}net", **{"hx-request": "true", "hx-request-type": "partial"})
    assert drawer.lstrip().startswith('<div class="explained">')
    assert re.search(r'href="/transactions/[1-9]', drawer)
    assert "stt.delivery" in drawer
    assert "fact 0" not in drawer
    assert "How this figure was made" in text_of(asha, f"{place}net")
    for figure in ("nonsense", "net:x", "after:nonsense", "charge:none", "offer:", "after:deed:1-0-9:gain"):
        assert asha.get(f"/api/v1{place}{figure}").status_code == 404, figure
    for wrong in ("of=1&units=1", f"of={home}:999&units=1", "of=x:y&units=1"):
        assert asha.get(f"/api/v1/tax/planning/explain?{wrong}&figure=net").status_code == 404, wrong
    assert asha.get(f"/api/v1/tax/planning/explain?of={home}:{infy}&units=99&figure=net").status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"units": "21"}, "units"),
        ({"units": "0"}, "units"),
        ({"units": "-1"}, "units"),
        ({"price": "0"}, "price"),
    ],
)
def test_a_sale_that_cannot_be_is_refused_by_field(
    asha: TestClient, planned: tuple[int, int, int], change: dict[str, str], field: str
) -> None:
    wish = {"account_id": planned[0], "instrument_id": planned[1], "units": "1"} | change
    answer = asha.post("/api/v1/tax/what-if", json=wish)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    query = "&".join(f"{name}={value}" for name, value in ({"units": "1"} | change).items())
    page = text_of(asha, f"/tax/planning?of={planned[0]}:{planned[1]}&{query}")
    assert 'role="alert"' in page


def test_harvest_offers_what_saves_tax_and_what_the_exemption_covers(
    asha: TestClient, planned: tuple[int, int, int]
) -> None:
    home, _, tcs = planned
    found = asha.get("/api/v1/tax/harvest").json()
    (loss,) = found["losses"]
    assert (loss["instrument_id"], loss["account_id"], loss["units"]) == (tcs, home, "100")
    assert Decimal(loss["saved"]) > 0
    assert Decimal(loss["gain"]) < 0
    gains = {one["symbol"]: one for one in found["gains"]}
    assert (gains["SBIN"]["units"], gains["INFY"]["units"]) == ("10", "10")
    assert all(Decimal(one["effect"]["tax"]) == 0 for one in found["gains"])
    assert "TCS" not in gains
    assert found["left_out"] == []
    page = text_of(asha, "/tax/planning")
    assert "Losses worth taking" in page
    assert f"of={home}%3A{tcs}" in page


def test_what_has_no_price_is_named_and_not_offered(asha: TestClient) -> None:
    home = account(asha)
    write_down(asha, home, "2024-04-03 buy 10 NSE:INFY @ 1400", "2024-05-02 buy 5 NSE:TCS @ 3000")
    found = asha.get("/api/v1/tax/harvest").json()
    assert found["losses"] == found["gains"] == []
    assert all(one["price"] is None and one["cure"] for one in found["left_out"])
    infy = next(one for one in found["left_out"] if one["symbol"] == "INFY")
    page = unescape(text_of(asha, "/tax/planning"))
    way = re.search(rf'href="(/tax/planning\?of={home}:{infy["instrument_id"]}[^"]*)">Type its price', page)
    assert way
    assert re.search(rf'value="{home}:{infy["instrument_id"]}" selected', text_of(asha, way[1]))
    wish = {"account_id": home, "instrument_id": infy["instrument_id"], "units": "1"}
    answer = asha.post("/api/v1/tax/what-if", json=wish)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "price"


@pytest.fixture
def abroad(small_house: House, asha: TestClient) -> tuple[int, int]:
    """Account and ten Apple at 100 dollars, the dollar at 80 then and at 88 on 31 October 2026."""
    account(asha)
    shelf = asha.get("/api/v1/portfolios").json()["data"][0]["id"]
    wish = {"name": "Abroad", "portfolio_id": shelf, "currency": "USD"}
    home = int(asha.post("/api/v1/accounts", json=wish).json()["id"])
    write_down(asha, home, "2023-05-04 buy 10 NASDAQ:AAPL @ 100")
    fixed = [("2023-04-28", "80"), ("2026-10-30", "88")]
    with small_house.database.writing() as db:
        rates.put(db, [Rate(USD, INR, TradingDay.parse(day), Decimal(rate), "test") for day, rate in fixed])
    (row,) = asha.get("/api/v1/transactions").json()["data"]
    return home, int(row["instrument"]["id"])


def test_while_a_deed_of_the_year_waits_no_plan_says_what_it_saves(
    asha: TestClient, planned: tuple[int, int, int]
) -> None:
    """An undated sale could take the exemption and the losses that the plan counts on."""
    home, infy, _ = planned
    write_down(asha, home, "2026-04-06 opening 5 NSE:HDFC @ 10", "2026-05-06 sell 5 NSE:HDFC @ 400")
    lack = "1 deed must be mended first"
    (hdfc,) = [
        int(one["instrument"]["id"])
        for one in asha.get("/api/v1/transactions").json()["data"]
        if one["kind"] == "opening"
    ]
    told = {"tax_class": "listed_equity"}
    assert asha.put(f"/api/v1/tax/instruments/{hdfc}", json=told).status_code == 204
    wish = {"account_id": home, "instrument_id": infy, "units": "12"}
    found = asha.post("/api/v1/tax/what-if", json=wish).json()
    assert [found[name] for name in ("tax", "tax_reason", "net", "net_reason")] == [None, lack, None, lack]
    assert (found["effect"]["tax"], found["effect"]["tax_reason"]) == (None, lack)
    (loss,) = asha.get("/api/v1/tax/harvest").json()["losses"]
    assert (loss["saved"], loss["saved_reason"]) == (None, lack)
    page = text_of(asha, f"/tax/planning?of={home}:{infy}&units=12")
    assert page.count(f'title="{lack}. Mend what is listed"') >= 4
    tree = asha.get(f"/api/v1/tax/planning/explain?of={home}:{infy}&units=12&figure=tax").json()
    assert tree["op"] == "missing"


def test_a_price_may_be_typed_in_the_currency_it_trades_in(asha: TestClient, abroad: tuple[int, int]) -> None:
    """10 × 150 dollars × 88 = 1,32,000; cost 10 × 100 × 80 = 80,000; a plan in rupees is the same."""
    home, apple = abroad
    wish = {"account_id": home, "instrument_id": apple, "units": "10", "price": "150", "currency": "USD"}
    found = asha.post("/api/v1/tax/what-if", json=wish).json()
    assert (found["price"], found["proceeds"]) == ("13200", "132000.00")
    assert [lot["gain"] for lot in found["lots"]] == ["52000.00"]
    rupees = asha.post("/api/v1/tax/what-if", json=wish | {"price": "13200", "currency": "INR"}).json()
    assert rupees == found
    place = f"of={home}:{apple}&units=10&price=150&currency=USD"
    page = text_of(asha, f"/tax/planning?{place}")
    assert '<option value="USD" selected>' in page
    assert "USD 150 at 88 of 30 Oct 2026" in page
    for address, text, tree in explained(asha, page):
        must_be(text, tree, address)
    own = text_of(asha, f"/tax/planning?{place.replace('USD', 'own')}")
    assert "USD 150 at 88 of 30 Oct 2026" in own
    tree = asha.get(f"/api/v1/tax/planning/explain?{place}&figure=price").json()
    assert [(part["value"], part["unit"]) for part in tree["inputs"]] == [("150", "USD"), ("88", "")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "EUR"}, "currency"),
        ({"currency": "usd"}, "currency"),
        ({"price": "0.00001"}, "price"),
    ],
)
def test_a_price_in_a_currency_that_cannot_be_is_refused_by_field(
    asha: TestClient, abroad: tuple[int, int], change: dict[str, str], field: str
) -> None:
    wish = {"account_id": abroad[0], "instrument_id": abroad[1], "units": "1", "price": "150"}
    answer = asha.post("/api/v1/tax/what-if", json=wish | {"currency": "USD"} | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
