"""Contract notes of recorded trades: which tariff, which trades, what is left out, what the books carry."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.desks import Desk, ist
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, Isin
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import AccountKind
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import trade
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.services import contract_notes, record
from tunefolio.services.charges import Wish, calculated
from tunefolio.services.contract_notes import DayNote, Terms
from tunefolio.services.dealt import NO_BROKER_KNOWN, ONE_ORDER
from tunefolio.store import accounts, instruments
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Line, MissingLine

ZERODHA = Terms("zerodha")
MIXED = """2023-07-13 buy 500 NSE:INFY @ 100
2023-07-13 sell 500 NSE:INFY @ 105
2023-07-13 buy 200 NSE:INFY @ 110"""


def note_of(desk: Desk, day: str, terms: Terms = ZERODHA, account: AccountId | None = None) -> DayNote:
    with desk.database.reading() as db:
        home = account or desk.account.id
        return contract_notes.note_of(db, desk.viewer, home, TradingDay.parse(day), terms)


def amount(note: DayNote, name: LineName) -> Decimal:
    assert note.charges is not None
    line = note.charges.line(name)
    assert isinstance(line, Line), line
    return line.amount.amount


def listed(desk: Desk, symbol: str, exchange: str, kind: AssetClass, name: str = "") -> None:
    """Make an instrument known, so that a line about it finds its class."""
    claim = InstrumentClaim(Listing(exchange, symbol), None, name, kind)
    with desk.database.writing() as db:
        instruments.resolve(db, [claim], desk.house.clock.now())


def test_a_tradebooks_day_is_charged_as_its_contract_note(desk: Desk) -> None:
    desk.write_down(MIXED)
    note = note_of(desk, "2023-07-13")
    assert amount(note, LineName.STT) == 34, "13 within the day, 21 on what stayed"
    assert note.intraday == (("INFY", Decimal(500)),)
    assert note.remarks == (ONE_ORDER,)
    assert isinstance(note.total, Money)
    assert (note.recorded.trades, note.recorded.without) == (3, 3)
    assert note.comparison.stated is None, "the books carry nothing to compare with"
    assert note.comparison.difference is None


def test_nothing_is_written_into_the_books(desk: Desk) -> None:
    desk.write_down(MIXED)
    before = desk.look()
    note_of(desk, "2023-07-13")
    assert desk.look() == before


def test_what_the_books_carry_stands_beside(desk: Desk) -> None:
    desk.write_down("2026-11-19 buy 10 NSE:INFY @ 1500 fee 18.00")
    note = note_of(desk, "2026-11-19")
    assert note.charges is not None
    assert note.recorded.fees == Money.of("18.00")
    assert note.comparison.computed == note.charges.known.amount
    assert note.comparison.difference == Decimal("18.00") - note.charges.known.amount


def test_a_day_of_which_some_trades_carry_charges_is_not_compared(desk: Desk) -> None:
    desk.write_down("2026-11-19 buy 10 NSE:INFY @ 1500 fee 18.00\n2026-11-19 buy 1 NSE:INFY @ 1500")
    note = note_of(desk, "2026-11-19")
    assert (note.recorded.trades, note.recorded.without) == (2, 1)
    assert note.comparison.difference is None


@pytest.mark.parametrize(
    ("broker", "tariff"), [("zerodha", "zerodha"), ("kotakneo", "kotak"), ("vested", "none")]
)
def test_an_account_is_charged_by_its_own_broker(desk: Desk, broker: str, tariff: str) -> None:
    kind, now = AccountKind.BROKER, desk.clock.now()
    with desk.database.writing() as db:
        home = accounts.add(db, desk.viewer, desk.portfolio.id, "Demat", kind, INR, now, broker, "AB1234")
    desk.write_down("2026-11-19 buy 10 NSE:INFY @ 1500", home.id)
    assert note_of(desk, "2026-11-19", Terms(), home.id).broker == tariff


def test_a_person_may_say_which_broker_and_plan_it_is(desk: Desk) -> None:
    desk.write_down("2026-11-19 buy 10 NSE:INFY @ 1500")
    said = note_of(desk, "2026-11-19", Terms("kotak", "trade_free_pro"))
    assert amount(said, LineName.BROKERAGE) == 15
    unknown = note_of(desk, "2026-11-19", Terms())
    assert unknown.broker == "none"
    assert NO_BROKER_KNOWN in unknown.remarks


def test_trades_of_one_moment_and_side_are_one_order(desk: Desk) -> None:
    listed(desk, "NIFTY26NOVFUT", "NFO", AssetClass.FUTURE)
    future = desk.instrument("NIFTY26NOVFUT", "NFO")
    day = TradingDay.parse("2026-11-19")
    with desk.database.writing() as db:
        for moment in ("10:00", "10:00", "10:01"):
            at = ist(f"2026-11-19 {moment}")
            bought = trade(Kind.BUY, day, future, Decimal(75), Price.of("24000"), at=at)
            record.record(db, desk.house, desk.viewer, desk.account.id, bought)
    assert amount(note_of(desk, "2026-11-19"), LineName.BROKERAGE) == 40


def test_funds_are_told_apart_by_their_names(desk: Desk) -> None:
    listed(desk, "GOLDBEES", "NSE", AssetClass.ETF, "Nippon India ETF Gold BeES")
    listed(desk, "NIFTYBEES", "NSE", AssetClass.ETF, "Nippon India ETF Nifty 50 BeES")
    desk.write_down(
        "2026-11-18 buy 1000 NSE:GOLDBEES @ 100\n2026-11-18 buy 1000 NSE:NIFTYBEES @ 250\n"
        "2026-11-19 sell 1000 NSE:GOLDBEES @ 100\n2026-11-19 sell 1000 NSE:NIFTYBEES @ 250"
    )
    assert amount(note_of(desk, "2026-11-18"), LineName.STT) == 0
    sold = note_of(desk, "2026-11-19")
    assert amount(sold, LineName.STT) == 3, "2.50 of the equity fund, nothing of the gold fund"
    assert any("GOLDBEES is taken as units of a gold" in remark for remark in sold.remarks)


def test_bse_asks_for_the_scrip_group(desk: Desk) -> None:
    desk.write_down("2026-11-19 buy 10 BSE:INFY @ 1500")
    note = note_of(desk, "2026-11-19")
    assert note.note is None
    assert isinstance(note.total, Missing)
    assert "group" in note.left_out[0].reason
    assert note.left_out[0].cure
    told = note_of(desk, "2026-11-19", Terms("zerodha", "", "a"))
    assert amount(told, LineName.EXCHANGE) == Decimal("0.56")


def test_what_has_no_tariff_is_left_out_and_the_total_says_so(desk: Desk) -> None:
    listed(desk, "GS2033", "NSE", AssetClass.BOND)
    listed(desk, "AAPL", "NASDAQ", AssetClass.EQUITY)
    desk.write_down(
        "2026-11-19 buy 10 NSE:INFY @ 1500\n2026-11-19 buy 10 NSE:GS2033 @ 101\n"
        "2026-11-19 buy 1 NASDAQ:AAPL @ 200 USD"
    )
    note = note_of(desk, "2026-11-19")
    assert [one.what for one in note.left_out] == ["GS2033", "AAPL"]
    assert isinstance(note.total, Missing)
    assert note.charges is not None, "what has a tariff is still shown"
    assert isinstance(note.comparison.computed, Missing)


def test_a_trade_before_the_tariffs_is_left_out_with_its_reason(desk: Desk) -> None:
    desk.write_down("2019-04-01 buy 10 NSE:INFY @ 700")
    note = note_of(desk, "2019-04-01")
    assert note.note is None
    assert "2020-07-01" in note.left_out[0].reason


def test_an_option_exercised_and_its_opposite(desk: Desk) -> None:
    listed(desk, "NIFTY26NOV24000CE", "NFO", AssetClass.OPTION)
    listed(desk, "NIFTY26NOV25000CE", "NFO", AssetClass.OPTION)
    desk.write_down(
        "2026-11-18 buy 75 NFO:NIFTY26NOV24000CE @ 100\n"
        "2026-11-18 short 75 NFO:NIFTY26NOV25000CE @ 100\n"
        "2026-11-19 exercise 75 NFO:NIFTY26NOV24000CE = 15000\n"
        "2026-11-19 assignment 75 NFO:NIFTY26NOV25000CE = 7500"
    )
    assert amount(note_of(desk, "2026-11-18"), LineName.STT) == 11, "7,500 of premium written: 11.25"
    ended = note_of(desk, "2026-11-19")
    assert amount(ended, LineName.STT) == 23, "15,000 of intrinsic value: 22.50"
    assert amount(ended, LineName.BROKERAGE) == 40, "an order each; its writer pays no tax"
    assert ended.left_out == ()


def test_a_line_without_a_source_makes_the_total_missing(desk: Desk) -> None:
    desk.write_down("2021-03-01 buy 10 NSE:INFY @ 1300\n2021-03-02 sell 10 NSE:INFY @ 1350")
    note = note_of(desk, "2021-03-02", Terms("groww"))
    assert note.charges is not None
    assert isinstance(note.charges.line(LineName.DP), MissingLine)
    assert isinstance(note.total, Missing)
    assert isinstance(note.comparison.computed, Decimal), "the depository's charge is on no contract note"


def test_units_of_mutual_funds_stand_on_no_contract_note(desk: Desk) -> None:
    claim = InstrumentClaim(Listing("MF", "INF179K01YV8"), Isin("INF179K01YV8"), "A fund", AssetClass.FUND)
    with desk.database.writing() as db:
        instruments.resolve(db, [claim], desk.house.clock.now())
    desk.write_down("2026-11-19 buy 10 MF:INF179K01YV8 @ 120\n2026-11-18 buy 1 NSE:INFY @ 1500")
    with pytest.raises(Misuse, match="no trade"):
        note_of(desk, "2026-11-19")
    with desk.database.reading() as db:
        days, _ = contract_notes.recent(db, desk.viewer, desk.account.id, until=None, terms=ZERODHA)
    assert [one.day.iso() for one in days] == ["2026-11-18"]


def test_the_days_come_newest_first_and_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract_notes, "_SCAN", 3)
    desk.write_down("\n".join(f"2026-11-{day} buy 1 NSE:INFY @ 1500" for day in (16, 17, 17, 18, 19)))
    with desk.database.reading() as db:
        home, terms = desk.account.id, ZERODHA
        first, following = contract_notes.recent(db, desk.viewer, home, until=None, terms=terms)
        assert [one.day.iso()[8:] for one in first] == ["19", "18"], "a day is never cut in two"
        assert following == TradingDay.parse("2026-11-18")
        second, last = contract_notes.recent(db, desk.viewer, home, until=following, terms=terms)
    assert [(one.day.iso()[8:], one.recorded.trades) for one in second] == [("17", 2), ("16", 1)]
    assert last is None


def test_nobody_sees_anothers_notes(desk: Desk) -> None:
    desk.write_down(MIXED)
    neighbour = desk.neighbour()
    with desk.database.reading() as db:
        day = TradingDay.parse("2023-07-13")
        with pytest.raises(NotFound):
            contract_notes.note_of(db, neighbour.viewer, desk.account.id, day, ZERODHA)
        with pytest.raises(NotFound):
            contract_notes.recent(db, neighbour.viewer, desk.account.id, until=None, terms=ZERODHA)


def test_an_unknown_broker_or_plan_is_refused(desk: Desk) -> None:
    desk.write_down(MIXED)
    for terms in (Terms("acme"), Terms("zerodha", "gold")):
        with pytest.raises(Misuse):
            note_of(desk, "2023-07-13", terms)
    with pytest.raises(Misuse, match="no trade"):
        note_of(desk, "2023-07-14")


TODAY = TradingDay.parse("2026-11-20")
USUAL = Wish("zerodha", "delivery", "buy", "10", "1500", "2026-11-20")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (replace(USUAL, quantity="0"), "quantity"),
        (replace(USUAL, quantity="-1"), "quantity"),
        (replace(USUAL, quantity="NaN"), "quantity"),
        (replace(USUAL, quantity="1e30"), "quantity"),
        (replace(USUAL, quantity="ten"), "quantity"),
        (replace(USUAL, price="12345678901234567890"), "price"),
        (replace(USUAL, price="1.23456789012345678901"), "price"),
        (replace(USUAL, price="9" * 60), "price"),
        (replace(USUAL, day="2020-06-30"), "date"),
        (replace(USUAL, day="2027-11-22"), "date"),
        (replace(USUAL, day="2024-02-30"), "date"),
        (replace(USUAL, broker="acme"), "broker"),
        (replace(USUAL, plan="gold"), "plan"),
        (replace(USUAL, segment="swap"), "segment"),
        (replace(USUAL, side="hold"), "side"),
        (replace(USUAL, exchange="BSE"), "group"),
        (replace(USUAL, exchange="BSE", group="Q"), "group"),
        (replace(USUAL, exchange="MF"), "segment"),
        (replace(USUAL, segment="mutual fund", exchange="NSE"), "exchange"),
        (replace(USUAL, segment="mutual fund", side="sell"), "units"),
        (replace(USUAL, segment="futures", ending="assigned"), "ending"),
    ],
)
def test_what_cannot_be_charged_is_refused_with_field_and_cure(wish: Wish, field: str) -> None:
    with pytest.raises(Misuse) as refused:
        calculated(wish, TODAY)
    assert refused.value.field == field
    assert refused.value.cure


def test_a_trade_of_next_year_is_charged_by_todays_rules() -> None:
    _, found = calculated(replace(USUAL, day="2027-03-31"), TODAY)
    assert isinstance(found.total, Money)


def test_units_of_a_fund_need_no_exchange_to_be_named() -> None:
    bought, found = calculated(replace(USUAL, segment="Mutual fund", quantity="999.95", price="100"), TODAY)
    assert bought.exchange == "MF"
    assert found.total == Money.of("5.00")
