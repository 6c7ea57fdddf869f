"""Routes of the instrument master and of candles."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import IST, Instant, TradingDay, calendar_date
from tunefolio.sandbox.candles import gathered
from tunefolio.sandbox.kite.desk import Desk, desk_of
from tunefolio.sandbox.kite.envelope import input_error, success
from tunefolio.sandbox.market import Candle, Market
from tunefolio.sandbox.universe import Kind, Listed

_COLUMNS = (
    "instrument_token", "exchange_token", "tradingsymbol", "name", "last_price", "expiry",
    "strike", "tick_size", "lot_size", "instrument_type", "segment", "exchange",
)  # fmt: skip

_MINUTES = {
    "minute": 1,
    "3minute": 3,
    "5minute": 5,
    "10minute": 10,
    "15minute": 15,
    "30minute": 30,
    "60minute": 60,
}
_SPAN_DAYS = {
    "minute": 60, "3minute": 100, "5minute": 100, "10minute": 100,
    "15minute": 200, "30minute": 200, "60minute": 400, "day": 2000,
}  # fmt: skip


async def instruments(request: Request) -> Response:
    """GET /instruments and /instruments/{exchange}: CSV for everyone, compressed for whoever accepts that."""
    desk = desk_of(request)
    wanted = request.path_params.get("exchange")
    listings = [
        listed for listed in desk.market.universe if wanted is None or listed.exchange == wanted.upper()
    ]
    if not listings:
        raise input_error("Invalid exchange.")
    body = _table(listings)
    headers = {"vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, mtime=0)
        headers["content-encoding"] = "gzip"
    return Response(body, media_type="text/csv", headers=headers)


async def historical(request: Request) -> Response:
    """GET /instruments/historical/{token}/{interval}."""
    desk = desk_of(request)
    desk.admitted(request, "historical", lambda rates: rates.historical)
    listed = _listed(desk, request.path_params["token"])
    interval = request.path_params["interval"]
    if interval not in _SPAN_DAYS:
        raise input_error("Invalid interval.")
    start, end = _moment(request, "from"), _moment(request, "to")
    if end < start:
        raise input_error("`from` is after `to`.")
    if end - start > timedelta(days=_SPAN_DAYS[interval]):
        raise input_error(f"interval exceeds max limit: {_SPAN_DAYS[interval]} days")
    candles = _candles(desk.market, listed, interval, start, end, desk.clock.now())
    open_interest = [0] if request.query_params.get("oi") == "1" else []
    return success({"candles": [_row(candle, interval) + open_interest for candle in candles]})


def _table(listings: Iterable[Listed]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for listed in listings:
        is_index = listed.company.kind is Kind.INDEX
        tick = 0.0 if is_index else listed.tick / 100
        segment = "INDICES" if is_index else listed.exchange
        head = (listed.token, listed.exchange_token, listed.symbol, listed.company.name.upper())
        table.writerow((*head, 0.0, "", 0.0, tick, 0 if is_index else 1, "EQ", segment, listed.exchange))
    return text.getvalue().encode()


def _listed(desk: Desk, token: str) -> Listed:
    listed = desk.market.universe.find_token(int(token)) if token.isascii() and token.isdigit() else None
    if listed is None:
        raise input_error("Invalid `instrument_token`.")
    return listed


def _moment(request: Request, name: str) -> Instant:
    text = request.query_params.get(name, "")
    for pattern in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        try:
            return Instant(datetime.strptime(text, pattern).replace(tzinfo=IST))
        except ValueError:
            continue
    raise input_error(f"Invalid `{name}` date.")


def _candles(
    market: Market, listed: Listed, interval: str, start: Instant, end: Instant, now: Instant
) -> Iterator[Candle]:
    """Candles that begin in [start, end]: Kite counts both ends."""
    first, after = TradingDay(calendar_date(start)), TradingDay(calendar_date(end)).plus_days(1)
    if interval == "day":
        yield from market.days(listed, first, after, now)
        return
    whole = gathered(market, listed, first, after, now, minutes=_MINUTES[interval])
    yield from (candle for candle in whole if start <= candle.start <= end)


def _row(candle: Candle, interval: str) -> list[Any]:
    stamp = candle.start.in_zone(IST).strftime(
        "%Y-%m-%dT00:00:00+0530" if interval == "day" else "%Y-%m-%dT%H:%M:%S+0530"
    )
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [stamp, *(price / 100 for price in prices), candle.volume]
