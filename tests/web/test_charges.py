"""Charges in the browser and in the API: calculator, rules, contract notes of recorded trades."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.houses import join, visitor
from tests.web.test_pages import HTML, assert_fits_the_policy, text_of
from tunefolio.services.house import House

pytestmark = pytest.mark.usefixtures("built_assets")
SALE = "broker=zerodha&segment=delivery&side=sell&quantity=10&price=1500&date=2026-11-19"
ON_PAGE = SALE.replace("broker=zerodha", "plan=zerodha:standard")


@pytest.fixture
def traded(asha: TestClient) -> int:
    """Asha's account with the day of Zerodha's own example, of which the books know no charges."""
    shelf = asha.post("/api/v1/portfolios", json={"name": "Family"}).json()["id"]
    home = asha.post("/api/v1/accounts", json={"name": "Demat", "portfolio_id": shelf}).json()["id"]
    for trade in ("buy 500 NSE:INFY @ 100", "sell 500 NSE:INFY @ 105", "buy 200 NSE:INFY @ 110"):
        line = {"text": f"2023-07-13 {trade}"}
        assert asha.post(f"/api/v1/accounts/{home}/transactions/line", json=line).status_code == 201
    return int(home)


def lines_of(body: dict[str, Any]) -> dict[str, Any]:
    return {line["name"]: line for line in body["lines"]}


# API ----------------------------------------------------------------------------------------------


def test_an_order_is_answered_line_by_line(asha: TestClient) -> None:
    body = asha.get(f"/api/v1/charges?{SALE}").json()
    lines = lines_of(body)
    assert body["total"] == "30.91"
    assert (lines["stt"]["amount"], lines["dp"]["amount"]) == ("15.00", "15.34")
    assert [rule["name"] for rule in lines["stt"]["rules"]] == ["stt.delivery", "rounding.stt"]
    assert all(line["rules"] for line in lines.values())


def test_the_api_says_what_the_command_says(asha: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from tunefolio.cli import main

    words = "--broker zerodha --segment delivery --side sell --qty 10 --price 1500 --date 2026-11-19 --json"
    assert main(["charges", *words.split()]) == 0
    assert json.loads(capsys.readouterr().out) == asha.get(f"/api/v1/charges?{SALE}").json()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("2026-11-19", "2020-06-30"), "date"),
        (("zerodha", "acme"), "broker"),
        (("zerodha", "zerodha&plan=gold"), "plan"),
        (("delivery", "swaps"), "segment"),
        (("delivery", "delivery&exchange=BSE"), "group"),
        (("quantity=10", "quantity=-1"), "quantity"),
        (("price=1500", "price="), "price"),
    ],
)
def test_what_has_no_tariff_is_refused_by_field(
    asha: TestClient, change: tuple[str, str], field: str
) -> None:
    answer = asha.get(f"/api/v1/charges?{SALE.replace(*change)}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_missing_line_makes_the_total_null_with_its_reason(asha: TestClient) -> None:
    query = SALE.replace("zerodha", "groww").replace("2026-11-19", "2021-05-03")
    body = asha.get(f"/api/v1/charges?{query}").json()
    assert body["total"] is None
    assert "depository" in body["total_reason"]
    assert body["total_cure"]
    assert lines_of(body)["dp"]["amount"] is None


def test_a_note_of_given_trades_nets_within_the_day(asha: TestClient) -> None:
    trades = [
        {"segment": "delivery", "side": side, "quantity": units, "price": price, "scrip": "INFY"}
        for side, units, price in (("buy", "500", "100"), ("sell", "500", "105"), ("buy", "200", "110"))
    ]
    body = asha.post(
        "/api/v1/charges/note", json={"date": "2023-07-13", "broker": "zerodha", "trades": trades}
    ).json()
    stt = lines_of(body)["stt"]
    assert [part["amount"] for part in stt["parts"]] == ["13.00", "21.00"]
    assert (stt["amount"], body["intraday"]) == ("34.00", [{"scrip": "INFY", "units": "500"}])


@pytest.mark.parametrize("trades", [[], [{"segment": "delivery"}], [{"side": "buy", "scrip": ""}]])
def test_a_note_of_nothing_is_refused(asha: TestClient, trades: list[dict[str, str]]) -> None:
    answer = asha.post("/api/v1/charges/note", json={"date": "2023-07-13", "trades": trades})
    assert answer.status_code == 422


def test_the_rules_of_a_day_come_with_range_source_and_confidence(asha: TestClient) -> None:
    body = asha.get("/api/v1/charges/rules?date=2026-02-28").json()
    rules = {rule["name"]: rule for rule in body["data"]}
    nse = rules["exchange.nse.cash"]
    assert (nse["from"], nse["to"], nse["values"]) == ("2024-10-01", "2026-02-28", {"rate": "0.0000297"})
    assert all(rule["sources"] and rule["confidence"] for rule in body["data"])
    early = asha.get("/api/v1/charges/rules?date=2019-01-01")
    assert early.status_code == 422
    assert "2020-07-01" in early.text


def test_recorded_trades_have_their_notes(asha: TestClient, traded: int) -> None:
    (day,) = asha.get(f"/api/v1/charges/notes?account={traded}&broker=zerodha").json()["data"]
    assert (day["day"], day["trades"], day["trades_without_charges"]) == ("2023-07-13", 3, 3)
    assert lines_of(day["charges"])["stt"]["amount"] == "34.00"
    assert day["comparison"]["stated"] is None
    one = asha.get(f"/api/v1/charges/notes?account={traded}&day=2023-07-13&broker=zerodha").json()
    assert one["data"] == [day]


def test_notes_of_another_are_not_found(small_house: House, asha: TestClient, traded: int) -> None:
    ravi = join(visitor(small_house), "ravi@example.org", "Ravi")
    for path in ("/api/v1/charges/notes", "/charges/notes", "/charges/notes/2023-07-13"):
        assert ravi.get(f"{path}?account={traded}", headers=HTML).status_code == 404, path


# Pages --------------------------------------------------------------------------------------------


def test_the_calculator_shows_each_line_with_its_rule_and_source(asha: TestClient) -> None:
    page = text_of(asha, f"/charges?{ON_PAGE}")
    assert "₹30.91" in page
    assert "<code>exchange.nse.cash</code>" in page
    assert "NSE/FA/73061" in page
    assert "1 Mar 2026" in page
    assert 'value="10"' in page
    assert_fits_the_policy(page)


def test_an_empty_calculator_says_nothing_is_wrong(asha: TestClient) -> None:
    page = text_of(asha, "/charges")
    assert "Work it out" in page
    assert 'role="alert"' not in page
    assert "Kotak Trade Free Pro" in page


def test_what_is_wrong_is_said_beside_what_was_typed(asha: TestClient) -> None:
    page = text_of(asha, f"/charges?{ON_PAGE.replace('2026-11-19', '2019-01-01')}")
    assert 'role="alert"' in page
    assert "where the tariffs begin" in page
    assert 'value="1500"' in page, "nothing has to be typed again"
    assert "₹30.91" not in page


def test_a_missing_line_is_named_and_the_total_is_not_a_number(asha: TestClient) -> None:
    query = ON_PAGE.replace("zerodha:standard", "groww:standard").replace("2026-11-19", "2021-05-03")
    page = text_of(asha, f"/charges?{query}")
    assert "is in no source we have" in page
    assert re.search(r"Total.*n/a", page, re.DOTALL)


def test_markup_in_what_is_typed_stays_text(asha: TestClient) -> None:
    page = text_of(asha, "/charges?quantity=%3Cscript%3E&price=1&group=%22%3E%3Cb%3E&date=x")
    assert "<script>" not in page.replace("<script type", "").replace("<script src", "")
    assert "&lt;script&gt;" in page


def test_the_rules_page_marks_doubts_and_links_sources(asha: TestClient) -> None:
    page = text_of(asha, "/charges/rules?date=2022-08-01&topic=exchange")
    assert "in force on 1 Aug 2022" in page
    assert "medium confidence" in page
    assert 'rel="noreferrer noopener"' in page
    assert "0.00345% of what is bought and sold" in page
    assert_fits_the_policy(page)
    assert asha.get("/charges/rules?date=tomorrow", headers=HTML).status_code == 422


def test_the_notes_lead_from_the_list_to_the_lines(asha: TestClient, traded: int) -> None:
    page = text_of(asha, f"/charges/notes?account={traded}&plan=zerodha:standard")
    assert "13 Jul 2023" in page
    found = re.search(r'href="(/charges/notes/2023-07-13[^"]+)"', page)
    assert found
    note = text_of(asha, found[1].replace("&amp;", "&"))
    assert "by the tariff of zerodha" in note
    assert "500 of INFY" in note
    assert "<dt>In the books</dt><dd>none</dd>" in note
    assert "0.025%, seller of ₹51,875.00 = ₹12.968750, rounded <b>₹13.00</b>" in note
    assert "₹34.00" in note
    assert_fits_the_policy(page)
    assert_fits_the_policy(note)


def test_an_account_without_trades_is_shown_the_next_step(asha: TestClient) -> None:
    assert "An account first" in text_of(asha, "/charges/notes")
    shelf = asha.post("/api/v1/portfolios", json={"name": "Family"}).json()["id"]
    asha.post("/api/v1/accounts", json={"name": "Demat", "portfolio_id": shelf})
    assert "No trades yet" in text_of(asha, "/charges/notes")


def test_a_note_without_an_account_or_a_trade_is_refused(asha: TestClient, traded: int) -> None:
    assert asha.get("/charges/notes/2023-07-13", headers=HTML).status_code == 422
    assert asha.get(f"/charges/notes/2023-07-14?account={traded}", headers=HTML).status_code == 422
    assert asha.get(f"/charges/notes/nonsense?account={traded}", headers=HTML).status_code == 422


@pytest.mark.parametrize("day", ["9999-12-31", "2200-01-01", "1799-12-31", "0001-01-01"])
def test_days_at_the_ends_of_the_calendar_are_refused(asha: TestClient, traded: int, day: str) -> None:
    for asked in (
        f"notes?account={traded}&day={day}",
        f"notes?account={traded}&until={day}",
        f"rules?date={day}",
    ):
        assert asha.get(f"/api/v1/charges/{asked}").status_code == 422
    assert asha.get(f"/charges/rules?date={day}", headers=HTML).status_code == 422


@pytest.mark.parametrize("day", ["2199-12-31", "1900-01-01"])
def test_days_of_other_centuries_are_no_trouble(asha: TestClient, traded: int, day: str) -> None:
    assert asha.get(f"/api/v1/charges/notes?account={traded}&until={day}").status_code == 200
    assert asha.get(f"/api/v1/charges/rules?date={day}").status_code == (200 if day > "2020" else 422)


@pytest.mark.parametrize(
    "number", ["1e999999999", "1e-999999999", "NaN", "Infinity", "١٢", "\x00", "1,00,000,000,00,00,000"]
)
def test_wild_numbers_are_refused_at_once(asha: TestClient, number: str) -> None:
    query = {"segment": "delivery", "side": "buy", "quantity": number, "price": "1", "date": "2026-11-19"}
    answer = asha.get("/api/v1/charges", params=query)
    assert answer.status_code in (200, 422)
    assert answer.elapsed.total_seconds() < 5
    if number != "١٢":
        assert answer.json()["errors"][0]["field"] == "quantity"
