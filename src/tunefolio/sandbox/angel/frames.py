"""Ticks on the wire: one little-endian packet to a binary message, prices as 64-bit paise.

Lengths: 51 bytes last price, 123 quote, 379 snapshot with five steps of the book, 443 twenty steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from struct import pack

from tunefolio.sandbox.angel.names import EXCHANGE_TYPES, token_of
from tunefolio.sandbox.angel.quotes import bands
from tunefolio.sandbox.market import Level, Sight

_TYPE_OF = {exchange: number for number, exchange in EXCHANGE_TYPES.items()}
_BUY, _SELL = 1, 0


class Mode(IntEnum):
    """How much of a quote is streamed."""

    LTP = 1
    QUOTE = 2
    SNAP = 3
    DEPTH = 4


Book = tuple[Sequence[Level], Sequence[Level]]
"""Bids and asks, best first, five or none."""


def packet(sight: Sight, mode: Mode, book: Book, sequence: int) -> bytes:
    """One listing in one mode."""
    token = token_of(sight.listed).encode()
    second = int(sight.traded.utc.timestamp())
    head = pack("<BB25s", mode, _TYPE_OF[sight.listed.exchange], token)
    if mode is Mode.DEPTH:
        return head + pack("<qq", second * 1000, second * 1000) + _twenty(book[0]) + _twenty(book[1])
    last = head + pack("<qqq", sequence, second * 1000, sight.last)
    if mode is Mode.LTP:
        return last
    quote = last + _quote(sight, book)
    if mode is Mode.QUOTE:
        return quote
    low, high = bands(sight)
    steps = _five(_BUY, book[0]) + _five(_SELL, book[1])
    return quote + pack("<qqd", second, 0, 0.0) + steps + pack("<qqqq", high, low, high, low)


def _quote(sight: Sight, book: Book) -> bytes:
    bids, asks = (float(sum(level.quantity for level in side)) for side in book)
    traded = pack("<qqqdd", sight.last_quantity, sight.average, sight.volume, bids, asks)
    return traded + pack("<qqqq", sight.open, sight.high, sight.low, sight.previous_close)


def _five(flag: int, levels: Sequence[Level]) -> bytes:
    five = _filled(levels, 5)
    return b"".join(pack("<hqqh", flag, level.quantity, level.price, level.orders) for level in five)


def _twenty(levels: Sequence[Level]) -> bytes:
    return b"".join(pack("<iih", level.quantity, level.price, level.orders) for level in _filled(levels, 20))


def _filled(levels: Sequence[Level], count: int) -> tuple[Level, ...]:
    return (*levels, *(Level(0, 0, 0),) * (count - len(levels)))
