"""Kite's order updates: text messages on its stream, of all the user's orders, placed here or elsewhere."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from tunefolio.adapters.brokers.zerodha.errors import mapping
from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.adapters.brokers.zerodha.orders import order
from tunefolio.adapters.brokers.zerodha.ticks import note
from tunefolio.adapters.brokers.zerodha.wire import Wire
from tunefolio.core.errors import Rejected
from tunefolio.trading.orders import OrderReport

_log = logging.getLogger(__name__)


async def updates(url: str, leave: Pass) -> AsyncGenerator[OrderReport, None]:
    """Orders as they change, until closed. One without sense is logged and left out."""
    async with aclosing(Wire(url, leave).heard((), _order)) as told:
        async for report in told:
            yield report


def _order(message: bytes | str) -> OrderReport | None:
    """The order that a message tells of; None for ticks, other notes and what makes no sense."""
    if isinstance(message, bytes):
        return None
    try:
        told = note(message)
        return order(mapping(told.data, "order update"), "order update") if told.kind == "order" else None
    except Rejected as odd:
        _log.warning("updates.odd", extra={"problem": str(odd)})
        return None
