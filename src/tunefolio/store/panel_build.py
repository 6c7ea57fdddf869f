"""From packed rows to a panel in one pass: every stream opened, the days united, the columns filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import BrokenLaw
from tunefolio.core.identity import InstrumentId
from tunefolio.market.actions import Adjustment
from tunefolio.market.daily import Days
from tunefolio.market.panel import Field, Prices
from tunefolio.store.codec import opened_all

_FIELDS = tuple(Field)
_THREADS, _AT_ONCE = 2, 2_000
_LAST_DAY = 3_652_059
"""The last day of the calendar, as an ordinal."""
Room = Callable[[int, int], NDArray[Any]]
"""(T, scale) → the array [fields, T, N] to fill."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a panel shall hold. days: which; None: all between since and until, ordinals, both inside."""

    instruments: tuple[InstrumentId, ...]
    fields: tuple[Field, ...]
    prices: Prices
    days: Days | None
    since: int
    until: int

    @property
    def needs_rest(self) -> bool:
        return any(field is not Field.CLOSE for field in self.fields)


@dataclass(frozen=True, slots=True, eq=False)
class _Chunks:
    """Opened chunks. data: their bytes, one after the other; bodies, rests: where each begins, −1: none.

    days: of all rows, chunk by chunk; seen[day]: 1 where one of them has it.
    """

    data: NDArray[np.uint8]
    bodies: NDArray[np.int64]
    rests: NDArray[np.int64]
    counts: NDArray[np.int64]
    columns: NDArray[np.int64]
    scales: NDArray[np.int64]
    days: Days
    seen: NDArray[np.uint8]

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.cumsum(self.counts) - self.counts


def build(
    wish: Wish, rows: Sequence[Sequence[Any]], splits: Mapping[InstrumentId, Adjustment], room: Room
) -> Days:
    """Fill the array that `room` gives once the days are known; which days those are.

    rows: (instrument_id, scale, count, body, rest), year by year: what is written then stays in the cache.
    """
    from tunefolio.store import panel_kernels  # loaded once, before threads ask for it

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="panel") as pool:
        blocks = [rows[at : at + _AT_ONCE] for at in range(0, len(rows), _AT_ONCE)]
        chunks = list(pool.map(lambda block: _opened(wish, block), blocks))
        days = _united(chunks, wish) if wish.days is None else wish.days
        is_exact = wish.prices is Prices.TICKS
        scale = max((int(one.scales.max()) for one in chunks), default=0) if is_exact else 0
        out, places = room(len(days), scale), _places(days)
        list(pool.map(lambda field: field.fill(_nothing(wish)), out))
        chosen, splits_of = np.array([_FIELDS.index(one) for one in wish.fields]), _splits(wish, splits)

        def fill(one: _Chunks) -> None:
            common = (one.data, one.bodies, one.rests, one.counts, one.starts, one.columns)
            if is_exact:
                finer = np.array([10 ** (scale - own) for own in one.scales.tolist()], np.int64)
                panel_kernels.fill_ticks(*common, finer, one.days, places, chosen, out)
            else:
                units = np.array([float(10**own) for own in one.scales.tolist()])
                panel_kernels.fill_floats(*common, units, one.days, places, chosen, *splits_of, out)

        list(pool.map(fill, chunks))
    return days


def _nothing(wish: Wish) -> Any:
    return np.iinfo(np.int64).min if wish.prices is Prices.TICKS else np.nan


def _opened(wish: Wish, rows: Sequence[Sequence[Any]]) -> _Chunks:
    from tunefolio.store import panel_kernels

    column = {instrument: place for place, instrument in enumerate(wish.instruments)}
    ids, scales, counts, bodies, rests = zip(*rows, strict=True)
    told = [rest for rest in rests if rest is not None] if wish.needs_rest else []
    data, ends = opened_all([*bodies, *told])
    starts = np.concatenate([[0], ends[:-1]])
    places = np.full(len(rows), -1, np.int64)
    if wish.needs_rest:
        has = np.array([rest is not None for rest in rests])
        places[has] = starts[len(rows) :]
    lengths = np.array(counts, np.int64)
    found = _Chunks(
        data, starts[: len(rows)].astype(np.int64), places, lengths,
        np.array([column[id] for id in ids], np.int64), np.array(scales, np.int64),
        np.empty(int(lengths.sum()), np.int32), np.zeros(_LAST_DAY + 1, np.uint8),
    )  # fmt: skip
    _check(found, ends)
    panel_kernels.unpack_days(data, found.bodies, lengths, found.days, found.seen)
    return found


def _check(chunks: _Chunks, ends: NDArray[np.int64]) -> None:
    """Loops without bounds read these: raises BrokenLaw where a chunk is not as long as its head says."""
    data, counts = chunks.data, chunks.counts
    heads = sum(data[chunks.bodies + place].astype(np.int64) for place in range(2))
    right = chunks.bodies + 3 + heads * counts == ends[: len(counts)]
    has = chunks.rests >= 0
    if has.any():
        rests = chunks.rests[has]
        widths = sum(data[rests + place].astype(np.int64) for place in range(4))
        right[has] &= rests + 5 + (widths + 1) * counts[has] == ends[len(counts) :]
    if not right.all():
        raise BrokenLaw("bars", "a chunk does not hold the number of bars that stands beside it")


def _united(chunks: Sequence[_Chunks], wish: Wish) -> Days:
    """Every day that any of them has, between the first and the last wanted."""
    seen = np.zeros(_LAST_DAY + 1, np.uint8)
    for one in chunks:
        seen |= one.seen
    days = np.flatnonzero(seen)
    return days[(days >= wish.since) & (days <= wish.until)].astype(np.int32)


def _places(days: Days) -> NDArray[np.int64]:
    """The row of each day until the last; −1 for one that is not wanted."""
    places = np.full(int(days.max(initial=0)) + 1, -1, np.int64)
    places[days] = np.arange(len(days))
    return places


def _splits(
    wish: Wish, splits: Mapping[InstrumentId, Adjustment]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
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
