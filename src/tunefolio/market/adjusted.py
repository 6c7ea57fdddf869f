"""Bars in today's units: what splits and bonuses make of raw ones. Another type, so that nobody mixes them.

Exact prices stay in Bars. These are binary fractions for charts and signals, never for books.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunefolio.core.time import TradingDay
from tunefolio.market.actions import Adjustment
from tunefolio.market.bars import Bars, Part
from tunefolio.market.daily import Days, Floats, Ticks, day_of


@dataclass(frozen=True, slots=True, eq=False)
class AdjustedBars:
    """The bars of one instrument, ascending, in units of the day after its last known split or bonus.

    days: int32[T] proleptic ordinals. open, high, low, close: float64[T] in the instrument's currency.
    volume: float64[T] in today's units, so that price × volume stays what was traded. What the source did not
    tell is NaN. factor: float64[T], adjusted ÷ raw price.
    """

    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    factor: Floats

    def __len__(self) -> int:
        return len(self.days)

    def day(self, index: int) -> TradingDay:
        return day_of(int(self.days[index]))


def factors_on(factors: Adjustment, days: Days) -> Floats:
    """float64[T]: adjusted ÷ raw price on each day, the nearest binary fraction of the exact one."""
    ex_days = np.array([day.date.toordinal() for day in factors.days], np.int32)
    after = np.array([float(factor) for factor in factors.after])
    found: Floats = after[np.searchsorted(ex_days, days, side="right")]
    return found


def adjusted(bars: Bars, factors: Adjustment) -> AdjustedBars:
    """Prices × factor and volume ÷ factor, the factor of a day being that of every later ex-date."""
    factor = factors_on(factors, bars.days)
    scaled = factor / float(10**bars.scale)
    has_range, has_volume = ((bars.parts & part) != 0 for part in (Part.RANGE, Part.VOLUME))

    def price(ticks: Ticks) -> Floats:
        return np.where(has_range, ticks * scaled, np.nan)

    return AdjustedBars(
        bars.days,
        price(bars.open),
        price(bars.high),
        price(bars.low),
        bars.close * scaled,
        np.where(has_volume, bars.volume / factor, np.nan),
        factor,
    )
