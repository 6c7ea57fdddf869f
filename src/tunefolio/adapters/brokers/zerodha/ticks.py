"""Kite's live prices: a pure parser of its frames.

A binary message is big-endian: int16 count, then for each packet int16 length and the packet.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.core.errors import Rejected
from tunefolio.core.time import Instant

_INDICES = 9
DIVISORS = {3: 10_000_000, 6: 10_000, 12: 10_000}
USUAL_DIVISOR = 100
"""Scale of prices by segment (the token's low byte): currency 1e7, BSE currency and NCO 1e4; else 100."""

_LENGTH = struct.Struct(">H")
_LTP = struct.Struct(">II")
_BRIEF = {
    28: struct.Struct(">II12xI4x"),
    32: struct.Struct(">II12xI4xI"),
    44: struct.Struct(">II32xI"),
    184: struct.Struct(">II32xI16xI"),
}
"""Token, last price, close, and the exchange's second where there is one; by the packet's length."""


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the order book."""

    price: Decimal
    quantity: int
    orders: int


@dataclass(frozen=True, slots=True)
class Tick:
    """One packet. What a shorter packet does not carry is None; depth is empty.

    close: of the session before. at: the exchange's own time, in full packets only.
    """

    token: int
    last: Decimal
    close: Decimal | None = None
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    last_quantity: int | None = None
    average: Decimal | None = None
    volume: int | None = None
    buy_quantity: int | None = None
    sell_quantity: int | None = None
    last_trade: Instant | None = None
    open_interest: int | None = None
    at: Instant | None = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()

    @property
    def is_tradable(self) -> bool:
        return self.token & 0xFF != _INDICES


@dataclass(frozen=True, slots=True)
class Note:
    """A text message. kind: order, error, message, or what else Kite sends."""

    kind: str
    data: Any


def ticks(frame: bytes) -> Iterator[Tick]:
    """Every packet of one binary message; none of a heartbeat (one byte). Rejected for a torn frame."""
    for place, length in _packets(frame):
        yield tick(frame[place : place + length])


def briefs(frame: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The same in short: token, last price and close as whole numbers, the exchange's second; 0 for none."""
    for place, length in _packets(frame):
        if length == _LTP.size:
            token, last = _LTP.unpack_from(frame, place)
            yield token, last, 0, 0
        elif (brief := _BRIEF.get(length)) is None:
            raise unknown(length)
        else:
            told = brief.unpack_from(frame, place)
            yield told if len(told) == 4 else (*told, 0)


def _packets(frame: bytes) -> Iterator[tuple[int, int]]:
    """Where each packet begins, and its length."""
    size = len(frame)
    if size < 2:
        return
    (count,) = _LENGTH.unpack_from(frame)
    place = 2
    for _ in range(count):
        if place + 2 > size:
            raise torn()
        (length,) = _LENGTH.unpack_from(frame, place)
        place += 2
        if place + length > size:
            raise torn()
        yield place, length
        place += length


def tick(packet: bytes) -> Tick:
    """One packet by its length: 8 last price, 28 and 32 indices, 44 quote, 184 full. Rejected for another."""
    match len(packet):
        case 8:
            token, last = _LTP.unpack(packet)
            return Tick(token, price(last, token))
        case 28 | 32:
            return _index(packet)
        case 44 | 184:
            return _share(packet)
        case length:
            raise unknown(length)


def torn() -> Rejected:
    return Rejected("Zerodha: a tick frame breaks off", code="torn_frame")


def unknown(length: int) -> Rejected:
    return Rejected(f"Zerodha: a tick packet of {length} bytes is unknown", code="unknown_packet")


def note(message: str) -> Note:
    """A text message; Rejected when it is not JSON."""
    try:
        value = jsons.loads(message.encode())
    except ValueError:
        raise Rejected("Zerodha: a text message is not JSON", code="wrong_type") from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Rejected("Zerodha: a text message lacks the field 'type'", code="missing_field")
    return Note(value["type"], value.get("data"))


def _index(packet: bytes) -> Tick:
    token, *scaled = struct.unpack_from(">6I", packet)
    last, high, low, first, close = (price(one, token) for one in scaled)
    at = instant(struct.unpack_from(">I", packet, 28)[0]) if len(packet) == 32 else None
    return Tick(token, last, close=close, open=first, high=high, low=low, at=at)


def _share(packet: bytes) -> Tick:
    token, last, last_quantity, average, volume, buying, selling = struct.unpack_from(">7I", packet)
    first, high, low, close = (price(one, token) for one in struct.unpack_from(">4I", packet, 28))
    traded = open_interest = at = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    if len(packet) == 184:
        trade_second, open_interest, _, _, second = struct.unpack_from(">5I", packet, 44)
        traded, at = instant(trade_second), instant(second)
        book = [_level(packet, 64 + 12 * step, token) for step in range(10)]
        bids, asks = tuple(book[:5]), tuple(book[5:])
    return Tick(
        token=token,
        last=price(last, token),
        close=close,
        open=first,
        high=high,
        low=low,
        last_quantity=last_quantity,
        average=price(average, token),
        volume=volume,
        buy_quantity=buying,
        sell_quantity=selling,
        last_trade=traded,
        open_interest=open_interest,
        at=at,
        bids=bids,
        asks=asks,
    )


def _level(packet: bytes, place: int, token: int) -> Level:
    quantity, scaled, orders = struct.unpack_from(">IIH", packet, place)
    return Level(price(scaled, token), quantity, orders)


def price(scaled: int, token: int) -> Decimal:
    """A price of that token's packet, exactly."""
    return Decimal(scaled) / DIVISORS.get(token & 0xFF, USUAL_DIVISOR)


@lru_cache(1024)  # prices of one second are many
def instant(second: int) -> Instant | None:
    """Seconds since 1970; 0: there is none."""
    return Instant(datetime.fromtimestamp(second, UTC)) if second else None


def micros(moment: Instant) -> int:
    """Microseconds since 1970."""
    return round(moment.utc.timestamp() * 1e6)
