"""The bars of many instruments side by side: a row a day, a column an instrument. docs/spec/panels.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.time import TradingDay
from tunefolio.market.adjusted import AdjustedBars
from tunefolio.market.bar_merge import rescaled
from tunefolio.market.bars import Bars, Part
from tunefolio.market.daily import Days, Floats, Ticks, day_of

ABSENT = np.iinfo(np.int64).min
"""In place of a tick that there is not."""
Numbers = NDArray[np.float64] | NDArray[np.int64]


class Field(StrEnum):
    """What a panel can hold of a bar, in the order of its columns."""

    OPEN = "open"
    HIGH = "high"
    LOW = "low"
    CLOSE = "close"
    VOLUME = "volume"


class Prices(StrEnum):
    """raw: as paid, float64. adjusted: in today's units, float64. ticks: as paid, exact int64."""

    RAW = "raw"
    ADJUSTED = "adjusted"
    TICKS = "ticks"


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Aligned bars. days: int32[T] ascending; fields: [T, N], NaN (of ticks: ABSENT) where nothing was told.

    scale: a price in ticks is ticks × 10^-scale; 0 for floats. Volume is in units.
    """

    days: Days
    instruments: tuple[InstrumentId, ...]
    fields: Mapping[Field, Numbers]
    prices: Prices
    scale: int = 0

    def __len__(self) -> int:
        return len(self.days)

    def day(self, index: int) -> TradingDay:
        return day_of(int(self.days[index]))

    def floats(self, field: Field) -> Floats:
        """float64[T, N]; raises Misuse for a field that is not in it, and for ticks."""
        found = self._field(field)
        if found.dtype != np.float64:
            raise Misuse("panel", "holds ticks", cure="Ask for raw or adjusted prices")
        return found.view(np.float64)

    def ticks(self, field: Field) -> Ticks:
        """int64[T, N]; raises Misuse for a field that is not in it, and for floats."""
        found = self._field(field)
        if found.dtype != np.int64:
            raise Misuse("panel", "holds floats", cure="Ask for Prices.TICKS")
        return found.view(np.int64)

    def _field(self, field: Field) -> Numbers:
        if field not in self.fields:
            raise Misuse("field", f"{field} is not in this panel", cure="Name it when the panel is opened")
        return self.fields[field]


def aligned(
    series: Mapping[InstrumentId, Bars | AdjustedBars],
    fields: Sequence[Field],
    *,
    days: Days | None = None,
) -> Panel:
    """A panel in memory, of raw or of adjusted bars. days: which; else every day that any of them has."""
    told = list(series.values())
    kinds = {type(bars) for bars in told}
    if len(kinds) > 1:
        raise Misuse("panel", "raw and adjusted bars do not stand side by side")
    if days is None:
        days = np.unique(np.concatenate([bars.days for bars in told])) if told else np.array([], np.int32)
    grid = {field: np.full((len(days), len(told)), np.nan) for field in fields}
    for column, bars in enumerate(told):
        places, ours = _common(days, bars.days)
        for field in fields:
            grid[field][places, column] = _floats(bars, field)[ours]
    prices = Prices.ADJUSTED if AdjustedBars in kinds else Prices.RAW
    return Panel(days.astype(np.int32), tuple(series), grid, prices)


def aligned_ticks(
    series: Mapping[InstrumentId, Bars], fields: Sequence[Field], *, days: Days | None = None
) -> Panel:
    """As aligned(), in exact ticks of the finest scale of them."""
    told = list(series.values())
    scale = max((bars.scale for bars in told), default=0)
    if days is None:
        days = np.unique(np.concatenate([bars.days for bars in told])) if told else np.array([], np.int32)
    grid = {field: np.full((len(days), len(told)), ABSENT) for field in fields}
    for column, bars in enumerate(told):
        places, ours = _common(days, bars.days)
        fine = rescaled(bars, scale)
        for field in fields:
            ticks: Ticks = getattr(fine, field.value)
            grid[field][places, column] = np.where(_is_told(bars, field), ticks, ABSENT)[ours]
    return Panel(days.astype(np.int32), tuple(series), grid, Prices.TICKS, scale)


def _common(days: Days, own: Days) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of the days that both have, in each of them."""
    _, places, ours = np.intersect1d(days, own, assume_unique=True, return_indices=True)
    return places, ours


def _floats(bars: Bars | AdjustedBars, field: Field) -> Floats:
    if isinstance(bars, AdjustedBars):
        adjusted: Floats = getattr(bars, field.value)
        return adjusted
    column: Ticks = getattr(bars, field.value)
    unit = 1.0 if field is Field.VOLUME else float(10**bars.scale)
    return np.where(_is_told(bars, field), column / unit, np.nan)


def _is_told(bars: Bars, field: Field) -> NDArray[np.bool_]:
    if field is Field.CLOSE:
        return np.ones(len(bars), np.bool_)
    part = Part.VOLUME if field is Field.VOLUME else Part.RANGE
    told: NDArray[np.bool_] = (bars.parts & part) != 0
    return told
