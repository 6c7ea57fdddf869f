"""Daily bars as they were paid, unadjusted: exact integers in columns, one set of arrays an instrument.

What splits and bonuses make of them is another type (market/adjusted.py), so that nobody mixes the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay
from tunefolio.market.daily import Daily, Days, Ticks, day_of, digits_of

Codes = NDArray[np.uint8]

_MOST_DIGITS = 12
_LARGEST = 2**62


class Part(IntFlag):
    """What a source told of a day beside its close."""

    RANGE = 1
    VOLUME = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One session of one instrument, as it was paid; prices ≥ 0, volume in units.

    open, high, low: all three or none. What the source does not tell is None.
    """

    day: TradingDay
    close: Decimal
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    volume: int | None = None

    @property
    def has_range(self) -> bool:
        return self.open is not None and self.high is not None and self.low is not None


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """The raw bars of one instrument, ascending, each day once; all arrays of one length T.

    days: int32[T] proleptic ordinals. open, high, low, close: int64[T] in ticks of 10^-scale; where a source
    told the close alone, all four are the close. volume: int64[T] units, 0 where untold. parts: uint8[T] of
    Part, what was told. codes: uint8[T], the place in `sources` of who told it.
    """

    days: Days
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: Ticks
    parts: Codes
    codes: Codes
    sources: tuple[str, ...]
    scale: int

    @classmethod
    def of(cls, bars: Iterable[Bar], source: str) -> Bars:
        """Any order in; of a day given twice the later one stands. Raises Misuse beyond 12 decimals."""
        by_day = {bar.day.date.toordinal(): bar for bar in bars}
        rows = [by_day[day] for day in sorted(by_day)]
        prices = [_prices(bar) for bar in rows]
        scale = max((digits_of(value) for row in prices for value in row), default=0)
        if scale > _MOST_DIGITS:
            raise Misuse("price", f"{scale} decimals are more than the {_MOST_DIGITS} that are kept")
        ticks = [[int(value.scaleb(scale)) for value in row] for row in prices]
        if any(abs(tick) > _LARGEST for row in ticks for tick in row):
            raise Misuse("price", "is too large for its number of decimals")
        columns = np.array(ticks, np.int64).reshape(len(rows), 4).T.copy()
        parts = [Part.RANGE * bar.has_range | Part.VOLUME * (bar.volume is not None) for bar in rows]
        return cls(
            np.array(sorted(by_day), np.int32),
            columns[0], columns[1], columns[2], columns[3],
            np.array([bar.volume or 0 for bar in rows], np.int64),
            np.array(parts, np.uint8), np.zeros(len(rows), np.uint8), (source,), scale,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.days)

    def __iter__(self) -> Iterator[Bar]:
        return (self.at(i) for i in range(len(self)))

    def day(self, index: int) -> TradingDay:
        return day_of(int(self.days[index]))

    def source(self, index: int) -> str:
        """Who told the bar in place `index`."""
        return self.sources[int(self.codes[index])]

    def at(self, index: int) -> Bar:
        """The exact bar in place `index`; untold parts are None."""
        told = Part(int(self.parts[index]))
        has_range = Part.RANGE in told
        return Bar(
            self.day(index),
            self._price(self.close, index),
            self._price(self.open, index) if has_range else None,
            self._price(self.high, index) if has_range else None,
            self._price(self.low, index) if has_range else None,
            int(self.volume[index]) if Part.VOLUME in told else None,
        )

    @classmethod
    def empty(cls, source: str = "") -> Bars:
        """No bars."""
        return cls.of((), source)

    def closes(self) -> Daily:
        """The closes alone; shares the arrays."""
        return Daily(self.days, self.close, self.scale)

    def between(self, since: TradingDay | None, until: TradingDay | None) -> Bars:
        """The bars of [since, until); shares the arrays."""
        start = 0 if since is None else int(np.searchsorted(self.days, since.date.toordinal()))
        end = len(self) if until is None else int(np.searchsorted(self.days, until.date.toordinal()))
        return self.cut(slice(start, max(start, end)))

    def cut(self, cut: slice) -> Bars:
        """The bars in these places; shares the arrays."""
        return Bars(
            self.days[cut], self.open[cut], self.high[cut], self.low[cut], self.close[cut],
            self.volume[cut], self.parts[cut], self.codes[cut], self.sources, self.scale,
        )  # fmt: skip

    def _price(self, column: Ticks, index: int) -> Decimal:
        return Decimal(int(column[index])).scaleb(-self.scale)


def _prices(bar: Bar) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    if bar.open is None or bar.high is None or bar.low is None:
        return bar.close, bar.close, bar.close, bar.close
    return bar.open, bar.high, bar.low, bar.close
