"""Futures and options in a sync: what is carried, what a trade does to it, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import book, number_of, recorded
from tunefolio.core.identity import AccountId
from tunefolio.core.money import Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.breaks import Diagnosis, Draft, Reason, Scene
from tunefolio.ledger.contracts import at_first_sight, carried, directed, is_contract, left_by, parts_of
from tunefolio.ledger.fills import UnreadTrade, moved_by
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import fold
from tunefolio.ledger.reasons import diagnosed
from tunefolio.ledger.reconcile import Break, Cause, Claim, compare
from tunefolio.ledger.statements import DayPosition, UnreadLine
from tunefolio.ledger.transactions import Fact, trade
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing

FUTURE = Listing("NFO", "NIFTY26NOVFUT")
ONE = number_of("NIFTYFUT")
HERE, THERE = AccountId(1), AccountId(2)
DAY, SEEN = TradingDay.parse("2026-11-20"), TradingDay.parse("2026-11-27")


def line(
    units: str, average: str = "100", product: str = "NRML", listing: Listing = FUTURE, last: str = "101"
) -> DayPosition:
    price = Price.of(average)
    return DayPosition(
        InstrumentClaim(listing), product, Decimal(units), price, Price.of(last), None, product == "MIS"
    )


@pytest.mark.parametrize(
    ("exchange", "symbol", "expected"),
    [("NFO", "NIFTY26NOVFUT", True), ("BFO", "SENSEX26NOV80000PE", True), ("MCX", "GOLD26DECFUT", True),
     ("CDS", "USDINR26NOVFUT", True), ("NSE", "INFY", False), ("BSE", "RELIANCE", False), ("MF", "X", False)],
)  # fmt: skip
def test_contracts_are_known_by_their_exchange(exchange: str, symbol: str, expected: bool) -> None:
    assert is_contract(Listing(exchange, symbol)) is expected


def test_only_contracts_that_are_carried_are_claims() -> None:
    share, today = line("10", listing=Listing("NSE", "INFY")), line("75", product="MIS")
    closed = line("0", "0")
    short = line("-50", "20", listing=Listing("NFO", "NIFTY26NOV24000CE"))
    (told,) = carried([share, today, closed, short])
    assert (told.quantity, told.average_price, told.last_price) == (
        Decimal(-50),
        Price.of("20"),
        Price.of("101"),
    )
    assert carried([short], {short.instrument}) == (), "its holdings have named it already"


def test_products_of_one_contract_are_one_line_at_the_average_of_the_side_that_is_left() -> None:
    (told,) = carried([line("75", "100"), line("75", "110", "MARGIN"), line("-50", "300", "CO")])
    assert (told.quantity, told.average_price) == (Decimal(100), Price.of("105"))
    assert carried([line("75"), line("-75", "300", "MARGIN")]) == ()
    (unknown,) = carried([line("75", "0")])
    assert unknown.average_price is None


def test_the_average_of_the_first_day_stays_while_the_units_do() -> None:
    """A broker that settles every day names yesterday's close as the average every morning."""
    (today,) = carried([line("-75", "120")])
    short = recorded(book("2026-11-20 short 75 NIFTYFUT @ 100")[0].fact, 1, source="statement")
    kept = at_first_sight(today.quantity, today.average_price, [short])
    assert kept == Price.of("100")
    assert compare([Claim(ONE, today.quantity, kept)], [short]).is_settled
    assert at_first_sight(Decimal(-150), today.average_price, [short]) == Price.of("120")
    assert at_first_sight(Decimal(-75), None, []) is None


@pytest.mark.parametrize(
    ("stands", "units", "expected"),
    [("0", "75", [("buy", 75)]), ("0", "-75", [("short", 75)]), ("75", "-75", [("sell", 75)]),
     ("-75", "75", [("cover", 75)]), ("75", "-200", [("sell", 75), ("short", 125)]),
     ("-75", "200", [("cover", 75), ("buy", 125)]), ("75", "75", [("buy", 75)]),
     ("-75", "-75", [("short", 75)])],
)  # fmt: skip
def test_a_trade_closes_what_stands_and_opens_the_rest(
    stands: str, units: str, expected: list[tuple[str, int]]
) -> None:
    found = parts_of(Decimal(stands), Decimal(units))
    assert [(kind.value, int(part)) for kind, part in found] == expected


units = st.integers(-5_000, 5_000).map(Decimal)


@given(units, units.filter(bool), st.decimals("0.05", "99999.95", places=4))
def test_the_parts_of_a_trade_are_the_trade(stands: Decimal, size: Decimal, price: Decimal) -> None:
    kind = Kind.BUY if size > 0 else Kind.SELL
    whole = trade(kind, DAY, ONE, abs(size), Price.of(str(price)))
    parts = directed(whole, stands)
    assert sum(moved_by(part) for part in parts) == size
    assert sum(part.amount.amount for part in parts) == whole.amount.amount
    assert all(part.quantity is not None and part.quantity > 0 for part in parts)


@given(st.lists(units.filter(bool), max_size=8))
def test_any_trades_in_a_row_can_be_folded_to_their_sum(sizes: list[Decimal]) -> None:
    stands, facts = Decimal(0), list[Fact]()
    for size in sizes:
        kind = Kind.BUY if size > 0 else Kind.SELL
        facts += directed(trade(kind, DAY, ONE, abs(size), Price.of("100")), stands)
        stands += size
    folded = fold([recorded(fact, at + 1) for at, fact in enumerate(facts)]).positions
    assert (folded[ONE].quantity if ONE in folded else 0) == sum(sizes)


def test_a_short_position_known_by_the_broker_alone_is_opened_once_and_taken_back() -> None:
    claim = Claim(ONE, Decimal(-75), Price.of("100.5"))
    (opening,) = compare([claim], []).openings
    assert (opening.kind, opening.quantity, opening.cost) == (Kind.SHORT, Decimal(-75), Money.of("7537.50"))
    kept = recorded(
        Fact(opening.kind, DAY, opening.cost, ONE, Decimal(75), opening.price), 1, source="statement"
    )
    assert compare([claim], [kept]).is_settled
    grown = compare([replace(claim, quantity=Decimal(-150))], [kept])
    assert (grown.reversals, *(one.quantity for one in grown.openings)) == ((kept,), Decimal(-150))
    assert left_by(fold([kept]).positions, grown)[ONE] == -150
    gone = compare([], [kept])
    assert (gone.reversals, gone.openings, gone.breaks) == ((kept,), (), ())
    assert left_by(fold([kept]).positions, gone)[ONE] == 0


def test_a_short_position_with_a_past_is_compared_below_zero() -> None:
    history = book("2026-11-20 short 75 NIFTYFUT @ 100")
    assert compare([Claim(ONE, Decimal(-75), Price.of("99"))], history).is_settled
    (fewer,) = compare([Claim(ONE, Decimal(-100), None)], history).breaks
    assert fewer == Break(ONE, Decimal(-75), Decimal(-100), Cause.FEWER_AT_BROKER)
    (gone,) = compare([], history).breaks
    assert gone == Break(ONE, Decimal(-75), Decimal(0), Cause.MORE_AT_BROKER)
    assert compare([Claim(ONE, Decimal(-5), None)], []).breaks[0].cause is Cause.NO_COST


def told(ours: str, theirs: str, contract: AssetClass = AssetClass.OPTION, **known: object) -> Diagnosis:
    cause = Cause.MORE_AT_BROKER if Decimal(theirs) > Decimal(ours) else Cause.FEWER_AT_BROKER
    scene = Scene(HERE, SEEN, contract=contract, **known)  # type: ignore[arg-type]
    return diagnosed(Break(ONE, Decimal(ours), Decimal(theirs), cause), scene)


def words(drafts: Sequence[Draft]) -> list[tuple[str, int]]:
    return [(str(draft.kind), int(draft.quantity or 0)) for draft in drafts]


EXPIRED, LATER = TradingDay.parse("2026-11-26"), TradingDay.parse("2026-12-31")


@pytest.mark.parametrize(
    ("ours", "contract", "expected"),
    [("75", AssetClass.OPTION, ["expiry", "exercise"]), ("-75", AssetClass.OPTION, ["expiry", "assignment"]),
     ("75", AssetClass.FUTURE, ["expiry"]), ("-75", AssetClass.FUTURE, ["expiry"])],
)  # fmt: skip
def test_what_is_named_no_more_after_its_last_day_has_expired(
    ours: str, contract: AssetClass, expected: list[str]
) -> None:
    found = told(ours, "0", contract, expiry=EXPIRED)
    assert found.reason is Reason.EXPIRY
    endings = [repair for repair in found.repairs if repair.name not in {"buy", "sell"}]
    assert [repair.name for repair in endings] == expected
    past = book(f"2026-11-20 {'buy' if ours == '75' else 'short'} 75 NIFTYFUT @ 100")
    for repair in endings:
        fact = repair.drafts[0].fact({"price": "12.5"}, "why")
        assert fact.day == EXPIRED
        assert fold([*past, recorded(fact, 9)]).positions[ONE].quantity == 0
    wants = [repair.wants for repair in endings]
    assert wants == ([("price",)] if contract is AssetClass.FUTURE else [(), ("price",)])


def test_a_contract_that_lives_or_is_named_still_has_not_expired() -> None:
    assert told("75", "0", expiry=LATER).reason is Reason.MISSING_TRADE
    assert told("75", "0", expiry=SEEN).reason is Reason.MISSING_TRADE, "its last day is not over"
    assert told("75", "0").reason is Reason.MISSING_TRADE, "no list tells when it ends"
    assert told("75", "25", expiry=EXPIRED).reason is Reason.MISSING_TRADE


def test_a_missing_trade_of_a_contract_closes_and_opens() -> None:
    def drafted(ours: str, theirs: str) -> list[list[tuple[str, int]]]:
        found = told(ours, theirs, AssetClass.FUTURE)
        return [words(repair.drafts) for repair in found.repairs]

    assert drafted("75", "-25") == [[("sell", 75), ("short", 25)]]
    assert drafted("-75", "25") == [[("cover", 75), ("buy", 25)]]
    assert drafted("0", "-25") == [[("short", 25)]]
    assert drafted("0", "25") == [[("buy", 25)], [("opening", 25)]]


def test_a_contract_is_not_moved_between_demats_and_its_unread_trade_is_directed() -> None:
    assert told("75", "25", elsewhere={THERE: ("Kotak", Decimal(50))}).reason is Reason.MISSING_TRADE
    sold = UnreadTrade("9", Kind.SELL, Decimal(100), Price.of("99"), DAY)
    found = told("75", "-25", unread=(UnreadLine(sold.place, "XFO:NIFTY26NOVFUT", "unknown"),))
    assert found.reason is Reason.UNREAD
    assert words(found.repairs[0].drafts) == [("sell", 75), ("short", 25)]
