"""Kotak's trade book: every execution of the running day, partial fills each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunefolio.adapters.brokers.kotakneo.errors import TITLE, missing, number, optional, price, stamp, text
from tunefolio.adapters.brokers.kotakneo.positions import DAY_PRODUCTS
from tunefolio.adapters.brokers.kotakneo.statements import NAMED
from tunefolio.adapters.unread import ClaimOf, sifted_fills
from tunefolio.core.errors import Rejected
from tunefolio.core.time import Instant
from tunefolio.ledger.fills import DayFills, Fill
from tunefolio.ledger.kinds import Kind

TRADES = "/quick/user/trades"
_KINDS = {"B": Kind.BUY, "S": Kind.SELL}


def fills(told: Sequence[Mapping[str, Any]], claim: ClaimOf) -> DayFills:
    """`data` of the trades. Rejected: a row without what makes it a trade."""
    return sifted_fills(told, "trades", claim, NAMED, fill)


def fill(row: Mapping[str, Any], claim: ClaimOf, where: str = "trade") -> Fill:
    """One row."""
    side = text(row, "trnsTp", where)
    if side not in _KINDS:
        raise Rejected(f"{TITLE}: 'trnsTp' of {where} is {side[:20]!r}", code="unknown_side")
    paid = price(row, "avgPrc", where)
    if paid is None:
        raise missing("avgPrc", where)
    units = number(row, "fldQty", where)
    if units <= 0:
        raise Rejected(f"{TITLE}: 'fldQty' of {where} is not above zero", code="wrong_type")
    product = text(row, "prod", where)
    return Fill(
        text(row, "flId", where),
        text(row, "nOrdNo", where),
        claim(row, where),
        _KINDS[side],
        units,
        paid,
        _at(row, where),
        product,
        product in DAY_PRODUCTS,
    )


def _at(row: Mapping[str, Any], where: str) -> Instant:
    """The day and the hour of the fill stand apart; the exchange's own stamp is the order's."""
    day, hour = text(row, "flDt", where), optional(row, "flTm")
    at = stamp(f"{day} {hour}" if hour else optional(row, "exTm"), "flTm", where)
    if at is None:
        raise missing("flTm", where)
    return at
