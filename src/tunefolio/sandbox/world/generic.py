"""The face of somebody's own source: the same prices as a table with decimal commas, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, TradingDay, calendar_date
from tunefolio.sandbox.currencies import Rates
from tunefolio.sandbox.market import Candle, Market


def routes(market: Market, clock: Clock) -> list[Route]:
    rates = Rates(market, clock)

    def candles(request: Request) -> Iterator[tuple[TradingDay, Candle]] | None:
        listed = market.universe.find(f"{request.path_params['exchange']}:{request.path_params['symbol']}")
        span = _span(request)
        if listed is None or span is None:
            return None
        found = market.days(listed, span[0], span[1].plus_days(1), clock.now())
        return ((TradingDay(calendar_date(candle.start)), candle) for candle in found)

    async def table(request: Request) -> Response:
        rows = candles(request)
        if rows is None:
            return PlainTextResponse("unknown", 404)
        lines = [
            ";".join([
                day.date.strftime("%d.%m.%Y"),
                *(_comma(value) for value in (one.open, one.high, one.low, one.close)), str(one.volume),
            ])
            for day, one in rows
        ]  # fmt: skip
        heading = "Date;Open;High;Low;Close;Volume"
        return PlainTextResponse("\n".join([heading, *lines, ""]), media_type="text/csv")

    async def tree(request: Request) -> Response:
        rows = candles(request)
        if rows is None:
            return JSONResponse({"error": "unknown"}, 404)
        told = [{"d": day.iso(), "c": one.close / 100, "v": one.volume} for day, one in rows]
        return JSONResponse({"data": {"rows": told}})

    async def last(request: Request) -> Response:
        listed = market.universe.find(f"{request.path_params['exchange']}:{request.path_params['symbol']}")
        if listed is None:
            return JSONResponse({"error": "unknown"}, 404)
        sight = market.sight(listed, clock.now())
        return JSONResponse({"price": sight.last / 100, "at": sight.traded.iso()})

    async def pair(request: Request) -> Response:
        """Rows under their days."""
        base, quote = request.path_params["base"], request.path_params["quote"]
        span = _span(request)
        if not {base, quote} <= set(rates.currencies) or span is None:
            return JSONResponse({"error": "unknown"}, 404)
        return JSONResponse(
            {day.iso(): {"4. close": rates.cross(base, quote, day)} for day in rates.days(*span)}
        )

    return [
        Route("/table/{exchange}/{symbol}", table),
        Route("/tree/{exchange}/{symbol}", tree),
        Route("/last/{exchange}/{symbol}", last),
        Route("/pair/{base}/{quote}", pair),
    ]


def _span(request: Request) -> tuple[TradingDay, TradingDay] | None:
    """First and last day."""
    query = request.query_params
    try:
        return TradingDay.parse(query.get("from", "")), TradingDay.parse(query.get("to", ""))
    except Misuse:
        return None


def _comma(hundredths: int) -> str:
    """1.234,56"""
    text = f"{hundredths / 100:,.2f}"
    return text.translate(str.maketrans(",.", ".,"))
