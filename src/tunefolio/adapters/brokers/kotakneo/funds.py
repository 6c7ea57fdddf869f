"""Kotak's limits: one flat answer for all segments. CollateralValue is cash, Collateral what is pledged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.adapters.brokers.kotakneo.errors import missing, money
from tunefolio.core.money import Money
from tunefolio.ledger.statements import Funds

ALL = {"seg": "ALL", "exch": "ALL", "prod": "ALL"}


def funds(told: Mapping[str, Any], where: str = "limits") -> Funds:
    """What may be spent is Net: cash and collateral less what open positions use."""
    available = money(told, "Net", where)
    if available is None:
        raise missing("Net", where)
    return Funds(
        available, cash(told, where), money(told, "Collateral", where), money(told, "MarginUsed", where)
    )


def cash(told: Mapping[str, Any], where: str = "limits") -> Money | None:
    """Cash with what was paid in and out today; None where Kotak does not say."""
    standing = money(told, "CollateralValue", where)
    if standing is None:
        return None
    for field, sign in (("RmsPayInAmt", 1), ("RmsPayOutAmt", -1)):
        if (moved := money(told, field, where)) is not None:
            standing = standing + moved * sign
    return standing
