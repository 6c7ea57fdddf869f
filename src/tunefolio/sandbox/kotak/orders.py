"""Routes of orders: the day's book, one order's path, and its executions. New orders are refused."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import IST, Instant
from tunefolio.sandbox.kotak.desk import BROKER, desk_of
from tunefolio.sandbox.kotak.envelope import listed, trade_error
from tunefolio.sandbox.kotak.portfolio import asked, common, rupees
from tunefolio.sandbox.orderbook import Execution, Order

_SIDES = {"BUY": "B", "SELL": "S"}
_TYPES = {"LIMIT": "L", "MARKET": "MKT"}


async def orders(request: Request) -> Response:
    """GET /quick/user/orders: newest first."""
    desk = desk_of(request)
    user = desk.reader(request).user
    return listed([order_row(user, one) for one in reversed(desk.depot.orders(BROKER, user))])


async def order(request: Request) -> Response:
    """GET /quick/user/orders/{number}."""
    desk = desk_of(request)
    user = desk.reader(request).user
    wanted = request.path_params["number"]
    found = [one for one in desk.depot.orders(BROKER, user) if str(one.order_no) == wanted]
    return listed([order_row(user, one) for one in found])


async def history(request: Request) -> Response:
    """POST /quick/order/history: newest first."""
    desk = desk_of(request)
    user = desk.reader(request).user
    wanted = str((await asked(request, "nOrdNo"))["nOrdNo"])
    found = [one for one in desk.depot.orders(BROKER, user) if str(one.order_no) == wanted]
    states = [state for one in found for state in one.history()]
    return listed([_history_row(one) for one in reversed(states)])


async def trades(request: Request) -> Response:
    """GET /quick/user/trades."""
    desk = desk_of(request)
    user = desk.reader(request).user
    return listed([_trade_row(user, one) for one in desk.depot.executions(BROKER, user)])


async def refuse(request: Request) -> Response:
    """POST /quick/order/…: this rehearsal shows orders, it does not take them."""
    desk_of(request).reader(request)
    raise trade_error(400, 1041, "This rehearsal shows orders; it does not take them.")


def order_row(user: str, one: Order) -> dict[str, Any]:
    """As in the book, and in the messages of the order feed."""
    placed = _stamp(one.placed)
    return {
        **_shared(one),
        "actId": user,
        "algCat": "NA",
        "algId": "NA",
        "boeSec": int(one.updated.utc.timestamp()),
        "cnlQty": one.cancelled,
        "dscQty": 0,
        "exCfmTm": _stamp(one.updated) if one.exchange_no else "--",
        "exOrdId": one.exchange_no or "NA",
        "ordDtTm": placed,
        "ordEntTm": placed,
        "ordGenTp": "NA",
        "rmk": "--",
        "stat": _status(one),
        "tckSz": f"{one.listed.tick / 100:.4f}",
        "vldt": "DAY",
    }


def _history_row(one: Order) -> dict[str, Any]:
    """As in an order's history, where a few fields are called otherwise."""
    return {
        **_shared(one),
        "exch": one.listed.exchange,
        "exchOrdId": one.exchange_no or "NA",
        "exchTmstp": _stamp(one.updated) if one.exchange_no else "--",
        "flDtTm": _stamp(one.updated),
        "ordDur": "DAY",
        "scripName": one.listed.company.symbol,
    }


def _shared(one: Order) -> dict[str, Any]:
    return {
        **common(one.listed, one.updated),
        "GuiOrdId": one.tag,
        "avgPrc": rupees(one.average),
        "expDt": "NA",
        "fldQty": one.filled,
        "nOrdNo": str(one.order_no),
        "ordSt": _status(one),
        "prc": rupees(one.price),
        "prcTp": _TYPES.get(one.order_type, one.order_type),
        "prod": one.product,
        "qty": one.quantity,
        "rejRsn": one.message or "--",
        "trgPrc": "0.00",
        "trnsTp": _SIDES[one.side],
        "unFldSz": one.pending,
    }


def _trade_row(user: str, one: Execution) -> dict[str, Any]:
    """The token is empty here: an execution is known by its trading symbol."""
    stamp = _stamp(one.at)
    return {
        **common(one.listed, one.at),
        "GuiOrdId": "",
        "actId": user,
        "avgPrc": rupees(one.price),
        "boeSec": int(one.at.utc.timestamp()),
        "exOrdId": f"11{one.order_no}",
        "exTm": stamp,
        "fldQty": one.quantity,
        "flDt": stamp.split()[0],
        "flId": str(one.trade_no),
        "flLeg": 1,
        "flTm": stamp.split()[1],
        "nOrdNo": str(one.order_no),
        "prc": "",
        "prcTp": "L",
        "prod": one.product,
        "qty": 0,
        "rptTp": "fill",
        "tok": "",
        "trnsTp": _SIDES[one.side],
    }


def _status(one: Order) -> str:
    return one.status.lower()


def _stamp(at: Instant) -> str:
    return f"{at.in_zone(IST):%d-%b-%Y %H:%M:%S}"
