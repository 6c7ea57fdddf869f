"""The thin call to Yahoo: slow on purpose, and silent for a while after a refusal."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from datetime import time as time_of_day
from typing import Any

from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer, Http, HttpConfig, Judge, Pace, Pairs
from tunefolio.adapters.options import Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.yahoo import histories, parsers
from tunefolio.adapters.prices.yahoo.symbols import in_path, pair_of, symbol_of
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import HistoryClaim, QuoteClaim, RateClaim, SectorClaim

NAME = "yahoo"
_MIDNIGHT = time_of_day(0)
_NO_END = "9999999999"
"""A chart is asked for to its newest day: its prices are divided by splits that an earlier end would hide."""
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
    requests_per_second: float = 1
    rest_seconds: float = 60

    @classmethod
    def of(cls, given: Mapping[str, str]) -> YahooConfig:
        """From options as text; raises Misuse naming the wrong one."""
        options = Options(NAME, given, {*cls.__dataclass_fields__.keys(), "root_url"})
        root = options.url("root_url", "https://localhost") if "root_url" in given else ""
        return cls(
            query1_url=options.url("query1_url", root or cls().query1_url),
            query2_url=options.url("query2_url", root or cls().query2_url),
            cookie_url=options.url("cookie_url", f"{root}/fc" if root else cls().cookie_url),
            timeout_seconds=options.above_zero("timeout_seconds", cls().timeout_seconds),
            requests_per_second=options.above_zero("requests_per_second", cls().requests_per_second),
            rest_seconds=options.above_zero("rest_seconds", cls().rest_seconds),
        )


class Breaker:
    """Open after a refusal: asks nobody until the rest is over; refusals in a row double it, up to 15 min."""

    LONGEST_SECONDS = 900.0

    def __init__(self, rest_seconds: float) -> None:
        self._rest = rest_seconds
        self._refusals = 0
        self._until = 0.0
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raises Retry while the rest lasts."""
        with self._lock:
            left = self._until - time.monotonic()
        if left > 0:
            raise Retry("Yahoo: resting after a refusal", after=timedelta(seconds=left))

    def refused(self, after: timedelta | None) -> timedelta:
        """Begin a rest, at least as long as asked; its length."""
        with self._lock:
            own = min(self._rest * 2.0**self._refusals, self.LONGEST_SECONDS)
            length = max(own, after.total_seconds() if after else 0.0)
            self._refusals += 1
            self._until = time.monotonic() + length
        return timedelta(seconds=length)

    def answered(self) -> None:
        with self._lock:
            self._refusals = 0


@SOURCES.register(NAME)
class Yahoo:
    """Last prices, daily histories (one call a symbol each) and sectors. Raises Retry, Rejected. Thread-safe.

    Options: root_url, or query1_url, query2_url, cookie_url; timeout_seconds, requests_per_second,
    rest_seconds.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:  # noqa: ARG002
        config = YahooConfig.of(options)
        self._pace = Pace(config.requests_per_second, longest_wait_seconds=600)
        self._breaker = Breaker(config.rest_seconds)
        self._query1 = _host(config, config.query1_url, parsers.judged)
        self._query2 = _host(config, config.query2_url, parsers.judged)
        self._cookies = _host(config, config.cookie_url, parsers.judged_cookie)
        self._crumb: tuple[str, str] | None = None
        self._lock = threading.Lock()

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

    def history(self, listing: Listing, since: TradingDay, until: TradingDay) -> HistoryClaim | None:
        """Daily closes as they were paid, dividends and splits; None for what Yahoo does not know."""
        symbol = symbol_of(listing)
        body = None if symbol is None else self._days(symbol, since)
        return None if body is None else histories.history(body, listing, since, until)

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        """Daily closes of the pair; None where Yahoo does not know it."""
        body = self._days(pair_of(base, quote), since)
        return None if body is None else histories.rates(body, base, quote, since, until)

    def close(self) -> None:
        for host in (self._query1, self._query2, self._cookies):
            host.close()

    def _quote(self, listing: Listing, symbol: str) -> QuoteClaim | None:
        path = f"/v8/finance/chart/{in_path(symbol)}"
        try:
            body = self._ask(self._query2, path, [("range", "1d"), ("interval", "1d")])
        except Rejected as refusal:
            if refusal.code == parsers.UNKNOWN_SYMBOL:
                return None
            raise
        return parsers.quote(body, listing)

    def _days(self, symbol: str, since: TradingDay) -> Mapping[str, Any] | None:
        """The daily chart from a day before `since`, whatever the exchange's zone, until now."""
        start = int(Instant.at(since.plus_days(-1), _MIDNIGHT, UTC).utc.timestamp())
        query = [("period1", str(start)), ("period2", _NO_END), ("interval", "1d"), ("events", "div,splits")]
        try:
            return self._ask(self._query2, f"/v8/finance/chart/{in_path(symbol)}", query)
        except Rejected as refusal:
            if refusal.code == parsers.UNKNOWN_SYMBOL:
                return None
            raise

    def _profile(self, symbol: str) -> SectorClaim | None:
        """One more try with a new crumb when the old one has run out. Refused again it is Yahoo that is shut,
        and nothing has been learned about the symbol."""
        for _ in range(2):
            try:
                return self._profile_with(symbol, *self._leave())
            except Rejected as refusal:
                if refusal.code == parsers.UNKNOWN_SYMBOL:
                    return None
                if refusal.code != parsers.BAD_CRUMB:
                    raise
            with self._lock:
                self._crumb = None
        raise Retry("Yahoo: takes none of its own crumbs", after=self._breaker.refused(None))

    def _profile_with(self, symbol: str, crumb: str, cookie: str) -> SectorClaim | None:
        query = [("modules", "assetProfile"), ("crumb", crumb)]
        path = f"/v10/finance/quoteSummary/{in_path(symbol)}"
        return parsers.profile_sector(self._ask(self._query2, path, query, {"Cookie": cookie}))

    def _leave(self) -> tuple[str, str]:
        """A crumb and the cookie it belongs to, kept until refused."""
        with self._lock:
            if self._crumb is None:
                cookie = self._cookie()
                answer = self._call(self._query1, "/v1/test/getcrumb", (), {"Cookie": cookie})
                self._crumb = (parsers.crumb(answer.content), cookie)
            return self._crumb

    def _cookie(self) -> str:
        """Any page of the cookie host sets it, its 404 included."""
        cookies = self._call(self._cookies, "", (), None).cookies
        if not cookies:
            raise Retry("Yahoo: gave no cookie")
        return "; ".join(cookies)

    def _ask(
        self, host: Http, path: str, query: Pairs, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        return parsers.document(self._call(host, path, query, headers))

    def _call(self, host: Http, path: str, query: Pairs, headers: Mapping[str, str] | None) -> Answer:
        self._breaker.check()
        try:
            answer = host.get(path, params=query, headers=headers, pace=self._pace)
        except parsers.TooOften as refusal:
            raise Retry(refusal.reason, after=self._breaker.refused(refusal.after)) from None
        self._breaker.answered()
        return answer


def _host(config: YahooConfig, url: str, judge: Judge) -> Http:
    return Http(HttpConfig("Yahoo", url, config.timeout_seconds, headers={"User-Agent": _AGENT}), judge)
