"""Loops over the bars of thousands of chunks, compiled by numba; the format is that of store/codec.py.

Import it inside the function that needs it: loading numba takes longer than reading the prices of a book.
One thread each, without the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Days = NDArray[np.int32]
Floats = NDArray[np.float64]
Whole = Any
"""A number of the width that the loop needs; numba knows which."""

RANGE, VOLUME = np.uint8(1), np.uint8(2)
_WIDEST_STEP = 255


def compiled(function: Function) -> Function:
    """Compile at first call; where nothing can be written to keep it, each process compiles anew."""
    try:
        return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:
        return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))


@compiled
def _folded(step: Whole) -> Whole:
    return np.uint64((step << 1) ^ (step >> 63))


@compiled
def _width(bits: Whole) -> Whole:
    width = 1
    while width < 8 and bits >> np.uint64(8 * width):
        width += 1
    return width


@compiled
def _common(values: Ints, start: Whole, end: Whole, found: Whole) -> Whole:
    """The greatest common divisor; 1 as soon as it is that."""
    for i in range(start, end):
        a = np.uint64(abs(values[i]))
        b = np.uint64(found)
        while a != 0:
            a, b = b % a, a
        found = np.int64(b)
        if found == 1:
            return 1
    return found


@compiled
def _lay(folded: NDArray[np.uint64], count: Whole, width: Whole, out: Bytes, place: Whole) -> Whole:
    """One column's planes, most significant byte first."""
    for plane in range(width):
        shift = np.uint64(8 * (width - 1 - plane))
        at = place + plane * count
        for i in range(count):
            out[at + i] = np.uint8((folded[i] >> shift) & np.uint64(255))
    return place + width * count


@compiled
def _fold(values: Ints, count: Whole, step: Whole, out: NDArray[np.uint64]) -> Whole:
    """Divide, fold; the width that the largest takes."""
    bits = np.uint64(0)
    for i in range(count):
        value = values[i] if step == 1 else values[i] // step
        out[i] = _folded(value)
        bits |= out[i]
    return _width(bits)


@compiled
def pack(
    days: Days, open: Ints, high: Ints, low: Ints, close: Ints, volume: Ints, parts: Bytes,
    starts: Ints, out: Bytes, places: Ints,
) -> None:  # fmt: skip
    """The planes of each chunk: rows starts[k] to starts[k + 1]. Into `out`, body and rest in turn.

    places[2k], places[2k + 1]: where body and rest of chunk k begin; the last one, where all ends.
    """
    longest = 0
    for k in range(len(starts) - 1):
        longest = max(longest, starts[k + 1] - starts[k])
    values, folded = np.empty(longest, np.int64), np.empty(longest, np.uint64)
    offsets, room = np.empty((3, longest), np.int64), np.empty((4, longest), np.uint64)
    place = 0
    for k in range(len(starts) - 1):
        start, end = starts[k], starts[k + 1]
        count = end - start
        places[2 * k] = place
        place = _pack_body(days, close, start, count, values, folded, room[0], out, place)
        places[2 * k + 1] = place
        place = _pack_rest(
            open, high, low, close, volume, parts, start, count, offsets, values, room, out, place
        )
    places[2 * (len(starts) - 1)] = place


@compiled
def _pack_body(
    days: Days, close: Ints, start: Whole, count: Whole, values: Ints, folded: NDArray[np.uint64],
    other: NDArray[np.uint64], out: Bytes, place: Whole,
) -> Whole:  # fmt: skip
    step = _common(close, start, start + count, 0)
    if step < 1 or step > _WIDEST_STEP:
        step = 1
    before = np.int64(0)
    for i in range(count):
        values[i] = np.int64(days[start + i]) - before
        before = np.int64(days[start + i])
    day_width = _fold(values, count, 1, folded)
    before = np.int64(0)
    for i in range(count):
        tick = close[start + i] // step
        values[i] = tick - before
        before = tick
    tick_width = _fold(values, count, 1, other)
    out[place] = day_width
    out[place + 1] = tick_width
    out[place + 2] = step
    place = _lay(folded, count, day_width, out, place + 3)
    return _lay(other, count, tick_width, out, place)


@compiled
def _pack_rest(
    open: Ints, high: Ints, low: Ints, close: Ints, volume: Ints, parts: Bytes, start: Whole, count: Whole,
    offsets: Ints, values: Ints, room: NDArray[np.uint64], out: Bytes, place: Whole,
) -> Whole:  # fmt: skip
    """Nothing where no row tells more than its close."""
    told = np.uint8(0)
    before = close[start]
    for i in range(count):
        row = start + i
        told |= parts[row]
        if parts[row] & RANGE:
            offsets[0, i] = open[row] - before
            offsets[1, i] = high[row] - max(open[row], close[row])
            offsets[2, i] = min(open[row], close[row]) - low[row]
        else:
            offsets[0, i] = offsets[1, i] = offsets[2, i] = 0
        values[i] = volume[row] if parts[row] & VOLUME else 0
        before = close[row]
    if told == 0:
        return place
    step: Whole = np.int64(0)
    for column in range(3):
        step = _common(offsets[column], 0, count, step)
    if step < 1 or step > _WIDEST_STEP:
        step = 1
    for column in range(3):
        out[place + column] = _fold(offsets[column], count, step, room[column])
    out[place + 3] = _fold(values, count, 1, room[3])
    out[place + 4] = step
    at = place + 5
    for column in range(4):
        at = _lay(room[column], count, np.int64(out[place + column]), out, at)
    for i in range(count):
        out[at + i] = parts[start + i]
    return at + count
