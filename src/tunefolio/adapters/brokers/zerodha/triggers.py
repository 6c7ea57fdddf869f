"""Kite's GTT: orders that wait at the broker for a price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import mapping, missing, number, price, rows, stamp, text
from tunefolio.adapters.brokers.zerodha.instruments import claim_of
from tunefolio.adapters.brokers.zerodha.orders import SIDES
from tunefolio.core.errors import Rejected
from tunefolio.core.money import INR, Price, quantized
from tunefolio.trading.orders import OrderSide, TriggerReport


def triggers(data: Any) -> tuple[TriggerReport, ...]:
    """`data` of /gtt/triggers, as Kite lists them; fired and deleted ones too, by their status."""
    return tuple(trigger(row, f"triggers[{at}]") for at, row in enumerate(rows(data, "triggers")))


def trigger(row: Mapping[str, Any], where: str = "trigger") -> TriggerReport:
    """One standing instruction. Two prices (two-leg) are a stop and a target; whichever comes first fires."""
    condition = mapping(row.get("condition"), f"{where}.condition")
    legs = rows(row.get("orders"), f"{where}.orders")
    return TriggerReport(
        trigger_id=str(number(row, "id", where)),
        instrument=claim_of(condition, f"{where}.condition"),
        triggers=_prices(condition.get("trigger_values"), f"{where}.condition.trigger_values"),
        orders=tuple(_leg(leg, f"{where}.orders[{at}]") for at, leg in enumerate(legs)),
        status=text(row, "status", where),
        created=stamp(row, "created_at", where),
        expires=stamp(row, "expires_at", where),
    )


def _prices(values: Any, where: str) -> tuple[Price, ...]:
    if not isinstance(values, list):
        raise Rejected(f"Zerodha: {where} is not a list", code="wrong_type")
    found = [number({"value": value}, "value", where) for value in values]
    return tuple(Price(quantized(value, 8), INR) for value in sorted(found))


def _leg(row: Mapping[str, Any], where: str) -> tuple[OrderSide, Decimal, Price]:
    side = text(row, "transaction_type", where)
    if side not in SIDES:
        raise Rejected(f"Zerodha: 'transaction_type' of {where} is {side[:20]!r}", code="unknown_side")
    limit = price(row, "price", where)
    if limit is None:
        raise missing("price", where)
    return SIDES[side], number(row, "quantity", where), limit
