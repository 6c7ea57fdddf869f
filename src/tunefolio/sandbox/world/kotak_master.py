"""The face of Kotak Neo's lists of instruments: the addresses of the day's files, and the files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, TradingDay, calendar_date
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Kind, Listed
from tunefolio.sandbox.world.angel_master import last_tuesdays

_SEGMENTS = {
    "nse_cm": "transformed-v1/nse_cm-v1.csv",
    "bse_cm": "transformed-v1/bse_cm-v1.csv",
    "nse_fo": "transformed/nse_fo.csv",
}
_SINCE_1980 = 315_513_000
"""Seconds from 1970 to midnight of 1 January 1980 in India: days in the files count from there."""
_COLUMNS = (
    "pSymbol", "pGroup", "pExchSeg", "pInstType", "pSymbolName", "pTrdSymbol", "pOptionType", "pISIN",
    "pDesc", "dTickSize", "lLotSize", "lExpiryDate", "lPrecision", "dStrikePrice;", "pCurrectionTime",
)  # fmt: skip


def routes(market: Market, clock: Clock) -> list[Route]:
    async def paths(request: Request) -> Response:
        if not request.headers.get("authorization"):
            return JSONResponse({"error": [{"code": "401", "message": "Invalid credentials"}]}, 401)
        root = str(request.url).partition("/script-details")[0]
        today = calendar_date(clock.now()).isoformat()
        files = [f"{root}/wso2-scripmaster/v1/prod/{today}/{name}" for name in _SEGMENTS.values()]
        return JSONResponse({"baseFolder": f"{root}/wso2-scripmaster/v1/prod", "filesPaths": files})

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        segment = next((one for one, path in _SEGMENTS.items() if path == name), None)
        if segment is None:
            return PlainTextResponse("not found", 404)
        return PlainTextResponse(_table(_rows(market, segment, clock)), media_type="text/csv")

    return [
        Route("/script-details/1.0/masterscrip/file-paths", paths, methods=["GET"]),
        Route("/wso2-scripmaster/v1/prod/{day}/{name:path}", file, methods=["GET", "HEAD"]),
    ]


def _rows(market: Market, segment: str, clock: Clock) -> Iterable[tuple[object, ...]]:
    if segment == "nse_fo":
        today = TradingDay(calendar_date(clock.now()))
        expiries = list(last_tuesdays(today, 3))
        named = (one for one in market.universe if one.exchange == "NSE" and one.company.has_derivatives)
        return [_future(listed, expiry) for listed in named for expiry in expiries]
    exchange = segment[:3].upper()
    return [_share(one, segment) for one in market.universe
            if one.exchange == exchange and one.company.kind is not Kind.INDEX]  # fmt: skip


def _share(listed: Listed, segment: str) -> tuple[object, ...]:
    company = listed.company
    group = company.series or "EQ" if listed.exchange == "NSE" else "A"
    symbol = f"{company.symbol}-{group}" if listed.exchange == "NSE" else company.symbol
    return (
        listed.exchange_token, group, segment, "", company.symbol, symbol, "", company.isin or "",
        company.name.upper(), listed.tick, 1, -1, 2, -1, float(_SINCE_1980),
    )  # fmt: skip


def _future(listed: Listed, expiry: TradingDay) -> tuple[object, ...]:
    day, name = expiry.date, listed.company.symbol
    symbol = f"{name}{day:%y}{day:%b}FUT".upper()
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=5.5)
    seconds = int(midnight.timestamp()) - _SINCE_1980
    return (
        listed.exchange_token * 100 + day.month, "", "nse_fo", "FUTSTK", name, symbol, "XX", "", "",
        5, 500, seconds, 2, -1, float(_SINCE_1980),
    )  # fmt: skip


def _table(rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    table.writerows(rows)
    return text.getvalue()
