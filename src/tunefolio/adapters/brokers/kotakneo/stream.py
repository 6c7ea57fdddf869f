"""Kotak's market feed: it is greeted in JSON, subscribed to by token or name, and answers in binary."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing

from tunefolio.adapters import jsons
from tunefolio.adapters.brokers.kotakneo.neo import Pass
from tunefolio.adapters.brokers.kotakneo.quotes import Asked
from tunefolio.adapters.brokers.kotakneo.scrips import INDICES, Symbol
from tunefolio.adapters.brokers.kotakneo.ticks import Packet, Tick, packets
from tunefolio.adapters.brokers.kotakneo.wire import ANSWER_SECONDS, Line, Refused, Socket
from tunefolio.core.time import Clock, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

_log = logging.getLogger(__name__)

MOST_TOKENS = 3_000
_MOST_AT_ONCE = 500
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
    """Packets as quotes: the newest of each listing, never an older one after it."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._newest: dict[Symbol, Instant] = {}

    def of(self, told: Iterable[Packet], now: Instant) -> dict[Listing, QuoteClaim]:
        """Prices without a time are as of now; one that was never traded (0) is left out."""
        found: dict[Listing, QuoteClaim] = {}
        for tick in told:
            if not isinstance(tick, Tick) or tick.last <= 0:
                continue
            symbol = Symbol(tick.segment, tick.name or tick.token)
            at = tick.last_trade or now
            if symbol not in self._asked or at < self._newest.get(symbol, at):
                continue
            self._newest[symbol] = at
            close = tick.close if tick.close > 0 else None
            found |= {one: QuoteClaim(one, tick.last, close, at) for one in self._asked[symbol]}
        return found


async def quotes(
    line: Line, greeting: Greeting, asked: Asked, clock: Clock
) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
    """Prices as they come, those of one message together."""
    claims = Claims(asked)
    async with aclosing(line.messages()) as messages:
        async for message in messages:
            if isinstance(message, str):
                _log.debug("ticks.note", extra={"text": message[:200]})
            elif found := claims.of(packets(message, greeting.dividers), clock.now()):
                yield found


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
