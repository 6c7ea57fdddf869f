"""Kite's margins: the money behind the next order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import mapping, money
from tunefolio.core.money import INR, Money
from tunefolio.ledger.statements import Funds

_NOTHING = Funds(Money.zero(INR), None, None, None)


def funds(data: Any) -> Funds:
    """The equity segment of `data` of /user/margins; nothing where it is not enabled."""
    equity = equity_of(data)
    if equity is None:
        return _NOTHING
    available = mapping(equity.get("available"), "margins.equity.available")
    utilised = mapping(equity.get("utilised"), "margins.equity.utilised")
    return Funds(
        money(equity, "net", "margins.equity"),
        money(available, "cash", "margins.equity.available"),
        money(available, "collateral", "margins.equity.available"),
        money(utilised, "debits", "margins.equity.utilised"),
    )


def equity_of(data: Any) -> Mapping[str, Any] | None:
    """The equity segment, None where it is absent or not enabled."""
    equity = mapping(data, "margins").get("equity")
    if equity is None or not mapping(equity, "margins.equity").get("enabled", True):
        return None
    return mapping(equity, "margins.equity")
