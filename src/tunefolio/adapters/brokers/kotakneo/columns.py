"""Kotak's frames as columns: all prices of a message at once, where one by one would take too long.

Tells exactly what ticks.packets tells of prices, as whole numbers. Loads numpy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunefolio.adapters.brokers.kotakneo.ticks import (
    CODE_INDEX,
    LEVEL_MINI,
    LEVEL_TOUCH,
    PICTURES,
    PRICELESS,
    USUAL_DIVIDER,
    Dividers,
)
from tunefolio.adapters.packed import Ints, Layout, Packets, even, mixed

MINI, PICTURE, INDEX = range(3)
_NONE = -1
_SIZES = {MINI: 54, PICTURE: 144, INDEX: 87}
_ROW_BYTES = 16
_SHORTEST = 9

_HEAD = {"exchange": ("<i1", 4), "token": ("<u4", 9)}
_MINI = {
    **_HEAD, "last_trade": ("<i8", 13), "last": ("<u4", 21), "last_quantity": ("<i8", 25),
    "close": ("<i4", 33), "change_bps": ("<i4", 37),
}  # fmt: skip
_PICTURE = {
    **_HEAD, "level": ("u1", 5), "auction": ("u1", 6), "buy_quantity": ("<i8", 13),
    "sell_quantity": ("<i8", 21), "volume": ("<i8", 29), "last_trade": ("<i8", 37), "updated": ("<i8", 45),
    "open": ("<u4", 53), "close": ("<u4", 57), "high": ("<u4", 61), "low": ("<u4", 65), "last": ("<u4", 69),
    "last_quantity": ("<i8", 73), "average": ("<u4", 81), "bids": ("<u4", 89), "asks": ("<u4", 93),
    "change_bps": ("<i4", 99), "open_interest": ("<u4", 103), "upper_circuit": ("<u4", 119),
    "lower_circuit": ("<u4", 123), "year_high": ("<u4", 127), "year_low": ("<u4", 131),
}  # fmt: skip
_INDEX = {
    **_HEAD, "open": ("<i4", 13), "close": ("<i4", 17), "high": ("<i4", 21), "low": ("<i4", 25),
    "last": ("<i4", 29), "last_trade": ("<i8", 33), "year_high": ("<i4", 41), "year_low": ("<i4", 45),
    "change_bps": ("<i4", 49),
}  # fmt: skip
LAYOUTS = {
    kind: Layout.of(_SIZES[kind], cells)
    for kind, cells in ((MINI, _MINI), (PICTURE, _PICTURE), (INDEX, _INDEX))
}
PRICES = (
    "last", "close", "open", "high", "low", "average", "upper_circuit", "lower_circuit", "year_high",
    "year_low",
)  # fmt: skip

_BY_LEVEL = np.full(256, _NONE, np.int64)
_BY_LEVEL[LEVEL_MINI] = MINI
_BY_LEVEL[list(PICTURES)] = PICTURE
_BY_CODE = np.full(1 << 16, len(_SIZES), np.int64)
"""len(_SIZES): the level tells."""
_BY_CODE[list(PRICELESS)] = _NONE
_BY_CODE[CODE_INDEX] = INDEX
_NEEDED = np.array(list(_SIZES.values()))


@dataclass(frozen=True, slots=True)
class Book:
    """The order book of all pictures of a message, row after row: picture i has rows starts[i] to
    starts[i + 1], the first bids[i] of them bids."""

    starts: Ints
    bids: Ints
    prices: Ints
    quantities: Ints
    orders: Ints


@dataclass(frozen=True, slots=True)
class Prices:
    """The price packets of one message. places: where they begin; lengths: of them, in bytes."""

    frame: bytes
    packets: Packets
    places: Ints
    lengths: Ints

    def book(self) -> Book:
        """Rows of the book behind the fixed parts of pictures; fewer where a packet carries fewer."""
        group = self.packets.groups.get(PICTURE)
        if group is None:
            return Book(np.zeros(1, np.int64), *(np.zeros(0, np.int64),) * 4)
        rows = slice(None) if group.rows is None else group.rows
        is_touch = group.numbers("u1", 5) == LEVEL_TOUCH
        bids, asks = (
            np.where(is_touch, 1, group.numbers("<u4", offset).astype(np.int64)) for offset in (89, 93)
        )
        there = np.minimum(bids + asks, (self.lengths[rows] - _SIZES[PICTURE]) // _ROW_BYTES)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(there)])
        first = np.repeat(self.places[rows] + _SIZES[PICTURE] - _ROW_BYTES * starts[:-1], there)
        places = first + _ROW_BYTES * np.arange(starts[-1])
        told = np.zeros(0, _ROW)
        if len(places):
            told = np.ndarray((len(self.frame) - _ROW_BYTES + 1,), _ROW, self.frame, 0, (1,))[places]
        price, quantity, orders = (told[name].astype(np.int64) for name in ("price", "quantity", "orders"))
        return Book(starts, np.minimum(bids, there), price, quantity, orders)


_ROW = np.dtype([("quantity", "<i8"), ("price", "<i4"), ("orders", "<i4")])


def columns(frame: bytes) -> Prices:
    """Every price of one binary message; a tail that breaks off and other packets are left out.

    Names as Tick's fields; change_bps: of the close before. Prices over `dividers_of`, times in seconds since
    1970, 0 or below for none.
    """
    places, lengths = _evenly(frame)
    if places is None:
        where, how_long = _walked(frame)
        kinds = _kinds(_heads(frame, where), how_long)
        if (kinds == _NONE).any():
            where, how_long, kinds = where[kinds != _NONE], how_long[kinds != _NONE], kinds[kinds != _NONE]
        return Prices(frame, mixed(frame, where, kinds, LAYOUTS), where, how_long)
    return _even(frame, places, lengths)


def dividers_of(prices: Prices, dividers: Dividers) -> Ints:
    """int64[N]: what a packet's prices are to be divided by."""
    by_exchange = np.full(256, USUAL_DIVIDER, np.int64)
    for exchange, divider in dividers.items():
        if -128 <= exchange < 128 and divider:
            by_exchange[exchange] = divider
    found: Ints = by_exchange[prices.packets.column("exchange")]
    return found


_HEADS = np.dtype(
    {
        "names": ["length", "code", "level"],
        "formats": ["<u2", "<u2", "u1"],
        "offsets": [0, 2, 5],
        "itemsize": _SHORTEST,
    }
)


def _heads(frame: bytes, places: Ints) -> NDArray[np.void]:
    every = max(0, len(frame) - _SHORTEST + 1)
    found: NDArray[np.void] = np.ndarray((every,), _HEADS, frame, 0, (1,))[places]
    return found


def _kinds(heads: NDArray[np.void], lengths: Ints) -> Ints:
    """Of each packet; _NONE for what tells no price, or is too short for its kind."""
    kinds = _BY_CODE[heads["code"]]
    kinds = np.where(kinds == len(_SIZES), _BY_LEVEL[heads["level"]], kinds)
    return np.where((kinds >= 0) & (lengths >= _NEEDED[kinds]), kinds, _NONE)


def _evenly(frame: bytes) -> tuple[range | None, Ints]:
    """Where packets begin that fill the frame and are all as long as the first; None for other frames."""
    none = np.zeros(0, np.int64)
    length = int.from_bytes(frame[:2], "little")
    if length < _SHORTEST or len(frame) % length:
        return None, none
    places = range(0, len(frame), length)
    lengths = np.ndarray((len(places),), "<u2", frame, 0, (length,)).astype(np.int64)
    return (places, lengths) if (lengths == length).all() else (None, none)


def _even(frame: bytes, places: range, lengths: Ints) -> Prices:
    """Of one length; of one kind as well, or else laid side by side."""
    heads = np.ndarray((len(places),), _HEADS, frame, 0, (places.step,))
    kinds = _kinds(heads, lengths)
    where = np.arange(places.start, places.stop, places.step)
    kind = int(kinds[0])
    if kind != _NONE and (kinds == kind).all():
        return Prices(frame, even(frame, places, kind=kind, layout=LAYOUTS[kind]), where, lengths)
    told = kinds != _NONE
    where, lengths, kinds = where[told], lengths[told], kinds[told]
    return Prices(frame, mixed(frame, where, kinds, LAYOUTS), where, lengths)


def _walked(frame: bytes) -> tuple[Ints, Ints]:
    """From length to length, until one says less than a header or more than there is."""
    lengths: list[int] = []
    place, size, add = 0, len(frame), lengths.append
    while place + 2 <= size:
        length = frame[place] | frame[place + 1] << 8
        place += length
        if length < _SHORTEST or place > size:
            break
        add(length)
    found = np.array(lengths, np.int64)
    return np.cumsum(found) - found, found
