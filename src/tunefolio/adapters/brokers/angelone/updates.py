"""Angel One's order feed: orders as they change, in the words of the order book."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.adapters.brokers.angelone.errors import BROKER
from tunefolio.adapters.brokers.angelone.fields import words
from tunefolio.adapters.brokers.angelone.line import Line, Patience
from tunefolio.adapters.brokers.angelone.orders import report
from tunefolio.adapters.brokers.angelone.smart import Leave
from tunefolio.core.errors import Rejected
from tunefolio.trading.orders import OrderReport

_log = logging.getLogger(__name__)

_BY_CODE = {
    "AB01": "open", "AB02": "cancelled", "AB03": "rejected", "AB04": "modified", "AB05": "complete",
    "AB06": "after market order req received", "AB07": "cancelled after market order",
    "AB08": "modify after market order req received", "AB09": "open pending", "AB10": "trigger pending",
    "AB11": "modify pending",
}  # fmt: skip
"""Used only where the order itself does not say how it stands: the two have been seen to contradict."""


async def updates_of(url: str, leave: Leave, patience: Patience) -> AsyncGenerator[OrderReport, None]:
    """Each change at least once. Raises Reauth, Retry. End it by closing the generator."""
    line = Line(url, leave.line_headers, patience=patience)
    async with aclosing(line.heard(update)) as changes:
        async for change in changes:
            yield change


def update(message: bytes | str) -> OrderReport | None:
    """One message; None for the greeting and other messages without an order. Rejected: it cannot be read."""
    try:
        told = jsons.loads(message.encode() if isinstance(message, str) else message)
    except ValueError:
        raise Rejected("Angel One: an order message breaks off or is not JSON", code="wrong_type") from None
    if not isinstance(told, dict):
        raise Rejected("Angel One: an order message is not an object", code="wrong_type")
    if problem := words(told, "error-message"):
        _log.warning("orders.error", extra={"broker": BROKER, "said": problem[:200]})
    row: Mapping[str, Any] | None = told.get("orderData")
    if not isinstance(row, dict) or not words(row, "orderid"):
        return None
    status = words(row, "orderstatus") or words(row, "status")
    by_code = _BY_CODE.get(words(told, "order-status"), words(told, "order-status"))
    return report({**row, "orderstatus": status or by_code}, "orderData")
