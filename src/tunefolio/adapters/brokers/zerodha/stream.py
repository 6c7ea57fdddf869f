"""Kite's tick stream: subscribes to tokens and turns its frames into quotes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing

from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.adapters.brokers.zerodha.quotes import ZerodhaQuotes
from tunefolio.adapters.brokers.zerodha.ticks import briefs, instant, micros, note, price
from tunefolio.adapters.brokers.zerodha.wire import Wire
from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

_log = logging.getLogger(__name__)

MOST_TOKENS = 3_000
_MANY = 64
"""A frame of so many packets is read as columns; where fewer come, one by one is faster."""
_BRIEF = ("token", "last", "close", "at")


class TickStream:
    """Prices from Kite's line. Raises Reauth, Retry as Wire does, Misuse above 3,000 tokens."""

    def __init__(self, url: str, leave: Pass, clock: Clock, *, first_pause_seconds: float = 1.0) -> None:
        self._wire = Wire(url, leave, first_pause_seconds=first_pause_seconds)
        self._clock = clock

    async def quotes(
        self, tokens: Mapping[int, Listing]
    ) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
        """Prices as they come, those of one frame together; after a torn frame the line is made anew.

        Ends by an error or its reader (aclosing).
        """
        if not 0 < len(tokens) <= MOST_TOKENS:
            raise Misuse("tokens", f"{len(tokens)} instruments", cure=f"Ask for 1 to {MOST_TOKENS}")
        wanted = list(tokens)
        greetings = [
            json.dumps({"a": "subscribe", "v": wanted}),
            json.dumps({"a": "mode", "v": ["full", wanted]}),
        ]
        news = News(tokens)

        def read(message: str | bytes) -> Mapping[Listing, QuoteClaim] | None:
            if isinstance(message, bytes):
                return news.of(message, self._clock.now()) or None
            if (told := note(message)).kind == "error":
                _log.warning("ticks.error", extra={"text": str(told.data)[:200]})
            return None

        async with aclosing(self._wire.heard(greetings, read)) as prices:
            async for some in prices:
                yield some


class News:
    """Frames as quotes: what changed of the instruments that were asked for, and what stands a minute later.

    Packets are compared as whole numbers, those of a large frame as columns; a quote is made of what is left.
    """

    def __init__(self, tokens: Mapping[int, Listing]) -> None:
        # numpy takes a while to load, and few need a stream
        import numpy as np

        from tunefolio.adapters.brokers.zerodha.columns import columns
        from tunefolio.adapters.standing import Standing

        self._tokens = sorted(tokens)
        self._listings = [tokens[token] for token in self._tokens]
        self._slots = {token: slot for slot, token in enumerate(self._tokens)}
        self._standing = Standing(len(tokens))
        self._known, self._np, self._columns = np.array(self._tokens, np.int64), np, columns

    def of(self, frame: bytes, now: Instant) -> dict[Listing, QuoteClaim]:
        """Prices without an exchange time are as of now; one without a price yet is left out. Rejected for a
        torn frame, of which nothing counts."""
        if int.from_bytes(frame[:2], "big") < _MANY:
            return self._one_by_one(list(briefs(frame)), now)
        return self._at_once(frame, now)

    def _one_by_one(
        self, told: Iterable[tuple[int, int, int, int]], now: Instant
    ) -> dict[Listing, QuoteClaim]:
        found: dict[Listing, QuoteClaim] = {}
        now_us = micros(now)
        for token, last, close, second in told:
            slot = self._slots.get(token)
            if slot is None or last == 0:
                continue
            if self._standing.is_news(slot, last, close, second * 1_000_000 or now_us):
                self._tell(found, slot, (last, close, second), now)
        return found

    def _at_once(self, frame: bytes, now: Instant) -> dict[Listing, QuoteClaim]:
        packets, np = self._columns(frame), self._np
        four = token, last, close, second = [packets.column(name) for name in _BRIEF]
        slots = np.searchsorted(self._known, token)
        slots[slots == len(self._known)] = 0
        wanted = (self._known[slots] == token) & (last > 0)
        if not wanted.all():
            slots, last, close, second = slots[wanted], last[wanted], close[wanted], second[wanted]
        if self._standing.repeats(slots):
            return self._one_by_one(zip(*(column.tolist() for column in four), strict=True), now)
        at = np.where(second > 0, second * 1_000_000, micros(now))
        rows = self._standing.news(slots, last, close, at)
        found: dict[Listing, QuoteClaim] = {}
        news = zip(last[rows].tolist(), close[rows].tolist(), second[rows].tolist(), strict=True)
        for slot, told in zip(slots[rows].tolist(), news, strict=True):
            self._tell(found, slot, told, now)
        return found

    def _tell(
        self, found: dict[Listing, QuoteClaim], slot: int, told: tuple[int, int, int], now: Instant
    ) -> None:
        last, close, second = told
        token, listing = self._tokens[slot], self._listings[slot]
        before = price(close, token) if close else None
        found[listing] = QuoteClaim(listing, price(last, token), before, instant(second) or now)


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
