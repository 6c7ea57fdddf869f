"""Routes of the order and trade books. They are read here; placing orders is refused, as Kite words it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import IST
from tunefolio.sandbox.kite.desk import Desk, desk_of
from tunefolio.sandbox.kite.envelope import KiteError, input_error, success
from tunefolio.sandbox.people import Done, Trader, done
from tunefolio.sandbox.sessions import ist


async def orders(request: Request) -> Response:
    """GET /orders: of the running session, oldest first."""
    desk = desk_of(request)
    trader = desk.reader(request)
    return success([_order(trader, deal) for deal in done(desk.market, trader, desk.clock.now())])


async def order(request: Request) -> Response:
    """GET /orders/{id}: the path of its states, oldest first."""
    desk = desk_of(request)
    trader = desk.reader(request)
    deal = _found(desk, trader, request)
    last = _order(trader, deal)
    states = ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", last["status"]]
    waiting = {"average_price": 0, "filled_quantity": 0, "cancelled_quantity": 0}
    unfilled = {**waiting, "pending_quantity": last["quantity"]}
    return success([{**last, **unfilled, "status": state} for state in states[:-1]] + [last])


async def trades(request: Request) -> Response:
    """GET /trades."""
    desk = desk_of(request)
    trader = desk.reader(request)
    made = done(desk.market, trader, desk.clock.now())
    return success([_trade(deal) for deal in made if deal.deal.is_filled])


async def order_trades(request: Request) -> Response:
    """GET /orders/{id}/trades."""
    desk = desk_of(request)
    deal = _found(desk, desk.reader(request), request)
    return success([_trade(deal)] if deal.deal.is_filled else [])


async def refuse(request: Request) -> Response:
    """Placing, changing and cancelling orders and converting positions."""
    desk_of(request).reader(request)
    raise input_error("This rehearsal shows orders; it does not take them.")


def _found(desk: Desk, trader: Trader, request: Request) -> Done:
    wanted = request.path_params["order_id"]
    for deal in done(desk.market, trader, desk.clock.now()):
        if _number(deal) == wanted:
            return deal
    raise KiteError(404, "GeneralException", "Couldn't find that `order_id`.")


def _number(deal: Done) -> str:
    return f"{deal.at.in_zone(IST):%y%m%d}{deal.number + 1:09d}"


def _order(trader: Trader, deal: Done) -> dict[str, Any]:
    quantity, is_filled = deal.deal.quantity, deal.deal.is_filled
    return {
        "placed_by": trader.user_id,
        "order_id": _number(deal),
        "exchange_order_id": f"11{_number(deal)}",
        "parent_order_id": None,
        "status": "COMPLETE" if is_filled else "CANCELLED",
        "status_message": None,
        "status_message_raw": None,
        "order_timestamp": ist(deal.at),
        "exchange_update_timestamp": ist(deal.at),
        "exchange_timestamp": ist(deal.at),
        "variety": "regular",
        "modified": False,
        "exchange": deal.listed.exchange,
        "tradingsymbol": deal.listed.symbol,
        "instrument_token": deal.listed.token,
        "order_type": "LIMIT",
        "transaction_type": deal.deal.side,
        "validity": "DAY",
        "product": deal.deal.product,
        "quantity": quantity,
        "disclosed_quantity": 0,
        "price": deal.price / 100,
        "trigger_price": 0,
        "average_price": deal.price / 100 if is_filled else 0,
        "filled_quantity": quantity if is_filled else 0,
        "pending_quantity": 0 if is_filled else quantity,
        "cancelled_quantity": 0 if is_filled else quantity,
        "market_protection": 0,
        "meta": {},
        "tag": None,
        "guid": f"{trader.user_id}-{deal.number}",
    }


def _trade(deal: Done) -> dict[str, Any]:
    filled = deal.at + timedelta(seconds=1)
    return {
        "trade_id": f"7{_number(deal)[6:]}",
        "order_id": _number(deal),
        "exchange": deal.listed.exchange,
        "tradingsymbol": deal.listed.symbol,
        "instrument_token": deal.listed.token,
        "product": deal.deal.product,
        "average_price": deal.price / 100,
        "quantity": deal.deal.quantity,
        "exchange_order_id": f"11{_number(deal)}",
        "transaction_type": deal.deal.side,
        "fill_timestamp": ist(filled),
        "order_timestamp": f"{deal.at.in_zone(IST):%H:%M:%S}",
        "exchange_timestamp": ist(filled),
    }
