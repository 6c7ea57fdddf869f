"""Loops that spread the chunks of thousands of instrument years over a panel, compiled by numba.

Import it inside the function that needs it, as bar_kernels. The format is that of store/codec.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefolio.store.bar_kernels import RANGE, VOLUME, Bytes, Days, Floats, Ints, Whole, compiled

_ABSENT = np.iinfo(np.int64).min
_CLOSE, _VOLUME = 3, 4
Grid = NDArray[Any]


@compiled
def _step(data: Bytes, place: Whole, count: Whole, width: Whole, i: Whole) -> Whole:
    """The i-th folded number of a column whose planes begin at `place`."""
    folded = np.uint64(0)
    for plane in range(width):
        folded = (folded << np.uint64(8)) | np.uint64(data[place + plane * count + i])
    return np.int64(folded >> np.uint64(1)) ^ -np.int64(folded & np.uint64(1))


@compiled
def unpack_days(data: Bytes, bodies: Ints, counts: Ints, out: Days, seen: Bytes) -> None:
    """The days of all chunks, one after the other; seen[day] becomes 1, as far as `seen` goes."""
    row = 0
    for k in range(len(bodies)):
        place, width, day = bodies[k] + 3, data[bodies[k]], np.int64(0)
        for i in range(counts[k]):
            day += _step(data, place, counts[k], width, i)
            out[row] = day
            if 0 <= day < len(seen):
                seen[day] = 1
            row += 1


@compiled
def _decode(data: Bytes, body: Whole, rest: Whole, count: Whole, ticks: Ints, parts: Bytes) -> None:
    """Open, high, low, close, volume of one chunk; rest < 0: closes alone."""
    width, step, tick = data[body + 1], np.int64(data[body + 2]), np.int64(0)
    place = body + 3 + np.int64(data[body]) * count
    for i in range(count):
        tick += _step(data, place, count, width, i)
        ticks[_CLOSE, i] = tick * step
    if rest < 0:
        parts[:count] = 0
        return
    step = np.int64(data[rest + 4])
    opens = rest + 5
    highs = opens + np.int64(data[rest]) * count
    lows = highs + np.int64(data[rest + 1]) * count
    volumes = lows + np.int64(data[rest + 2]) * count
    told = volumes + np.int64(data[rest + 3]) * count
    before = ticks[_CLOSE, 0]
    for i in range(count):
        close = ticks[_CLOSE, i]
        open = before + _step(data, opens, count, data[rest], i) * step
        ticks[0, i] = open
        ticks[1, i] = max(open, close) + _step(data, highs, count, data[rest + 1], i) * step
        ticks[2, i] = min(open, close) - _step(data, lows, count, data[rest + 2], i) * step
        ticks[_VOLUME, i] = _step(data, volumes, count, data[rest + 3], i)
        parts[i] = data[told + i]
        before = close


@compiled
def fill_floats(
    data: Bytes, bodies: Ints, rests: Ints, counts: Ints, starts: Ints, columns: Ints, units: Floats,
    days: Days, rows: Ints, fields: Ints,
    ex_starts: Ints, ex_days: Ints, after: Floats, out: Floats,
) -> None:  # fmt: skip
    """Prices and volumes in today's units into out[field, day, instrument]; NaN where nothing was told.

    starts[k]: where the days of chunk k begin in `days`; columns[k]: its instrument; units[k]: 10^scale.
    rows[day]: the row of a day, below zero for a day that is not wanted. fields: which of the five.
    The splits of instrument j are ex_days[ex_starts[j]] and following; after: adjusted ÷ raw before each of
    them, with a last one of 1 after all. No splits at all: ex_starts is empty, and prices are raw.
    """
    longest = counts.max()
    ticks, parts = np.empty((5, longest), np.int64), np.empty(longest, np.uint8)
    for k in range(len(bodies)):
        count, column, unit = counts[k], columns[k], units[k]
        _decode(data, bodies[k], rests[k], count, ticks, parts)
        is_raw = len(ex_starts) == 0
        at = end = np.int64(0)
        if not is_raw:
            at, end = ex_starts[column], ex_starts[column + 1] - 1
        for i in range(count):
            day = np.int64(days[starts[k] + i])
            row = rows[day] if 0 <= day < len(rows) else -1
            if row < 0:
                continue
            factor = 1.0
            if not is_raw:
                while at < end and ex_days[at] <= day:
                    at += 1
                factor = after[at]
            for place in range(len(fields)):
                field = fields[place]
                value = np.nan
                if field == _CLOSE or (field < _CLOSE and parts[i] & RANGE):
                    value = ticks[field, i] / unit if is_raw else ticks[field, i] * (factor / unit)
                elif field == _VOLUME and parts[i] & VOLUME:
                    value = ticks[field, i] / factor
                out[place, row, column] = value


@compiled
def fill_ticks(
    data: Bytes, bodies: Ints, rests: Ints, counts: Ints, starts: Ints, columns: Ints, finer: Ints,
    days: Days, rows: Ints, fields: Ints, out: Ints,
) -> None:  # fmt: skip
    """As fill_floats(), raw and exact; finer[k]: what makes the chunk's ticks those of the panel."""
    longest = counts.max()
    ticks, parts = np.empty((5, longest), np.int64), np.empty(longest, np.uint8)
    for k in range(len(bodies)):
        count, column = counts[k], columns[k]
        _decode(data, bodies[k], rests[k], count, ticks, parts)
        for i in range(count):
            day = np.int64(days[starts[k] + i])
            row = rows[day] if 0 <= day < len(rows) else -1
            if row < 0:
                continue
            for place in range(len(fields)):
                field = fields[place]
                value = _ABSENT
                if field == _CLOSE or (field < _CLOSE and parts[i] & RANGE):
                    value = ticks[field, i] * finer[k]
                elif field == _VOLUME and parts[i] & VOLUME:
                    value = ticks[field, i]
                out[place, row, column] = value
