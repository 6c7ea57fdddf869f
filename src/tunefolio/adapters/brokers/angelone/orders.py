"""Angel One's order book: orders in its own words, and how they translate to ours."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.angelone.fields import claim, number, price, rows, stamp, text, units, words
from tunefolio.adapters.brokers.angelone.smart import SECURE, Lane, Leave, Smart
from tunefolio.core.errors import Rejected
from tunefolio.core.time import Instant
from tunefolio.trading.orders import OrderReport, OrderSide, OrderState

BOOK = f"{SECURE}/order/v1/getOrderBook"

_STATES = {
    "open": OrderState.OPEN,
    "modified": OrderState.OPEN,
    "complete": OrderState.COMPLETE,
    "cancelled": OrderState.CANCELLED,
    "amo cancelled": OrderState.CANCELLED,
    "cancelled after market order": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
    "trigger pending": OrderState.TRIGGER_PENDING,
    "open pending": OrderState.PENDING,
    "validation pending": OrderState.PENDING,
    "put order req received": OrderState.PENDING,
    "after market order req received": OrderState.PENDING,
    "amo req received": OrderState.PENDING,
    "modify after market order req received": OrderState.PENDING,
    "modify validation pending": OrderState.OPEN,
    "modify pending": OrderState.OPEN,
    "cancel pending": OrderState.OPEN,
}
"""Lower case, as Angel One writes them. Every other word is UNKNOWN."""
SIDES = {"BUY": OrderSide.BUY, "SELL": OrderSide.SELL}


class AngelOrders:
    """The day's orders of one client. Raises Reauth, Retry, Rejected."""

    def __init__(self, smart: Smart, leave: Leave) -> None:
        self._smart = smart
        self._leave = leave

    def all(self) -> tuple[OrderReport, ...]:
        """Oldest first."""
        told = reports(self.book())
        return tuple(sorted(told, key=lambda one: (one.placed is None, one.placed, one.order_id)))

    def book(self) -> Any:
        """`data` of the order book, unread."""
        return self._smart.get(self._leave, BOOK, Lane.ORDERS)

    def history(self, order_id: str) -> tuple[OrderReport, ...]:
        """Angel One keeps no former states: the present one alone, from the order's own page."""
        for row in rows(self.book(), "orders"):
            if words(row, "orderid") == order_id:
                unique = words(row, "uniqueorderid")
                return (report(self._details(unique) if unique else row, "order"),)
        raise Rejected("Angel One does not know this order", code="unknown_order")

    def _details(self, unique: str) -> Mapping[str, Any]:
        path = f"{SECURE}/order/v1/details/{unique}"
        (row,) = rows([self._smart.get(self._leave, path, Lane.ORDERS)], "order")
        return row


def reports(data: Any) -> list[OrderReport]:
    """`data` of getOrderBook, in its order; null before the first order."""
    return [report(row, f"orders[{at}]") for at, row in enumerate(rows(data, "orders"))]


def updated(row: Mapping[str, Any], where: str) -> Instant | None:
    """When the order last changed at the exchange."""
    return stamp(row, "exchorderupdatetime", where) or stamp(row, "updatetime", where)


def report(row: Mapping[str, Any], where: str) -> OrderReport:
    """One row of the book, or `orderData` of the order feed: the same fields, as numbers or as text."""
    status = words(row, "orderstatus") or words(row, "status")
    state = _STATES.get(status.lower(), OrderState.UNKNOWN)
    return OrderReport(
        order_id=text(row, "orderid", where),
        exchange_id=words(row, "exchangeorderid"),
        parent_id=words(row, "parentorderid"),
        instrument=claim(row, where),
        side=SIDES.get(words(row, "transactiontype").upper()),
        variety=words(row, "variety"),
        product=words(row, "producttype"),
        order_type=words(row, "ordertype"),
        validity=words(row, "duration"),
        quantity=number(row, "quantity", where),
        filled=units(row, "filledshares", where),
        pending=Decimal(0) if state.is_final else units(row, "unfilledshares", where),
        cancelled=units(row, "cancelsize", where),
        price=price(row, "price", where),
        trigger=price(row, "triggerprice", where),
        average=price(row, "averageprice", where),
        state=state,
        status=status,
        message=words(row, "text"),
        placed=stamp(row, "exchtime", where) or stamp(row, "updatetime", where),
        updated=updated(row, where),
        tag=words(row, "ordertag"),
    )
