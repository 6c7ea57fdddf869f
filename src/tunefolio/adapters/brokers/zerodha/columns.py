"""Kite's frames as columns: all packets of a message at once, where one by one would take too long.

Tells exactly what ticks.ticks tells, as whole numbers. Loads numpy.
"""

from __future__ import annotations

import struct

import numpy as np

from tunefolio.adapters.brokers.zerodha.ticks import DIVISORS, USUAL_DIVISOR, torn, unknown
from tunefolio.adapters.packed import Ints, Layout, Packets, even, mixed

FULL = 184
STEPS = 10
"""Of the book: five bids, then five asks."""
_STEP_BYTES = 12

_LTP = {"token": 0, "last": 4}
_INDEX = {**_LTP, "high": 8, "low": 12, "open": 16, "close": 20}
_QUOTE = {
    **_LTP, "last_quantity": 8, "average": 12, "volume": 16, "buy_quantity": 20, "sell_quantity": 24,
    "open": 28, "high": 32, "low": 36, "close": 40,
}  # fmt: skip
_FULL = {**_QUOTE, "last_trade": 44, "open_interest": 48, "at": 60}
LAYOUTS = {
    length: Layout.of(length, {name: (">u4", offset) for name, offset in cells.items()})
    for length, cells in ((8, _LTP), (28, _INDEX), (32, {**_INDEX, "at": 28}), (44, _QUOTE), (FULL, _FULL))
}
"""By the packet's length, which is its kind here."""
PRICES = ("last", "open", "high", "low", "close", "average")

_DIVISORS = np.full(256, USUAL_DIVISOR, np.int64)
_DIVISORS[list(DIVISORS)] = list(DIVISORS.values())


def columns(frame: bytes) -> Packets:
    """Every packet of one binary message; none of a heartbeat. Rejected for what ticks rejects.

    Names as Tick's fields; prices over `divisors`, times in seconds since 1970, 0 for none.
    """
    if len(frame) < 2:
        return Packets(0, {})
    (count,) = struct.unpack_from(">H", frame)
    if (all_alike := _evenly(frame, count)) is not None:
        return all_alike
    lengths = np.array(_lengths(frame, count), np.int64)
    places = np.cumsum(lengths + 2) - lengths + 2
    return mixed(frame, places, lengths, LAYOUTS)


def divisors(packets: Packets) -> Ints:
    """int64[N]: what a packet's prices are to be divided by."""
    found: Ints = _DIVISORS[packets.column("token") & 0xFF]
    return found


def book(packets: Packets) -> tuple[Ints, Ints, Ints]:
    """Prices, quantities and orders, each int64[full packets, 10]: five bids, then five asks."""
    full = packets.groups.get(FULL)
    if full is None:
        none = np.zeros((0, STEPS), np.int64)
        return none, none, none
    price, quantity, orders = (
        full.table(word, 64 + offset, several=STEPS, step=_STEP_BYTES)
        for word, offset in ((">u4", 4), (">u4", 0), (">u2", 8))
    )
    return price, quantity, orders


def _evenly(frame: bytes, count: int) -> Packets | None:
    """If all packets are as long as the first."""
    if not count or len(frame) < 4:
        return None
    (length,) = struct.unpack_from(">H", frame, 2)
    stride = length + 2
    if len(frame) < 2 + count * stride:
        return None
    if not (np.ndarray((count,), ">u2", frame, 2, (stride,)) == length).all():
        return None
    if length not in LAYOUTS:
        raise unknown(length)
    return even(frame, range(4, 4 + count * stride, stride), kind=length, layout=LAYOUTS[length])


def _lengths(frame: bytes, count: int) -> list[int]:
    """From length to length. The first packet that is wrong is told of."""
    lengths: list[int] = []
    place, size, add = 2, len(frame), lengths.append
    is_torn = False
    for _ in range(count):
        if place + 2 > size:
            is_torn = True
            break
        length = frame[place] << 8 | frame[place + 1]
        place += 2 + length
        if place > size:
            is_torn = True
            break
        add(length)
    for length in lengths if not LAYOUTS.keys() >= set(lengths) else ():
        if length not in LAYOUTS:
            raise unknown(length)
    if is_torn:
        raise torn()
    return lengths
