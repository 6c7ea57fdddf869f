"""Kite's order book, and one order's path. Kite's word for a state is kept beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import number, optional, price, rows, stamp, text
from tunefolio.adapters.brokers.zerodha.instruments import claim_of
from tunefolio.trading.orders import OrderReport, OrderSide, OrderState

SIDES: Mapping[str, OrderSide] = {"BUY": OrderSide.BUY, "SELL": OrderSide.SELL}

_STATES: Mapping[str, OrderState] = {
    "PUT ORDER REQ RECEIVED": OrderState.PENDING,
    "VALIDATION PENDING": OrderState.PENDING,
    "OPEN PENDING": OrderState.PENDING,
    "AMO REQ RECEIVED": OrderState.PENDING,
    "OPEN": OrderState.OPEN,
    "MODIFY VALIDATION PENDING": OrderState.OPEN,
    "MODIFY PENDING": OrderState.OPEN,
    "MODIFIED": OrderState.OPEN,
    "CANCEL PENDING": OrderState.OPEN,
    "TRIGGER PENDING": OrderState.TRIGGER_PENDING,
    "COMPLETE": OrderState.COMPLETE,
    "CANCELLED": OrderState.CANCELLED,
    "CANCELLED AMO": OrderState.CANCELLED,
    "REJECTED": OrderState.REJECTED,
}


def orders(data: Any) -> tuple[OrderReport, ...]:
    """`data` of /orders, or of /orders/{id}: oldest first, as Kite lists them."""
    return tuple(order(row, f"orders[{at}]") for at, row in enumerate(rows(data, "orders")))


def order(row: Mapping[str, Any], where: str = "order") -> OrderReport:
    """One row; a postback and the stream's message have the same fields. Rejected: one of them is missing."""
    status = text(row, "status", where)
    return OrderReport(
        order_id=text(row, "order_id", where),
        exchange_id=optional(row, "exchange_order_id"),
        parent_id=optional(row, "parent_order_id"),
        instrument=claim_of(row, where),
        side=SIDES.get(optional(row, "transaction_type")),
        variety=optional(row, "variety"),
        product=optional(row, "product"),
        order_type=optional(row, "order_type"),
        validity=optional(row, "validity"),
        quantity=number(row, "quantity", where),
        filled=number(row, "filled_quantity", where),
        pending=number(row, "pending_quantity", where),
        cancelled=_cancelled(row, where),
        price=price(row, "price", where),
        trigger=price(row, "trigger_price", where),
        average=price(row, "average_price", where),
        state=_STATES.get(status, OrderState.UNKNOWN),
        status=status,
        message=optional(row, "status_message"),
        placed=stamp(row, "order_timestamp", where),
        updated=stamp(row, "exchange_update_timestamp", where),
        tag=optional(row, "tag"),
    )


def _cancelled(row: Mapping[str, Any], where: str) -> Decimal:
    """A postback may leave it out."""
    return number(row, "cancelled_quantity", where) if "cancelled_quantity" in row else Decimal(0)
