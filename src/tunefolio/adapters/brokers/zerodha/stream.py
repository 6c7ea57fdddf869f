"""Kite's tick stream: one WebSocket that subscribes, listens, and comes back when it is lost."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Literal
from urllib.parse import urlencode

import websockets

from tunefolio.adapters.brokers.zerodha.errors import ended
from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.adapters.brokers.zerodha.quotes import ZerodhaQuotes
from tunefolio.adapters.brokers.zerodha.ticks import Tick, note, ticks
from tunefolio.adapters.http import is_loopback
from tunefolio.core.errors import Misuse, Retry
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
            await line.send(json.dumps({"a": "mode", "v": ["full", tokens]}))
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


async def ticks_of(
    source: ZerodhaQuotes, line: TickStream, listings: Sequence[Listing]
) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
    """Prices of these listings as they come; their tokens are asked for first, which is a call of its own."""
    tokens = await asyncio.to_thread(source.tokens, listings)
    if not tokens:
        return
    async with aclosing(line.quotes(tokens)) as prices:
        async for some in prices:
            yield some
