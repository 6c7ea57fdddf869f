"""Route of the charges estimate: a tree of lines of all the given orders together, and torn rows of each."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.sandbox.angel.desk import desk_of
from tunefolio.sandbox.angel.envelope import body_of, refused, success, text_of, unreadable
from tunefolio.sandbox.angel.names import find
from tunefolio.sandbox.tariffs import Count, Sort, angel

_SORTS = {"DELIVERY": Sort.DELIVERY, "INTRADAY": Sort.INTRADAY}


async def estimated(request: Request) -> Response:
    """POST brokerage/v1/estimateCharges: orders on shares, by token, every field a text."""
    desk = desk_of(request)
    desk.reader(request, lambda rates: rates.books)
    body = await body_of(request)
    orders = body.get("orders")
    if not isinstance(orders, list) or not orders:
        raise unreadable()
    day, value = TradingDay(calendar_date(desk.clock.now())), Decimal(0)
    counts = []
    for order in orders:
        if not isinstance(order, dict):
            raise unreadable()
        if find(desk.market.universe, text_of(order, "exchange"), text_of(order, "token")) is None:
            raise refused("AB1018", "Failed to get symbol details")
        traded = _number(order, "quantity") * _number(order, "price")
        counts.append(_count(order, traded, day))
        value += traded
    return success({"summary": _told(counts, value), "charges": [_torn(one) for one in counts]})


def _count(order: dict[str, Any], value: Decimal, day: TradingDay) -> Count:
    side, product = text_of(order, "transaction_type"), text_of(order, "product_type")
    if side not in ("BUY", "SELL") or product not in _SORTS:
        raise refused("AB4008", "Invalid product or transaction type")
    return angel(text_of(order, "exchange"), _SORTS[product], side, value, day)


def _number(order: dict[str, Any], name: str) -> Decimal:
    try:
        found = Decimal(text_of(order, name))
    except InvalidOperation:
        raise unreadable() from None
    if not found.is_finite() or found <= 0:
        raise refused("AB4008", f"Invalid {name}")
    return found


def _told(counts: list[Count], value: Decimal) -> dict[str, Any]:
    """All of them as one."""
    total = sum((one.total for one in counts), Decimal(0))
    return {"total_charges": _float(total), "trade_value": _float(value), "breakup": _tree(counts)}


def _tree(counts: list[Count]) -> list[dict[str, Any]]:
    def line(name: str, field: str) -> dict[str, Any]:
        return _line(name, sum((getattr(one, field) for one in counts), Decimal(0)))

    outside = [
        line("Exchange Transaction Charges", "turnover"),
        line("Stamp Duty", "stamp"),
        line("IPFT charges", "fund"),
        line("SEBI Fees", "sebi"),
    ]
    taxes = [line("Security Transaction Tax", "tax"), line("GST", "gst")]
    return [
        line("Angel One Brokerage", "brokerage"),
        _branch("External Charges", outside),
        _branch("Taxes", taxes),
    ]


def _branch(name: str, inside: list[dict[str, Any]]) -> dict[str, Any]:
    amount = sum((Decimal(str(one["amount"])) for one in inside), Decimal(0))
    return _line(name, amount) | {"breakup": inside}


def _line(name: str, amount: Decimal) -> dict[str, Any]:
    return {"name": name, "amount": _float(amount), "msg": "", "breakup": []}


def _torn(one: Count) -> dict[str, Any]:
    """As the documentation prints a single order: its lines are no list."""
    return {
        "total_charges": _float(one.total),
        "trade_value": 0,
        "breakup": _line("Angel One Brokerage", one.brokerage),
    }


def _float(amount: Decimal) -> float:
    return float(round(amount, 4))
