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
    async with aclosing(Wire(url, leave).messages(())) as messages:
        async for message in messages:
            if isinstance(message, bytes) or (told := note(message)).kind != "order":
                continue
            try:
                yield order(mapping(told.data, "order update"), "order update")
            except Rejected as odd:
                _log.warning("updates.odd", extra={"problem": str(odd)})
