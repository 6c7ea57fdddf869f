"""One WebSocket to Kite that comes back when it is lost; what its messages say is ticks.py and updates.py."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Literal, TypeVar
from urllib.parse import urlencode

import websockets

from tunefolio.adapters.brokers.zerodha.errors import ended
from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.adapters.http import is_loopback
from tunefolio.core.errors import Rejected, Retry

_log = logging.getLogger(__name__)

# The library writes the handshake's URL, which carries the token, at DEBUG.
logging.getLogger("websockets").setLevel(logging.WARNING)

SILENCE_SECONDS = 10
"""Kite beats about once a second; longer silence is a dead line."""
MOST_TRIES = 50
LONGEST_PAUSE_SECONDS = 60.0

T = TypeVar("T")


class Wire:
    """A live line to Kite. Reconnects with growing pauses and says its greetings again, also after a
    message that its reader rejects.

    Raises Reauth when the token is dead (403), Retry after fifty failures in a row.
    """

    def __init__(self, url: str, leave: Pass, *, first_pause_seconds: float = 1.0) -> None:
        self._url = url
        self._leave = leave
        self._first_pause = first_pause_seconds

    async def heard(
        self, greetings: Sequence[str], read: Callable[[str | bytes], T | None]
    ) -> AsyncGenerator[T, None]:
        """What `read` makes of each message, None left out. One that it rejects ends the connection, not the
        line: after a torn frame nothing on it can be trusted, and the next connection tells the whole again.

        A connection that told nothing counts as a failure unless it lasted, so that a line which is always
        torn is asked ever more seldom. Ends by an error or its reader (aclosing).
        Heartbeats reach `read` too.
        """
        failures, clock = 0, asyncio.get_running_loop().time
        while failures < MOST_TRIES:
            began = clock()
            try:
                async with aclosing(self._messages(greetings)) as messages:
                    async for message in messages:
                        if (told := read(message)) is not None:
                            failures = 0
                            yield told
            except websockets.InvalidStatus as refusal:
                if refusal.response.status_code == 403:
                    raise ended("the stream refused the token") from None
            except Rejected as torn:
                _log.warning("ticks.torn", extra={"problem": str(torn)})
            except (OSError, TimeoutError, websockets.WebSocketException):
                pass  # the line is down: the pause below, then the next try
            if clock() - began > LONGEST_PAUSE_SECONDS:
                failures = 0
            failures += 1
            pause = min(self._first_pause * 2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS)
            _log.info("ticks.reconnect", extra={"failures": failures, "pause_seconds": pause})
            await asyncio.sleep(pause)
        raise Retry("Zerodha: the stream does not come back")

    async def _messages(self, greetings: Sequence[str]) -> AsyncGenerator[str | bytes, None]:
        query = urlencode({"api_key": self._leave.api_key, "access_token": self._leave.token.reveal()})
        proxy: Literal[True] | None = None if is_loopback(self._url) else True
        async with websockets.connect(f"{self._url}?{query}", proxy=proxy) as line:
            for greeting in greetings:
                await line.send(greeting)
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await line.recv()
                yield message
