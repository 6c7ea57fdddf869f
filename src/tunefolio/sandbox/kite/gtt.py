"""Routes of standing instructions (GTT). They are read here; making and changing them is refused."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import Instant
from tunefolio.sandbox.kite.desk import Desk, desk_of
from tunefolio.sandbox.kite.envelope import KiteError, success
from tunefolio.sandbox.people import Standing, Trader
from tunefolio.sandbox.sessions import ist

_FIRST_ID = 250_000
_LIFE = timedelta(days=365)
_MADE_AT = time(10, 5, 42)


async def triggers(request: Request) -> Response:
    """GET /gtt/triggers."""
    desk = desk_of(request)
    return success(_rows(desk, desk.reader(request)))


async def trigger(request: Request) -> Response:
    """GET /gtt/triggers/{id}."""
    desk = desk_of(request)
    for row in _rows(desk, desk.reader(request)):
        if str(row["id"]) == request.path_params["trigger_id"]:
            return success(row)
    raise KiteError(404, "GeneralException", "Trigger not found.")


def _rows(desk: Desk, trader: Trader) -> list[dict[str, Any]]:
    """In this rehearsal they wait for ever: no order is placed by one."""
    return [_row(desk, trader, place, one) for place, one in enumerate(trader.standing)]


def _row(desk: Desk, trader: Trader, place: int, one: Standing) -> dict[str, Any]:
    listed = desk.market.universe.of(one.key)
    before = desk.market.sessions.before(desk.depot.opened)
    close = desk.market.close(listed, before)
    values = [close * percent // 100 // listed.tick * listed.tick / 100 for percent in one.percents]
    made = Instant.at(before, _MADE_AT)
    return {
        "id": _FIRST_ID + 100 * desk.people.index(trader) + place,
        "user_id": trader.user_id,
        "parent_trigger": None,
        "type": "single" if len(values) == 1 else "two-leg",
        "created_at": ist(made),
        "updated_at": ist(made),
        "expires_at": ist(made + _LIFE),
        "status": "active",
        "condition": {
            "exchange": listed.exchange,
            "last_price": close / 100,
            "tradingsymbol": listed.symbol,
            "trigger_values": values,
            "instrument_token": listed.token,
        },
        "orders": [
            {
                "exchange": listed.exchange,
                "tradingsymbol": listed.symbol,
                "product": "CNC",
                "order_type": "LIMIT",
                "transaction_type": one.side,
                "quantity": one.quantity,
                "price": value,
                "result": None,
            }
            for value in values
        ],
        "meta": {},
    }
