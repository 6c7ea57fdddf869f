"""The face of FBIL: rupees for a dollar, a euro, a pound and a hundred yen, of working days."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, TradingDay
from tunefolio.sandbox.currencies import Rates
from tunefolio.sandbox.market import Market

_PUBLISHED = ("USD", "GBP", "EUR", "JPY")


def routes(market: Market, clock: Clock) -> list[Route]:
    rates = Rates(market, clock)

    async def filtered(request: Request) -> Response:
        """Newest first, as the real one."""
        try:
            first = TradingDay.parse(request.query_params.get("fromDate", ""))
            last = TradingDay.parse(request.query_params.get("toDate", ""))
        except Misuse:
            return JSONResponse({"message": "invalid date"}, 400)
        rows = [
            {
                "processRunDate": f"{day.iso()} 00:00:00",
                "subProdName": f"INR / {rates.units(code)} {code}",
                "displayTime": f"{day.iso()} 13:00:00",
                "rate": round(rates.rupees(code, day), 4),
                "comments": "",
            }
            for day in reversed(rates.days(first, last))
            for code in _PUBLISHED
        ]
        return JSONResponse(rows)

    return [Route("/wasdm/refrates/fetchfiltered", filtered)]
