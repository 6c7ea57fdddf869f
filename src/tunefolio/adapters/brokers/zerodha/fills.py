"""Kite's trade book: every execution of the running day, partial fills each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import missing, number, price, rows, stamp, text
from tunefolio.adapters.brokers.zerodha.instruments import DAY_PRODUCTS, NAMED, claim_of
from tunefolio.adapters.unread import ClaimOf, sifted_fills
from tunefolio.core.errors import Rejected
from tunefolio.ledger.fills import DayFills, Fill
from tunefolio.ledger.kinds import Kind

_KINDS = {"BUY": Kind.BUY, "SELL": Kind.SELL}


def fills(data: Any) -> DayFills:
    """`data` of /trades. Rejected: a row without what makes it a trade."""
    return sifted_fills(rows(data, "trades"), "trades", claim_of, NAMED, fill)


def fill(row: Mapping[str, Any], claim: ClaimOf = claim_of, where: str = "trade") -> Fill:
    """One row. When it traded is the exchange's stamp; the order's is a clock time without a day."""
    side = text(row, "transaction_type", where)
    if side not in _KINDS:
        raise Rejected(f"Zerodha: 'transaction_type' of {where} is {side[:20]!r}", code="unknown_side")
    at = stamp(row, "exchange_timestamp", where) or stamp(row, "fill_timestamp", where)
    paid = price(row, "average_price", where)
    if at is None:
        raise missing("exchange_timestamp", where)
    if paid is None:
        raise missing("average_price", where)
    product = text(row, "product", where)
    return Fill(
        text(row, "trade_id", where),
        text(row, "order_id", where),
        claim(row, where),
        _KINDS[side],
        number(row, "quantity", where),
        paid,
        at,
        product,
        product in DAY_PRODUCTS,
    )
