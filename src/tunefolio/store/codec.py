"""Daily numbers in few bytes: differences of days and ticks as planes of bytes, compressed.

A body is: the bytes of a day's difference, those of a tick's, then one zlib stream of the planes, most
significant byte first. The first difference is from zero. Integers only: nothing is rounded.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import BrokenLaw
from tunefolio.market.daily import Daily

_LEVEL = 9
_WIDEST = 8


def packed(daily: Daily) -> bytes:
    """The days and ticks of one run; its scale and length are kept beside it."""
    days, ticks = _differences(daily.days), _differences(daily.ticks)
    widths = (_width(days), _width(ticks))
    planes = _planes(days, widths[0]) + _planes(ticks, widths[1])
    return bytes(widths) + zlib.compress(planes, _LEVEL)


def unpacked(body: bytes, count: int, scale: int) -> Daily:
    """What packed() was given; raises BrokenLaw for a body that holds another number of days."""
    day_width, tick_width = body[0], body[1]
    planes = zlib.decompress(body[2:])
    if len(planes) != count * (day_width + tick_width):
        raise BrokenLaw("closes", f"{len(planes)} bytes are not those of {count} days")
    days = _sums(planes[: count * day_width], count, day_width)
    ticks = _sums(planes[count * day_width :], count, tick_width)
    return Daily(days.astype(np.int32), ticks, scale)


def _differences(values: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.uint64]:
    """From each value to the next, folded so that small ones of either sign are small: 0, −1, 1, −2, …"""
    steps = values.astype(np.int64)
    steps[1:] -= steps[:-1].copy()
    folded: NDArray[np.uint64] = ((steps << 1) ^ (steps >> 63)).view(np.uint64)
    return folded


def _width(folded: NDArray[np.uint64]) -> int:
    """Bytes that the largest takes."""
    largest = int(folded.max(initial=0))
    return max(1, (largest.bit_length() + 7) // 8)


def _planes(folded: NDArray[np.uint64], width: int) -> bytes:
    """All first bytes, then all second ones: alike lies beside alike."""
    rows = folded.astype(">u8").view(np.uint8).reshape(len(folded), _WIDEST)
    return np.ascontiguousarray(rows[:, _WIDEST - width :].T).tobytes()


def _sums(planes: bytes, count: int, width: int) -> NDArray[np.int64]:
    rows = np.frombuffer(planes, np.uint8).reshape(width, count)
    folded = rows[0].astype(np.uint64)
    for row in rows[1:]:
        folded = (folded << np.uint64(8)) | row
    steps = (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)
    return np.cumsum(steps, dtype=np.int64)
