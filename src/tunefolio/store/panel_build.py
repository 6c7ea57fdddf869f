"""From packed rows to a panel in one pass: every stream opened once, the days united, the years filled in.

Bodies are opened while rows still come, because days decide where a year begins; rests where they are needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import BrokenLaw
from tunefolio.core.identity import InstrumentId
from tunefolio.market.actions import Adjustment
from tunefolio.market.daily import Days
from tunefolio.market.panel import ABSENT, Field, Prices
from tunefolio.store.codec import joined, opened_all

LANES = max(2, min(4, os.cpu_count() or 1))
"""Threads beside the one that reads rows: zstd, the loops and the disk do without the interpreter's lock."""
AT_ONCE = 500
"""Rows that are opened together: what they hold stays in the processor's cache."""
WIDE = 256
"""Columns of a year that one thread fills; a multiple of panel_kernels.TILE."""
LAST_DAY = 3_652_059
"""The last day of the calendar, as an ordinal."""
COLUMNS = ("instrument_id", "year", "scale", "count", "body", "rest")
"""Of a row, in their order."""
_FIELDS = tuple(Field)
Ints = NDArray[np.int64]
Splits = tuple[Ints, Ints, NDArray[np.float64]]
Write = Callable[[int, int, NDArray[np.int64]], None]
"""(place of the field, row, the bits of whole rows that follow it)"""
Room = Callable[[Days, int], Write]
"""(days, scale) → where to write that many rows of each field."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a panel shall hold. days: which, ascending; None: all from since to until, both inside."""

    instruments: tuple[InstrumentId, ...]
    fields: tuple[Field, ...]
    prices: Prices
    days: Days | None
    since: int
    until: int

    @property
    def needs_rest(self) -> bool:
        return any(field is not Field.CLOSE for field in self.fields)

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last calendar year of which it needs rows."""
        since, until = self.since, self.until
        if self.days is not None:
            if not len(self.days):
                return 1, 0
            since, until = int(self.days[0]), int(self.days[-1])
        return _year(since), _year(until)


def _year(day: int) -> int:
    return date.fromordinal(min(max(day, 1), LAST_DAY)).year


def _first_of(year: int) -> int:
    """1 January, as an ordinal."""
    return date(year, 1, 1).toordinal() if year <= date.max.year else LAST_DAY + 1


@dataclass(frozen=True, eq=False)
class _Chunks:
    """Rows of which the bodies are open. columns: of the panel."""

    years: Ints
    columns: Ints
    scales: Ints
    counts: Ints
    bodies: Sequence[Any]
    rests: Sequence[bytes | None]

    @classmethod
    def of(cls, parts: Sequence[_Chunks]) -> _Chunks:
        """Of all parts, by year and column."""
        if not parts:
            none = np.empty(0, np.int64)
            return cls(none, none, none, none, (), ())
        years, columns, scales, counts = (
            np.concatenate([getattr(one, name) for one in parts])
            for name in ("years", "columns", "scales", "counts")
        )
        order = np.lexsort((columns, years))
        bodies = list(chain.from_iterable(one.bodies for one in parts))
        rests = list(chain.from_iterable(one.rests for one in parts))
        places = order.tolist()
        return cls(
            years[order], columns[order], scales[order], counts[order],
            [bodies[place] for place in places], [rests[place] for place in places],
        )  # fmt: skip

    def cut(self, part: slice) -> _Chunks:
        return _Chunks(
            self.years[part], self.columns[part], self.scales[part], self.counts[part],
            self.bodies[part], self.rests[part],
        )  # fmt: skip


def build(
    wish: Wish,
    blocks: Iterable[Sequence[Sequence[Any]]],
    splits: Mapping[InstrumentId, Adjustment],
    room: Room,
) -> None:
    """Write a panel's fields into the room that is given once its days are known. blocks: rows of COLUMNS."""
    from tunefolio.store import panel_kernels  # noqa: F401 — loaded once, before threads ask for it

    column = {instrument: place for place, instrument in enumerate(wish.instruments)}
    seen = np.zeros(LAST_DAY + 1, np.uint8)
    with ThreadPoolExecutor(LANES, thread_name_prefix="panel") as lanes:
        coming = [lanes.submit(_opened, block, column, seen) for block in blocks]
        chunks = _Chunks.of([one.result() for one in coming])
        days = _united(seen, wish) if wish.days is None else wish.days
        scale = int(chunks.scales.max(initial=0)) if wish.prices is Prices.TICKS else 0
        years, write = _Years(wish, chunks, scale=scale, splits=_splits_of(wish, splits)), room(days, scale)
        for part in [lanes.submit(years.fill, *one, write) for one in years.parts(days)]:
            part.result()


def _opened(
    rows: Sequence[Sequence[Any]], column: Mapping[InstrumentId, int], seen: NDArray[np.uint8]
) -> _Chunks:
    """Opens their bodies; seen[day] becomes 1 for each day that they have."""
    from tunefolio.store import panel_kernels

    ids, years, scales, counts, bodies, rests = zip(*rows, strict=True)
    lengths, payloads = np.array(counts, np.int64), opened_all(bodies)
    firsts = {year: (_first_of(year), _first_of(year + 1)) for year in set(years)}
    since, until = np.array([firsts[year] for year in years], np.int64).T.copy()
    _check(panel_kernels.mark_days(*joined(payloads), lengths, since, until, seen))
    columns = np.array([column[id] for id in ids], np.int64)
    return _Chunks(
        np.array(years, np.int64), columns, np.array(scales, np.int64), lengths, payloads, rests
    )  # fmt: skip


def _check(answer: int) -> None:
    """Raises BrokenLaw where a loop has found that a chunk is not what its row says."""
    from tunefolio.store import panel_kernels

    if answer == panel_kernels.WRONG_LENGTH:
        raise BrokenLaw("bars", "a chunk does not hold the number of bars that stands beside it")
    if answer == panel_kernels.WRONG_YEAR:
        raise BrokenLaw("bars", "a chunk holds days of another year than its own")


def _united(seen: NDArray[np.uint8], wish: Wish) -> Days:
    """Every day that any of them has, between the first and the last wanted."""
    since = max(wish.since, 0)
    return (np.flatnonzero(seen[since : wish.until + 1].view(np.bool_)) + since).astype(np.int32)


@dataclass(slots=True, eq=False)
class _Year:
    """The rows of a panel that are of one year, `length` from `row` on.

    first: 1 January; places[day − first]: the row in `out`, or −1. left: how many parts are not filled yet.
    out: int64[fields, length, N], bits; taken by the first part.
    """

    first: int
    row: int
    length: int
    places: Ints
    chunks: _Chunks
    left: int
    out: Ints | None = None


class _Years:
    """Fills a panel year by year, some columns at a time; the thread that ends a year writes its rows."""

    def __init__(self, wish: Wish, chunks: _Chunks, *, scale: int, splits: Splits) -> None:
        self._wish, self._chunks, self._splits = wish, chunks, splits
        self._wide = len(wish.instruments)
        self._scale = scale if wish.prices is Prices.TICKS else None
        self._fields = np.array([_FIELDS.index(one) for one in wish.fields], np.int64)
        self._nothing = np.int64(ABSENT) if self._scale is not None else np.array(np.nan).view(np.int64)[()]
        self._spare: list[Ints] = []
        self._lock = Lock()

    def parts(self, days: Days) -> Iterator[tuple[_Year, int]]:
        """Each year of these days, and the column that its part begins with."""
        since = range(0, max(self._wide, 1), WIDE)
        for number in range(_year(int(days[0])), _year(int(days[-1])) + 1) if len(days) else ():
            first, after = _first_of(number), _first_of(number + 1)
            start, end = np.searchsorted(days, (first, after)).tolist()
            if start < end:
                places = np.full(after - first, -1, np.int64)
                places[days[start:end] - first] = np.arange(end - start)
                low, high = np.searchsorted(self._chunks.years, (number, number + 1)).tolist()
                chunks = self._chunks.cut(slice(low, high))
                year = _Year(first, start, end - start, places, chunks, len(since))
                yield from ((year, column) for column in since)

    def fill(self, year: _Year, since: int, write: Write) -> None:
        """The columns of one year from `since` on, WIDE of them."""
        from tunefolio.store import panel_kernels

        until = min(since + WIDE, self._wide)
        start, end = np.searchsorted(year.chunks.columns, (since, until)).tolist()
        own = year.chunks.cut(slice(start, end))
        has = np.array([rest is not None and self._wish.needs_rest for rest in own.rests], np.bool_)
        rests = np.where(has, len(has) + np.cumsum(has) - 1, -1)
        streams = [rest for rest in own.rests if rest is not None] if self._wish.needs_rest else []
        data, ends = joined([*own.bodies, *opened_all(streams)])
        out, (ex_starts, ex_days, after) = self._room(year), self._splits
        answer = panel_kernels.fill(
            data, ends, own.counts, rests, own.columns, *self._units(own.scales),
            year.first, year.places, self._fields, ex_starts, ex_days, after,
            since, until, self._nothing, out,
        )  # fmt: skip
        _check(answer)
        with self._lock:
            year.left -= 1
            is_whole = year.left == 0
        if is_whole:
            for place, rows in enumerate(out):
                write(place, year.row, rows)
            self._give_back(year)

    def _units(self, scales: Ints) -> tuple[NDArray[np.float64], Ints]:
        """What ticks are divided by, and what makes them ticks of the panel: 0 for one of floats."""
        told = scales.tolist()
        finer = [0 if self._scale is None else 10 ** (self._scale - own) for own in told]
        return np.array([float(10**own) for own in told], np.float64), np.array(finer, np.int64)

    def _room(self, year: _Year) -> Ints:
        """Where a year was before, if it is written: memory that is new has to be cleared first."""
        from tunefolio.store.panel_kernels import YEAR

        with self._lock:
            if year.out is None:
                row = len(self._fields) * self._wide
                room = self._spare.pop() if self._spare else np.empty(row * YEAR, np.int64)
                year.out = room[: row * year.length].reshape(len(self._fields), year.length, self._wide)
            return year.out

    def _give_back(self, year: _Year) -> None:
        with self._lock:
            if year.out is not None and isinstance(year.out.base, np.ndarray):
                self._spare.append(year.out.base)
            year.out = None


def _splits_of(wish: Wish, splits: Mapping[InstrumentId, Adjustment]) -> Splits:
    """Where each instrument's ex-dates begin, the ex-dates, and the factors before them; empty for raw."""
    if wish.prices is not Prices.ADJUSTED:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    starts, days, after = [0], [], []
    for instrument in wish.instruments:
        own = splits.get(instrument)
        days += [0] if own is None else [*(day.date.toordinal() for day in own.days), 0]
        after += [1.0] if own is None else [float(factor) for factor in own.after]
        starts.append(len(days))
    return np.array(starts, np.int64), np.array(days, np.int64), np.array(after)
