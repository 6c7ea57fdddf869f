"""Kite's trade book: every execution of the running day, partial fills each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import missing, number, price, rows, stamp, text
from tunefolio.adapters.brokers.zerodha.instruments import claim_of
from tunefolio.core.errors import Rejected
from tunefolio.ledger.fills import Fill
from tunefolio.ledger.kinds import Kind

_KINDS = {"BUY": Kind.BUY, "SELL": Kind.SELL}


def fills(data: Any) -> tuple[Fill, ...]:
    """`data` of /trades, oldest first. Rejected: a row without what makes it a trade."""
    found = [fill(row, f"trades[{at}]") for at, row in enumerate(rows(data, "trades"))]
    return tuple(sorted(found, key=lambda one: (one.at, one.trade_id)))


def fill(row: Mapping[str, Any], where: str = "trade") -> Fill:
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
    return Fill(
        text(row, "trade_id", where),
        text(row, "order_id", where),
        claim_of(row, where),
        _KINDS[side],
        number(row, "quantity", where),
        paid,
        at,
        text(row, "product", where),
    )
