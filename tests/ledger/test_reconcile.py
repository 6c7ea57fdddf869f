"""What the broker says beside what we know: openings, restatements and breaks."""

from __future__ import annotations

from decimal import Decimal

from tests.books import book, number_of, recorded
from tunefolio.core.money import Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reconcile import Break, Cause, Claim, Opening, Reconciliation, compare
from tunefolio.ledger.transactions import Fact, Transaction

INFY, TCS = number_of("INFY"), number_of("TCS")
DAY = TradingDay.parse("2026-11-20")


def claim(quantity: str, price: str | None = "100", instrument: int = INFY) -> Claim:
    return Claim(
        number_of("INFY") if instrument == INFY else TCS,
        Decimal(quantity),
        Price.of(price) if price else None,
    )


def kept(result: Reconciliation, start: int = 1) -> list[Transaction]:
    """What the ledger holds once the proposal is recorded."""
    facts = [Fact(Kind.OPENING, DAY, o.cost, o.instrument, o.quantity, o.price) for o in result.openings]
    backs = [recorded(r.fact, start + n, reverses=r.id) for n, r in enumerate(result.reversals)]
    start += len(backs)
    return backs + [recorded(f, start + n, source="statement") for n, f in enumerate(facts)]


def test_an_unknown_holding_becomes_an_opening() -> None:
    result = compare([claim("16", "801.78125")], [])
    assert result.openings == (Opening(INFY, Decimal(16), Price.of("801.78125"), Money.of("12828.50")),)
    assert result.reversals == ()
    assert result.breaks == ()


def test_the_same_statement_twice_changes_nothing() -> None:
    claims = [claim("16", "801.78125"), claim("3", "10", TCS)]
    assert compare(claims, kept(compare(claims, []))).is_settled


def test_an_opening_is_restated_when_the_broker_changes_its_mind() -> None:
    first = kept(compare([claim("16")], []))
    result = compare([claim("20", "110")], first)
    assert [opening.quantity for opening in result.openings] == [Decimal(20)]
    assert result.reversals == tuple(first)
    assert compare([claim("20", "110")], first + kept(result, 2)).is_settled


def test_a_holding_that_is_gone_takes_its_opening_back() -> None:
    first = kept(compare([claim("16")], []))
    result = compare([], first)
    assert result == Reconciliation((), tuple(first), ())


def test_real_history_is_never_overwritten() -> None:
    history = book("2024-04-01 buy 10 INFY @ 100")
    assert compare([claim("12")], history) == Reconciliation(
        (), (), (Break(INFY, Decimal(10), Decimal(12), Cause.MORE_AT_BROKER),)
    )
    assert compare([], history).breaks == (Break(INFY, Decimal(10), Decimal(0), Cause.FEWER_AT_BROKER),)
    assert compare([claim("10", "95")], history).is_settled


def test_an_opening_beside_real_history_is_history_too() -> None:
    history = [*kept(compare([claim("5")], [])), recorded(book("2026-11-20 buy 1 INFY @ 1")[0].fact, 2)]
    assert compare([claim("7")], history).breaks[0].ours == 6


def test_two_lines_of_one_instrument_are_added_up() -> None:
    (opening,) = compare([claim("10", "100"), claim("30", "200")], []).openings
    assert (opening.quantity, opening.price) == (Decimal(40), Price.of("175"))
    assert compare([claim("0", None), claim("30", "200")], []).openings[0].quantity == 30
    assert compare([claim("30", "200"), claim("0", None)], []).openings[0].price == Price.of("200")


def test_no_cost_is_a_break_and_never_zero() -> None:
    assert compare([claim("5", None)], []).breaks == (Break(INFY, Decimal(0), Decimal(5), Cause.NO_COST),)
    assert compare([claim("5", None), claim("5")], []).breaks[0].cause is Cause.NO_COST


def test_a_dividend_does_not_make_an_opening_untouchable() -> None:
    first = kept(compare([claim("16")], []))
    dividend = recorded(book("2026-11-21 dividend 10 INFY")[0].fact, 9)
    assert compare([claim("20")], [*first, dividend]).openings[0].quantity == 20


def test_a_holding_of_zero_units_is_nothing() -> None:
    assert compare([claim("0")], []).is_settled
