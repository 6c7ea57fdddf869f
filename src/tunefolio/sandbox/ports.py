"""A face on a port of loopback: the listening socket, the server behind it, and the Date of its answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock


class Server(uvicorn.Server):
    """Leaves the process's signals alone: whoever started the sandbox ends it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Dated:
    """Every answer bears the rehearsal's own Date, which need not be this machine's."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if all(name.lower() != b"date" for name, _ in headers):
                    now = format_datetime(self._clock.now().utc, usegmt=True)
                    headers.append((b"date", now.encode()))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, dated)


def server_of(app: ASGIApp, clock: Clock) -> Server:
    """It serves until told to exit."""
    config = uvicorn.Config(
        Dated(app, clock), access_log=False, log_config=None, lifespan="off", ws="websockets-sansio",
        server_header=False, date_header=False, timeout_graceful_shutdown=1, ws_ping_interval=None,
    )  # fmt: skip
    return Server(config)


def bound(host: str, port: int, name: str) -> socket.socket:
    """A listening socket; raises Misuse naming the setting when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((host, port))
        one.listen(1_024)
    except OSError as problem:
        one.close()
        raise Misuse(
            name, f"port {port} cannot be taken: {problem.strerror}", cure="Choose another, or 0"
        ) from None
    return one
