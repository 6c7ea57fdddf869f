"""The thin call to Yahoo: slow on purpose; unofficial, and for personal use only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from datetime import time as time_of_day
from typing import Any, TypeVar

from tunefolio.adapters.answers import date_of
from tunefolio.adapters.gates import Gate, Gates, Manners
from tunefolio.adapters.http import Answer, Judge, Pairs
from tunefolio.adapters.options import POLITE, Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.yahoo import histories, parsers
from tunefolio.adapters.prices.yahoo.symbols import in_path, pair_of, symbol_of
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, SystemClock, TradingDay
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import UNSAID, BarsClaim, QuoteClaim, RateClaim, SectorClaim

NAME = "yahoo"
_MIDNIGHT = time_of_day(0)
_NO_END = "9999999999"
"""A chart is asked for to its newest day: its prices are divided by splits that an earlier end would hide."""
T = TypeVar("T")
_AGENT = "Mozilla/5.0 (compatible; TuneFolio)"


@dataclass(frozen=True, slots=True)
class YahooConfig:
    """Yahoo's hosts, and how politely they are asked. root_url, when given, stands for all three.

    Under one root the cookie host is its path /fc.
    """

    query1_url: str = "https://query1.finance.yahoo.com"
    query2_url: str = "https://query2.finance.yahoo.com"
    cookie_url: str = "https://fc.yahoo.com"
    timeout_seconds: float = 15
    manners: Manners = field(default_factory=Manners)

    @classmethod
    def of(cls, given: Mapping[str, str]) -> YahooConfig:
        """From options as text; raises Misuse naming the wrong one."""
        options = Options(NAME, given, {"root_url", "query1_url", "query2_url", "cookie_url", *POLITE})
        root = options.url("root_url", "https://localhost") if "root_url" in given else ""
        return cls(
            query1_url=options.url("query1_url", root or cls().query1_url),
            query2_url=options.url("query2_url", root or cls().query2_url),
            cookie_url=options.url("cookie_url", f"{root}/fc" if root else cls().cookie_url),
            timeout_seconds=options.above_zero("timeout_seconds", cls().timeout_seconds),
            manners=options.manners(1),
        )


@SOURCES.register(NAME)
class Yahoo:
    """Last prices, daily bars (a call for each symbol), rates, sectors. Raises Retry, Rejected. Thread-safe.

    Options: root_url, or query1_url, query2_url, cookie_url; timeout_seconds, requests_per_second,
    requests_per_day, rest_seconds.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        config = YahooConfig.of(options)
        self._query1 = _host(gates, config, config.query1_url, parsers.judged)
        self._query2 = _host(gates, config, config.query2_url, parsers.judged)
        self._query2_again = _host(gates, config, config.query2_url, parsers.judged_again)
        self._cookies = _host(gates, config, config.cookie_url, parsers.judged_cookie)
        self._crumb: tuple[str, str] | None = None
        self._lock = threading.Lock()

    def serves(self, listing: Listing) -> bool:
        return symbol_of(listing) is not None

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        """What Yahoo knows. Refused in the middle it answers what it has; at once, it raises Retry."""
        found: dict[Listing, QuoteClaim] = {}
        for listing in dict.fromkeys(listings):
            symbol = symbol_of(listing)
            if symbol is None:
                continue
            try:
                claim = self._quote(listing, symbol)
            except Retry:
                if found:
                    return found
                raise
            if claim is not None:
                found[listing] = claim
        return found

    def sector(self, listing: Listing) -> SectorClaim | None:
        """By search, which needs no cookie; else by the profile, which does."""
        symbol = symbol_of(listing)
        if symbol is None:
            return None
        query = [("q", symbol), ("quotesCount", "6"), ("newsCount", "0")]
        found = parsers.found_sector(self._ask(self._query2, "/v1/finance/search", query), symbol)
        return found or self._profile(symbol)

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        """Daily bars as they were paid, dividends and splits; None for what Yahoo does not know."""
        symbol = symbol_of(listing)
        if symbol is None:
            return None
        if since >= until:
            return BarsClaim((), UNSAID)

        def parsed(answer: Answer) -> BarsClaim | None:
            ours, theirs = SystemClock().now(), date_of(answer)
            now = ours if theirs is None else min(ours, theirs)
            body = parsers.document(answer)
            return histories.bars(body, listing, since=since, until=until, now=now)

        return self._days(symbol, since, parsed)

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        """Daily closes of the pair; None where Yahoo does not know it."""
        if since >= until:
            return ()
        return self._days(
            pair_of(base, quote),
            since,
            lambda answer: histories.rates(parsers.document(answer), base, quote, since, until),
        )

    def close(self) -> None:
        for host in (self._query1, self._query2, self._query2_again, self._cookies):
            host.close()

    def _quote(self, listing: Listing, symbol: str) -> QuoteClaim | None:
        path = f"/v8/finance/chart/{in_path(symbol)}"
        query = [("range", "1d"), ("interval", "1d")]
        try:
            return self._query2.read(
                path, lambda answer: parsers.quote(parsers.document(answer), listing), params=query
            )
        except Rejected as refusal:
            if refusal.code == parsers.UNKNOWN_SYMBOL:
                return None
            raise

    def _days(self, symbol: str, since: TradingDay, parse: Callable[[Answer], T | None]) -> T | None:
        """The daily chart from a day before `since`, whatever the exchange's zone, until now."""
        start = int(Instant.at(since.plus_days(-1), _MIDNIGHT, UTC).utc.timestamp())
        query = [("period1", str(start)), ("period2", _NO_END), ("interval", "1d"), ("events", "div,splits")]
        try:
            return self._query2.read(f"/v8/finance/chart/{in_path(symbol)}", parse, params=query)
        except Rejected as refusal:
            if refusal.code == parsers.UNKNOWN_SYMBOL:
                return None
            raise

    def _profile(self, symbol: str) -> SectorClaim | None:
        """One more try with a new crumb when the old one has run out. Refused again it is Yahoo that is shut,
        and nothing has been learned about the symbol."""
        for host in (self._query2, self._query2_again):
            try:
                return self._profile_with(host, symbol, *self._leave())
            except Rejected as refusal:
                if refusal.code == parsers.UNKNOWN_SYMBOL:
                    return None
                if refusal.code != parsers.BAD_CRUMB:
                    raise
            with self._lock:
                self._crumb = None
        return None

    def _profile_with(self, host: Gate, symbol: str, crumb: str, cookie: str) -> SectorClaim | None:
        query = [("modules", "assetProfile"), ("crumb", crumb)]
        path = f"/v10/finance/quoteSummary/{in_path(symbol)}"
        return parsers.profile_sector(self._ask(host, path, query, {"Cookie": cookie}))

    def _leave(self) -> tuple[str, str]:
        """A crumb and the cookie it belongs to, kept until refused."""
        with self._lock:
            if self._crumb is None:
                cookie = self._cookie()
                crumb = self._query1.read(
                    "/v1/test/getcrumb",
                    lambda answer: parsers.crumb(answer.content),
                    headers={"Cookie": cookie},
                )
                self._crumb = (crumb, cookie)
            return self._crumb

    def _cookie(self) -> str:
        """Any page of the cookie host sets it, its 404 included."""
        cookies = self._cookies.get("").cookies
        if not cookies:
            raise Retry("Yahoo: gave no cookie")
        return "; ".join(cookies)

    def _ask(
        self, host: Gate, path: str, query: Pairs, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        return host.read(path, parsers.document, params=query, headers=headers)


def _host(gates: Gates, config: YahooConfig, url: str, judge: Judge) -> Gate:
    return gates.gate(
        NAME,
        url,
        config.manners,
        judge=judge,
        headers={"User-Agent": _AGENT},
        timeout_seconds=config.timeout_seconds,
    )
