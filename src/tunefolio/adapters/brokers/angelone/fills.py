"""Angel One's trade book. A trade tells the time and not the day: the day is that of its order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from tunefolio.adapters.brokers.angelone.errors import wrong
from tunefolio.adapters.brokers.angelone.fields import (
    DAY_PRODUCTS,
    NAMED,
    claim,
    number,
    price,
    rows,
    text,
    words,
)
from tunefolio.adapters.brokers.angelone.orders import AngelOrders, updated
from tunefolio.adapters.brokers.angelone.smart import SECURE, Lane, Leave, Smart
from tunefolio.adapters.unread import ClaimOf, sifted_fills
from tunefolio.core.errors import Rejected
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.fills import DayFills, Fill
from tunefolio.ledger.kinds import Kind

_TIME = re.compile(r"(?:.* )?([0-2][0-9]):([0-5][0-9]):([0-5][0-9])")


def fetch(smart: Smart, leave: Leave) -> DayFills:
    """Every fill of the running day. Raises Reauth, Retry, Rejected.

    The book of orders is read after that of trades, so that it knows the order of each.
    """
    traded = smart.get(leave, f"{SECURE}/order/v1/getTradeBook", Lane.TRADES)
    if not rows(traded, "trades"):
        return DayFills()
    return fills(traded, AngelOrders(smart, leave).book())


def fills(trades: Any, orders: Any) -> DayFills:
    """`data` of the trade book beside that of the order book."""
    days = days_of(orders)

    def of_day(row: Mapping[str, Any], named: ClaimOf, where: str) -> Fill:
        return fill(row, days, named, where)

    return sifted_fills(rows(trades, "trades"), "trades", claim, NAMED, of_day)


def days_of(orders: Any) -> dict[str, date]:
    """The day in India of each order's last change at the exchange, by its number. Nothing else of an order
    is read here: one of an exchange that nobody knows does not keep the others' days from being told."""
    days = {}
    for at, row in enumerate(rows(orders, "orders")):
        where = f"orders[{at}]"
        changed = updated(row, where)
        if changed is not None:
            days[text(row, "orderid", where)] = changed.in_zone(IST).date()
    return days


def fill(row: Mapping[str, Any], days: Mapping[str, date], named: ClaimOf, where: str) -> Fill:
    """One row. Rejected: a side we do not know, an order that the order book does not know."""
    order = text(row, "orderid", where)
    if order not in days:
        raise Rejected(f"Angel One: the order book lacks the order of {where}", code="unknown_order")
    paid, size = price(row, "fillprice", where), number(row, "fillsize", where)
    if paid is None:
        raise wrong("fillprice", where, "a price")
    if size <= 0:
        raise wrong("fillsize", where, "a count of units")
    product = words(row, "producttype")
    return Fill(
        trade_id=text(row, "fillid", where),
        order_id=order,
        instrument=named(row, where),
        kind=_kind(row, where),
        quantity=size,
        price=paid,
        at=_at(row, days[order], where),
        product=product,
        is_intraday=product in DAY_PRODUCTS,
    )


def _kind(row: Mapping[str, Any], where: str) -> Kind:
    match text(row, "transactiontype", where).upper():
        case "BUY":
            return Kind.BUY
        case "SELL":
            return Kind.SELL
        case _:
            raise wrong("transactiontype", where, "BUY or SELL")


def _at(row: Mapping[str, Any], day: date, where: str) -> Instant:
    match = _TIME.fullmatch(text(row, "filltime", where))
    try:
        if match is None:
            raise ValueError
        hour, minute, second = map(int, match.groups())
        return Instant(datetime.combine(day, time(hour, minute, second), IST))
    except ValueError:
        raise wrong("filltime", where, "a time") from None
