"""The face of the ECB's data portal: daily reference rates as csvdata."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, TradingDay
from tunefolio.sandbox.currencies import Rates
from tunefolio.sandbox.market import Market

_KEY = re.compile(r"D\.([A-Z+]*)\.EUR\.SP00\.A\Z")
_HEADING = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE"


def routes(market: Market, clock: Clock) -> list[Route]:
    rates = Rates(market, clock)

    async def data(request: Request) -> Response:
        query, key = request.query_params, _KEY.match(request.path_params["key"])
        if key is None or query.get("format") != "csvdata":
            return PlainTextResponse("Syntax error", 400)
        try:
            first = TradingDay.parse(query.get("startPeriod", "1999-01-04"))
            last = TradingDay.parse(query.get("endPeriod") or rates.today.iso())
        except Misuse:
            return PlainTextResponse("Invalid date", 400)
        wanted = [one for one in key[1].split("+") if one in rates.currencies and one != "EUR"]
        lines = [
            f"EXR.D.{one}.EUR.SP00.A,D,{one},EUR,SP00,A,{day.iso()},{rates.cross('EUR', one, day)}"
            for one in wanted
            for day in rates.days(first, last)
        ]
        if not lines:
            return PlainTextResponse("No results found.", 404)
        return PlainTextResponse("\r\n".join([_HEADING, *lines, ""]), media_type="text/csv")

    return [Route("/service/data/EXR/{key}", data)]
