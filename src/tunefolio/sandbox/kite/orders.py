"""Routes of the order and trade books. They are read here; placing orders is refused, as Kite words it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import IST
from tunefolio.sandbox.kite.desk import Desk, desk_of
from tunefolio.sandbox.kite.envelope import KiteError, input_error, success
from tunefolio.sandbox.orderbook import Execution, Order
from tunefolio.sandbox.people import Trader
from tunefolio.sandbox.sessions import ist


async def orders(request: Request) -> Response:
    """GET /orders: of the running session, oldest first."""
    desk = desk_of(request)
    trader = desk.reader(request)
    return success([order_row(trader, one) for one in desk.depot.orders(trader.broker, trader.user_id)])


async def order(request: Request) -> Response:
    """GET /orders/{id}: the path of its states, oldest first."""
    desk = desk_of(request)
    trader = desk.reader(request)
    return success([order_row(trader, state) for state in _found(desk, trader, request).history()])


async def trades(request: Request) -> Response:
    """GET /trades."""
    desk = desk_of(request)
    return success([_trade(one) for one in _executions(desk, desk.reader(request))])


async def order_trades(request: Request) -> Response:
    """GET /orders/{id}/trades."""
    desk = desk_of(request)
    trader = desk.reader(request)
    number = _found(desk, trader, request).order_no
    return success([_trade(one) for one in _executions(desk, trader) if one.order_no == number])


async def refuse(request: Request) -> Response:
    """Placing, changing and cancelling orders and converting positions."""
    desk_of(request).reader(request)
    raise input_error("This rehearsal shows orders; it does not take them.")


def order_row(trader: Trader, order: Order) -> dict[str, Any]:
    """An order as it stands, as the book, the stream and the postback tell it."""
    return {
        "placed_by": trader.user_id,
        "order_id": str(order.order_no),
        "exchange_order_id": order.exchange_no or None,
        "parent_order_id": None,
        "status": order.status,
        "status_message": order.message or None,
        "status_message_raw": order.message or None,
        "order_timestamp": ist(order.placed),
        "exchange_update_timestamp": ist(order.updated),
        "exchange_timestamp": ist(order.updated) if order.exchange_no else None,
        "variety": "regular",
        "modified": False,
        "exchange": order.listed.exchange,
        "tradingsymbol": order.listed.symbol,
        "instrument_token": order.listed.token,
        "order_type": order.order_type,
        "transaction_type": order.side,
        "validity": "DAY",
        "product": order.product,
        "quantity": order.quantity,
        "disclosed_quantity": 0,
        "price": order.price / 100,
        "trigger_price": 0,
        "average_price": order.average / 100,
        "filled_quantity": order.filled,
        "pending_quantity": order.pending or order.cancelled,
        "cancelled_quantity": order.cancelled,
        "market_protection": 0,
        "meta": {},
        "tag": order.tag or None,
        "guid": f"{trader.user_id}-{order.order_no}",
    }


def _executions(desk: Desk, trader: Trader) -> list[Execution]:
    return desk.depot.executions(trader.broker, trader.user_id)


def _found(desk: Desk, trader: Trader, request: Request) -> Order:
    wanted = request.path_params["order_id"]
    for one in desk.depot.orders(trader.broker, trader.user_id):
        if str(one.order_no) == wanted:
            return one
    raise KiteError(404, "GeneralException", "Couldn't find that `order_id`.")


def _trade(one: Execution) -> dict[str, Any]:
    return {
        "trade_id": str(one.trade_no),
        "order_id": str(one.order_no),
        "exchange": one.listed.exchange,
        "tradingsymbol": one.listed.symbol,
        "instrument_token": one.listed.token,
        "product": one.product,
        "average_price": one.price / 100,
        "quantity": one.quantity,
        "exchange_order_id": f"11{one.order_no}",
        "transaction_type": one.side,
        "fill_timestamp": ist(one.at),
        "order_timestamp": f"{one.at.in_zone(IST):%H:%M:%S}",
        "exchange_timestamp": ist(one.at),
    }
