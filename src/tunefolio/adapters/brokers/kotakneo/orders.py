"""Kotak's order book, and one order's path. Kotak's word for a state is kept beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.kotakneo.errors import (
    epoch,
    find_number,
    number,
    optional,
    price,
    stamp,
    text,
)
from tunefolio.adapters.unread import ClaimOf
from tunefolio.core.time import Instant
from tunefolio.trading.orders import OrderReport, OrderSide, OrderState

ORDERS = "/quick/user/orders"
HISTORY = "/quick/order/history"

SIDES: Mapping[str, OrderSide] = {"B": OrderSide.BUY, "S": OrderSide.SELL}
_FIRST = "put order req received"
_STATES: Mapping[str, OrderState] = {
    _FIRST: OrderState.PENDING,
    "validation pending": OrderState.PENDING,
    "open pending": OrderState.PENDING,
    "after market order req received": OrderState.PENDING,
    "open": OrderState.OPEN,
    "modify validation pending": OrderState.OPEN,
    "modify pending": OrderState.OPEN,
    "modified": OrderState.OPEN,
    "cancel pending": OrderState.OPEN,
    "trigger pending": OrderState.TRIGGER_PENDING,
    "complete": OrderState.COMPLETE,
    "cancelled": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
}
_NANOSECONDS = Decimal(10) ** 9


def orders(told: Sequence[Mapping[str, Any]], claim: ClaimOf) -> tuple[OrderReport, ...]:
    """`data` of the order book, oldest first. Order numbers begin with the day and grow."""
    found = [order(row, claim, f"orders[{at}]") for at, row in enumerate(told)]
    return tuple(sorted(found, key=_age))


def history(told: Sequence[Mapping[str, Any]], claim: ClaimOf) -> tuple[OrderReport, ...]:
    """The states of one order, oldest first. Kotak lists the newest first, under stamps of one moment."""
    found = tuple(order(row, claim, f"history[{at}]") for at, row in enumerate(told))
    return found if found and found[0].status.lower() == _FIRST else found[::-1]


def order(row: Mapping[str, Any], claim: ClaimOf, where: str = "order") -> OrderReport:
    """One row; the book, the history and the feed call a few fields otherwise. Rejected: one is missing."""
    status = text(row, "ordSt", where)
    state = _STATES.get(status.lower(), OrderState.UNKNOWN)
    quantity = number(row, "qty", where)
    filled = find_number(row, "fldQty", where) or Decimal(0)
    left = find_number(row, "unFldSz", where)
    rest = quantity - filled if left is None else left
    return OrderReport(
        order_id=text(row, "nOrdNo", where),
        exchange_id=optional(row, "exOrdId", "exchOrdId"),
        parent_id="",
        instrument=claim(row, where),
        side=SIDES.get(optional(row, "trnsTp")),
        variety="",
        product=optional(row, "prod"),
        order_type=optional(row, "prcTp"),
        validity=optional(row, "vldt", "ordDur"),
        quantity=quantity,
        filled=filled,
        pending=Decimal(0) if state.is_final else rest,
        cancelled=_cancelled(row, state, rest, where),
        price=price(row, "prc", where),
        trigger=price(row, "trgPrc", where),
        average=price(row, "avgPrc", where),
        state=state,
        status=status,
        message=optional(row, "rejRsn"),
        placed=stamp(optional(row, "ordDtTm", "ordEntTm"), "ordDtTm", where),
        updated=_updated(row, where),
        tag=optional(row, "GuiOrdId"),
    )


def _cancelled(row: Mapping[str, Any], state: OrderState, rest: Decimal, where: str) -> Decimal:
    """As told, else the rest of a cancelled order."""
    told = find_number(row, "cnlQty", where)
    return rest if not told and state is OrderState.CANCELLED else told or Decimal(0)


def _updated(row: Mapping[str, Any], where: str) -> Instant | None:
    """When Kotak heard of it: nanoseconds, or the exchange's seconds."""
    heard = find_number(row, "updRecvTm", where)
    if heard is not None:
        return epoch(heard / _NANOSECONDS, "updRecvTm", where)
    return epoch(find_number(row, "boeSec", where), "boeSec", where)


def _age(report: OrderReport) -> tuple[bool, str, str]:
    placed = report.placed
    return placed is None, "" if placed is None else placed.iso(), report.order_id
