"""Kite's tick stream: subscribes to tokens and turns its frames into quotes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing

from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.adapters.brokers.zerodha.quotes import ZerodhaQuotes
from tunefolio.adapters.brokers.zerodha.ticks import Tick, note, ticks
from tunefolio.adapters.brokers.zerodha.wire import Wire
from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

_log = logging.getLogger(__name__)

MOST_TOKENS = 3_000


class TickStream:
    """Prices from Kite's line. Raises Reauth, Retry as Wire does, Misuse above 3,000 tokens."""

    def __init__(self, url: str, leave: Pass, clock: Clock, *, first_pause_seconds: float = 1.0) -> None:
        self._wire = Wire(url, leave, first_pause_seconds=first_pause_seconds)
        self._clock = clock

    async def quotes(
        self, tokens: Mapping[int, Listing]
    ) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
        """Prices as they come, those of one frame together. Ends by an error or its reader (aclosing)."""
        if not 0 < len(tokens) <= MOST_TOKENS:
            raise Misuse("tokens", f"{len(tokens)} instruments", cure=f"Ask for 1 to {MOST_TOKENS}")
        wanted = list(tokens)
        greetings = [
            json.dumps({"a": "subscribe", "v": wanted}),
            json.dumps({"a": "mode", "v": ["full", wanted]}),
        ]
        async with aclosing(self._wire.messages(greetings)) as messages:
            async for message in messages:
                if isinstance(message, bytes):
                    if found := claims(ticks(message), tokens, self._clock.now()):
                        yield found
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
