"""The face of BSE: the daily file of its download page, and the list behind its page of scrips."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, TradingDay
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Kind
from tunefolio.sandbox.world.nse import UDIFF_SINCE
from tunefolio.sandbox.world.papers import Whims, day_from, handed_out, not_there, told_by
from tunefolio.sandbox.world.udiff import udiff


def routes(market: Market, clock: Clock, whims: Whims = Whims()) -> list[Route]:  # noqa: B008  frozen
    async def day_file(request: Request) -> Response:
        now, day = clock.now(), day_from(request.path_params["day"])
        told: TradingDay | None = None if day is None else told_by(market, day, now, whims)
        if told is None or told < UDIFF_SINCE:
            return not_there()
        content = udiff(market, "BSE", told, now).encode()
        return handed_out(request, content, "text/csv", market.sessions.regular(told).final)

    async def scrips(_: Request) -> Response:
        listed = (one for one in market.universe if one.exchange == "BSE" and one.company.kind in _SCRIPS)
        return JSONResponse(
            [
                {
                    "SCRIP_CD": str(one.exchange_token), "Scrip_Name": one.company.name, "Status": "Active",
                    "GROUP": "A", "FACE_VALUE": "1.00", "ISIN_NUMBER": one.company.isin or "NA",
                    "INDUSTRY": "", "scrip_id": one.company.symbol, "Segment": "Equity", "NSURL": "",
                    "Issuer_Name": one.company.name, "Mktcap": "",
                }
                for one in listed
            ]
        )  # fmt: skip

    return [
        Route("/download/BhavCopy/Equity/BhavCopy_BSE_CM_0_0_0_{day}_F_0000.CSV", day_file),
        Route("/BseIndiaAPI/api/ListofScripData/w", scrips),
    ]


_SCRIPS = (Kind.SHARE, Kind.ETF)
