"""The thin call to Binance: paged by a thousand candles, and slower as its minute fills."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from datetime import time as time_of_day
from typing import TypeVar

from tunefolio.adapters.answers import date_of, ordered
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer, Pairs
from tunefolio.adapters.options import POLITE, Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.binance import parsers
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, SystemClock, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import BarsClaim, MasterRow, QuoteClaim

NAME = "binance"
_PAGE = 1000
_BATCH = 20
"""More symbols in one call weigh twenty times as much."""
_MIDNIGHT = time_of_day(0)
_DOLLARS = ("USDT", "USDC", "FDUSD", "TUSD")
"""Tokens that mean to be worth a dollar; none of them is one."""

T = TypeVar("T")


@SOURCES.register(NAME)
class Binance:
    """CRYPTO:BTC as the pair BTC<quote_asset>. Raises Retry, Rejected. Thread-safe.

    A dollar token is told as told_in, one for one: USD unless the operator says otherwise. That is an
    assumption, and the only place where TuneFolio makes it.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        known = {"root_url", "quote_asset", "told_in", "weight_per_minute", *POLITE}
        given = Options(NAME, options, known)
        self._asset = given.text("quote_asset", "USDT").upper()
        self._currency = _told_in(given, self._asset)
        self._most_weight = given.whole("weight_per_minute", 3000) or 3000
        self._shared = gates.shared
        self._gate = gates.gate(
            NAME,
            given.url("root_url", "https://data-api.binance.vision"),
            given.manners(5, burst=5),
            judge=parsers.judged,
            timeout_seconds=given.above_zero("timeout_seconds", 15),
        )

    def serves(self, listing: Listing) -> bool:
        return self._symbol(listing) is not None

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        """Whole days of UTC: the running one is no bar yet."""
        symbol = self._symbol(listing)
        if symbol is None:
            return None
        if since >= until:
            return BarsClaim((), self._currency)
        try:
            found = list(self._candles(symbol, since, until))
        except Rejected as refusal:
            if refusal.code == parsers.UNKNOWN_SYMBOL:
                return None
            raise
        return BarsClaim(ordered(found, since, until), self._currency)

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        """Twenty to a call; one unknown symbol spoils its call, whose others are then asked by halves."""
        wanted = {symbol: one for one in listings if (symbol := self._symbol(one)) is not None}
        found: dict[Listing, QuoteClaim] = {}
        symbols = sorted(wanted)
        for start in range(0, len(symbols), _BATCH):
            try:
                told = self._tickers(symbols[start : start + _BATCH])
            except Retry:
                if found:
                    return found
                raise
            for symbol, one in told.items():
                if symbol in wanted:
                    found[wanted[symbol]] = parsers.claim_of(wanted[symbol], one, self._currency)
        return found

    def instruments(self) -> Iterator[MasterRow]:
        """Every coin against quote_asset."""
        yield from self._read(
            "/api/v3/exchangeInfo",
            lambda answer: list(parsers.symbols(answer, self._asset, self._currency)),
            (),
        )

    def close(self) -> None:
        self._gate.close()

    def _symbol(self, listing: Listing) -> str | None:
        """`BTCUSDT`; None for what is no coin, and for the asset itself."""
        coin = listing.symbol.upper()
        is_coin = listing.exchange == "CRYPTO" and coin.isascii() and coin.isalnum() and coin != self._asset
        return f"{coin}{self._asset}" if is_coin else None

    def _candles(self, symbol: str, since: TradingDay, until: TradingDay) -> Iterator[Bar]:
        """Page by page, oldest first; a candle counts once both its clock and ours say that it is over."""
        start, end = _milliseconds(since), _milliseconds(until) - 1
        while start <= end:
            query = [
                ("symbol", symbol), ("interval", "1d"), ("startTime", str(start)), ("endTime", str(end)),
                ("limit", str(_PAGE)),
            ]  # fmt: skip
            page, now = self._read("/api/v3/klines", _with_date, query)
            yield from (bar for ends, bar in page if ends < now)
            if len(page) < _PAGE:
                return
            newest = max(ends for ends, _ in page)
            following = int(newest.utc.timestamp() * 1000) + 1
            if following <= start:
                raise Rejected(f"{parsers.WHO}: a page that does not go on", code="wrong_type")
            start = following

    def _tickers(self, symbols: Sequence[str]) -> Mapping[str, parsers.Ticker]:
        try:
            return self._read("/api/v3/ticker/24hr", parsers.tickers, [("symbols", _listed(symbols))])
        except Rejected as refusal:
            if refusal.code != parsers.UNKNOWN_SYMBOL:
                raise
        if len(symbols) == 1:
            return {}
        middle = len(symbols) // 2
        return {**self._tickers(symbols[:middle]), **self._tickers(symbols[middle:])}

    def _read(self, path: str, parse: Callable[[Answer], T], query: Pairs) -> T:
        """Waits for the next minute where this one's weight is spent, whichever process spent it."""

        def heeding(answer: Answer) -> T:
            spent = parsers.weight(answer)
            if spent >= self._most_weight:
                self._shared.put(f"weight:{NAME}", str(time.time()).encode(), timedelta(seconds=60))
            return parse(answer)

        if self._shared.get(f"weight:{NAME}") is not None:
            raise Retry(f"{parsers.WHO}: this minute's weight is spent", after=timedelta(seconds=60))
        return self._gate.read(path, heeding, params=query)


def _with_date(answer: Answer) -> tuple[list[tuple[Instant, Bar]], Instant]:
    """The candles, and now: by its clock or ours, whichever is behind: neither can end a day early."""
    ours = SystemClock().now()
    theirs = date_of(answer)
    return parsers.klines(answer), ours if theirs is None else min(ours, theirs)


def _told_in(given: Options, asset: str) -> Currency:
    """The asset itself where it is a currency of a country, USD for a dollar token."""
    if not (asset.isascii() and asset.isalnum()):
        raise Misuse(f"{NAME}.quote_asset", f"{asset!r} is no asset", cure="Write USDT, USDC, EUR, …")
    default = "USD" if asset in _DOLLARS else asset
    if len(default) != 3 and not given.text("told_in"):
        raise Misuse(f"{NAME}.told_in", f"{asset} is no currency", cure="Write the currency it stands for")
    return given.currency("told_in", default)


def _listed(symbols: Iterable[str]) -> str:
    return "[" + ",".join(f'"{symbol}"' for symbol in symbols) + "]"


def _milliseconds(day: TradingDay) -> int:
    return int(Instant.at(day, _MIDNIGHT, UTC).utc.timestamp()) * 1000
