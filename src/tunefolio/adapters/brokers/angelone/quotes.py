"""Angel One's quotes, fifty to a call; what it does not know stands among the unfetched ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.angelone.errors import BROKER
from tunefolio.adapters.brokers.angelone.fields import (
    PRICE_DIGITS,
    find_number,
    mapping,
    number,
    rows,
    stamp,
    text,
)
from tunefolio.adapters.brokers.angelone.smart import SECURE, Lane, Leave, Smart
from tunefolio.adapters.brokers.angelone.tokens import Tokens
from tunefolio.core.money import quantized
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

BATCH = 50
PATH = f"{SECURE}/market/v1/quote/"

Keyed = Mapping[tuple[str, str], Sequence[Listing]]
"""Listings by exchange and token; two that differ in an unsaid series share one."""


class AngelQuotes:
    """Last prices from Angel One. Raises Reauth, Retry, Rejected."""

    name = BROKER

    def __init__(self, smart: Smart, leave: Leave, tokens: Tokens) -> None:
        self._smart = smart
        self._leave = leave
        self._tokens = tokens

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        found: dict[Listing, QuoteClaim] = {}
        for batch, data in self._asked("FULL", listings):
            found |= quotes(data, batch)
        return found

    def ltp(self, listings: Sequence[Listing]) -> Mapping[Listing, Decimal]:
        """Last prices alone, without a time."""
        found: dict[Listing, Decimal] = {}
        for batch, data in self._asked("LTP", listings):
            found |= {
                listing: last for listing, row, where in _rows(data, batch) if (last := _last(row, where))
            }
        return found

    def _asked(self, mode: str, listings: Sequence[Listing]) -> Iterator[tuple[Keyed, Any]]:
        known: dict[tuple[str, str], list[Listing]] = {}
        for listing, token in self._tokens.of(listings).items():
            known.setdefault((listing.exchange, token), []).append(listing)
        keys = list(known)
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            wanted: dict[str, list[str]] = {}
            for exchange, token in batch:
                wanted.setdefault(exchange, []).append(token)
            body = {"mode": mode, "exchangeTokens": wanted}
            yield {key: known[key] for key in batch}, self._smart.post(self._leave, PATH, body, Lane.QUOTES)


def quotes(data: Any, listings: Keyed) -> dict[Listing, QuoteClaim]:
    """`data` of a FULL quote for the asked keys. What was never traded has no price or no time: absent."""
    found = {}
    for listing, row, where in _rows(data, listings):
        last = _last(row, where)
        at = stamp(row, "exchFeedTime", where) or stamp(row, "exchTradeTime", where)
        if last > 0 and at is not None:
            found[listing] = QuoteClaim(listing, last, _previous_close(row, where), at)
    return found


def _rows(data: Any, listings: Keyed) -> Iterator[tuple[Listing, Mapping[str, Any], str]]:
    if data is None:
        return
    for at, row in enumerate(rows(mapping(data, "quotes").get("fetched"), "fetched")):
        where = f"fetched[{at}]"
        key = (text(row, "exchange", where), text(row, "symbolToken", where))
        for listing in listings.get(key, ()):
            yield listing, row, where


def _last(row: Mapping[str, Any], where: str) -> Decimal:
    return quantized(number(row, "ltp", where), PRICE_DIGITS)


def _previous_close(row: Mapping[str, Any], where: str) -> Decimal | None:
    """`close` is that of the session before; 0 for a share listed today."""
    close = find_number(row, "close", where)
    return quantized(close, PRICE_DIGITS) if close is not None and close > 0 else None
