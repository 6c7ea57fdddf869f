"""The thin call for metals. ISO 4217 has XAU for a troy ounce of gold and XAG for one of silver: rates.

A front-month future is not the spot price: it differs by carry, and jumps when the month is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from datetime import time as time_of_day
from types import MappingProxyType
from typing import TypeVar

from tunefolio.adapters.answers import date_of
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer
from tunefolio.adapters.options import POLITE, Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.yahoo import histories, parsers
from tunefolio.adapters.prices.yahoo.symbols import in_path
from tunefolio.core.errors import Rejected
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, SystemClock, TradingDay
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import BarsClaim, RateClaim

NAME = "gold"
USD = Currency("USD")
_FUTURES = MappingProxyType({"XAU": "GC=F", "XAG": "SI=F"})
_MIDNIGHT = time_of_day(0)
_NO_END = "9999999999"

T = TypeVar("T")


@SOURCES.register(NAME)
class Gold:
    """XAU and XAG against USD, by troy ounce; as bars of FX:XAUUSD, and as rates. Raises Retry, Rejected.

    Rupees for ten grams, duties and jewellers' rates are not here: they cannot be computed from this.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        given = Options(NAME, options, {"root_url", *POLITE})
        self._gate = gates.gate(
            NAME if "root_url" in options else "yahoo",  # one host, one rate: it is asked as Yahoo is
            given.url("root_url", "https://query2.finance.yahoo.com"),
            given.manners(1),
            judge=parsers.judged,
            headers={"User-Agent": "Mozilla/5.0 (compatible; TuneFolio)"},
            timeout_seconds=given.above_zero("timeout_seconds", 15),
        )

    def serves(self, listing: Listing) -> bool:
        return _metal(listing) is not None

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        """Sessions that are over; volumes are contracts of a hundred ounces, and not told on."""
        metal = _metal(listing)
        if metal is None:
            return None
        if since >= until:
            return BarsClaim((), USD)

        def parsed(answer: Answer) -> BarsClaim | None:
            ours, theirs = SystemClock().now(), date_of(answer)
            now = ours if theirs is None else min(ours, theirs)
            body = parsers.document(answer)
            return histories.bars(body, listing, since=since, until=until, now=now)

        claim = self._chart(metal, since, parsed)
        if claim is None:
            return None
        return BarsClaim(tuple(replace(bar, volume=None) for bar in claim.bars), claim.currency)

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        """1 XAU = so many USD at the close of that day; nothing against other currencies."""
        if base not in _FUTURES or quote != USD:
            return None
        claim = self.bars(Listing("FX", f"{base}{USD}"), since, until)
        if claim is None:
            return None
        if claim.currency not in ("", USD):
            raise Rejected(f"gold: told in {claim.currency}, not in USD", code="wrong_currency")
        return tuple(RateClaim(base, quote, bar.day, bar.close) for bar in claim.bars)

    def close(self) -> None:
        self._gate.close()

    def _chart(self, metal: str, since: TradingDay, parse: Callable[[Answer], T | None]) -> T | None:
        start = int(Instant.at(since.plus_days(-1), _MIDNIGHT, UTC).utc.timestamp())
        query = [("period1", str(start)), ("period2", _NO_END), ("interval", "1d"), ("events", "div,splits")]
        try:
            return self._gate.read(f"/v8/finance/chart/{in_path(_FUTURES[metal])}", parse, params=query)
        except Rejected as refusal:
            if refusal.code == parsers.UNKNOWN_SYMBOL:
                return None
            raise


def _metal(listing: Listing) -> str | None:
    """XAU for FX:XAUUSD."""
    metal, quote = listing.symbol[:3].upper(), listing.symbol[3:].upper()
    return metal if listing.exchange == "FX" and metal in _FUTURES and quote == USD else None
