"""Adjusted bars by hand, and what is not told stays untold."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionKind, Terms, adjustment
from tunefolio.market.adjusted import adjusted, factors_on
from tunefolio.market.bars import Bar, Bars

FIRST = TradingDay.parse("2024-01-01")


def bar(after: int, *prices: str, volume: int | None = None) -> Bar:
    """Close alone, or open, high, low, close."""
    numbers = [Decimal(price) for price in prices]
    if len(numbers) == 1:
        return Bar(FIRST.plus_days(after), numbers[0], volume=volume)
    open, high, low, close = numbers
    return Bar(FIRST.plus_days(after), close, open, high, low, volume)


def split(after: int, new: int, old: int = 1) -> tuple[TradingDay, Terms]:
    return FIRST.plus_days(after), Terms(ActionKind.SPLIT, Decimal(new), Decimal(old))


def bonus(after: int, new: int, old: int) -> tuple[TradingDay, Terms]:
    return FIRST.plus_days(after), Terms(ActionKind.BONUS, Decimal(new), Decimal(old))


def test_days_before_the_ex_date_are_divided_and_their_volume_multiplied() -> None:
    bars = Bars.of(
        [bar(0, "1000", "1050.5", "990", "1020", volume=10), bar(1, "102", "103", "101", "102.5", volume=90)],
        "nse",
    )
    ours = adjusted(bars, adjustment([split(1, 10)]))
    assert ours.open.tolist() == [100.0, 102.0]
    assert np.allclose(ours.high, [105.05, 103.0], rtol=1e-15)
    assert ours.low.tolist() == [99.0, 101.0]
    assert ours.close.tolist() == [102.0, 102.5]
    assert ours.volume.tolist() == [100.0, 90.0]
    assert ours.factor.tolist() == [0.1, 1.0]


def test_several_events_multiply() -> None:
    days = np.array([FIRST.plus_days(after).date.toordinal() for after in (0, 5, 9, 10, 20)], np.int32)
    factors = adjustment([split(5, 2), bonus(10, 1, 2)])
    assert np.allclose(factors_on(factors, days), [1 / 3, 2 / 3, 2 / 3, 1, 1], rtol=1e-15)


def test_without_events_prices_are_as_paid() -> None:
    bars = Bars.of([bar(0, "10.25", volume=7)], "nse")
    ours = adjusted(bars, adjustment([]))
    assert (ours.close.tolist(), ours.volume.tolist(), ours.factor.tolist()) == ([10.25], [7.0], [1.0])


def test_what_the_source_did_not_tell_is_not_a_number() -> None:
    bars = Bars.of([bar(0, "10"), bar(1, "9", "11", "8", "10"), bar(2, "10", volume=0)], "file")
    ours = adjusted(bars, adjustment([]))
    assert np.isnan(ours.open).tolist() == [True, False, True]
    assert np.isnan(ours.volume).tolist() == [True, True, False]
    assert ours.day(2) == FIRST.plus_days(2)
    assert len(ours) == 3
