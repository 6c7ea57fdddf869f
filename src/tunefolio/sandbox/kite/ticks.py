"""Ticks on the wire: big-endian packets of unsigned 32-bit words, several in one frame.

Layouts: 8 bytes last price; 44 quote; 184 with depth; an index has 8, 28 or 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from struct import pack

from tunefolio.sandbox.market import Level, Sight
from tunefolio.sandbox.universe import Kind

HEARTBEAT = b"\x00"
_WORD = 0xFFFFFFFF
_EMPTY_LINE = Level(0, 0, 0)


class Mode(StrEnum):
    """How much of a quote is streamed."""

    LTP = "ltp"
    QUOTE = "quote"
    FULL = "full"


def packet(sight: Sight, mode: Mode, depth: tuple[Sequence[Level], Sequence[Level]]) -> bytes:
    """One listing in one mode. depth: bids and asks, best first, five or none."""
    head = pack(">II", sight.listed.token, sight.last)
    if mode is Mode.LTP:
        return head
    stamp = int(sight.traded.utc.timestamp())
    if sight.listed.company.kind is Kind.INDEX:
        change = (sight.last - sight.previous_close) & _WORD
        body = pack(">IIIII", sight.high, sight.low, sight.open, sight.previous_close, change)
        return head + body + (pack(">I", stamp) if mode is Mode.FULL else b"")
    bids, asks = depth
    body = pack(
        ">IIIIIIIII",
        sight.last_quantity,
        sight.average,
        min(sight.volume, _WORD),
        sum(line.quantity for line in bids),
        sum(line.quantity for line in asks),
        sight.open,
        sight.high,
        sight.low,
        sight.previous_close,
    )
    if mode is Mode.QUOTE:
        return head + body
    return head + body + pack(">IIIII", stamp, 0, 0, 0, stamp) + _lines(bids) + _lines(asks)


def frame(packets: Sequence[bytes]) -> bytes:
    """Packets behind their count, each behind its length."""
    return pack(">H", len(packets)) + b"".join(pack(">H", len(one)) + one for one in packets)


def _lines(levels: Sequence[Level]) -> bytes:
    five = (*levels, *(_EMPTY_LINE,) * (5 - len(levels)))
    return b"".join(pack(">IIHxx", line.quantity, line.price, line.orders) for line in five)
