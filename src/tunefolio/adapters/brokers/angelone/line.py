"""One of Angel One's WebSockets: it says ping, listens, and comes back when it is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Literal, TypeVar

import websockets

from tunefolio.adapters.brokers.angelone.errors import BROKER, ended
from tunefolio.adapters.http import is_loopback
from tunefolio.core.errors import Rejected, Retry

_log = logging.getLogger(__name__)

# The library writes the handshake's headers, which carry the tokens, at DEBUG.
logging.getLogger("websockets").setLevel(logging.WARNING)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a line is trusted and how often it is tried again.

    beat_seconds: between pings, which Angel One answers. silence_seconds: after them the line is dead. Pauses
    between tries double from the first to the longest.
    """

    beat_seconds: float = 10
    silence_seconds: float = 30
    first_pause_seconds: float = 1
    longest_pause_seconds: float = 60
    most_tries: int = 50


class Line:
    """A live line to Angel One. opening: what is said first, after every return as well.

    Raises Reauth when the handshake is refused with 401, Retry after so many failures in a row.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, opening: Sequence[str] = (), patience: Patience
    ) -> None:
        self._url = url
        self._headers = headers
        self._opening = opening
        self._patience = patience

    async def heard(self, read: Callable[[bytes | str], T | None]) -> AsyncGenerator[T, None]:
        """What `read` makes of each message, None left out. A message it rejects ends the connection: after a
        torn one nothing on it can be trusted. End it by closing the generator."""
        failures, clock = 0, asyncio.get_running_loop().time
        while failures < self._patience.most_tries:
            began = clock()
            try:
                async with aclosing(self._messages()) as messages:
                    async for message in messages:
                        if (news := read(message)) is not None:
                            failures = 0
                            yield news
            except websockets.InvalidStatus as refused:
                if refused.response.status_code == 401:
                    raise ended(refused.response.headers.get("x-error-message", "")) from None
            except Rejected as torn:
                _log.warning("line.torn", extra={"broker": BROKER, "reason": torn.reason})
            except (OSError, TimeoutError, websockets.WebSocketException):
                pass  # the line is down: the pause below, then the next try
            if clock() - began > self._patience.longest_pause_seconds:
                failures = 0
            failures += 1
            pause = min(
                self._patience.first_pause_seconds * 2.0 ** (failures - 1),
                self._patience.longest_pause_seconds,
            )
            _log.info("line.reconnect", extra={"failures": failures, "pause_seconds": pause})
            await asyncio.sleep(pause)
        raise Retry("Angel One: the stream does not come back")

    async def _messages(self) -> AsyncGenerator[bytes | str, None]:
        """Of one connection, until it ends or is silent for too long; answers to pings left out."""
        proxy: Literal[True] | None = None if is_loopback(self._url) else True
        async with websockets.connect(
            self._url, additional_headers=self._headers, proxy=proxy, ping_interval=None
        ) as connection:
            for text in self._opening:
                await connection.send(text)
            beat = asyncio.create_task(self._beat(connection))
            try:
                while True:
                    async with asyncio.timeout(self._patience.silence_seconds):
                        message = await connection.recv()
                    if message != "pong":
                        yield message
            finally:
                beat.cancel()
                with suppress(asyncio.CancelledError, websockets.WebSocketException):
                    await beat

    async def _beat(self, connection: websockets.ClientConnection) -> None:
        while True:
            await asyncio.sleep(self._patience.beat_seconds)
            await connection.send("ping")
