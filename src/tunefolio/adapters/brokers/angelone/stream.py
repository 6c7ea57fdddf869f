"""Angel One's tick stream: what is asked of it, and what of its packets is news."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from tunefolio.adapters.brokers.angelone.errors import BROKER
from tunefolio.adapters.brokers.angelone.line import Line, Patience
from tunefolio.adapters.brokers.angelone.smart import Leave
from tunefolio.adapters.brokers.angelone.ticks import Brief, Mode, brief, moment, note, rupees
from tunefolio.adapters.brokers.angelone.tokens import EXCHANGE_TYPES, Tokens
from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

_log = logging.getLogger(__name__)

MOST_TOKENS = 1_000
AHEAD_MS = 60_000
"""How far the exchange's clock may lie ahead of ours and still be believed."""

Known = Mapping[tuple[int, str], Sequence[Listing]]
"""Listings by Angel One's number of the exchange, and token."""


async def ticks_of(
    url: str, leave: Leave, tokens: Tokens, listings: Sequence[Listing], *, clock: Clock, patience: Patience
) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
    """Prices of these listings as they change; their tokens are looked up first.

    Raises Reauth, Retry, Misuse above 1,000 listings.
    """
    if len(listings) > MOST_TOKENS:
        raise Misuse("listings", f"{len(listings)} instruments", cure=f"Ask for 1 to {MOST_TOKENS}")
    known: dict[tuple[int, str], list[Listing]] = {}
    for listing, token in (await asyncio.to_thread(tokens.of, listings)).items():
        known.setdefault((EXCHANGE_TYPES[listing.exchange], token), []).append(listing)
    if not known:
        return
    line = Line(url, leave.line_headers, opening=[subscription(known)], patience=patience)
    news = News(known, clock)
    async with aclosing(line.heard(news.read)) as prices:
        async for some in prices:
            yield some


def subscription(known: Known) -> str:
    """Asks for quotes of all of them: with a last price alone no change could be shown."""
    lists: dict[int, list[str]] = {}
    for exchange, token in known:
        lists.setdefault(exchange, []).append(token)
    asked = [{"exchangeType": exchange, "tokens": tokens} for exchange, tokens in lists.items()]
    params = {"mode": int(Mode.QUOTE), "tokenList": asked}
    return json.dumps({"correlationID": "tunefolio1", "action": 1, "params": params})


class News:
    """Tells prices from repetitions: Angel One sends every snapshot again and again, some of them late."""

    def __init__(self, known: Known, clock: Clock) -> None:
        self._known = {(exchange, token.encode()): listings for (exchange, token), listings in known.items()}
        self._clock = clock
        self._told: dict[tuple[int, bytes], Brief] = {}

    def read(self, message: bytes | str) -> Mapping[Listing, QuoteClaim] | None:
        """Quotes of one message; None for no news. Raises Rejected for a torn one."""
        if isinstance(message, str):
            if (problem := note(message)) is not None:
                _log.warning("ticks.error", extra={"broker": BROKER, "code": problem.code})
            return None
        packet = brief(message)
        if packet is None or packet.last <= 0:
            return None
        key = packet.exchange, packet.token
        listings, before = self._known.get(key), self._told.get(key)
        if not listings:
            return None
        if before is not None and (packet.value == before.value or self._is_late(packet, before)):
            return None
        self._told[key] = packet
        last, at = rupees(packet.last, packet.exchange), moment(packet.at_ms) or self._clock.now()
        close = rupees(packet.close, packet.exchange) if packet.close > 0 else None
        return {listing: QuoteClaim(listing, last, close, at) for listing in listings}

    def _is_late(self, packet: Brief, before: Brief) -> bool:
        """Overtaken by a newer one; a time that lay ahead of us must not silence all that follow."""
        if packet.at_ms >= before.at_ms:
            return False
        ours_ms = self._clock.now().utc.timestamp() * 1000
        return before.at_ms <= ours_ms + AHEAD_MS
