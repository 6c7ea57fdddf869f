"""Whatever tax lacks: the button beside it leads to the page on which it is mended, and says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape

import pytest
from starlette.testclient import TestClient

from tests.services.histories import HistoryBoard
from tests.web.houses import connect_broker, join, visitor, work
from tests.web.test_pages import HTML, text_of
from tests.web.test_tax_api import account, write_down
from tunefolio.services.house import House
from tunefolio.services.sources import Sources

pytestmark = pytest.mark.usefixtures("built_assets")
ROW = re.compile(
    r"<small>(?P<what>[^<]*)</small></span>\s*(?P<way><a |<form )(?P<rest>.*?)</(?:a|form)>", re.S
)


@dataclass(frozen=True)
class Mend:
    """One row of what to mend first: its words, where its button leads, what it says."""

    what: str
    href: str
    words: str
    is_deed: bool


def mends(client: TestClient, year: str) -> list[Mend]:
    page = text_of(client, f"/tax?year={year}")
    listed = page.partition('id="mend"')[2].partition("</section>")[0]
    found = []
    for row in ROW.finditer(listed):
        address = re.search(r'(?:href|action)="([^"]+)"', row["rest"])
        words = re.search(r">([^<>]+)(?:</button>)?$", row["rest"].strip())
        assert address, row[0]
        assert words, row[0]
        is_deed = row["way"].startswith("<form")
        found.append(Mend(unescape(row["what"]), unescape(address[1]), words[1].strip(), is_deed))
    return found


def one_of(client: TestClient, year: str, reason: str) -> Mend:
    rows = mends(client, year)
    fitting = [row for row in rows if reason in row.what]
    assert fitting, (reason, rows)
    return fitting[0]


def instrument(client: TestClient, symbol: str) -> int:
    rows = client.get("/api/v1/transactions").json()["data"]
    return next(int(row["instrument"]["id"]) for row in rows if row["instrument"]["symbol"] == symbol)


def call(client: TestClient, symbol: str, kind: str, **more: object) -> None:
    told = {"tax_class": kind, **more}
    path = f"/api/v1/tax/instruments/{instrument(client, symbol)}"
    assert client.put(path, json=told).status_code == 204


Case = Callable[[TestClient, int], None]


def unknown_fund(client: TestClient, home: int) -> None:
    write_down(client, home, "2022-04-04 buy 10 NSE:ODDETF @ 100", "2024-05-02 sell 10 NSE:ODDETF @ 150")


def undated_sale(client: TestClient, home: int) -> None:
    write_down(client, home, "2024-04-03 opening 5 NSE:ITC @ 10", "2024-05-03 sell 5 NSE:ITC @ 400")


def foreign(client: TestClient, home: int) -> None:
    shelf = client.get("/api/v1/portfolios").json()["data"][0]["id"]
    wish = {"name": "Abroad", "portfolio_id": shelf, "currency": "USD"}
    abroad = int(client.post("/api/v1/accounts", json=wish).json()["id"])
    write_down(client, abroad, "2023-06-01 buy 10 NASDAQ:AAPL @ 10", "2024-08-01 sell 10 NASDAQ:AAPL @ 20")


def no_value(client: TestClient, home: int) -> None:
    write_down(client, home, "2017-04-04 buy 10 NSE:ODDCO @ 100", "2024-05-02 sell 10 NSE:ODDCO @ 150")
    call(client, "ODDCO", "listed_equity")


def redeemed_bond(client: TestClient, home: int) -> None:
    sold = write_down(
        client, home, "2016-05-04 buy 10 NSE:ODDSGB @ 3000", "2026-05-06 sell 10 NSE:ODDSGB @ 7000"
    )
    call(client, "ODDSGB", "sgb")
    way = {"deeds": [{"fact": sold[1], "way": "redemption"}]}
    assert client.put("/api/v1/tax/facts", json=way).status_code == 204


def old_crypto(client: TestClient, home: int) -> None:
    write_down(client, home, "2021-04-05 buy 1 CRYPTO:BTC @ 100", "2021-06-01 sell 1 CRYPTO:BTC @ 150")


def short_sale(client: TestClient, home: int) -> None:
    write_down(client, home, "2024-05-02 short 1 CRYPTO:BTC @ 150", "2024-05-08 cover 1 CRYPTO:BTC @ 140")


def non_resident(client: TestClient, home: int) -> None:
    write_down(client, home, "2020-05-04 buy 10 NSE:ODDGOLD @ 30", "2024-05-06 sell 10 NSE:ODDGOLD @ 70")
    call(client, "ODDGOLD", "gold")
    wish = {"name": "Asha", "residency": "non_resident"}
    assert client.put("/api/v1/tax/taxpayers/0", json=wish).status_code == 200


CASES: list[tuple[Case, str, str, str, str]] = [
    (unknown_fund, "2024-25", "ODDETF", "/tax/instruments/", "Say what it is"),
    (undated_sale, "2024-25", "day of purchase", "kind=opening", "Find its opening"),
    (foreign, "2024-25", "rate USD/INR", "/tax/rates", "Fetch the rates"),
    (no_value, "2024-25", "2018-01-31", "/tax/instruments/", "Give its value"),
    (redeemed_bond, "2026-27", "bought from the issuer", "/tax/instruments/", "Say how it was bought"),
    (old_crypto, "2021-22", "virtual digital assets", "/tax/rules?", "See the rules"),
    (short_sale, "2024-25", "short sale", "/transactions/", "Open the fact"),
    (non_resident, "2024-25", "for non-residents", "/tax/told?", "Check the residency"),
]


@pytest.mark.parametrize(
    ("case", "year", "reason", "place", "words"), CASES, ids=lambda one: getattr(one, "__name__", "")
)
def test_each_lack_leads_to_where_it_is_mended(
    asha: TestClient, case: Case, year: str, reason: str, place: str, words: str
) -> None:
    case(asha, account(asha))
    found = one_of(asha, year, reason)
    assert place in found.href
    assert found.words == words
    if not found.is_deed:
        text_of(asha, found.href)


def test_the_page_of_a_lack_mends_it(asha: TestClient) -> None:
    """A value told, a bond said to be subscribed, a class named: nothing stands in the way then."""
    home = account(asha)
    no_value(asha, home)
    redeemed_bond(asha, home)
    unknown_fund(asha, home)
    value, bond = one_of(asha, "2024-25", "2018-01-31"), one_of(asha, "2026-27", "from the issuer")
    fields = {"tax_class": "listed_equity", "value_2018": "1,20", "year": "2024-25"}
    assert asha.post(value.href.partition("?")[0], data=fields, headers=HTML).status_code == 303
    form = text_of(asha, bond.href)
    bought = re.findall(r'name="fact" value="(\d+)"', form)[-1]
    told = {"fact": bought, "instrument": instrument(asha, "ODDSGB"), "subscribed": "yes", "year": "2026-27"}
    assert asha.post("/tax/facts", data=told, headers=HTML).status_code == 303
    fund = one_of(asha, "2024-25", "ODDETF")
    fields = {"tax_class": "equity_fund", "year": "2024-25"}
    assert asha.post(fund.href.partition("?")[0], data=fields, headers=HTML).status_code == 303
    assert mends(asha, "2024-25") == []
    assert mends(asha, "2026-27") == []


def test_a_year_with_a_deed_to_mend_shows_no_sum_of_tax(asha: TestClient) -> None:
    """Neither a zero nor a word that nothing is to be taxed."""
    undated_sale(asha, account(asha))
    page = text_of(asha, "/tax?year=2024-25")
    assert "1 must be mended first</a>" in page
    assert "Nothing to tax" not in page
    assert "No income above zero" not in page
    totals = page.partition('id="totals"')[2].partition("</dl>")[0]
    assert totals.count('title="1 deed must be mended first. Mend what is listed"') == 5
    tile = page.partition('id="kpis"')[2].partition("Short-term")[0]
    assert 'title="1 deed must be mended first' in tile
    assert "₹" not in tile
    tree = asha.get("/api/v1/tax/explain?year=2024-25&figure=due").json()
    assert tree["op"] == "missing"


def test_not_listed_then_takes_the_place_of_a_value(asha: TestClient) -> None:
    home = account(asha)
    no_value(asha, home)
    id = instrument(asha, "ODDCO")
    fields = {"tax_class": "listed_equity", "unlisted_2018": "yes", "year": "2024-25"}
    kept = asha.post(f"/tax/instruments/{id}", data=fields, headers=HTML)
    assert kept.status_code == 303
    assert mends(asha, "2024-25") == []
    assert re.search(r'name="unlisted_2018" value="yes" checked', text_of(asha, f"/tax/instruments/{id}"))
    both = asha.post(f"/tax/instruments/{id}", data=fields | {"value_2018": "10"}, headers=HTML)
    assert both.status_code == 422


def test_without_a_source_of_rates_it_is_said_why_none_are_fetched(asha: TestClient) -> None:
    foreign(asha, account(asha))
    answer = asha.post("/tax/rates", headers=HTML)
    assert answer.status_code == 422
    assert "no source of past rates" in answer.text


def test_a_difference_with_the_broker_opens_itself(small_house: House, asha: TestClient) -> None:
    connect_broker(small_house, asha)
    work(small_house)
    rows = [row for row in mends(asha, "2026-27") if "the broker counts" in row.what]
    for row in rows:
        assert (row.href, row.words) == ("/breaks", "Open the difference")
        text_of(asha, row.href)


@pytest.fixture
def fixings(small_house: House) -> House:
    """A house with a source of the dollar's rates."""
    board = HistoryBoard(fixings={"USDINR": {"2024-03-28": "83.25", "2024-07-31": "83.74"}})
    return replace(small_house, sources=Sources((board,)))


def test_fetching_rates_leads_back_with_a_word_until_they_are_there(fixings: House) -> None:
    asha = join(visitor(fixings), "asha@example.org", "Asha")
    foreign(asha, account(asha))
    assert 'name="back" value="/tax?year=2024-25"' in text_of(asha, "/tax?year=2024-25")
    answer = asha.post("/tax/rates", data={"back": "/tax?year=2024-25&rates=7"}, headers=HTML)
    place = answer.headers["location"]
    assert re.fullmatch(r"/tax\?year=2024-25&rates=\d+", place)
    led = text_of(asha, place)
    assert "The exchange rates are being fetched." in led
    (asked,) = re.findall(r'hx-get="(/tax/rates/jobs/[^"]+)"', led)
    assert "It waits for its turn" in text_of(asha, unescape(asked))
    work(fixings)
    done = text_of(asha, unescape(asked))
    assert "2 were fetched" in done
    assert 'href="/tax?year=2024-25"' in done
    assert "hx-get" not in done


def test_rates_that_no_source_has_are_named(small_house: House) -> None:
    asha = join(visitor(replace(small_house, sources=Sources((HistoryBoard(),)))), "asha@example.org", "Asha")
    foreign(asha, account(asha))
    place = asha.post("/tax/rates", headers=HTML).headers["location"]
    work(replace(small_house, sources=Sources((HistoryBoard(),))))
    told = text_of(asha, f"/tax/rates/jobs/{place.rpartition('=')[2]}")
    assert "No source has the rates that lack: USD/INR." in told


@pytest.mark.parametrize("back", ["", "/settings", "//evil.example/tax", "https://evil.example/tax", "tax"])
def test_fetching_rates_never_leads_out_of_tax(fixings: House, back: str) -> None:
    asha = join(visitor(fixings), "asha@example.org", "Asha")
    foreign(asha, account(asha))
    answer = asha.post("/tax/rates", data={"back": back}, headers=HTML)
    assert re.fullmatch(r"/tax\?rates=\d+", answer.headers["location"])
