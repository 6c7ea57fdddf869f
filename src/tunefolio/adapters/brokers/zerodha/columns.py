"""Kite's frames as columns: all packets of a message at once, where one by one would take too long.

Tells exactly what ticks.ticks tells, as whole numbers. Loads numpy.
"""

from __future__ import annotations

import struct

import numpy as np

from tunefolio.adapters.brokers.zerodha.ticks import DIVISORS, USUAL_DIVISOR, torn, unknown
from tunefolio.adapters.packed import Ints, Layout, Packets, Places

LENGTHS = (8, 28, 32, 44, 184)
"""Of packets; the place here is the kind in the columns."""
FULL = 4
STEPS = 10
_STEP_BYTES = 12

_WORD = ">u4"
_LTP = {"token": 0, "last": 4}
_INDEX = {**_LTP, "high": 8, "low": 12, "open": 16, "close": 20}
_QUOTE = {
    **_LTP, "last_quantity": 8, "average": 12, "volume": 16, "buy_quantity": 20, "sell_quantity": 24,
    "open": 28, "high": 32, "low": 36, "close": 40,
}  # fmt: skip
_FULL = {**_QUOTE, "last_trade": 44, "open_interest": 48, "at": 60}
LAYOUTS: tuple[Layout, ...] = tuple(
    {name: (_WORD, offset) for name, offset in layout.items()}
    for layout in (_LTP, _INDEX, {**_INDEX, "at": 28}, _QUOTE, _FULL)
)
PRICES = ("last", "open", "high", "low", "close", "average")

_KINDS = np.full(1 << 16, -1, np.int64)
_KINDS[list(LENGTHS)] = range(len(LENGTHS))
_DIVISORS = np.full(256, USUAL_DIVISOR, np.int64)
_DIVISORS[list(DIVISORS)] = list(DIVISORS.values())


def columns(frame: bytes) -> Packets:
    """Every packet of one binary message; none of a heartbeat. Rejected for what ticks rejects.

    Names as Tick's fields; prices over `divisors`, times in seconds since 1970, 0 for none.
    """
    if len(frame) < 2:
        return Packets(frame, range(0), LAYOUTS, 0)
    (count,) = struct.unpack_from(">H", frame)
    if (even := _evenly(frame, count)) is not None:
        return Packets(frame, even[0], LAYOUTS, even[1])
    places, lengths = _walked(frame, count)
    return Packets(frame, np.array(places, np.int64), LAYOUTS, _KINDS[lengths])


def divisors(packets: Packets) -> Ints:
    """int64[N]: what a packet's prices are to be divided by."""
    found: Ints = _DIVISORS[packets.column("token") & 0xFF]
    return found


def book(packets: Packets) -> tuple[Ints, Ints, Ints]:
    """Prices, quantities and orders, each int64[full packets, 10]: five bids, then five asks."""
    price, quantity, orders = (
        packets.table(FULL, (word, 64 + offset), count=STEPS, step=_STEP_BYTES)
        for word, offset in ((_WORD, 4), (_WORD, 0), (">u2", 8))
    )
    return price, quantity, orders


def _evenly(frame: bytes, count: int) -> tuple[Places, int] | None:
    """Where the packets begin and of which kind they are, if all are as long as the first."""
    if not count or len(frame) < 4:
        return None
    (length,) = struct.unpack_from(">H", frame, 2)
    stride = length + 2
    if len(frame) < 2 + count * stride:
        return None
    if not (np.ndarray((count,), ">u2", frame, 2, (stride,)) == length).all():
        return None
    if length not in LENGTHS:
        raise unknown(length)
    return range(4, 4 + count * stride, stride), LENGTHS.index(length)


def _walked(frame: bytes, count: int) -> tuple[list[int], list[int]]:
    """From length to length; the first packet that is wrong is told of."""
    places, lengths = [], []
    place, size = 2, len(frame)
    for _ in range(count):
        if place + 2 > size:
            raise torn()
        length = frame[place] << 8 | frame[place + 1]
        place += 2
        if place + length > size:
            raise torn()
        if length not in LENGTHS:
            raise unknown(length)
        places.append(place)
        lengths.append(length)
        place += length
    return places, lengths
