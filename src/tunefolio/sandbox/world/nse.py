"""The face of NSE: the archives' files and the site's answers under one root. The site wants its cookie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from secrets import token_urlsafe
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, TradingDay
from tunefolio.sandbox import corporate
from tunefolio.sandbox.market import Market, Sight
from tunefolio.sandbox.universe import Kind, Listed
from tunefolio.sandbox.world.derivatives import derivatives
from tunefolio.sandbox.world.papers import (
    MONTHS,
    Whims,
    clock_time,
    day_from,
    handed_out,
    not_there,
    told_by,
    written,
    zipped,
)
from tunefolio.sandbox.world.udiff import old, udiff

UDIFF_SINCE = TradingDay(date(2024, 7, 8))
_COOKIE = "nsit"
_CHANGES = (
    ("Eternal Limited", "ZOMATO", "ETERNAL", "09-APR-2025"),
    ("Tata Motors Passenger Vehicles Limited", "TATAMOTORS", "TMPV", "24-OCT-2025"),
    ("LTM Limited, formerly LTIMindtree", "LTIM", "LTM", "02-FEB-2026"),
)
_LISTED_ON = "01-JAN-2008"


def routes(market: Market, clock: Clock, whims: Whims = Whims()) -> list[Route]:  # noqa: B008  frozen
    """Files are out an hour and a half after the close; whims: what NSE sometimes does with them."""
    archive = _Archive(market, clock, whims)
    site = _Site(market, clock)
    lists = "/content/equities"
    return [
        Route("/content/cm/BhavCopy_NSE_CM_0_0_0_{day}_F_0000.csv.zip", archive.udiff),
        Route("/content/fo/BhavCopy_NSE_FO_0_0_0_{day}_F_0000.csv.zip", archive.derivatives),
        Route("/content/historical/EQUITIES/{year}/{month}/{name}", archive.old),
        Route(f"{lists}/EQUITY_L.csv", archive.list_of(_equities)),
        Route("/emerge/corporates/content/SME_EQUITY_L.csv", archive.list_of(_small_companies)),
        Route(f"{lists}/eq_etfseclist.csv", archive.list_of(_funds)),
        Route(f"{lists}/symbolchange.csv", archive.list_of(_changes)),
        Route("/api/corporates-corporateActions", site.actions),
        Route("/api/NextApi/apiClient/GetQuoteApi", site.security),
        Route("/", site.first_page),
    ]


class _Archive:
    """Files by day, and the newest lists."""

    def __init__(self, market: Market, clock: Clock, whims: Whims) -> None:
        self._market = market
        self._clock = clock
        self._whims = whims

    async def udiff(self, request: Request) -> Response:
        day = day_from(request.path_params["day"])
        if day is None or day < UDIFF_SINCE:
            return not_there()
        return self._day_file(request, day, f"BhavCopy_NSE_CM_0_0_0_{day.date:%Y%m%d}_F_0000.csv", udiff)

    async def derivatives(self, request: Request) -> Response:
        day = day_from(request.path_params["day"])
        if day is None or day < UDIFF_SINCE:
            return not_there()
        name = f"BhavCopy_NSE_FO_0_0_0_{day.date:%Y%m%d}_F_0000.csv"
        return self._day_file(request, day, name, derivatives)

    async def old(self, request: Request) -> Response:
        """cm05JUL2024bhav.csv.zip, in the folder of its year and month."""
        name, year, month = (request.path_params[part] for part in ("name", "year", "month"))
        months = [one.upper() for one in MONTHS]
        if month not in months or name[4:] != f"{month}{year}bhav.csv.zip":
            return not_there()
        day = day_from(f"{year}{months.index(month) + 1:02d}{name[2:4]}")
        if day is None or day >= UDIFF_SINCE:
            return not_there()
        return self._day_file(request, day, name.removesuffix(".zip"), old)

    def list_of(self, table: Callable[[Market], str]) -> Callable[[Request], Any]:
        """A list that is printed each midnight, whether it has changed or not."""

        async def handed(request: Request) -> Response:
            today = self._market.sessions.current(self._clock.now())
            modified = self._market.sessions.regular(today).open - timedelta(hours=4)
            return handed_out(request, table(self._market).encode(), "text/csv", modified)

        return handed

    def _day_file(self, request: Request, day: TradingDay, name: str, table: Callable[..., str]) -> Response:
        now = self._clock.now()
        told = told_by(self._market, day, now, self._whims)
        if told is None or told.date.year < _FIRST_YEAR:
            return not_there()
        content = zipped(name, table(self._market, "NSE", told, now))
        return handed_out(request, content, "application/zip", self._market.sessions.regular(told).final)


_FIRST_YEAR = 2010
"""Earlier the simulated walks have hardly begun."""


class _Site:
    """Answers in JSON, for whoever has been on the first page."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self._market = market
        self._clock = clock

    async def first_page(self, _: Request) -> Response:
        page = HTMLResponse("<!DOCTYPE html><html><title>NSE (rehearsal)</title></html>")
        page.set_cookie(_COOKIE, token_urlsafe(16), path="/")
        return page

    async def actions(self, request: Request) -> Response:
        """from_date and to_date, both included, day first."""
        if not _is_guest(request):
            return _stranger()
        span = [_day_first(request.query_params.get(name, "")) for name in ("from_date", "to_date")]
        if span[0] is None or span[1] is None:
            return JSONResponse([])
        return JSONResponse(list(_announced(self._market, span[0], span[1])))

    async def security(self, request: Request) -> Response:
        if not _is_guest(request):
            return _stranger()
        query = request.query_params
        wanted = (query.get("symbol", ""), query.get("series", "EQ"))
        listed = next(
            (one for one in _securities(self._market) if (one.company.symbol, one.company.series) == wanted),
            None,
        )
        if query.get("functionName") != "getSymbolData" or listed is None:
            return JSONResponse({"equityResponse": []})
        now = self._clock.now()
        sight = self._market.sight(listed, now)
        is_closed = now >= self._market.window(listed, sight.day).final
        return JSONResponse({"equityResponse": [_security(sight, is_closed=is_closed)]})


def _is_guest(request: Request) -> bool:
    return bool(request.cookies.get(_COOKIE))


def _stranger() -> Response:
    return HTMLResponse("<html><head><title>Access Denied</title></head></html>", 403)


def _securities(market: Market) -> Iterator[Listed]:
    for listed in market.universe:
        if listed.exchange == "NSE" and listed.company.kind in (Kind.SHARE, Kind.ETF):
            yield listed


def _equities(market: Market) -> str:
    rows = [
        "SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE"
    ]
    for listed in _securities(market):
        company = listed.company
        if company.kind is Kind.SHARE and company.series not in _SMALL:
            rows.append(f"{company.symbol},{company.name},{company.series},{_LISTED_ON},1,1,{company.isin},1")
    return "\n".join([*rows, ""])


_SMALL = ("SM", "ST", "SZ")


def _small_companies(market: Market) -> str:
    rows = ["SYMBOL,NAME_OF_COMPANY,SERIES,DATE_OF_LISTING,PAID_UP_VALUE,ISIN_NUMBER,FACE_VALUE,"]
    for listed in _securities(market):
        company = listed.company
        if company.series in _SMALL:
            rows.append(f"{company.symbol},{company.name},{company.series},01-Jan-08,10,{company.isin},10,")
    return "\n".join([*rows, ""])


def _funds(market: Market) -> str:
    rows = ["Symbol,Underlying,SecurityName,DateofListing,MarketLot,ISINNumber,FaceValue"]
    for listed in _securities(market):
        company = listed.company
        if company.kind is Kind.ETF:
            rows.append(f"{company.symbol},Index,{company.name},01-Jan-08,1,{company.isin},1")
    return "\n".join([*rows, ""])


def _changes(market: Market) -> str:
    """Of those that are listed here; no header, and a name may hold a comma."""
    known = {listed.company.symbol for listed in _securities(market)}
    return "".join(",".join(row) + "\n" for row in _CHANGES if row[2] in known)


def _announced(market: Market, first: TradingDay, last: TradingDay) -> Iterator[dict[str, Any]]:
    """The register, newest first as NSE has it: splits, bonuses, each year's dividend with its meeting."""
    rows: list[tuple[date, Listed, str]] = []
    for listed in _securities(market):
        rows += [(split.ex_day, listed, split.words) for split in market.register.splits_of(listed)]
        for year in range(first.date.year, last.date.year + 1):
            day = corporate.dividend_day(listed, year)
            amount = market.register.paid_dividend(listed, TradingDay(day))
            if amount:
                rows.append((day, listed, f"Annual General Meeting/Dividend - Rs {amount:g} Per Share"))
    for day, listed, words in sorted(rows, key=lambda row: (row[0], row[1].key), reverse=True):
        if first.date <= day <= last.date:
            yield _register_row(listed, TradingDay(day), words)


def _register_row(listed: Listed, day: TradingDay, words: str) -> dict[str, Any]:
    company = listed.company
    blank = dict.fromkeys(("bcStartDate", "bcEndDate", "ndStartDate", "ndEndDate", "ind"), "-")
    return {
        "symbol": company.symbol, "series": company.series, "faceVal": "1", "subject": words,
        "exDate": written(day), "recDate": written(day), "comp": company.name, "isin": company.isin,
        "caBroadcastDate": None, **blank,
    }  # fmt: skip


def _security(sight: Sight, *, is_closed: bool) -> dict[str, Any]:
    company = sight.listed.company
    last, former = sight.last / 100, sight.previous_close / 100
    return {
        "orderBook": {"lastPrice": last},
        "metaData": {
            "companyName": company.name, "isinCode": company.isin, "symbol": company.symbol,
            "series": company.series, "marketType": "N", "open": sight.open / 100,
            "dayHigh": sight.high / 100, "dayLow": sight.low / 100, "previousClose": former,
            "change": round(last - former, 2), "closePrice": last if is_closed else 0,
        },
        "tradeInfo": {
            "totalTradedVolume": sight.volume, "series": company.series, "lastPrice": last, "faceValue": 1,
        },
        "priceInfo": {"tickSize": sight.listed.tick / 100},
        "secInfo": {
            "secStatus": "Listed", "basicIndustry": company.sector or "-", "sector": company.sector or "-",
            "industryInfo": company.sector or "-",
        },
        "lastUpdateTime": clock_time(sight.traded),
    }  # fmt: skip


def _day_first(text: str) -> TradingDay | None:
    """dd-mm-yyyy."""
    return day_from(text[6:] + text[3:5] + text[:2]) if len(text) == 10 else None
