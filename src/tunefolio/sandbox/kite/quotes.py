"""Routes of prices: full quotes, OHLC and last prices of many listings at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.sandbox.kite.desk import Desk, desk_of
from tunefolio.sandbox.kite.envelope import input_error, success
from tunefolio.sandbox.market import Level, Sight
from tunefolio.sandbox.noise import key_of, mix
from tunefolio.sandbox.sessions import ist
from tunefolio.sandbox.universe import Kind, Listed

_FULL_LIMIT, _SHORT_LIMIT = 500, 1000
_NOTHING = Level(0, 0, 0)


async def quote(request: Request) -> Response:
    """GET /quote."""
    desk = desk_of(request)
    return _answer(desk, request, _FULL_LIMIT, lambda sight: _full(desk, sight))


async def ohlc(request: Request) -> Response:
    """GET /quote/ohlc."""
    return _answer(
        desk_of(request), request, _SHORT_LIMIT, lambda sight: {**_last(sight), "ohlc": _ohlc(sight)}
    )


async def ltp(request: Request) -> Response:
    """GET /quote/ltp."""
    return _answer(desk_of(request), request, _SHORT_LIMIT, _last)


def _answer(desk: Desk, request: Request, limit: int, show: Callable[[Sight], dict[str, Any]]) -> Response:
    """Unknown names are simply absent."""
    desk.admitted(request, "quote", lambda rates: rates.quote)
    names = request.query_params.getlist("i")
    if len(names) > limit:
        raise input_error(f"Too many instruments: at most {limit}.")
    now = desk.clock.now()
    known = ((name, _find(desk, name)) for name in names)
    return success(
        {name: show(desk.market.sight(listed, now)) for name, listed in known if listed is not None}
    )


def _find(desk: Desk, name: str) -> Listed | None:
    universe = desk.market.universe
    return universe.find_token(int(name)) if name.isascii() and name.isdigit() else universe.find(name)


def _last(sight: Sight) -> dict[str, Any]:
    return {"instrument_token": sight.listed.token, "last_price": sight.last / 100}


def _ohlc(sight: Sight) -> dict[str, Any]:
    return {
        "open": sight.open / 100,
        "high": sight.high / 100,
        "low": sight.low / 100,
        "close": sight.previous_close / 100,
    }


def _full(desk: Desk, sight: Sight) -> dict[str, Any]:
    """An index is not traded: it has neither volume nor orders nor limits."""
    stamp = ist(sight.traded)
    row = {**_last(sight), "timestamp": stamp, "net_change": 0, "ohlc": _ohlc(sight)}
    if sight.listed.company.kind is Kind.INDEX:
        return row
    bids, asks = desk.market.depth(sight)
    waiting = mix(key_of(sight.listed.key, stamp), 0)
    return {
        **row,
        "last_trade_time": stamp,
        "last_quantity": sight.last_quantity,
        "buy_quantity": sum(level.quantity for level in bids) + (waiting % 90_000 if bids else 0),
        "sell_quantity": sum(level.quantity for level in asks) + ((waiting >> 20) % 90_000 if asks else 0),
        "volume": sight.volume,
        "average_price": sight.average / 100,
        "oi": 0,
        "oi_day_high": 0,
        "oi_day_low": 0,
        "lower_circuit_limit": _band(sight, 90),
        "upper_circuit_limit": _band(sight, 110),
        "depth": {"buy": _lines(bids), "sell": _lines(asks)},
    }


def _band(sight: Sight, percent: int) -> float:
    """The operating range around the previous close, on the tick."""
    tick = sight.listed.tick
    return sight.previous_close * percent // 100 // tick * tick / 100


def _lines(levels: tuple[Level, ...]) -> list[dict[str, Any]]:
    full = (*levels, *(_NOTHING,) * (5 - len(levels)))
    return [
        {"price": level.price / 100, "quantity": level.quantity, "orders": level.orders} for level in full
    ]
