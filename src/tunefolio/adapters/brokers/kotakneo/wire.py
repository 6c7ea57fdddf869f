"""One WebSocket to Kotak that comes back when it is lost, and where its two streams are.

Kotak tells a dead session by hanging up, if at all. So when a line ends without having said a thing, a call
of the account is asked whether the session lives.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Literal

import websockets

from tunefolio.adapters.brokers.kotakneo.errors import TITLE, body_of, ended, mapping, optional
from tunefolio.adapters.brokers.kotakneo.neo import Neo, Pass
from tunefolio.adapters.http import is_loopback
from tunefolio.core.errors import Rejected, Retry

_log = logging.getLogger(__name__)

# The library writes what is sent, which carries tokens, at DEBUG.
logging.getLogger("websockets").setLevel(logging.WARNING)

SILENCE_SECONDS = 300
"""There is no heartbeat of its own: pings keep the line. Longer silence is suspect all the same; the next
line begins with a picture of everything."""
PING_SECONDS = 20
ANSWER_SECONDS = 10
MOST_TRIES = 50
LONGEST_PAUSE_SECONDS = 60.0
USUAL_FEED = "wss://sfeed.kotaksecurities.com/apifeed"

Socket = websockets.ClientConnection
Greet = Callable[[Socket], Awaitable[None]]
"""What is said first on a new line; raises Refused when the other side does not agree."""


class Refused(Exception):
    """The other side answered the greeting with something else than yes."""


class Line:
    """A live line. Reconnects with growing pauses and greets again.

    probe: a call of the account, which raises Reauth for a dead session. Raises that Reauth, or Retry after
    fifty failures in a row.
    """

    def __init__(
        self,
        url: str,
        greet: Greet,
        probe: Callable[[], object],
        *,
        first_pause_seconds: float = 1.0,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._url = url
        self._greet = greet
        self._probe = probe
        self._first_pause = first_pause_seconds
        self._silence = silence_seconds

    async def messages(self) -> AsyncGenerator[str | bytes, None]:
        """Everything that comes after the greeting. Ends by an error or its reader (aclosing)."""
        failures = 0
        while failures < MOST_TRIES:
            has_spoken = False
            try:
                async with aclosing(self._heard()) as heard:
                    async for message in heard:
                        has_spoken, failures = True, 0
                        yield message
            except websockets.InvalidStatus as refusal:
                if refusal.response.status_code in (401, 403):
                    raise ended("the stream refused the token") from None
            except (OSError, TimeoutError, Refused, websockets.WebSocketException):
                pass  # the line is down: the pause below, then the next try
            if not has_spoken:
                await self._ask()
            failures += 1
            pause = min(self._first_pause * 2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS)
            _log.info("stream.reconnect", extra={"failures": failures, "pause_seconds": pause})
            await asyncio.sleep(pause)
        raise Retry(f"{TITLE}: the stream does not come back")

    async def _heard(self) -> AsyncGenerator[str | bytes, None]:
        proxy: Literal[True] | None = None if is_loopback(self._url) else True
        async with websockets.connect(
            self._url, proxy=proxy, ping_interval=PING_SECONDS, ping_timeout=PING_SECONDS
        ) as line:
            await self._greet(line)
            while True:
                async with asyncio.timeout(self._silence):
                    message = await line.recv()
                yield message

    async def _ask(self) -> None:
        """Raises Reauth when the session is dead; whatever else is wrong with the account's host waits."""
        try:
            await asyncio.to_thread(self._probe)
        except (Retry, Rejected) as problem:
            _log.info("stream.probe", extra={"problem": str(problem)})


def feed_of(neo: Neo, leave: Pass) -> str:
    """Where prices come from: as the option says, Kotak's configuration, the login, or as usual."""
    told = neo.config.ticks_url or _configured(neo, leave, "broadcast_endpoint") or leave.feed
    if not told and is_loopback(neo.config.root_url):
        raise Retry(f"{TITLE}: the configuration names no feed")
    return _line(neo, told or USUAL_FEED)


def orders_of(neo: Neo, leave: Pass) -> str:
    """Where orders are told of: as the option says, Kotak's configuration, the login, the account's host."""
    told = neo.config.orders_url or _configured(neo, leave, "interactive_endpoint") or leave.orders
    return _line(neo, told or f"{neo.config.base_url or leave.base}/realtime")


def _configured(neo: Neo, leave: Pass, what: str) -> str:
    """The address that the configuration has for this data centre; "" where it has none, or is away."""
    if not leave.centre:
        return ""
    try:
        told = configs(body_of(neo.configuration(leave)))
    except (Retry, Rejected) as problem:
        _log.info("stream.configuration", extra={"problem": str(problem)})
        return ""
    source = optional(told, f"{leave.centre}_broadcast_source")
    return optional(told, f"{leave.centre}_{source}_{what}") if source else ""


def configs(told: Any) -> dict[str, Any]:
    """The flat table within the configuration's answer."""
    data = mapping(mapping(told, "configuration").get("data"), "configuration")
    return dict(mapping(data.get("configs"), "configuration"))


def _line(neo: Neo, address: str) -> str:
    """A WebSocket's scheme in the place of the page's; checked to be Kotak's own."""
    url = neo.config.checked(address, "the configuration")
    scheme, colon, rest = url.partition(":")
    return f"{ {'https': 'wss', 'http': 'ws'}.get(scheme, scheme) }{colon}{rest}"
