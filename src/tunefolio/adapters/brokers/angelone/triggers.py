"""Angel One's GTT rules: orders that wait at the broker for a price, told page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.adapters.brokers.angelone.errors import missing, wrong
from tunefolio.adapters.brokers.angelone.fields import claim, number, price, rows, text, words
from tunefolio.adapters.brokers.angelone.orders import SIDES
from tunefolio.adapters.brokers.angelone.smart import SECURE, Lane, Leave, Smart
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.money import Price
from tunefolio.core.time import IST, Instant
from tunefolio.trading.orders import OrderSide, TriggerReport

PATH = f"{SECURE}/gtt/v1/ruleList"
PAGE = 50
MOST_PAGES = 100
_STATES = ["NEW", "CANCELLED", "ACTIVE", "SENTTOEXCHANGE", "FORALL"]


def fetch(smart: Smart, leave: Leave) -> tuple[TriggerReport, ...]:
    """Every rule of the client, cancelled ones too, by its status. Raises Reauth, Retry, Rejected."""
    found: dict[str, TriggerReport] = {}
    for page in range(1, MOST_PAGES + 1):
        body = {"status": _STATES, "page": page, "count": PAGE}
        told = triggers(smart.post(leave, PATH, body, Lane.TRIGGERS))
        found |= {one.trigger_id: one for one in told}
        if len(told) < PAGE:
            return tuple(found.values())
    raise Rejected(f"Angel One: more than {MOST_PAGES} pages of rules", code="too_large")


def triggers(data: Any) -> tuple[TriggerReport, ...]:
    """`data` of ruleList: a list, one rule by itself, or null."""
    listed = [data] if isinstance(data, dict) else data
    return tuple(trigger(row, f"rules[{at}]") for at, row in enumerate(rows(listed, "rules")))


def trigger(row: Mapping[str, Any], where: str) -> TriggerReport:
    """One rule: one price, one order. Rejected: a side we do not know."""
    return TriggerReport(
        trigger_id=text(row, "id", where),
        instrument=claim(row, where),
        triggers=(_price(row, "triggerprice", where),),
        orders=((_side(row, where), number(row, "qty", where), _price(row, "price", where)),),
        status=text(row, "status", where),
        created=_moment(row, "createddate", where),
        expires=_moment(row, "expirydate", where),
    )


def _side(row: Mapping[str, Any], where: str) -> OrderSide:
    side = SIDES.get(text(row, "transactiontype", where).upper())
    if side is None:
        raise wrong("transactiontype", where, "BUY or SELL")
    return side


def _price(row: Mapping[str, Any], field: str, where: str) -> Price:
    found = price(row, field, where)
    if found is None:
        raise missing(field, where)
    return found


def _moment(row: Mapping[str, Any], field: str, where: str) -> Instant | None:
    """`2020-11-16T14:19:51Z`."""
    value = words(row, field)
    try:
        return Instant.parse(value, IST) if value else None
    except Misuse:
        raise wrong(field, where, "a time") from None
