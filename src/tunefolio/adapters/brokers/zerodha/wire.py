"""One WebSocket to Kite that comes back when it is lost; what its messages say is ticks.py and updates.py."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Literal
from urllib.parse import urlencode

import websockets

from tunefolio.adapters.brokers.zerodha.errors import ended
from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.adapters.http import is_loopback
from tunefolio.core.errors import Retry

_log = logging.getLogger(__name__)

# The library writes the handshake's URL, which carries the token, at DEBUG.
logging.getLogger("websockets").setLevel(logging.WARNING)

SILENCE_SECONDS = 10
"""Kite beats about once a second; longer silence is a dead line."""
MOST_TRIES = 50
LONGEST_PAUSE_SECONDS = 60.0


class Wire:
    """A live line to Kite. Reconnects with growing pauses and says its greetings again.

    Raises Reauth when the token is dead (403), Retry after fifty failures in a row.
    """

    def __init__(self, url: str, leave: Pass, *, first_pause_seconds: float = 1.0) -> None:
        self._url = url
        self._leave = leave
        self._first_pause = first_pause_seconds

    async def messages(self, greetings: Sequence[str]) -> AsyncGenerator[str | bytes, None]:
        """Everything Kite sends, heartbeats too. Ends by an error or its reader (aclosing)."""
        failures = 0
        while failures < MOST_TRIES:
            try:
                async with aclosing(self._heard(greetings)) as heard:
                    async for message in heard:
                        failures = 0
                        yield message
            except websockets.InvalidStatus as refusal:
                if refusal.response.status_code == 403:
                    raise ended("the stream refused the token") from None
            except (OSError, TimeoutError, websockets.WebSocketException):
                pass  # the line is down: the pause below, then the next try
            failures += 1
            pause = min(self._first_pause * 2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS)
            _log.info("ticks.reconnect", extra={"failures": failures, "pause_seconds": pause})
            await asyncio.sleep(pause)
        raise Retry("Zerodha: the stream does not come back")

    async def _heard(self, greetings: Sequence[str]) -> AsyncGenerator[str | bytes, None]:
        query = urlencode({"api_key": self._leave.api_key, "access_token": self._leave.token.reveal()})
        proxy: Literal[True] | None = None if is_loopback(self._url) else True
        async with websockets.connect(f"{self._url}?{query}", proxy=proxy) as line:
            for greeting in greetings:
                await line.send(greeting)
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await line.recv()
                yield message
