"""Runs a web application until it is told to stop, and says where it is."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from tunefolio.core.errors import Misuse
from tunefolio.services.doctor import is_free
from tunefolio.settings import Settings

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

_PATIENCE_SECONDS = 3
_LARGEST_MESSAGE = 256 * 1024
_STOPS = (signal.SIGINT, signal.SIGTERM)


class _Announcing(uvicorn.Server):
    """A server that speaks once it can be reached, and for which being told to stop is no failure."""

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[], None], hang_up: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._hang_up = hang_up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Live streams never end by themselves: end them first, then wait for the requests that do."""
        await self._hang_up()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but without raising them again at the end: what was opened is to be closed."""
        before = {number: signal.signal(number, self.handle_exit) for number in _STOPS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def must_be_free(settings: Settings) -> None:
    """Raises Misuse when another program holds the port."""
    if not is_free(settings.host, settings.port):
        raise Misuse(
            "TUNEFOLIO_PORT",
            f"port {settings.port} on {settings.host} is taken",
            cure=f"Stop the other program, or choose another port: TUNEFOLIO_PORT={settings.port + 1}",
        )


def serve(app: FastAPI, settings: Settings, announce: Callable[[], None]) -> bool:
    """Serve until SIGINT or SIGTERM, then finish open requests; False when the start failed."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="auto",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # frames are small and many: packing them costs more than it saves
        ws_max_size=_LARGEST_MESSAGE,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=True,
        forwarded_allow_ips=settings.proxies,
        timeout_graceful_shutdown=_PATIENCE_SECONDS,
    )
    server = _Announcing(config, announce, app.state.hang_up)
    server.run()
    return server.started
