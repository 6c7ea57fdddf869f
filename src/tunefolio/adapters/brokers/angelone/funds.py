"""What money and collateral a client has for the next order: RMS, in Angel One's word."""

from __future__ import annotations

from typing import Any

from tunefolio.adapters.brokers.angelone.errors import missing
from tunefolio.adapters.brokers.angelone.fields import mapping, money
from tunefolio.adapters.brokers.angelone.smart import SECURE, Lane, Leave, Smart
from tunefolio.ledger.statements import Funds


def fetch(smart: Smart, leave: Leave) -> Funds:
    """Raises Reauth, Retry, Rejected."""
    return funds(smart.get(leave, f"{SECURE}/user/v1/getRMS", Lane.FUNDS))


def funds(data: Any) -> Funds:
    """`data` of getRMS: all texts, some null."""
    row = mapping(data, "funds")
    net = money(row, "net", "funds")
    if net is None:
        raise missing("net", "funds")
    return Funds(
        available=net,
        cash=money(row, "availablecash", "funds"),
        collateral=money(row, "collateral", "funds"),
        used=money(row, "utiliseddebits", "funds"),
    )
