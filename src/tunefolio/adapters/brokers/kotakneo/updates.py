"""Kotak's order feed: JSON messages of all the customer's orders, placed here or elsewhere.

How its first message must be written is told in two ways; both are tried, and what worked is kept.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.adapters.brokers.kotakneo.errors import mapping
from tunefolio.adapters.brokers.kotakneo.neo import Pass
from tunefolio.adapters.brokers.kotakneo.orders import order
from tunefolio.adapters.brokers.kotakneo.wire import Line, Refused, Socket
from tunefolio.adapters.unread import ClaimOf
from tunefolio.core.errors import Rejected
from tunefolio.trading.orders import OrderReport

_log = logging.getLogger(__name__)

ANSWER_SECONDS = 5


class Hello:
    """The first message: as JSON, or as Kotak's own client writes it. Changes its way when nobody answers."""

    def __init__(self, leave: Pass, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._leave = leave
        self._seconds = answer_seconds
        self._is_json = True

    async def __call__(self, line: Socket) -> None:
        """Raises Refused where no acknowledgement comes."""
        is_heard = False
        try:
            await line.send(self.text)
            async with asyncio.timeout(self._seconds):
                is_heard = is_welcome(await line.recv())
        finally:
            if not is_heard:
                self._is_json = not self._is_json
        if not is_heard:
            raise Refused

    @property
    def text(self) -> str:
        token, sid = self._leave.auth.reveal(), self._leave.sid.reveal()
        if self._is_json:
            return json.dumps({"type": "cn", "Authorization": token, "Sid": sid, "src": "WEB"})
        return f"{{type:cn,Authorization:{token},Sid:{sid},src:WEB}}"


def is_welcome(answer: str | bytes) -> bool:
    """Is this the acknowledgement of the first message?"""
    told = _told(answer)
    return told.get("ak") == "ok" and told.get("type") == "cn"


def update(message: str | bytes, claim: ClaimOf) -> OrderReport | None:
    """The order that a message tells of; None for positions, acknowledgements and kinds we do not know.

    Rejected: it lacks what makes it an order.
    """
    told = _told(message)
    if told.get("type") != "order":
        return None
    return order(mapping(told.get("data"), "order update"), claim, "order update")


async def updates(line: Line, claim: ClaimOf) -> AsyncGenerator[OrderReport, None]:
    """Orders as they change, until closed. One without sense is logged and left out."""
    async with aclosing(line.messages()) as messages:
        async for message in messages:
            try:
                # names may have to be fetched for it
                found = await asyncio.to_thread(update, message, claim)
            except Rejected as odd:
                _log.warning("updates.odd", extra={"problem": str(odd)})
                continue
            if found is not None:
                yield found


def _told(message: str | bytes) -> dict[str, Any]:
    try:
        told = jsons.loads(message if isinstance(message, bytes) else message.encode())
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
