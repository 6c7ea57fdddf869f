"""A broker's own count of charges as JSON: every line beside ours, order by order and together."""

from __future__ import annotations

from typing import Any

from tunefolio.core.money import plain
from tunefolio.services.charged import AskedOrder, BrokersWord
from tunefolio.services.charges_json import compared
from tunefolio.trading.charges.compare import Comparison


def word(one: BrokersWord) -> dict[str, Any]:
    """The answer about one day. orders: `lines` is null where the broker tells the sum alone."""
    return {
        "account_id": one.account.id,
        "account": one.account.name,
        "day": one.day.iso(),
        "broker": one.title,
        **comparison(one.whole),
        "orders": [_order(each) for each in one.orders],
        "not_asked": list(one.unknown),
        "remarks": list(one.remarks),
    }


def comparison(one: Comparison) -> dict[str, Any]:
    """lines and total, ours beside theirs with every digit."""
    return {"lines": [compared(row) for row in one.rows], "total": compared(one.total)}


def _order(one: AskedOrder) -> dict[str, Any]:
    told = comparison(one.comparison) if one.comparison is not None else {"lines": None, "total": None}
    return {
        "order": one.number or None,
        "symbol": one.symbol,
        "exchange": one.deal.exchange,
        "segment": one.deal.segment.value,
        "side": one.deal.side.value,
        "quantity": plain(one.deal.quantity),
        "price": plain(one.deal.price),
        **told,
    }
