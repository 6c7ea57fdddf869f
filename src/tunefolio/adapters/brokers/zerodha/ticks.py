"""Kite's live prices: a pure parser of its frames, and a small client that reconnects and subscribes again.

A binary message is big-endian: int16 count, then for each packet int16 length and the packet.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlencode

import websockets

from tunefolio.adapters import jsons
from tunefolio.adapters.brokers.zerodha.errors import ended
from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.adapters.http import is_loopback
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.time import Clock, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

_log = logging.getLogger(__name__)

# The library writes the handshake's URL, which carries the token, at DEBUG.
logging.getLogger("websockets").setLevel(logging.WARNING)

MOST_TOKENS = 3_000
SILENCE_SECONDS = 10
"""Kite beats about once a second; longer silence is a dead line."""
MOST_TRIES = 50
LONGEST_PAUSE_SECONDS = 60.0

_INDICES = 9
_DIVISORS = {3: 10_000_000, 6: 10_000, 12: 10_000}
"""Scale of prices by segment (the token's low byte): currency 1e7, BSE currency and NCO 1e4; else 100."""


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
    if len(frame) < 2:
        return
    (count,) = struct.unpack_from(">H", frame)
    place = 2
    for _ in range(count):
        if place + 2 > len(frame):
            raise Rejected("Zerodha: a tick frame breaks off", code="torn_frame")
        (length,) = struct.unpack_from(">H", frame, place)
        packet = frame[place + 2 : place + 2 + length]
        if len(packet) < length:
            raise Rejected("Zerodha: a tick frame breaks off", code="torn_frame")
        yield tick(packet)
        place += 2 + length


def tick(packet: bytes) -> Tick:
    """One packet by its length: 8 last price, 28 and 32 indices, 44 quote, 184 full. Rejected for another."""
    match len(packet):
        case 8:
            token, last = struct.unpack(">II", packet)
            return Tick(token, _price(last, token))
        case 28 | 32:
            return _index(packet)
        case 44 | 184:
            return _share(packet)
        case length:
            raise Rejected(f"Zerodha: a tick packet of {length} bytes is unknown", code="unknown_packet")


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
    last, high, low, first, close = (_price(price, token) for price in scaled)
    at = _instant(struct.unpack_from(">I", packet, 28)[0]) if len(packet) == 32 else None
    return Tick(token, last, close=close, open=first, high=high, low=low, at=at)


def _share(packet: bytes) -> Tick:
    token, last, last_quantity, average, volume, buying, selling = struct.unpack_from(">7I", packet)
    first, high, low, close = (_price(price, token) for price in struct.unpack_from(">4I", packet, 28))
    traded = open_interest = at = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    if len(packet) == 184:
        trade_second, open_interest, _, _, second = struct.unpack_from(">5I", packet, 44)
        traded, at = _instant(trade_second), _instant(second)
        book = [_level(packet, 64 + 12 * step, token) for step in range(10)]
        bids, asks = tuple(book[:5]), tuple(book[5:])
    return Tick(
        token=token,
        last=_price(last, token),
        close=close,
        open=first,
        high=high,
        low=low,
        last_quantity=last_quantity,
        average=_price(average, token),
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
    quantity, price, orders = struct.unpack_from(">IIH", packet, place)
    return Level(_price(price, token), quantity, orders)


def _price(scaled: int, token: int) -> Decimal:
    return Decimal(scaled) / _DIVISORS.get(token & 0xFF, 100)


def _instant(second: int) -> Instant | None:
    return Instant(datetime.fromtimestamp(second, UTC)) if second else None


class TickStream:
    """A live line to Kite. Reconnects with growing pauses and subscribes again.

    Raises Reauth when the token is dead (403), Misuse above 3,000 tokens, Retry after fifty failures.
    """

    def __init__(self, url: str, leave: Pass, clock: Clock, *, first_pause_seconds: float = 1.0) -> None:
        self._url = url
        self._leave = leave
        self._clock = clock
        self._first_pause = first_pause_seconds

    async def quotes(
        self, tokens: Mapping[int, Listing]
    ) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
        """Prices as they come, those of one frame together. Ends by an error or its reader (aclosing)."""
        if not 0 < len(tokens) <= MOST_TOKENS:
            raise Misuse("tokens", f"{len(tokens)} instruments", cure=f"Ask for 1 to {MOST_TOKENS}")
        failures = 0
        while failures < MOST_TRIES:
            try:
                async with aclosing(self._frames(list(tokens))) as frames:
                    async for frame in frames:
                        failures = 0
                        if found := claims(ticks(frame), tokens, self._clock.now()):
                            yield found
            except websockets.InvalidStatus as refusal:
                if refusal.response.status_code == 403:
                    raise ended("the tick stream refused the token") from None
            except (OSError, TimeoutError, websockets.WebSocketException):
                pass  # the line is down: the pause below, then the next try
            failures += 1
            pause = min(self._first_pause * 2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS)
            _log.info("ticks.reconnect", extra={"failures": failures, "pause_seconds": pause})
            await asyncio.sleep(pause)
        raise Retry("Zerodha: the tick stream does not come back")

    async def _frames(self, tokens: list[int]) -> AsyncGenerator[bytes, None]:
        query = urlencode({"api_key": self._leave.api_key, "access_token": self._leave.token.reveal()})
        proxy: Literal[True] | None = None if is_loopback(self._url) else True
        async with websockets.connect(f"{self._url}?{query}", proxy=proxy) as line:
            await line.send(json.dumps({"a": "subscribe", "v": tokens}))
            await line.send(json.dumps({"a": "mode", "v": ["quote", tokens]}))
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await line.recv()
                if isinstance(message, bytes):
                    yield message
                elif (told := note(message)).kind == "error":
                    _log.warning("ticks.error", extra={"text": str(told.data)[:200]})


def claims(packets: Iterator[Tick], tokens: Mapping[int, Listing], now: Instant) -> dict[Listing, QuoteClaim]:
    """Ticks as quotes; without an exchange time they are as of now. One without a price yet is left out."""
    found = {}
    for packet in packets:
        listing = tokens.get(packet.token)
        if listing is not None and packet.last > 0:
            close = packet.close if packet.close else None
            found[listing] = QuoteClaim(listing, packet.last, close, packet.at or now)
    return found
