"""Many of Angel One's packets as columns: one message carries but one, so messages are read together.

Tells exactly what ticks.tick tells of each, in the same whole numbers. Loads numpy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunefolio.adapters.brokers.angelone.ticks import CURRENCY, SIZES, Mode, tick
from tunefolio.adapters.packed import Ints, Layout, Packets, even, mixed

STEPS = 10
"""Of a snapshot's book."""
DEPTH_STEPS = 40
"""Of the deep book: twenty bids, then twenty asks."""
_TOKEN_BYTES = 25

_HEAD = {"mode": ("u1", 0), "exchange": ("u1", 1)}
_LTP = {**_HEAD, "sequence": ("<i8", 27), "at_ms": ("<i8", 35), "last": ("<i8", 43)}
_QUOTE = {
    **_LTP, "last_quantity": ("<i8", 51), "average": ("<i8", 59), "volume": ("<i8", 67),
    "buying": ("<f8", 75), "selling": ("<f8", 83), "open": ("<i8", 91), "high": ("<i8", 99),
    "low": ("<i8", 107), "close": ("<i8", 115),
}  # fmt: skip
_SNAP = {
    **_QUOTE, "traded_s": ("<i8", 123), "open_interest": ("<i8", 131), "upper": ("<i8", 347),
    "lower": ("<i8", 355), "year_high": ("<i8", 363), "year_low": ("<i8", 371),
}  # fmt: skip
_DEPTH = {**_HEAD, "at_ms": ("<i8", 35)}
LAYOUTS = {
    int(mode): Layout.of(SIZES[mode], cells)
    for mode, cells in (
        (Mode.LTP, _LTP), (Mode.QUOTE, _QUOTE), (Mode.SNAP, _SNAP), (Mode.DEPTH, _DEPTH),
    )
}  # fmt: skip
PRICES = ("last", "average", "open", "high", "low", "close", "upper", "lower", "year_high", "year_low")

_SIZES = np.full(256, np.iinfo(np.int64).max, np.int64)
_SIZES[[int(mode) for mode in SIZES]] = list(SIZES.values())
"""By mode; no packet of an unknown one is long enough."""


def columns(frames: Sequence[bytes]) -> Packets:
    """The packets of these messages, in their order. Rejected for what tick rejects, the first that is wrong.

    Names as Tick's fields; prices over `dividers`.
    """
    lengths, data = list(map(len, frames)), b"".join(frames)
    if not lengths:
        return Packets(0, {})
    if min(lengths) == max(lengths) > 0:
        places = range(0, len(data), lengths[0])
        modes = np.ndarray((len(lengths),), "u1", data, 0, (lengths[0],))
        if (
            (modes == modes[0]).all()
            and (mode := int(modes[0])) in LAYOUTS
            and lengths[0] >= SIZES[Mode(mode)]
        ):
            return even(data, places, kind=mode, layout=LAYOUTS[mode])
    return _mixed(frames, data, np.array(lengths, np.int64))


def tokens(packets: Packets) -> NDArray[np.bytes_]:
    """bytes[N]: Angel One's tokens, up to the first zero."""
    found = np.zeros(len(packets), f"S{_TOKEN_BYTES}")
    for group in packets.groups.values():
        names = group.numbers(found.dtype.str, 2).copy()
        letters = names.view(np.uint8).reshape(group.count, _TOKEN_BYTES)
        is_zero = letters == 0
        if (is_zero[:, :-1] & ~is_zero[:, 1:]).any():  # something stands behind the first zero
            letters[np.logical_or.accumulate(is_zero, axis=1)] = 0
        found[slice(None) if group.rows is None else group.rows] = names
    return found


def divisors(packets: Packets) -> Ints:
    """int64[N]: what a packet's prices are to be divided by."""
    return np.where(packets.column("exchange") == CURRENCY, 10_000_000, 100)


def book(packets: Packets) -> tuple[Ints, Ints, Ints, Ints]:
    """Flags, prices, quantities and orders, each int64[snapshots, 10]; flag 0 stands for an ask."""
    snap = packets.groups.get(Mode.SNAP)
    if snap is None:
        none = np.zeros((0, STEPS), np.int64)
        return none, none, none, none
    flag, price, quantity, orders = (
        snap.table(word, 147 + offset, several=STEPS, step=20)
        for word, offset in (("<i2", 0), ("<i8", 10), ("<i8", 2), ("<i2", 18))
    )
    return flag, price, quantity, orders


def deep_book(packets: Packets) -> tuple[Ints, Ints, Ints]:
    """Prices, quantities and orders, each int64[packets of depth, 40]: twenty bids, then twenty asks."""
    depth = packets.groups.get(Mode.DEPTH)
    if depth is None:
        none = np.zeros((0, DEPTH_STEPS), np.int64)
        return none, none, none
    price, quantity, orders = (
        depth.table(word, 43 + offset, several=DEPTH_STEPS, step=10)
        for word, offset in (("<i4", 4), ("<i4", 0), ("<i2", 8))
    )
    return price, quantity, orders


def _mixed(frames: Sequence[bytes], data: bytes, lengths: Ints) -> Packets:
    places = np.cumsum(lengths) - lengths
    modes = np.zeros(len(lengths), np.int64)
    there = lengths > 0
    modes[there] = np.frombuffer(data, np.uint8)[places[there]]
    wrong = np.flatnonzero(lengths < _SIZES[modes])
    if len(wrong):
        tick(frames[wrong[0]])  # says what is wrong with it
    return mixed(data, places, modes, LAYOUTS)
