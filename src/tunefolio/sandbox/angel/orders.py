"""Routes of the order and trade books. They are read here; placing orders is refused, as the API refuses."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import IST
from tunefolio.sandbox.angel.desk import BROKER, bearer, desk_of
from tunefolio.sandbox.angel.envelope import body_of, refused, success
from tunefolio.sandbox.angel.names import PRODUCTS, rupees, spelt, symbol_of, token_of
from tunefolio.sandbox.orderbook import Execution, Order

_NAMESPACE = uuid.UUID("5f1d6f0a-6d0e-4a57-9a3c-0c6f5b6f7a11")


async def orders(request: Request) -> Response:
    """GET getOrderBook: null before the first."""
    desk = desk_of(request)
    trader = desk.reader(request, lambda rates: rates.books)
    return success([order_row(order) for order in desk.depot.orders(BROKER, trader.user_id)] or None)


async def trades(request: Request) -> Response:
    """GET getTradeBook: null before the first."""
    desk = desk_of(request)
    trader = desk.reader(request, lambda rates: rates.books)
    return success([_trade(one) for one in desk.depot.executions(BROKER, trader.user_id)] or None)


async def details(request: Request) -> Response:
    """GET details/{uniqueorderid}: one order as it stands."""
    desk = desk_of(request)
    desk.check_caller(request)
    grant = desk.grants.of(bearer(request))
    desk.admit(grant.user_id, "details", desk.rates.books)
    for order in desk.depot.orders(BROKER, grant.user_id):
        if unique(order) == request.path_params["unique"]:
            return success(order_row(order))
    raise refused("AB1013", "Order not found")


async def refuse(request: Request) -> Response:
    """Placing, changing and cancelling orders, converting positions, rules."""
    desk_of(request).reader(request, lambda rates: rates.quotes)
    await body_of(request)
    raise refused("AB4000", "This rehearsal shows orders; it does not take them.")


def unique(order: Order) -> str:
    return str(uuid.uuid5(_NAMESPACE, str(order.order_no)))


def order_row(order: Order) -> dict[str, Any]:
    """All texts, but for every second order's number: it comes as either."""
    stamp = spelt(order.updated)
    return {
        "variety": "NORMAL",
        "ordertype": order.order_type,
        "producttype": PRODUCTS[order.product],
        "duration": "DAY",
        "price": rupees(order.price),
        "triggerprice": "0",
        "quantity": str(order.quantity),
        **dict.fromkeys(("disclosedquantity", "squareoff", "stoploss", "trailingstoploss"), "0"),
        "tradingsymbol": symbol_of(order.listed),
        "transactiontype": order.side,
        "exchange": order.listed.exchange,
        "symboltoken": token_of(order.listed),
        "ordertag": order.tag,
        "instrumenttype": "",
        "strikeprice": "-1",
        "optiontype": "",
        "expirydate": "",
        "lotsize": "1",
        "cancelsize": str(order.cancelled),
        "averageprice": rupees(order.average) if order.average else "0",
        "filledshares": str(order.filled),
        "unfilledshares": str(order.quantity - order.filled),
        "orderid": order.order_no if order.order_no % 2 else str(order.order_no),
        "text": order.message,
        "status": order.status.lower(),
        "orderstatus": order.status.lower(),
        "updatetime": stamp,
        "exchtime": spelt(order.placed),
        "exchorderupdatetime": stamp,
        "fillid": "",
        "filltime": "",
        "parentorderid": "",
        "uniqueorderid": unique(order),
    }


def _trade(one: Execution) -> dict[str, Any]:
    """It tells the time of day and no date."""
    return {
        "exchange": one.listed.exchange,
        "producttype": PRODUCTS[one.product],
        "tradingsymbol": symbol_of(one.listed),
        "instrumenttype": "",
        "symbolgroup": one.listed.company.series if one.listed.exchange == "NSE" else "A",
        "strikeprice": "-1",
        "optiontype": "",
        "expirydate": "",
        "marketlot": "1",
        "precision": "2",
        "multiplier": "-1",
        "tradevalue": rupees(one.price * one.quantity),
        "transactiontype": one.side,
        "fillprice": rupees(one.price),
        "fillsize": str(one.quantity),
        "orderid": str(one.order_no),
        "fillid": str(one.trade_no),
        "filltime": one.at.in_zone(IST).strftime("%H:%M:%S"),
    }
