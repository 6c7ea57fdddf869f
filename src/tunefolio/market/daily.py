"""Numbers by calendar day, light: two integer arrays and a scale, read back as exact decimals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay

Days = NDArray[np.int32]
Ticks = NDArray[np.int64]
Floats = NDArray[np.float64]

_MOST_DIGITS = 12
_LARGEST = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """One number a day. days: int32[T] proleptic ordinals (date.toordinal), ascending, each once.

    ticks: int64[T]; the number of a day is ticks × 10^-scale, exactly.
    """

    days: Days
    ticks: Ticks
    scale: int

    @classmethod
    def of(cls, numbers: Iterable[tuple[TradingDay, Decimal]]) -> Daily:
        """Any order in; of a day given twice the later number stands. Raises Misuse beyond 12 decimals."""
        by_day = {day.date.toordinal(): number for day, number in numbers}
        days = sorted(by_day)
        values = [by_day[day] for day in days]
        scale = max((digits_of(value) for value in values), default=0)
        if scale > _MOST_DIGITS:
            raise Misuse("price", f"{scale} decimals are more than the {_MOST_DIGITS} that are kept")
        ticks = [int(value.scaleb(scale)) for value in values]
        if any(abs(tick) > _LARGEST for tick in ticks):
            raise Misuse("price", "is too large for its number of decimals")
        return cls(np.array(days, np.int32), np.array(ticks, np.int64), scale)

    def __len__(self) -> int:
        return len(self.days)

    def at(self, index: int) -> Decimal:
        """The exact number in place `index`."""
        return Decimal(int(self.ticks[index])).scaleb(-self.scale)

    def day(self, index: int) -> TradingDay:
        return day_of(int(self.days[index]))

    def last(self, day: TradingDay) -> int | None:
        """The place of the last number on or before the day; None when the first is later."""
        index = int(np.searchsorted(self.days, day.date.toordinal(), side="right")) - 1
        return None if index < 0 else index

    def places(self, days: Days) -> NDArray[np.intp]:
        """intp[T]: the place of the last number on or before each day; -1 where there is none."""
        return np.searchsorted(self.days, days, side="right") - 1

    def levels(self, days: Days, carry_days: int) -> Floats:
        """float64[T]: the last number on or before each day; NaN where there is none within carry_days."""
        if not len(self):
            return np.full(len(days), np.nan)
        places = self.places(days)
        known = np.maximum(places, 0)
        found = (places >= 0) & (days - self.days[known] <= carry_days)
        return np.where(found, self.floats()[known], np.nan)

    def floats(self) -> Floats:
        """float64[T]: every number, nearest binary fraction."""
        result: Floats = self.ticks / float(10**self.scale)
        return result


def day_of(ordinal: int) -> TradingDay:
    """The day of a proleptic ordinal."""
    return TradingDay(date.fromordinal(ordinal))


def digits_of(value: Decimal) -> int:
    """Decimals that the number needs: 1 for 1.50, 0 for 100."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
