"""The face of a metal chart: nearest futures of gold and silver in dollars an ounce, in Yahoo's shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, TradingDay, calendar_date
from tunefolio.sandbox.faults import FaultKind
from tunefolio.sandbox.market import Candle, Market
from tunefolio.sandbox.universe import Company, Kind, Listed

_OPENS, _ENDS = time(5), time(22)
_FUTURES = {
    "GC=F": Listed(Company("GC", "", None, "Gold", "", 4_000.0, Kind.RATE, False), "CMX", 0),
    "SI=F": Listed(Company("SI", "", None, "Silver", "", 50.0, Kind.RATE, False), "CMX", 0),
}
_NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
REFUSALS = {FaultKind.RATE_LIMITED: ("text/plain", b"Too Many Requests\r\n")}


def routes(market: Market, clock: Clock) -> list[Route]:
    async def chart(request: Request) -> Response:
        listed = _FUTURES.get(request.path_params["symbol"])
        if listed is None:
            return JSONResponse({"chart": {"result": None, "error": _NOT_FOUND}}, 404)
        start = request.query_params.get("period1", "0")
        since = int(start) if start.isdigit() else 0
        today = TradingDay(calendar_date(clock.now(), UTC))
        first = TradingDay(datetime.fromtimestamp(since, UTC).date())
        rows = [
            (_second(day, _OPENS), candle)
            for day, candle in _days(market.days(listed, first, today.plus_days(1), clock.now()))
        ]
        told = [(stamp, candle) for stamp, candle in rows if stamp >= since]
        return JSONResponse({"chart": {"result": [_result(told, today)], "error": None}})

    return [Route("/v8/finance/chart/{symbol}", chart)]


def _days(candles: Iterator[Candle]) -> Iterator[tuple[TradingDay, Candle]]:
    return ((TradingDay(calendar_date(candle.start)), candle) for candle in candles)


def _second(day: TradingDay, at: time) -> int:
    return int(datetime.combine(day.date, at, UTC).timestamp())


def _result(rows: list[tuple[int, Candle]], today: TradingDay) -> dict[str, Any]:
    regular = {"start": _second(today, _OPENS), "end": _second(today, _ENDS)}
    meta = {
        "currency": "USD",
        "exchangeTimezoneName": "America/New_York",
        "gmtoffset": -18_000,
        "instrumentType": "FUTURE",
        "priceHint": 2,
        "currentTradingPeriod": {"regular": regular},
    }
    if not rows:
        return {"meta": meta, "indicators": {"quote": [{}]}}
    quote = {
        name: [getattr(candle, name) / 100 for _, candle in rows] for name in ("open", "high", "low", "close")
    }
    columns = {**quote, "volume": [1_000 for _ in rows]}
    return {"meta": meta, "timestamp": [stamp for stamp, _ in rows], "indicators": {"quote": [columns]}}
