"""Route of the virtual contract note: what each of the given orders costs. They need not exist."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.sandbox.kite.desk import desk_of
from tunefolio.sandbox.kite.envelope import input_error, success
from tunefolio.sandbox.tariffs import Count, Sort, zerodha

_SHARES, _CONTRACTS = ("NSE", "BSE"), ("NFO", "BFO")
_TOLD = ("transaction_type", "tradingsymbol", "exchange", "variety", "product", "order_type", "quantity")


async def contract_note(request: Request) -> Response:
    """POST /charges/orders: a list of orders; a row for each, in their order."""
    desk = desk_of(request)
    desk.reader(request)
    try:
        orders = await request.json()
    except ValueError:
        raise input_error("Invalid JSON input.") from None
    if not isinstance(orders, list) or not orders:
        raise input_error("The list of orders is missing.")
    return success(note(orders, TradingDay(calendar_date(desk.clock.now()))))


def note(orders: list[Any], day: TradingDay) -> list[dict[str, Any]]:
    """The answer's rows by the rates of that day; raises KiteError."""
    return [_row(order, day) for order in orders]


def _row(order: Any, day: TradingDay) -> dict[str, Any]:
    if not isinstance(order, dict):
        raise input_error("An order is an object.")
    side, quantity, price = (
        order.get("transaction_type"),
        _number(order, "quantity"),
        _number(order, "average_price"),
    )
    if side not in ("BUY", "SELL"):
        raise input_error("Invalid `transaction_type`.")
    if quantity <= 0 or quantity != int(quantity) or price <= 0:
        raise input_error("Invalid `quantity` or `average_price`.")
    found = zerodha(str(order.get("exchange")), _sort(order), side, quantity * price, day)
    return {name: order.get(name) for name in _TOLD} | {"price": float(price), "charges": _charges(found)}


def _sort(order: Mapping[str, Any]) -> Sort:
    exchange, product, symbol = (str(order.get(name)) for name in ("exchange", "product", "tradingsymbol"))
    if not order.get("tradingsymbol"):
        raise input_error("Missing `tradingsymbol`.")
    if exchange in _SHARES and product in ("CNC", "MIS"):
        return Sort.DELIVERY if product == "CNC" else Sort.INTRADAY
    if exchange in _CONTRACTS and product in ("NRML", "MIS"):
        return Sort.OPTIONS if symbol.endswith(("CE", "PE")) else Sort.FUTURES
    if exchange == "MCX":
        return Sort.COMMODITY
    raise input_error(f"Invalid `exchange` or `product`: {exchange[:10]}, {product[:10]}.")


def _number(order: Mapping[str, Any], name: str) -> Decimal:
    try:
        found = Decimal(str(order.get(name)))
    except InvalidOperation:
        raise input_error(f"Invalid `{name}`.") from None
    if not found.is_finite():
        raise input_error(f"Invalid `{name}`.")
    return found


def _charges(found: Count) -> dict[str, Any]:
    """Its exchange charge holds the investor protection fund."""
    gst = float(found.gst)
    return {
        "transaction_tax": float(found.tax),
        "transaction_tax_type": found.tax_name,
        "exchange_turnover_charge": float(found.turnover + found.fund),
        "sebi_turnover_charge": float(found.sebi),
        "brokerage": float(found.brokerage),
        "stamp_duty": float(found.stamp),
        "gst": {"igst": gst, "cgst": 0, "sgst": 0, "total": gst},
        "total": float(found.total),
    }
