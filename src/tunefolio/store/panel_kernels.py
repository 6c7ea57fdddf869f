"""Loops that spread the chunks of thousands of instrument years over a panel, compiled by numba.

Import it inside the function that needs it, as bar_kernels. The format is that of store/codec.py: streams are
read as they were written, whichever version did, without being put in order first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefolio.store.bar_kernels import PLAIN, RANGE, VOLUME, Bytes, Floats, Ints, Whole, compiled

RIGHT, WRONG_LENGTH, WRONG_YEAR = 0, 1, 2
"""What the loops answer. They look at no bounds: each chunk is compared with its head before it is read."""
YEAR = 366
"""Days of the longest year."""
TILE = 8
"""Columns that are filled together, as many as a line of the processor's cache holds: a column alone would
fetch each line eight times, and where a row is as wide as a power of two they would drive each other out."""
_CLOSE, _VOLUME, _DAY = 3, 4, 5
_COLUMNS = 6
_BODY, _REST = np.int64(2), np.int64(4)
"""Columns of the two streams: day and close; open, high, low and volume, with a plane of parts."""
_FIRST = np.int64(0)
"""Not as bare numbers: for each of those numba would compile a loop of its own."""
_NEW, _WIDTH, _WIDEST = 0x80, 0x0F, 8
_MOST_PLANES = 4 * 8 + 1
Grid = NDArray[Any]


@compiled
def _find(data: Bytes, start: Whole, end: Whole, wide: Whole, count: Whole, planes: Ints) -> bool:
    """Where each plane of a stream stands, the parts last; False where it does not hold `count` bars."""
    is_new = end > start and data[start] >= _NEW
    head = 2 * wide + 1 if is_new else wide + 1
    if end - start < head:
        return False
    many, noise, loud = np.int64(0), np.uint64(0), np.int64(0)
    for column in range(wide):
        width = np.int64(data[start + column])
        if is_new:
            width &= _WIDTH
            noise |= np.uint64(data[start + wide + 1 + column]) << np.uint64(8 * column)
        if width > _WIDEST:
            return False
        many += width
    if end - start != head + (many + (wide == _REST)) * count:
        return False
    for plane in range(many):
        loud += np.int64((noise >> np.uint64(plane)) & np.uint64(1))
    calm = start + head
    wild = end - loud * count
    for plane in range(many):
        if (noise >> np.uint64(plane)) & np.uint64(1):
            planes[plane] = wild
            wild += count
        else:
            planes[plane] = calm
            calm += count
    planes[many] = calm
    return True


@compiled
def _column(data: Bytes, head: Whole, first: Whole, planes: Ints, count: Whole, out: Ints) -> Whole:
    """The numbers of the column whose head stands at `head` and whose planes begin with the first-th.

    The plane after them. Plane by plane over views: so the loops take many numbers at a time.
    """
    told = np.int64(data[head])
    width = told & _WIDTH
    for i in range(count):
        out[i] = 0
    for plane in range(first, first + width):
        own = data[planes[plane] : planes[plane] + count]
        for i in range(count):
            out[i] = (out[i] << 8) | np.int64(own[i])
    if not told & PLAIN:
        for i in range(count):
            out[i] = np.int64(np.uint64(out[i]) >> np.uint64(1)) ^ -(out[i] & 1)
    return first + width


@compiled
def mark_days(data: Bytes, ends: Ints, counts: Ints, firsts: Ints, nexts: Ints, seen: Bytes) -> int:
    """seen[day] becomes 1 for each day of these bodies; of body k, from firsts[k] until nexts[k]."""
    steps, planes = np.empty(YEAR, np.int64), np.empty(_MOST_PLANES, np.int64)
    start = np.int64(0)
    for k in range(len(ends)):
        count = counts[k]
        if count > YEAR or not _find(data, start, ends[k], _BODY, count, planes):
            return WRONG_LENGTH
        _column(data, start, _FIRST, planes, count, steps)
        day, year = -firsts[k], seen[firsts[k] : nexts[k]]
        for i in range(count):
            day += steps[i]
            if day < 0 or day >= len(year):
                return WRONG_YEAR
            year[day] = 1
        start = ends[k]
    return RIGHT


@compiled
def _closes(data: Bytes, start: Whole, planes: Ints, count: Whole, numbers: Grid) -> None:
    """Days and closes of a body."""
    days, closes = numbers[_DAY], numbers[_CLOSE]
    after = _column(data, start, _FIRST, planes, count, days)
    _column(data, start + 1, after, planes, count, closes)
    day, tick, step = np.int64(0), np.int64(0), np.int64(data[start + 2])
    for i in range(count):
        day += days[i]
        days[i] = day
    for i in range(count):
        tick += closes[i]
        closes[i] = tick * step


@compiled
def _ranges(data: Bytes, start: Whole, planes: Ints, count: Whole, numbers: Grid) -> Whole:
    """Open, high, low and volume of a rest, beside the closes that are known; where the parts begin."""
    opens, highs, lows, closes = numbers[0], numbers[1], numbers[2], numbers[_CLOSE]
    plane = _column(data, start, _FIRST, planes, count, opens)
    plane = _column(data, start + 1, plane, planes, count, highs)
    plane = _column(data, start + 2, plane, planes, count, lows)
    plane = _column(data, start + 3, plane, planes, count, numbers[_VOLUME])
    step = np.int64(data[start + 4])
    for i in range(count):
        opens[i] = closes[max(i - 1, 0)] + opens[i] * step
    for i in range(count):
        highs[i] = max(opens[i], closes[i]) + highs[i] * step
        lows[i] = min(opens[i], closes[i]) - lows[i] * step
    return planes[plane]


@compiled
def _read(data: Bytes, ends: Ints, k: Whole, rest: Whole, count: Whole, planes: Ints, numbers: Grid) -> Whole:
    """All numbers of body k and of its rest. Where the parts begin; −1: no rest; −2: a wrong length."""
    start = ends[k - 1] if k > 0 else np.int64(0)
    if count > YEAR or not _find(data, start, ends[k], _BODY, count, planes):
        return -2
    _closes(data, start, planes, count, numbers)
    if rest < 0:
        return -1
    if not _find(data, ends[rest - 1], ends[rest], _REST, count, planes):
        return -2
    return _ranges(data, ends[rest - 1], planes, count, numbers)


@compiled
def _factors(days: Ints, count: Whole, ex_days: Ints, after: Floats, out: Floats) -> None:
    """Of each day, the factor before the next ex-date; the last of them is after all."""
    at, end = 0, len(ex_days) - 1
    for i in range(count):
        while at < end and ex_days[at] <= days[i]:
            at += 1
        out[i] = after[at]


@compiled
def _tell(
    own: Ints, factors: Floats, unit: Whole, finer: Whole, is_raw: Whole, is_volume: Whole, bits: Ints
) -> None:  # fmt: skip
    """One column of a chunk as the panel tells it: in ticks where `finer` is above zero, else in floats."""
    values = bits.view(np.float64)
    if finer > 0:
        for i in range(len(bits)):
            bits[i] = own[i] if is_volume else own[i] * finer
    elif is_volume:
        for i in range(len(bits)):
            values[i] = own[i] / factors[i]
    elif is_raw:
        for i in range(len(bits)):
            values[i] = own[i] / unit
    else:
        for i in range(len(bits)):
            values[i] = own[i] * (factors[i] / unit)


@compiled
def _hide(parts: Bytes, part: Whole, nothing: Whole, bits: Ints) -> None:
    for i in range(len(bits)):
        if not parts[i] & part:
            bits[i] = nothing


@compiled
def _spread(bits: Ints, rows: Ints, nothing: Whole, out: Ints) -> None:
    out[:] = nothing
    for i in range(len(bits)):
        if rows[i] >= 0:
            out[rows[i]] = bits[i]


@compiled
def _leave(tile: Grid, is_told: Bytes, column: Whole, until: Whole, nothing: Whole, out: Grid) -> Whole:
    """Put a tile of columns into its place; the column after it."""
    wide = min(TILE, until - column)
    for lane in range(wide):
        if not is_told[lane]:
            tile[lane] = nothing
        is_told[lane] = 0
    for place in range(out.shape[0]):
        for row in range(out.shape[1]):
            there = out[place, row, column : column + wide]
            if wide == TILE:
                for lane in range(TILE):
                    there[lane] = tile[lane, place, row]
            else:
                for lane in range(wide):
                    there[lane] = tile[lane, place, row]
    return column + wide


@compiled
def fill(
    data: Bytes, ends: Ints, counts: Ints, rests: Ints, columns: Ints, units: Floats, finer: Ints,
    first: Whole, places: Ints, fields: Ints, ex_starts: Ints, ex_days: Ints, after: Floats,
    since: Whole, until: Whole, nothing: Whole, out: Grid,
) -> int:  # fmt: skip
    """Chunks of one year into out[field, row, since:until]; `nothing` where nothing was told.

    data, up to ends[k]: the bodies, then rests; rests[k]: which stream is that of chunk k, below zero for
    none. columns[k]: its instrument, ascending; units[k]: 10^scale; finer[k]: 0, or what makes its ticks
    those of the panel. places[day − first]: the row of a day, below zero for one that is not wanted. fields:
    which of the five. out: the bits of floats in today's units, or of ticks.
    The splits of instrument j are ex_days[ex_starts[j]] and following; after: adjusted ÷ raw before each of
    them, with a last one of 1 after all. No splits at all: ex_starts is empty, and prices are raw.
    """
    numbers, planes = np.empty((_COLUMNS, YEAR), np.int64), np.empty(_MOST_PLANES, np.int64)
    rows, factors, spare = np.empty(YEAR, np.int64), np.ones(YEAR), np.empty(YEAR, np.int64)
    tile, is_told = np.empty((TILE, len(fields), out.shape[1]), np.int64), np.zeros(TILE, np.uint8)
    base, is_raw = np.int64(since), len(ex_starts) == 0
    for k in range(len(counts)):
        count, column = counts[k], columns[k]
        parts = _read(data, ends, k, rests[k], count, planes, numbers)
        if parts < -1:
            return WRONG_LENGTH
        while column >= base + TILE:
            base = _leave(tile, is_told, base, until, nothing, out)
        is_told[column - base] = 1
        for i in range(count):
            rows[i] = places[numbers[_DAY, i] - first]
        is_whole = count == out.shape[1] and rows[0] == 0 and rows[count - 1] == count - 1
        if not is_raw:
            begin, end = ex_starts[column], ex_starts[column + 1]
            _factors(numbers[_DAY], count, ex_days[begin:end], after[begin:end], factors)
        for place in range(len(fields)):
            field, own = fields[place], tile[column - base, place]
            if field != _CLOSE and parts < 0:
                own[:] = nothing
                continue
            bits = own if is_whole else spare[:count]
            is_volume = field == _VOLUME
            _tell(numbers[field], factors, units[k], finer[k], is_raw, is_volume, bits)
            if field != _CLOSE:
                _hide(data[parts : parts + count], VOLUME if is_volume else RANGE, nothing, bits)
            if not is_whole:
                _spread(bits, rows, nothing, own)
    while base < until:
        base = _leave(tile, is_told, base, until, nothing, out)
    return RIGHT
