"""Kotak's market feed: it is greeted in JSON, subscribed to by token or name, and answers in binary."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal

from tunefolio.adapters import jsons
from tunefolio.adapters.brokers.kotakneo.neo import Pass
from tunefolio.adapters.brokers.kotakneo.quotes import Asked
from tunefolio.adapters.brokers.kotakneo.scrips import INDICES, Symbol
from tunefolio.adapters.brokers.kotakneo.ticks import (
    LAST_SECOND,
    USUAL_DIVIDER,
    Brief,
    Dividers,
    briefs,
    instant,
    micros,
)
from tunefolio.adapters.brokers.kotakneo.wire import ANSWER_SECONDS, Line, Refused, Socket
from tunefolio.core.time import Clock, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

_log = logging.getLogger(__name__)

MOST_TOKENS = 3_000
_MOST_AT_ONCE = 500
_MANY_BYTES = 5_000
"""From here on a frame is read as columns: some hundred packets, where that begins to pay."""
_WELCOMES = frozenset({1117, 1119})
_NAMES = frozenset(INDICES.values())


class Greeting:
    """What is said first on each new line: who asks, then what is wanted; and the dividers that come back."""

    def __init__(self, leave: Pass, clock: Clock, symbols: Sequence[Symbol]) -> None:
        self._leave = leave
        self._clock = clock
        self._wanted = list(subscriptions(symbols))
        self.dividers: dict[int, int] = {}

    async def __call__(self, line: Socket) -> None:
        """Raises Refused when Kotak answers with anything but a welcome."""
        await line.send(json.dumps(hello(self._leave, self._clock.now())))
        async with asyncio.timeout(ANSWER_SECONDS):
            while isinstance(answer := await line.recv(), bytes):
                pass  # prices may overtake the welcome; without dividers they mean nothing
        self.dividers = dividers(answer)
        for wanted in self._wanted:
            await line.send(wanted)


def hello(leave: Pass, now: Instant) -> Mapping[str, object]:
    """The login of the feed. The session's id is the password."""
    return {
        "user": leave.ucc,
        "auth": leave.sid.reveal(),
        "format": "native_batch",
        "source": "NEOTRADEAPI",
        "platform": "Web",
        "version": "1.2.3",
        "sdk_version": 2,
        "sdk_date": "2026-08-07T09:41:17.667Z",
        "conn_req_time": int(now.utc.timestamp() * 1000),
        "sessionValidation": False,
    }


def dividers(answer: str) -> dict[int, int]:
    """By exchange, out of the welcome; Refused for any other answer, or one in the old format."""
    try:
        told = jsons.loads(answer.encode())
    except ValueError:
        raise Refused from None
    if not isinstance(told, dict) or told.get("message_code") not in _WELCOMES:
        raise Refused
    if told.get("format") == "native_fallback":
        raise Refused
    exchanges = told.get("exchanges")
    listed = exchanges.values() if isinstance(exchanges, dict) else ()
    return {
        one["value"]: one["divider"]
        for one in listed
        if isinstance(one, dict) and _is_count(one.get("value")) and _is_count(one.get("divider"))
    }


def subscriptions(symbols: Sequence[Symbol]) -> Iterable[str]:
    """The messages that ask for these: indices by name, all else by token, so many in each."""
    for event, several in (
        ("subscribeIndices", [one for one in symbols if one.token in _NAMES]),
        ("subscribeScripsLite", [one for one in symbols if one.token not in _NAMES]),
    ):
        for start in range(0, len(several), _MOST_AT_ONCE):
            tokens = ",".join(str(one) for one in several[start : start + _MOST_AT_ONCE])
            yield json.dumps({"event": event, "inputtoken": tokens, "ack_symbol": True})


class Claims:
    """Frames as quotes: what changed of what was asked for, and what stands a minute later; never a price
    that is older than the newest.

    Packets are compared as whole numbers, those of a large frame as columns; a quote is made of what is left.
    """

    def __init__(self, asked: Asked) -> None:
        # numpy takes a while to load, and few need a stream
        from tunefolio.adapters.brokers.kotakneo.frames import Slots
        from tunefolio.adapters.standing import Newest, Standing

        self._listings = list(asked.values())
        self._slots = Slots(list(asked))
        self._standing, self._newest = Standing(len(asked)), Newest(len(asked))
        self._dividers: Dividers = {}

    def of(self, frame: bytes, dividers: Dividers, now: Instant) -> dict[Listing, QuoteClaim]:
        """Prices without a time are as of now; one that was never traded (0) is left out."""
        if dividers != self._dividers:
            self._dividers = dict(dividers)
            self._standing.forget()
        if len(frame) < _MANY_BYTES:
            return self._one_by_one(briefs(frame), now)
        return self._at_once(frame, now)

    def _one_by_one(self, told: Iterable[Brief], now: Instant) -> dict[Listing, QuoteClaim]:
        found: dict[Listing, QuoteClaim] = {}
        now_us = micros(now)
        for brief in told:
            slot = self._slots.find(brief)
            if slot is None or brief.last <= 0:
                continue
            at = brief.traded * 1_000_000 if 0 < brief.traded <= LAST_SECOND else now_us
            if self._newest.admits(slot, at) and self._standing.is_news(slot, brief.last, brief.close, at):
                self._tell(found, slot, brief, now)
        return found

    def _at_once(self, frame: bytes, now: Instant) -> dict[Listing, QuoteClaim]:
        there = self._slots.of(frame, micros(now))
        if self._standing.repeats(there.slots):
            return self._one_by_one(briefs(frame), now)
        there = there.rows(self._newest.admitted(there.slots, there.at))
        there = there.rows(self._standing.news(there.slots, there.last, there.close, there.at))
        found: dict[Listing, QuoteClaim] = {}
        for slot, brief in there.briefs():
            self._tell(found, slot, brief, now)
        return found

    def _tell(self, found: dict[Listing, QuoteClaim], slot: int, brief: Brief, now: Instant) -> None:
        divider = self._dividers.get(brief.exchange) or USUAL_DIVIDER
        last, at = Decimal(brief.last) / divider, instant(brief.traded) or now
        close = Decimal(brief.close) / divider if brief.close > 0 else None
        for one in self._listings[slot]:
            found[one] = QuoteClaim(one, last, close, at)


async def quotes(
    line: Line, greeting: Greeting, asked: Asked, clock: Clock
) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
    """Prices as they come, those of one message together."""
    claims = Claims(asked)
    async with aclosing(line.messages()) as messages:
        async for message in messages:
            if isinstance(message, str):
                _log.debug("ticks.note", extra={"text": message[:200]})
            elif found := claims.of(message, greeting.dividers, clock.now()):
                yield found


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
