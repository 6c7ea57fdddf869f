"""Two tellings of one instrument's bars become one: by day, the later put wins. Rules: docs/spec/bars.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import Misuse
from tunefolio.market.bars import Bars, Codes, Part
from tunefolio.market.daily import Ticks

_LARGEST = 2**62
_MOST_SOURCES = 255

Places = NDArray[np.intp]
Truths = NDArray[np.bool_]
Column = TypeVar("Column", Ticks, Codes)


def merged(known: Bars, fresh: Bars) -> tuple[Bars, int]:
    """Both together, and how many days of `fresh` are news.

    1 A day that only one has is taken. 2 Of a day that both have, fresh wins with all it tells. 3 Range and
    volume that it does not tell stay, if its close is the one known. 4 A day of which fresh says nothing new
    keeps its old source.
    """
    scale = max(known.scale, fresh.scale)
    old, new = rescaled(known, scale), rescaled(fresh, scale)
    days = np.union1d(old.days, new.days)
    places_old, places_new = np.searchsorted(days, old.days), np.searchsorted(days, new.days)
    twin = np.minimum(np.searchsorted(old.days, new.days), max(len(old) - 1, 0))
    twice = old.days[twin] == new.days if len(old) else np.zeros(len(new), np.bool_)
    if not len(old):
        return _pruned(fresh), len(fresh)
    new, is_news = _completed(old, new, twin, twice)
    names = tuple(dict.fromkeys([*old.sources, *new.sources]))
    if len(names) > _MOST_SOURCES:
        raise Misuse("source", f"{len(names)} sources are more than the {_MOST_SOURCES} that one year keeps")
    codes_new = _renamed(new, names)
    codes_new = np.where(is_news, codes_new, old.codes[twin]).astype(np.uint8)

    def both(before: Column, after: Column) -> Column:
        column = np.empty(len(days), before.dtype)
        column[places_old] = before
        column[places_new] = after
        return column

    result = Bars(
        days.astype(np.int32), both(old.open, new.open), both(old.high, new.high), both(old.low, new.low),
        both(old.close, new.close), both(old.volume, new.volume), both(old.parts, new.parts),
        both(old.codes, codes_new), names, scale,
    )  # fmt: skip
    return _pruned(result), int(is_news.sum())


def _completed(old: Bars, new: Bars, twin: Places, twice: Truths) -> tuple[Bars, Truths]:
    """`new` with what it leaves untold of closes that `old` knows; bool[T]: which of its days are news."""
    same = twice & (old.close[twin] == new.close)
    lacks = ~new.parts & old.parts[twin] & np.where(same, np.uint8(Part.RANGE | Part.VOLUME), np.uint8(0))
    ranges, volumes = (lacks & Part.RANGE) != 0, (lacks & Part.VOLUME) != 0
    open = np.where(ranges, old.open[twin], new.open)
    high = np.where(ranges, old.high[twin], new.high)
    low = np.where(ranges, old.low[twin], new.low)
    volume = np.where(volumes, old.volume[twin], new.volume)
    parts = new.parts | lacks
    alike = (
        same
        & (old.open[twin] == open)
        & (old.high[twin] == high)
        & (old.low[twin] == low)
        & (old.volume[twin] == volume)
        & (old.parts[twin] == parts)
    )
    full = Bars(
        new.days, open, high, low, new.close, volume, parts.astype(np.uint8), new.codes, new.sources,
        new.scale,
    )  # fmt: skip
    return full, ~alike


def _renamed(bars: Bars, names: Sequence[str]) -> Codes:
    places = np.array([names.index(name) for name in bars.sources], np.uint8)
    return places[bars.codes]


def _pruned(bars: Bars) -> Bars:
    """Without the names of sources that no row is from any longer."""
    if len(bars.sources) <= 1:
        return bars
    used = np.unique(bars.codes)
    if len(used) == len(bars.sources):
        return bars
    names = tuple(bars.sources[place] for place in used)
    return replace(bars, codes=np.searchsorted(used, bars.codes).astype(np.uint8), sources=names)


def rescaled(bars: Bars, scale: int) -> Bars:
    """The same prices with more decimals; raises Misuse where they would not fit any longer."""
    if scale == bars.scale:
        return bars
    factor = 10 ** (scale - bars.scale)
    columns = (bars.open, bars.high, bars.low, bars.close)
    if any(max(abs(int(c.max(initial=0))), abs(int(c.min(initial=0)))) * factor > _LARGEST for c in columns):
        raise Misuse("price", "is too large for its number of decimals")
    open, high, low, close = (column * np.int64(factor) for column in columns)
    return Bars(bars.days, open, high, low, close, bars.volume, bars.parts, bars.codes, bars.sources, scale)


def trimmed(bars: Bars) -> Bars:
    """The same prices with no more decimals than they need; and nothing in the place of what is untold."""
    told = (bars.parts & Part.RANGE) != 0
    open, high, low, close = bars.open, bars.high, bars.low, bars.close
    if not told.all():
        open, high, low = (np.where(told, column, close) for column in (open, high, low))
    volume = np.where((bars.parts & Part.VOLUME) != 0, bars.volume, 0)
    scale = bars.scale
    while scale and not any((column % 10).any() for column in (close, open, high, low)):
        open, high, low, close = open // 10, high // 10, low // 10, close // 10
        scale -= 1
    return Bars(bars.days, open, high, low, close, volume, bars.parts, bars.codes, bars.sources, scale)
