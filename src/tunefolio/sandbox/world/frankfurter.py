"""The face of Frankfurter: v1 by day, latest and range; v2 by range and pair. It blends nothing here."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, TradingDay
from tunefolio.sandbox.currencies import Rates
from tunefolio.sandbox.market import Market

_NOT_FOUND = {"message": "not found"}


def routes(market: Market, clock: Clock) -> list[Route]:
    rates = Rates(market, clock)

    async def quoted(request: Request) -> Response:
        """`latest`, a day, or `day..day`."""
        base = request.query_params.get("base", "EUR").upper()
        wanted = request.query_params.get("symbols", "").upper().split(",")
        span = _span(request.path_params["span"], rates)
        quotes = [one for one in wanted if one] or [one for one in rates.currencies if one != base]
        if base not in rates.currencies or span is None or not any(one in rates.currencies for one in quotes):
            return JSONResponse(_NOT_FOUND, 404)
        first, last, is_range = span
        days = rates.days(first, last) or ([rates.latest(first)] if first <= last else [])
        rows = {day.iso(): _row(rates, base, quotes, day) for day in days}
        if is_range:
            told = {"amount": 1.0, "base": base, "start_date": min(rows), "end_date": max(rows)}
            return JSONResponse({**told, "rates": rows})
        day = max(rows)
        return JSONResponse({"amount": 1.0, "base": base, "date": day, "rates": rows[day]})

    async def pairs(request: Request) -> Response:
        """v2: one row for each day and currency."""
        query = request.query_params
        base = query.get("base", "EUR").upper()
        quotes = [one for one in query.get("quotes", "").upper().split(",") if one] or list(rates.currencies)
        if {base, *quotes} - set(rates.currencies):
            return JSONResponse({"status": 422, "message": "invalid currency"}, 422)
        try:
            one = query.get("date") or rates.today.iso()
            first = TradingDay(date.fromisoformat(query.get("from") or one))
            last = TradingDay(date.fromisoformat(query.get("to") or one))
        except ValueError:
            return JSONResponse({"status": 422, "message": "invalid date"}, 422)
        rows = [
            {"date": day.iso(), "base": base, "quote": quote, "rate": rates.cross(base, quote, day)}
            for day in rates.days(first, last)
            for quote in quotes
        ]
        return JSONResponse(rows)

    return [Route("/v1/{span}", quoted), Route("/v2/rates", pairs)]


def _row(rates: Rates, base: str, quotes: list[str], day: TradingDay) -> dict[str, Any]:
    return {
        quote: rates.cross(base, quote, day)
        for quote in quotes
        if quote in rates.currencies and quote != base
    }


def _span(text: str, rates: Rates) -> tuple[TradingDay, TradingDay, bool] | None:
    """First and last day, and whether a range was asked for."""
    if text == "latest":
        return rates.latest(rates.today), rates.today, False
    first, _, last = text.partition("..")
    try:
        start = TradingDay(date.fromisoformat(first))
        end = TradingDay(date.fromisoformat(last)) if last else start
    except ValueError:
        return None
    return start, end, ".." in text
