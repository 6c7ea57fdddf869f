"""The route of candles: both ends of a span count, and so many days may be asked for at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import IST, Instant, TradingDay, calendar_date
from tunefolio.sandbox.angel.desk import desk_of
from tunefolio.sandbox.angel.envelope import body_of, refused, success, text_of, unreadable
from tunefolio.sandbox.angel.names import find
from tunefolio.sandbox.candles import gathered
from tunefolio.sandbox.market import Candle, Market
from tunefolio.sandbox.universe import Listed

_MINUTES = {
    "ONE_MINUTE": 1, "THREE_MINUTE": 3, "FIVE_MINUTE": 5, "TEN_MINUTE": 10, "FIFTEEN_MINUTE": 15,
    "THIRTY_MINUTE": 30, "ONE_HOUR": 60,
}  # fmt: skip
_MOST_DAYS = {
    "ONE_MINUTE": 30, "THREE_MINUTE": 60, "FIVE_MINUTE": 100, "TEN_MINUTE": 100, "FIFTEEN_MINUTE": 200,
    "THIRTY_MINUTE": 200, "ONE_HOUR": 400, "ONE_DAY": 2000,
}  # fmt: skip


async def candles(request: Request) -> Response:
    """POST historical/v1/getCandleData; null for a span without any."""
    desk = desk_of(request)
    desk.reader(request, lambda rates: rates.candles)
    body = await body_of(request)
    interval = text_of(body, "interval")
    start, end = _moment(text_of(body, "fromdate")), _moment(text_of(body, "todate"))
    if interval not in _MOST_DAYS or end < start or end - start > timedelta(days=_MOST_DAYS[interval]):
        raise unreadable()
    listed = find(desk.market.universe, text_of(body, "exchange"), text_of(body, "symboltoken"))
    if listed is None:
        raise refused("AB1009", "Symbol Not Found")
    found = _candles(desk.market, listed, interval, start, end, desk.clock.now())
    return success([_row(candle, interval) for candle in found] or None)


def _moment(text: str) -> Instant:
    try:
        return Instant(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=IST))
    except ValueError:
        raise unreadable() from None


def _candles(
    market: Market, listed: Listed, interval: str, start: Instant, end: Instant, now: Instant
) -> Iterator[Candle]:
    """Those that begin in [start, end]; a day begins at midnight here."""
    first, after = TradingDay(calendar_date(start)), TradingDay(calendar_date(end)).plus_days(1)
    if interval == "ONE_DAY":
        days = market.days(listed, first, after, now)
        yield from (day for day in days if start <= _midnight(day) <= end)
        return
    whole = gathered(market, listed, first, after, now, minutes=_MINUTES[interval])
    yield from (candle for candle in whole if start <= candle.start <= end)


def _midnight(candle: Candle) -> Instant:
    return Instant(datetime.combine(calendar_date(candle.start), datetime.min.time(), IST))


def _row(candle: Candle, interval: str) -> list[Any]:
    start = _midnight(candle) if interval == "ONE_DAY" else candle.start
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [
        start.in_zone(IST).isoformat(timespec="seconds"),
        *(price / 100 for price in prices),
        candle.volume,
    ]
