"""The face of Binance: klines, tickers and exchangeInfo of a few coins against USDT and EUR."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, Instant, TradingDay
from tunefolio.sandbox import coins
from tunefolio.sandbox.coins import COINS, Coin
from tunefolio.sandbox.currencies import Rates
from tunefolio.sandbox.faults import FaultKind
from tunefolio.sandbox.market import Candle, Market

_WEIGHT = "X-MBX-USED-WEIGHT-1M"
_QUOTES = ("USDT", "EUR")
_DAY_MILLISECONDS = 86_400_000
REFUSALS = {
    FaultKind.RATE_LIMITED: (
        "application/json",
        b'{"code":-1003,"msg":"Too much request weight used; current limit is 6000 per minute."}',
    ),
    FaultKind.FORBIDDEN: ("text/html", b"<html><head><title>403 Forbidden</title></head></html>"),
}


def routes(market: Market, clock: Clock) -> list[Route]:
    rates = Rates(market, clock)

    async def klines(request: Request) -> Response:
        """Daily candles alone; `limit` of them at most, oldest first, the running one included."""
        query = request.query_params
        found = _pair(query.get("symbol", ""))
        if found is None:
            return _error(-1121, "Invalid symbol.")
        try:
            start = int(query.get("startTime", "0"))
            end = int(query.get("endTime", "9999999999999"))
            limit = min(1000, int(query.get("limit", "500")))
        except ValueError:
            return _error(-1100, "Illegal characters found in a parameter.")
        if query.get("interval") != "1d":
            return _error(-1120, "Invalid interval.")
        first = max(TradingDay(datetime.fromtimestamp(start / 1000, UTC).date()), _FIRST)
        last = min(end, start + (limit + 1) * _DAY_MILLISECONDS, _milliseconds(clock.now()))
        after = TradingDay(datetime.fromtimestamp(max(0, last) / 1000, UTC).date()).plus_days(1)
        rows = [
            _kline(*found, rates, day, candle)
            for day, candle in coins.candles(market, found[0], start=first, end=after, now=clock.now())
        ]
        told = [row for row in rows if start <= row[0] <= end][:limit]
        return JSONResponse(told, headers={_WEIGHT: "2"})

    async def day_tickers(request: Request) -> Response:
        """`symbol` or `symbols`; one unknown symbol spoils the whole call."""
        one, many = request.query_params.get("symbol"), request.query_params.get("symbols")
        try:
            wanted = [one] if one else json.loads(many or "[]")
        except ValueError:
            return _error(-1100, "Illegal characters found in parameter 'symbols'.")
        pairs = [_pair(symbol) for symbol in wanted]
        if not pairs or None in pairs:
            return _error(-1121, "Invalid symbol.")
        rows = [_ticker(market, rates, clock.now(), *pair) for pair in pairs if pair is not None]
        return JSONResponse(rows[0] if one else rows, headers={_WEIGHT: "2"})

    async def exchange_info(_: Request) -> Response:
        symbols = [_described(coin, quote) for coin in COINS.values() for quote in _QUOTES]
        told = {"timezone": "UTC", "serverTime": _milliseconds(clock.now()), "symbols": symbols}
        return JSONResponse(told, headers={_WEIGHT: "20"})

    async def server_time(_: Request) -> Response:
        return JSONResponse({"serverTime": _milliseconds(clock.now())}, headers={_WEIGHT: "1"})

    return [
        Route("/api/v3/klines", klines),
        Route("/api/v3/ticker/24hr", day_tickers),
        Route("/api/v3/exchangeInfo", exchange_info),
        Route("/api/v3/time", server_time),
    ]


_FIRST = TradingDay.parse("2017-08-17")


def _pair(symbol: str) -> tuple[Coin, str] | None:
    for quote in _QUOTES:
        coin = COINS.get(symbol.removesuffix(quote)) if symbol.endswith(quote) else None
        if coin is not None:
            return coin, quote
    return None


def _price(coin: Coin, quote: str, rates: Rates, day: TradingDay, hundredths: int) -> str:
    dollars = coin.dollars(hundredths)
    worth = dollars if quote == "USDT" else dollars * rates.cross("USD", quote, rates.latest(day))
    return f"{worth:.8f}"


def _kline(coin: Coin, quote: str, rates: Rates, day: TradingDay, candle: Candle) -> list[Any]:
    opened = _milliseconds(candle.start)
    prices = [
        _price(coin, quote, rates, day, value)
        for value in (candle.open, candle.high, candle.low, candle.close)
    ]
    volume = f"{candle.volume / 1000:.8f}"
    return [opened, *prices, volume, opened + _DAY_MILLISECONDS - 1, "0", 100, "0", "0", "0"]


def _ticker(market: Market, rates: Rates, now: Instant, coin: Coin, quote: str) -> dict[str, Any]:
    seen = coins.sight(market, coin, now)
    end = _milliseconds(now)
    return {
        "symbol": f"{coin.symbol}{quote}",
        "lastPrice": _price(coin, quote, rates, seen.day, seen.last),
        "prevClosePrice": _price(coin, quote, rates, seen.day, seen.previous_close),
        "openTime": end - _DAY_MILLISECONDS,
        "closeTime": end,
    }


def _described(coin: Coin, quote: str) -> dict[str, Any]:
    return {
        "symbol": f"{coin.symbol}{quote}",
        "status": "TRADING",
        "baseAsset": coin.symbol,
        "quoteAsset": quote,
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.01000000"}],
        "permissionSets": [["SPOT"]],
    }


def _error(code: int, words: str) -> Response:
    return JSONResponse({"code": code, "msg": words}, 400)


def _milliseconds(moment: Instant) -> int:
    return int(moment.utc.timestamp() * 1000)
