"""What the price did and what the rate did, apart, for lots closed and open, bought and sold short."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.analysis.worlds import AAPL, INFY, USD, A, World, day, world
from tunefolio.analysis.allocation import Grouped, allocation, drifts
from tunefolio.analysis.currency import cost_of, gain_of, unrealised_of
from tunefolio.analysis.derivation import recomputed
from tunefolio.analysis.lot_returns import (
    FIGURES,
    explain_lot_return,
    lot_return,
    lot_series,
    match_series,
)
from tunefolio.analysis.valuation import NO_PRICE, ValuedPosition, valuation, valued
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, CurrencyMismatch, Money, Price
from tunefolio.core.time import Instant
from tunefolio.ledger.positions import Position
from tunefolio.market.quotes import Quote

DOLLARS = "2024-01-01 80\n2024-01-10 85\n2024-01-20 90"
AS_OF = Instant.parse("2024-01-20T15:30:00+05:30")


def position_of(made: World) -> Position:
    (position,) = made.holdings[A].positions.values()
    return position


def test_a_sale_abroad_parts_into_price_and_currency() -> None:
    made = world(
        "2024-01-01 buy 10 AAPL @ 100 USD fee 2\n2024-01-10 sell 10 AAPL @ 120 USD fee 3", dollars=DOLLARS
    )
    (match,) = position_of(made).matches
    gain = gain_of(match, made.market.rates, INR)
    assert gain.price == Money.of(195 * 85).rounded()
    assert gain.exchange == Money.of(1002 * 5).rounded()
    assert gain.total == Money.of(1197 * 85 - 1002 * 80).rounded()
    assert gain_of(match, made.market.rates, USD).exchange == Money.zero(USD)


def test_a_short_sale_abroad_earned_its_rate_on_what_it_brought() -> None:
    """Brought 1000 USD at 80, bought back for 900 USD at 85: 80,000 in, 76,500 out."""
    made = world("2024-01-01 short 10 AAPL @ 100 USD\n2024-01-10 cover 10 AAPL @ 90 USD", dollars=DOLLARS)
    (match,) = position_of(made).matches
    gain = gain_of(match, made.market.rates, INR)
    assert (gain.price, gain.exchange) == (Money.of("8500.00"), Money.of("-5000.00"))
    assert gain.total == Money.of("3500.00")


def test_an_open_lot_counts_at_todays_rate() -> None:
    made = world("2024-01-01 buy 10 AAPL @ 100 USD", dollars=DOLLARS)
    (lot,) = position_of(made).lots
    gain = unrealised_of(lot, Money.of(1100, "USD"), day("2024-01-20"), made.market.rates, INR)
    assert (gain.price, gain.exchange) == (Money.of("9000.00"), Money.of("10000.00"))
    assert cost_of(lot, made.market.rates, INR) == Money.of("80000.00")


def test_what_has_no_day_or_rate_has_no_currency_part() -> None:
    made = world("2024-01-01 opening 10 AAPL @ 100 USD\n2024-01-10 sell 10 AAPL @ 120 USD", dollars=DOLLARS)
    (match,) = position_of(made).matches
    gain = gain_of(match, made.market.rates, INR)
    assert gain.price == Money.of("17000.00")
    assert isinstance(gain.exchange, Missing)
    assert "day of purchase" in gain.exchange.reason
    assert gain.total == gain.exchange
    late = world("2024-01-01 buy 10 AAPL @ 100 USD\n2024-03-10 sell 10 AAPL @ 120 USD", dollars=DOLLARS)
    (match,) = position_of(late).matches
    gain = gain_of(match, late.market.rates, INR)
    assert gain.price == gain.exchange == gain.total == late.market.rates.on(USD, INR, day("2024-03-10"))


def line_of(made: World, price: str, currency: str = "USD", **more: object) -> ValuedPosition:
    quote = Quote(AAPL, Price.of(price, currency), Price.of("100", currency), AS_OF, "test")
    return valued(A, position_of(made), {AAPL: quote}, **more)  # type: ignore[arg-type]


def test_a_valuation_converts_value_today_and_cost_then() -> None:
    made = world("2024-01-01 buy 10 AAPL @ 100 USD", dollars=DOLLARS)
    whole = valuation([line_of(made, "110")], INR, rates=made.market.rates, day=day("2024-01-20"))
    assert (whole.value, whole.invested) == (Money.of("99000.00"), Money.of("80000.00"))
    assert (whole.pnl, whole.day_change) == (Money.of("19000.00"), Money.of("9000.00"))
    assert whole.unpriced == 0
    late = valuation([line_of(made, "110")], INR, rates=made.market.rates, day=day("2024-03-20"))
    assert (late.unpriced, late.missing) == (1, ("not available: rate USD/INR on 2024-03-20",))
    without = valuation([line_of(made, "110")], INR)
    assert (without.unpriced, without.value) == (1, Money.zero())


def test_a_quote_abroad_is_converted_into_the_positions_currency() -> None:
    made = world("2024-01-01 buy 10 INFY @ 1000", dollars=DOLLARS)
    quote = Quote(INFY, Price.of("20", "USD"), Price.of("19", "USD"), AS_OF, "test")
    line = valued(A, position_of(made), {INFY: quote}, rates=made.market.rates, day=day("2024-01-20"))
    assert (line.value, line.day_change) == (Money.of("18000.00"), Money.of("900.00"))


def test_owed_units_are_worth_less_than_nothing() -> None:
    made = world("2024-01-01 short 10 AAPL @ 100 USD fee 1")
    line = line_of(made, "90")
    assert (line.value, line.invested) == (Money.of("-900.00", "USD"), Money.of("-999.00", "USD"))
    assert line.pnl == Money.of("99.00", "USD")
    assert line.average_price == Price.of("99.9", "USD")


def test_a_future_is_worth_what_it_gained_and_a_deposit_what_has_accrued() -> None:
    made = world("2024-01-01 buy 10 AAPL @ 100 USD")
    future = line_of(made, "110", margined={AAPL})
    assert (future.value, future.invested, future.pnl) == (
        Money.of("100.00", "USD"), Money.zero(USD), Money.of("100.00", "USD"),
    )  # fmt: skip
    grown = line_of(made, "110", accrued={AAPL: Money.of(1234, "USD")})
    assert (grown.value, grown.pnl) == (Money.of(1234, "USD"), Money.of("234.00", "USD"))
    unknown = line_of(made, "110", accrued={AAPL: Missing("its terms")})
    assert (unknown.value, unknown.missing) == (None, "not available: its terms")
    assert valued(A, position_of(made), {}).missing == NO_PRICE


def test_sectors_have_industries_inside_and_targets_drift() -> None:
    made = world("2024-01-01 buy 10 AAPL @ 100 USD")
    line = line_of(made, "110")
    members = [
        Grouped("IT", "a", line, "Software"),
        Grouped("IT", "b", line, "Services"),
        Grouped("Banks", "c", line),
    ]
    slices = allocation(members, USD)
    assert [each.name for each in slices] == ["IT", "Banks"]
    assert [(p.name, p.part.value) for p in slices[0].parts] == [
        ("Services", Money.of("1100.00", "USD")), ("Software", Money.of("1100.00", "USD")),
    ]  # fmt: skip
    assert slices[1].parts == ()
    targets = {"IT": Decimal("0.5"), "Banks": Decimal("0.3"), "Gold": Decimal("0.1")}
    found = {each.name: each for each in drifts(slices, targets, USD)}
    assert found["IT"].to_target == Money.of("-550.00", "USD")
    assert (found["Gold"].weight, found["Gold"].to_target) == (Decimal(0), Money.of("330.00", "USD"))
    assert found["Gold"].drift == Decimal("-0.1")
    assert drifts((), targets) == ()
    with pytest.raises(Misuse, match="add up to at most 1"):
        drifts(slices, {"IT": Decimal("0.9"), "Banks": Decimal("0.2")})


def test_a_lot_has_returns_of_its_own() -> None:
    made = world(
        """
        2023-01-01 buy 10 INFY @ 99 fee 10
        2023-01-01 buy 5 INFY @ 100
        2024-01-01 sell 10 INFY @ 111 fee 10
        """
    )
    position = position_of(made)
    sold = match_series(position.matches[0])
    assert lot_return(sold, "simple") == pytest.approx(0.1)
    assert lot_return(sold, "xirr") == pytest.approx(0.1)
    held = lot_series(position.lots[0], Money.of(550), day("2023-07-02"))
    annual = lot_return(held, "twr_annual")
    assert isinstance(annual, Missing), "half a year is not annualised"
    assert lot_return(held, "xirr_period") == pytest.approx(0.1)
    same_day = lot_series(position.lots[0], Money.of(550), day("2023-01-01"))
    assert lot_return(same_day, "simple") == pytest.approx(0.1)
    for figure in FIGURES:
        tree = explain_lot_return(sold, figure)
        assert recomputed(tree) == tree.value == lot_return(sold, figure)
    assert explain_lot_return(held, "twr_annual").op == "missing"
    with pytest.raises(NotFound):
        explain_lot_return(sold, "luck")
    with pytest.raises(CurrencyMismatch):
        lot_series(position.lots[0], Money.of(550, "USD"), day("2023-07-02"))


def test_a_lot_without_a_day_and_a_short_sale_have_no_returns() -> None:
    made = world(
        "2024-01-01 opening 10 INFY @ 99\n2024-01-02 short 1 AAPL @ 9 USD\n2024-01-03 cover 1 AAPL @ 8 USD"
    )
    opening, short = made.holdings[A].positions.values()
    unknown = lot_series(opening.lots[0], Money.of(1100), day("2024-02-01"))
    assert explain_lot_return(unknown, "xirr").op == "missing"
    assert lot_return(unknown, "xirr") == unknown
    assert isinstance(match_series(short.matches[0]), Missing)
