"""The route of candles: rows by position, days at both ends included, so many days in one answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.sandbox.candles import gathered, joined
from tunefolio.sandbox.kotak.desk import KotakDesk, desk_of
from tunefolio.sandbox.kotak.envelope import history_error
from tunefolio.sandbox.market import Candle
from tunefolio.sandbox.universe import Listed

_MINUTES = {"1min": 1, "3min": 3, "5min": 5, "10min": 10, "15min": 15, "30min": 30, "60min": 60}
_MOST_DAYS = {
    "1min": 30, "3min": 30, "5min": 30, "10min": 60, "15min": 60, "30min": 90, "60min": 90, "D": 180,
    "W": 180,
}  # fmt: skip


async def candles(request: Request) -> Response:
    """GET /market-data/1.0/historical/details."""
    desk = desk_of(request)
    desk.asks(request, "historical", lambda rates: rates.historical)
    query = request.query_params
    interval = query.get("interval", "")
    if interval not in _MOST_DAYS:
        raise history_error("Invalid interval value")
    first, last = _day(query.get("fromdate", "")), _day(query.get("todate", ""))
    if not 0 <= last - first < _MOST_DAYS[interval]:
        raise history_error(f"Date range exceeds {_MOST_DAYS[interval]} days")
    segment, _, token = query.get("neosymbol", "").partition("|")
    listed = desk.find(segment, token)
    if listed is None:
        raise history_error("Invalid neosymbol")
    rows = [_row(one) for one in _candles(desk, listed, interval, first, last.plus_days(1))]
    return JSONResponse({"status": "success", "interval": interval, "data": {"candles": rows}})


def _day(text: str) -> TradingDay:
    try:
        return TradingDay.parse(text)
    except Misuse:
        raise history_error("Invalid fromdate or todate") from None


def _candles(
    desk: KotakDesk, listed: Listed, interval: str, first: TradingDay, after: TradingDay
) -> Iterator[Candle]:
    """The running one as it stands, too."""
    now = desk.clock.now()
    if interval == "D":
        yield from (_at_midnight(one) for one in desk.market.days(listed, first, after, now))
        return
    if interval == "W":
        weeks = groupby(desk.market.days(listed, first, after, now), lambda one: _week(one.start))
        yield from (_at_midnight(joined(list(group))) for _, group in weeks)
        return
    yield from gathered(desk.market, listed, first, after, now, minutes=_MINUTES[interval])


def _at_midnight(one: Candle) -> Candle:
    """A day's candle bears the day, not the hour at which it opened."""
    day = TradingDay(calendar_date(one.start))
    midnight = Instant.parse(f"{day}T00:00:00+05:30")
    return Candle(midnight, one.open, one.high, one.low, one.close, one.volume)


def _week(start: Instant) -> tuple[int, int]:
    calendar = calendar_date(start).isocalendar()
    return calendar.year, calendar.week


def _row(one: Candle) -> list[Any]:
    """Open interest is not sent yet."""
    stamp = one.start.in_zone().strftime("%Y-%m-%dT%H:%M:%S+0530")
    return [stamp, *(price / 100 for price in (one.open, one.high, one.low, one.close)), one.volume, None]
