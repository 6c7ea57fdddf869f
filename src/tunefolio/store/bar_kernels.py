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
_BODY, _REST, PLAIN, _WIDTH = 0x80, 0xC0, 0x10, 0x0F
_NOISE = 64
_WIDEST_STEP = 255
_MOST_PLANES = 4 * 8
"""All these as in the codec."""


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
    """Divide, fold if anything is below zero; the width that the largest takes, with PLAIN if nothing is."""
    lowest = np.int64(0)
    for i in range(count):
        if step != 1:
            values[i] //= step
        lowest = min(lowest, values[i])
    bits = np.uint64(0)
    for i in range(count):
        out[i] = np.uint64(values[i]) if lowest == 0 else _folded(values[i])
        bits |= out[i]
    return _width(bits) | (PLAIN if lowest == 0 else 0)


@compiled
def pack(
    days: Days, open: Ints, high: Ints, low: Ints, close: Ints, volume: Ints, parts: Bytes,
    starts: Ints, out: Bytes, places: Ints,
) -> None:  # fmt: skip
    """What is to be framed of each chunk: rows starts[k] to starts[k + 1]. Into `out`, body and rest in turn.

    places[4k] and following: where the body of chunk k begins, its noise, its rest, and that one's noise; the
    last place, where all ends.
    """
    longest = 0
    for k in range(len(starts) - 1):
        longest = max(longest, starts[k + 1] - starts[k])
    columns, folded = np.empty((4, longest), np.int64), np.empty(longest, np.uint64)
    planes = np.empty(_MOST_PLANES * longest, np.uint8)
    place = 0
    for k in range(len(starts) - 1):
        start, end = starts[k], starts[k + 1]
        places[4 * k] = place
        noise, place = _pack_body(days, close, start, end - start, columns, folded, planes, out, place)
        places[4 * k + 1], places[4 * k + 2] = noise, place
        noise, place = _pack_rest(
            open, high, low, close, volume, parts, start, end - start, columns, folded, planes, out, place
        )
        places[4 * k + 3] = noise
    places[4 * (len(starts) - 1)] = place


@compiled
def _pack_body(
    days: Days, close: Ints, start: Whole, count: Whole, columns: Ints, folded: NDArray[np.uint64],
    planes: Bytes, out: Bytes, place: Whole,
) -> Whole:  # fmt: skip
    step = _common(close, start, start + count, 0)
    if step < 1 or step > _WIDEST_STEP:
        step = 1
    before_day = before = np.int64(0)
    for i in range(count):
        day, tick = np.int64(days[start + i]), close[start + i] // step
        columns[0, i], columns[1, i] = day - before_day, tick - before
        before_day, before = day, tick
    return _stream(_BODY, 2, 1, step, columns, count, folded, planes, planes, -1, out, place)


@compiled
def _pack_rest(
    open: Ints, high: Ints, low: Ints, close: Ints, volume: Ints, parts: Bytes, start: Whole, count: Whole,
    columns: Ints, folded: NDArray[np.uint64], planes: Bytes, out: Bytes, place: Whole,
) -> Whole:  # fmt: skip
    """Nothing where no row tells more than its close."""
    told = np.uint8(0)
    before = close[start]
    for i in range(count):
        row = start + i
        told |= parts[row]
        if parts[row] & RANGE:
            columns[0, i] = open[row] - before
            columns[1, i] = high[row] - max(open[row], close[row])
            columns[2, i] = min(open[row], close[row]) - low[row]
        else:
            columns[0, i] = columns[1, i] = columns[2, i] = 0
        columns[3, i] = volume[row] if parts[row] & VOLUME else 0
        before = close[row]
    if told == 0:
        return place, place
    step: Whole = np.int64(0)
    for column in range(3):
        step = _common(columns[column], 0, count, step)
    if step < 1 or step > _WIDEST_STEP:
        step = 1
    return _stream(_REST, 4, step, step, columns, count, folded, planes, parts, start, out, place)


@compiled
def _stream(
    kind: Whole, wide: Whole, divisor: Whole, step: Whole, columns: Ints, count: Whole,
    folded: NDArray[np.uint64], planes: Bytes, parts: Bytes, start: Whole, out: Bytes, place: Whole,
) -> Whole:  # fmt: skip
    """Head, planes that can be foretold, parts from `start` on; then noise. Where that begins and ends.

    divisor: of the first three columns; start < 0: no parts.
    """
    many = 0
    for column in range(wide):
        own = divisor if column < 3 else 1
        width = _fold(columns[column], count, own, folded)
        out[place + column] = width | kind if column == 0 else width
        _lay(folded, count, width & _WIDTH, planes, many * count)
        many += width & _WIDTH
    out[place + wide] = step
    noise = np.uint64(0)
    for plane in range(many):
        if _is_noise(planes, plane * count, count):
            noise |= np.uint64(1) << np.uint64(plane)
    at = place + wide + 1
    for byte in range(wide):
        out[at + byte] = np.uint8((noise >> np.uint64(8 * byte)) & np.uint64(255))
    at = _copied(planes, many, count, noise, 0, out, at + wide)
    if start >= 0:
        out[at : at + count] = parts[start : start + count]
        at += count
    return at, _copied(planes, many, count, noise, 1, out, at)


@compiled
def _copied(
    planes: Bytes, many: Whole, count: Whole, noise: Whole, which: Whole, out: Bytes, place: Whole
) -> Whole:
    """Those planes whose bit in `noise` is `which`; where they end."""
    for plane in range(many):
        if (noise >> np.uint64(plane)) & np.uint64(1) == which:
            out[place : place + count] = planes[plane * count : (plane + 1) * count]
            place += count
    return place


@compiled
def _is_noise(planes: Bytes, start: Whole, count: Whole) -> Whole:
    """As codec: two bytes of it are alike more rarely than if there were 64 kinds."""
    seen, alike = np.zeros(256, np.int64), np.int64(0)
    for i in range(start, start + count):
        alike += 2 * seen[planes[i]]
        seen[planes[i]] += 1
    return alike * _NOISE < count * (count - 1)
