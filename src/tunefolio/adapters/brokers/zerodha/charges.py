"""Kite's virtual contract note: orders and their average prices in, the charges of each out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import mapping, number, optional, rows
from tunefolio.adapters.brokers.zerodha.instruments import KITE_EXCHANGES, tradingsymbol_of
from tunefolio.adapters.brokers.zerodha.kite import Kite, Pass
from tunefolio.core.errors import Rejected
from tunefolio.ledger.charged import ChargedOrder, FeeAmounts, StatedCharges, added
from tunefolio.ledger.feeparts import FeeName
from tunefolio.ledger.kinds import Kind

_BATCH = 50
"""Kite tells no limit; a day has seldom more."""
_SHARES = frozenset({"NSE", "BSE"})
_FIELDS = (
    (FeeName.BROKERAGE, "brokerage"),
    (FeeName.EXCHANGE, "exchange_turnover_charge"),
    (FeeName.SEBI, "sebi_turnover_charge"),
    (FeeName.STAMP, "stamp_duty"),
)


def fetch(kite: Kite, leave: Pass, orders: Sequence[ChargedOrder]) -> StatedCharges:
    """Raises Reauth, Retry, Rejected."""
    known = [order for order in orders if order.listing.exchange in KITE_EXCHANGES]
    each: dict[str, FeeAmounts] = {}
    for start in range(0, len(known), _BATCH):
        batch = known[start : start + _BATCH]
        each |= charges(kite.post_json(leave, "/charges/orders", [asked(order) for order in batch]), batch)
    unknown = frozenset(order.number for order in orders) - each.keys()
    return StatedCharges(added(list(each.values())), each, unknown)


def asked(order: ChargedOrder) -> Mapping[str, Any]:
    """One order of the question. How it was placed (a limit, the market) changes no charge."""
    product = "CNC" if order.listing.exchange in _SHARES else "NRML"
    return {
        "order_id": order.number,
        "exchange": order.listing.exchange,
        "tradingsymbol": tradingsymbol_of(order.listing),
        "transaction_type": "BUY" if order.kind is Kind.BUY else "SELL",
        "variety": "regular",
        "product": "MIS" if order.is_intraday else product,
        "order_type": "LIMIT",
        "quantity": _plain(order.quantity),
        "average_price": float(order.price),
    }


def charges(data: Any, orders: Sequence[ChargedOrder]) -> dict[str, FeeAmounts]:
    """`data` of the answer: a row for each order, in their order. Rejected: another count of rows."""
    told = rows(data, "charges")
    if len(told) != len(orders):
        reason = f"Zerodha: asked about {len(orders)} orders, it answered {len(told)}"
        raise Rejected(reason, code="wrong_count")
    return {
        order.number: amounts(mapping(row.get("charges"), f"charges[{place}]"), f"charges[{place}]")
        for place, (order, row) in enumerate(zip(orders, told, strict=True))
    }


def amounts(row: Mapping[str, Any], where: str) -> FeeAmounts:
    """The `charges` object of an order. Its exchange charge holds the investor protection fund."""
    tax = FeeName.CTT if optional(row, "transaction_tax_type") == "ctt" else FeeName.STT
    found = {name: number(row, field, where) for name, field in _FIELDS}
    gst = number(mapping(row.get("gst"), f"{where}.gst"), "total", f"{where}.gst")
    return found | {FeeName.GST: gst, tax: number(row, "transaction_tax", where)}


def _plain(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == int(quantity) else float(quantity)
