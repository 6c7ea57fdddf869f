"""The face of Angel One's public list of instruments: the market's shares and indices, some contracts."""

from __future__ import annotations

import json
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tunefolio.core.time import Clock, TradingDay, calendar_date
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Kind, Listed

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def routes(market: Market, clock: Clock) -> list[Route]:
    async def master(_request: Request) -> Response:
        today = TradingDay(calendar_date(clock.now()))
        rows = [_share(listed) for listed in market.universe]
        rows += [_future(listed, expiry) for listed in market.universe if _has_contracts(listed)
                 for expiry in last_tuesdays(today, 3)]  # fmt: skip
        return Response(json.dumps([*rows, _test_symbol()]), media_type="application/json")

    return [Route("/OpenAPI_File/files/OpenAPIScripMaster.json", master, methods=["GET", "HEAD"])]


def last_tuesdays(today: TradingDay, count: int) -> Iterator[TradingDay]:
    """The last Tuesday of this month, if it is not over, and of those that follow."""
    year, month = today.date.year, today.date.month
    while count:
        month, year = (1, year + 1) if month == 12 else (month + 1, year)
        end = TradingDay.parse(f"{year}-{month:02}-01").plus_days(-1)
        day = end.plus_days(-((end.date.weekday() - 1) % 7))
        if day >= today:
            count -= 1
            yield day


def _has_contracts(listed: Listed) -> bool:
    return listed.exchange == "NSE" and listed.company.has_derivatives


def _row(token: object, symbol: str, name: str, exchange: str, **more: str) -> dict[str, str]:
    blank = {
        "expiry": "",
        "strike": "-1.000000",
        "lotsize": "1",
        "instrumenttype": "",
        "tick_size": "5.000000",
    }
    known = {"token": str(token), "symbol": symbol, "name": name, "exch_seg": exchange}
    return {**known, **blank, **more, "freeze_qty": "1", "is_cas_enabled": "0"}


def _share(listed: Listed) -> dict[str, str]:
    company = listed.company
    if company.kind is Kind.INDEX:
        return _row(f"99{listed.exchange_token:06}", company.symbol.title(), company.symbol, listed.exchange,
                    strike="0.000000", instrumenttype="AMXIDX", tick_size="0.000000")  # fmt: skip
    symbol = f"{company.symbol}-{company.series or 'EQ'}" if listed.exchange == "NSE" else company.symbol
    tick = f"{listed.tick:.6f}"
    return _row(listed.exchange_token, symbol, company.symbol, listed.exchange, tick_size=tick)


def _future(listed: Listed, expiry: TradingDay) -> dict[str, str]:
    day, name = expiry.date, listed.company.symbol
    spelt = f"{day.day:02}{_MONTHS[day.month - 1]}"
    return _row(
        listed.exchange_token * 100 + day.month,
        f"{name}{spelt}{day.year % 100}FUT",
        name,
        "NFO",
        expiry=f"{spelt}{day.year}",
        lotsize="500",
        instrumenttype="FUTSTK",
    )


def _test_symbol() -> dict[str, str]:
    """The real list holds such, too."""
    return _row(2, "011NSETEST-EQ", "011NSETEST", "NSE")
