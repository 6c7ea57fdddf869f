"""Kite's quote calls, in batches; an instrument Kite does not know is absent from the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import BROKER, PRICE_DIGITS, mapping, number, text
from tunefolio.adapters.brokers.zerodha.instruments import KITE_EXCHANGES, key_of
from tunefolio.adapters.brokers.zerodha.kite import Kite, Lane, Pass
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.money import quantized
from tunefolio.core.time import IST, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

FULL_BATCH = 500
LIGHT_BATCH = 1_000
"""Kite's limits of /quote, and of /quote/ohlc and /quote/ltp."""

Keyed = Mapping[str, Sequence[Listing]]
"""Listings by Kite's key; two listings that differ in a series Kite does not write share one."""


class ZerodhaQuotes:
    """Last prices from Kite, one call for up to 500 listings. Raises Reauth, Retry, Rejected."""

    name = BROKER

    def __init__(self, kite: Kite, leave: Pass) -> None:
        self._kite = kite
        self._leave = leave

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        found: dict[Listing, QuoteClaim] = {}
        for batch, data in self._asked("/quote", listings, FULL_BATCH):
            found |= quotes(data, batch)
        return found

    def ohlc(self, listings: Sequence[Listing]) -> Mapping[Listing, tuple[Decimal, Decimal | None]]:
        """Last price and previous close, without a time: lighter, and up to 1,000 at once."""
        found: dict[Listing, tuple[Decimal, Decimal | None]] = {}
        for batch, data in self._asked("/quote/ohlc", listings, LIGHT_BATCH):
            for listing, row, where in _rows(data, batch):
                found[listing] = (_last(row, where), previous_close(row, where))
        return found

    def ltp(self, listings: Sequence[Listing]) -> Mapping[Listing, Decimal]:
        """Last prices alone, up to 1,000 at once."""
        found: dict[Listing, Decimal] = {}
        for batch, data in self._asked("/quote/ltp", listings, LIGHT_BATCH):
            found |= {listing: _last(row, where) for listing, row, where in _rows(data, batch)}
        return found

    def tokens(self, listings: Sequence[Listing]) -> Mapping[int, Listing]:
        """The instrument tokens the tick stream knows the listings by; they hold for the day."""
        found: dict[int, Listing] = {}
        for batch, data in self._asked("/quote/ltp", listings, LIGHT_BATCH):
            for listing, row, where in _rows(data, batch):
                found.setdefault(int(number(row, "instrument_token", where)), listing)
        return found

    def _asked(self, path: str, listings: Sequence[Listing], size: int) -> Iterator[tuple[Keyed, Any]]:
        known: dict[str, list[Listing]] = {}
        for listing in listings:
            if listing.exchange in KITE_EXCHANGES:
                known.setdefault(key_of(listing), []).append(listing)
        keys = list(known)
        for start in range(0, len(keys), size):
            batch = keys[start : start + size]
            data = self._kite.get(self._leave, path, [("i", key) for key in batch], Lane.QUOTE)
            yield {key: known[key] for key in batch}, data


def quotes(data: Any, listings: Keyed) -> dict[Listing, QuoteClaim]:
    """`data` of /quote for the asked keys. One never traded has no price (0) or no time: absent."""
    found = {}
    for listing, row, where in _rows(data, listings):
        last, stamp = _last(row, where), row.get("timestamp") or row.get("last_trade_time")
        if last > 0 and stamp:
            found[listing] = QuoteClaim(listing, last, previous_close(row, where), _instant(stamp, where))
    return found


def previous_close(row: Mapping[str, Any], where: str) -> Decimal | None:
    """ohlc.close is the close of the session before; 0 for a share listed today."""
    ohlc = mapping(row.get("ohlc"), f"{where}.ohlc")
    close = number(ohlc, "close", f"{where}.ohlc")
    return quantized(close, PRICE_DIGITS) if close > 0 else None


def _rows(data: Any, listings: Keyed) -> Iterator[tuple[Listing, Mapping[str, Any], str]]:
    for key, row in mapping(data, "quotes").items():
        for listing in listings.get(key, ()):
            yield listing, mapping(row, key), key


def _last(row: Mapping[str, Any], where: str) -> Decimal:
    return quantized(number(row, "last_price", where), PRICE_DIGITS)


def _instant(stamp: Any, where: str) -> Instant:
    """Kite writes wall time in India without a zone."""
    try:
        return Instant.parse(text({"timestamp": stamp}, "timestamp", where), IST)
    except Misuse:
        raise Rejected(f"Zerodha: 'timestamp' of {where} is not a time", code="wrong_type") from None
