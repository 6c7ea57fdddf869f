"""The face of AMFI: today's table of net asset values, the report of past days, and a mirror of each scheme.

The funds are our own inventions, but for the exchange-traded ones of the simulated market, which most of
them follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, Instant, TradingDay, calendar_date
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.world.papers import MONTHS, day_from, handed_out, written

_HEADER = (
    "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Plan;Option;"
    "Net Asset Value;Date"
)
_REPORT = (
    "Scheme Code;Scheme Name;ISIN Div Payout/ISIN Growth;ISIN Div Reinvestment;Net Asset Value;"
    "Repurchase Price;Sale Price;Date"
)
_HOUSE = "Rehearsal Mutual Fund"
_LARGE, _SECTOR, _METAL, _BONDS, _GOLD, _TRADED = (
    "Open Ended Schemes(Equity Scheme - Large Cap Fund)",
    "Open Ended Schemes(Equity Scheme - Sectoral/ Thematic)",
    "Open Ended Schemes(Other Scheme - FoF Domestic)",
    "Open Ended Schemes(Debt Scheme - Banking and PSU Fund)",
    "Open Ended Schemes(Other Scheme - Gold ETF)",
    "Open Ended Schemes(Other Scheme - Other  ETFs)",
)
_PRINTED_AT = time(21, 0)
_SINCE = date(2013, 1, 1)
_YIELD = Decimal("0.07")
"""A year, on what the fund was worth in the beginning."""


@dataclass(frozen=True, slots=True)
class Fund:
    """A scheme that is worth `share` of what one unit of NSE:`tracks` costs, or where it tracks nothing,
    `share` rupees and a steady yield; None: its value is not told."""

    code: int
    payout: str
    reinvested: str
    name: str
    plan: str
    option: str
    category: str
    tracks: str
    share: Decimal | None


FUNDS = (
    Fund(900101, "INF179K01YV8", "-", "Rehearsal Large Cap Fund", "Direct Plan", "Growth", _LARGE,
         "NIFTYBEES", Decimal("0.4")),
    Fund(900102, "INF900K01011", "INF900K01029", "Rehearsal Large Cap Fund", "Regular Plan", "IDCW", _LARGE,
         "NIFTYBEES", Decimal("0.18")),
    Fund(900103, "INF900K01037", "-", "Rehearsal Banking Fund", "Direct Plan", "Growth", _SECTOR,
         "BANKBEES", Decimal("0.07")),
    Fund(900104, "-", "-", "Rehearsal Gold Fund of Fund", "Direct Plan", "Growth", _METAL,
         "GOLDBEES", Decimal("0.31")),
    Fund(900105, "INF900K01045", "-", "Rehearsal Wound-up Fund", "Regular Plan", "Growth", _LARGE,
         "NIFTYBEES", None),
    Fund(900106, "INF900K01052", "INF900K01060", "Rehearsal Bank Debt Fund", "Direct Plan", "Growth",
         _BONDS, "", Decimal(10)),
    Fund(900107, "INF204KB17I5", "-", "Nippon India ETF Gold BeES", "", "", _GOLD, "GOLDBEES", Decimal(1)),
    Fund(900108, "INF204KB14I2", "-", "Nippon India ETF Nifty 50 BeES", "", "", _TRADED, "NIFTYBEES",
         Decimal(1)),
    Fund(900109, "INF204KB15I9", "-", "Nippon India ETF Nifty Bank BeES", "", "", _TRADED, "BANKBEES",
         Decimal(1)),
)  # fmt: skip


def routes(market: Market, clock: Clock) -> list[Route]:
    board = _Board(market, clock)
    return [
        Route("/spages/NAVAll.txt", board.newest),
        Route("/DownloadNAVHistoryReport_Po.aspx", board.report),
        Route("/mfapi/mf/{code:int}", board.mirror),
    ]


class _Board:
    """What has been published so far: a session's values at nine in the evening."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self._market = market
        self._clock = clock

    async def newest(self, request: Request) -> Response:
        day = self._newest()
        lines = [_HEADER, " "]
        for fund in FUNDS:
            if f"\r\n{fund.category}" not in "\r\n".join(lines):
                lines += [fund.category, " ", _HOUSE, " "]
            lines.append(
                f"{fund.code};{fund.payout};{fund.reinvested};{fund.name};{fund.plan};{fund.option};"
                f"{self._value(fund, day)};{written(day)}"
            )
        table = "\r\n".join([*lines, ""]).encode()
        return handed_out(request, table, "text/plain", Instant.at(day, _PRINTED_AT))

    async def report(self, request: Request) -> Response:
        """frmdt to todt, both included; the header alone where nothing was published."""
        first = _day_named(request.query_params.get("frmdt", ""))
        last = _day_named(request.query_params.get("todt", "")) or first
        if first is None or last is None or last - first > 90:
            return Response("<html>Invalid dates</html>", 400, media_type="text/html")
        lines = [_REPORT, "", *dict.fromkeys(fund.category for fund in FUNDS), "", _HOUSE, ""]
        for day in self._days(first, last):
            for fund in FUNDS:
                name = f"{fund.name} - {fund.plan} - {fund.option}"
                isins = ";".join("" if isin == "-" else isin for isin in (fund.payout, fund.reinvested))
                lines.append(f"{fund.code};{name};{isins};{self._value(fund, day)};;;{written(day)}")
        return Response("\r\n".join([*lines, ""]), media_type="text/plain")

    async def mirror(self, request: Request) -> Response:
        """A scheme's whole past, newest first; an unknown one has no meta."""
        code = request.path_params["code"]
        fund = next((one for one in FUNDS if one.code == code), None)
        if fund is None or fund.share is None:
            return JSONResponse({"meta": {}, "data": [], "status": "SUCCESS"})
        meta = {
            "fund_house": _HOUSE, "scheme_type": "Open Ended Schemes", "scheme_category": fund.category,
            "scheme_code": code, "scheme_name": f"{fund.name} - {fund.plan} - {fund.option}",
        }  # fmt: skip
        days = self._days(TradingDay(_SINCE), self._newest())
        data = [
            {"date": f"{day.date:%d-%m-%Y}", "nav": f"{self._value(fund, day)}0"} for day in reversed(days)
        ]
        return JSONResponse({"meta": meta, "data": data, "status": "SUCCESS"})

    def _newest(self) -> TradingDay:
        """The last session whose values are out."""
        now = self._clock.now()
        day = self._market.sessions.current(now)
        return day if self._is_out(day, now) else self._market.sessions.before(day)

    def _is_out(self, day: TradingDay, now: Instant) -> bool:
        is_over = calendar_date(now) > day.date or now >= self._market.sessions.regular(day).final
        return is_over and now >= Instant.at(day, _PRINTED_AT)

    def _days(self, first: TradingDay, last: TradingDay) -> list[TradingDay]:
        end = min(last, self._newest()).plus_days(1)
        start = max(first, TradingDay(_SINCE))
        return list(self._market.sessions.between(start, end, self._clock.now())) if start < end else []

    def _value(self, fund: Fund, day: TradingDay) -> str:
        if fund.share is None:
            return "N.A."
        if not fund.tracks:
            years = Decimal((day.date - _SINCE).days) / 365
            return f"{fund.share * (1 + _YIELD * years):.4f}"
        tracked = self._market.universe.of(f"NSE:{fund.tracks}")
        return f"{Decimal(self._market.close(tracked, day)) / 100 * fund.share:.4f}"


def _day_named(text: str) -> TradingDay | None:
    """24-Aug-2026."""
    day, _, rest = text.partition("-")
    month, _, year = rest.partition("-")
    return day_from(f"{year}{MONTHS.index(month) + 1:02d}{day}") if month in MONTHS else None
