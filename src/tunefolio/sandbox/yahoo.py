"""The face of Yahoo Finance: chart, search and quoteSummary, with its cookie and its crumb."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, Instant, TradingDay, calendar_date
from tunefolio.sandbox.abroad import ABROAD, INDIA, market_for, place_of
from tunefolio.sandbox.faults import FaultKind, Faults, FaultyGate, control_routes
from tunefolio.sandbox.limits import Rate, RateLimiter
from tunefolio.sandbox.market import Candle, Market, Sight
from tunefolio.sandbox.universe import Kind, Listed
from tunefolio.sandbox.yahoo_charts import INTERVALS, RANGES, events_of, gathered, start_of
from tunefolio.sandbox.yahoo_words import profile_of

_INDICES = {"^NSEI": "NSE:NIFTY 50", "^NSEBANK": "NSE:NIFTY BANK", "^BSESN": "BSE:SENSEX"}
_TYPES = {Kind.SHARE: "EQUITY", Kind.ETF: "ETF", Kind.INDEX: "INDEX", Kind.RATE: "CURRENCY"}
_TOO_MANY = "Too Many Requests\r\n"


@dataclass(frozen=True)
class Bureau:
    """What Yahoo's routes share."""

    market: Market
    clock: Clock
    limiter: RateLimiter
    rate: Rate

    def find(self, symbol: str) -> Listed | None:
        """By INFY.NS, INFY.BO, ^NSEI, AAPL or USDINR=X; the series is no part of Yahoo's symbols."""
        universe = self.market.universe
        if symbol in ABROAD:
            return ABROAD[symbol]
        if symbol in _INDICES:
            return universe.find(_INDICES[symbol])
        stem, _, suffix = symbol.rpartition(".")
        exchange = {"NS": "NSE", "BO": "BSE"}.get(suffix)
        return next(
            (one for one in universe if one.exchange == exchange and one.company.symbol == stem), None
        )


def yahoo_app(bureau: Bureau, faults: Faults) -> Starlette:
    """The application; faults happen in front of it, its control path excepted."""

    def nothing_to_end() -> None:
        """Yahoo knows no sessions."""

    too_many = ("text/plain", _TOO_MANY.encode())
    bodies = {
        FaultKind.RATE_LIMITED: too_many,
        FaultKind.UNAVAILABLE: ("text/plain", b"Service Unavailable\r\n"),
    }
    app = Starlette(
        routes=[
            Route("/v8/finance/chart/{symbol}", chart),
            Route("/v1/finance/search", search),
            Route("/v10/finance/quoteSummary/{symbol}", quote_summary),
            Route("/v1/test/getcrumb", get_crumb),
            Route("/fc", give_cookie),
            *control_routes(faults, nothing_to_end),
        ],
        middleware=[
            Middleware(
                FaultyGate, faults=faults, bodies=bodies, end_sessions=nothing_to_end, clock=bureau.clock
            )
        ],
    )
    app.state.bureau = bureau
    return app


async def give_cookie(_: Request) -> Response:
    """`fc.yahoo.com`: a 404 whose only worth is its cookie."""
    answer = PlainTextResponse("Not Found", 404)
    answer.set_cookie("A3", secrets.token_urlsafe(24), httponly=True, samesite="lax", path="/")
    return answer


async def get_crumb(request: Request) -> Response:
    """GET /v1/test/getcrumb: plain text, made from the cookie."""
    if not _admits(request):
        return _too_many()
    cookie = request.cookies.get("A3", "")
    if not cookie:
        return _finance_error(401, "Unauthorized", "Invalid Cookie")
    return PlainTextResponse(_crumb(cookie))


async def chart(request: Request) -> Response:
    """GET /v8/finance/chart/{symbol}."""
    if not _admits(request):
        return _too_many()
    bureau = _bureau(request)
    symbol = request.path_params["symbol"]
    listed = bureau.find(symbol)
    if listed is None:
        return _error("chart", 404, "Not Found", "No data found, symbol may be delisted")
    query = request.query_params
    interval, wanted = query.get("interval", "1d"), query.get("range", "")
    if interval not in INTERVALS or (wanted and wanted not in RANGES):
        return _error("chart", 422, "Unprocessable Entity", "Invalid input - interval or range is unknown")
    now = bureau.clock.now()
    try:
        start, end = _bounds(query.get("period1"), query.get("period2"), wanted or "1mo", now)
    except ValueError:
        return _error("chart", 400, "Bad Request", "Invalid input - period1 or period2 is not a number")
    market = market_for(bureau.market, listed)
    candles = list(_candles(market, listed, interval, start, end, now))
    place = place_of(listed) if INTERVALS[interval].is_daily else INDIA["NSE"]
    stamps = [place.stamp(candle.start) for candle in candles]
    result = _result(_meta(market, listed, symbol, interval, wanted, now), candles, stamps)
    if candles and query.get("events") and INTERVALS[interval].is_daily:
        result |= events_of(market, listed, result["timestamp"], now=now)
    return JSONResponse({"chart": {"result": [result], "error": None}})


async def search(request: Request) -> Response:
    """GET /v1/finance/search: companies whose symbol or name contains the text; needs no crumb."""
    if not _admits(request):
        return _too_many()
    text = request.query_params.get("q", "").strip().lower()
    raw = request.query_params.get("quotesCount", "7")
    limit = min(50, int(raw)) if raw.isascii() and raw.isdigit() else 7
    found = [one for one in _bureau(request).market.universe if text and _is_meant(one, text)]
    found.sort(
        key=lambda one: (_symbol(one).lower() != text, one.company.symbol.lower() != text, _symbol(one))
    )
    quotes = [_hit(one, place) for place, one in enumerate(found[:limit])]
    return JSONResponse(
        {"explains": [], "count": len(quotes), "quotes": quotes, "news": [], "nav": [], "lists": []}
    )


async def quote_summary(request: Request) -> Response:
    """GET /v10/finance/quoteSummary/{symbol}: needs cookie and crumb; answers the modules it has."""
    if not _admits(request):
        return _too_many()
    cookie = request.cookies.get("A3", "")
    if not cookie:
        return _finance_error(401, "Unauthorized", "Invalid Cookie")
    if request.query_params.get("crumb") != _crumb(cookie):
        return _finance_error(401, "Unauthorized", "Invalid Crumb")
    bureau = _bureau(request)
    listed = bureau.find(request.path_params["symbol"])
    if listed is None:
        missing = f"Quote not found for symbol: {request.path_params['symbol']}"
        return _error("quoteSummary", 404, "Not Found", missing)
    sight = bureau.market.sight(listed, bureau.clock.now())
    wanted = request.query_params.get("modules", "").split(",")
    result = {name: _MODULES[name](listed, sight) for name in wanted if name in _MODULES}
    if not result:
        return _error("quoteSummary", 400, "Bad Request", "No known module was asked for")
    return JSONResponse({"quoteSummary": {"result": [result], "error": None}})


def _bureau(request: Request) -> Bureau:
    bureau = request.app.state.bureau
    assert isinstance(bureau, Bureau)
    return bureau


def _admits(request: Request) -> bool:
    bureau = _bureau(request)
    return bureau.limiter.admits(request.client.host if request.client else "", "yahoo", bureau.rate)


def _too_many() -> Response:
    return PlainTextResponse(_TOO_MANY, 429)


def _error(face: str, status: int, code: str, description: str) -> Response:
    return JSONResponse({face: {"result": None, "error": {"code": code, "description": description}}}, status)


def _finance_error(status: int, code: str, description: str) -> Response:
    return _error("finance", status, code, description)


def _crumb(cookie: str) -> str:
    return sha256(cookie.encode()).hexdigest()[:11]


def _symbol(listed: Listed) -> str:
    if listed.company.kind is Kind.INDEX:
        return next(symbol for symbol, key in _INDICES.items() if key == listed.key)
    return f"{listed.company.symbol}.{'NS' if listed.exchange == 'NSE' else 'BO'}"


def _is_meant(listed: Listed, text: str) -> bool:
    return text in _symbol(listed).lower() or text in listed.company.name.lower()


def _hit(listed: Listed, place: int) -> dict[str, Any]:
    kind = _TYPES[listed.company.kind]
    profile = profile_of(listed.company)
    words = {} if profile is None else {
        "sector": profile.sector,
        "sectorDisp": profile.sector,
        "industry": profile.industry,
        "industryDisp": profile.industry,
    }  # fmt: skip
    return {
        "exchange": _exchange(listed),
        "shortname": listed.company.name.upper(),
        "quoteType": kind,
        "symbol": _symbol(listed),
        "index": "quotes",
        "score": 20001.0 - place,
        "typeDisp": kind.title() if kind != "ETF" else "ETF",
        "longname": listed.company.name,
        "exchDisp": "NSE" if listed.exchange == "NSE" else "Bombay",
        **words,
        "isYahooFinance": True,
    }


def _exchange(listed: Listed) -> str:
    return place_of(listed).code


def _bounds(period1: str | None, period2: str | None, wanted: str, now: Instant) -> tuple[Instant, Instant]:
    """[start, end) in time. Raises ValueError for periods that are not epochs."""
    if period1 is None:
        return start_of(wanted, now), now
    epoch = Instant.parse("1970-01-01T00:00:00+00:00")
    start, end = int(period1), int(period2) if period2 else None
    try:
        return epoch + timedelta(seconds=start), now if end is None else min(
            now, epoch + timedelta(seconds=end)
        )
    except OverflowError:
        raise ValueError(period1) from None


def _candles(
    market: Market, listed: Listed, interval: str, start: Instant, end: Instant, now: Instant
) -> Iterator[Candle]:
    first, after = TradingDay(calendar_date(start)), TradingDay(calendar_date(end)).plus_days(1)
    rule = INTERVALS[interval]
    fine = (
        market.days(listed, first, after, now) if rule.is_daily else market.minutes(listed, first, after, now)
    )
    yield from (candle for candle in gathered(fine, rule) if start <= candle.start <= end)


def _meta(
    market: Market, listed: Listed, symbol: str, interval: str, wanted: str, now: Instant
) -> dict[str, Any]:  # fmt: skip
    sight = market.sight(listed, now)
    window = market.window(listed, sight.day)
    bounds = [int(moment.utc.timestamp()) for moment in (window.open, window.end)]
    place = place_of(listed)
    period = {
        "timezone": place.short, "start": bounds[0], "end": bounds[1], "gmtoffset": place.offset_seconds
    }  # fmt: skip
    return {
        "currency": place.currency,
        "symbol": symbol,
        "exchangeName": _exchange(listed),
        "fullExchangeName": place.title,
        "instrumentType": _TYPES[listed.company.kind],
        "firstTradeDate": 820467900,
        "regularMarketTime": int(sight.traded.utc.timestamp()),
        "hasPrePostMarketData": False,
        "gmtoffset": place.offset_seconds,
        "timezone": place.short,
        "exchangeTimezoneName": place.zone,
        "regularMarketPrice": sight.last / 100,
        "chartPreviousClose": sight.previous_close / 100,
        "priceHint": 2,
        "currentTradingPeriod": dict.fromkeys(("pre", "regular", "post"), period),
        "dataGranularity": interval,
        "range": wanted,
        "validRanges": [*RANGES],
    }


def _result(meta: dict[str, Any], candles: list[Candle], stamps: list[int]) -> dict[str, Any]:
    """`timestamp` is left out when there are no rows, as Yahoo does."""
    closes = [candle.close / 100 for candle in candles]
    prices: dict[str, list[Any]] = {
        name: [getattr(candle, name) / 100 for candle in candles] for name in ("open", "high", "low")
    }
    quote = {**prices, "close": closes, "volume": [candle.volume for candle in candles]}
    indicators = {"quote": [quote], "adjclose": [{"adjclose": closes}]}
    if not candles:
        return {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
    return {"meta": meta, "timestamp": stamps, "indicators": indicators}


def _asset_profile(listed: Listed, _: Sight) -> dict[str, Any]:
    profile = profile_of(listed.company)
    if profile is None:
        return {"maxAge": 86400}
    return {
        "sector": profile.sector,
        "sectorKey": profile.sector.lower().replace(" ", "-"),
        "industry": profile.industry,
        "industryKey": profile.industry.lower().replace(" & ", "-").replace(" - ", "-").replace(" ", "-"),
        "country": "India",
        "maxAge": 86400,
    }


def _quote_type(listed: Listed, _: Sight) -> dict[str, Any]:
    return {
        "quoteType": _TYPES[listed.company.kind],
        "symbol": _symbol(listed),
        "longName": listed.company.name,
        "exchange": _exchange(listed),
    }


_MODULES: dict[str, Callable[[Listed, Sight], dict[str, Any]]] = {
    "assetProfile": _asset_profile,
    "quoteType": _quote_type,
    "summaryDetail": lambda _, sight: {"previousClose": sight.previous_close / 100},
    "defaultKeyStatistics": lambda _, __: {},
    "financialData": lambda _, sight: {"currentPrice": sight.last / 100},
}
