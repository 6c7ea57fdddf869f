"""The rehearsal as a running thing: its faces on loopback, in a thread of their own or the caller's loop."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from functools import cache
from threading import Event, Thread
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, SystemClock
from tunefolio.ledger.brokers import AppKeys
from tunefolio.market import calendars, sectors
from tunefolio.sandbox import universe
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.kite.app import kite_app
from tunefolio.sandbox.kite.desk import Desk, KiteRates
from tunefolio.sandbox.kite.grants import Grants
from tunefolio.sandbox.limits import Rate, RateLimiter
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.people import PEOPLE, Trader
from tunefolio.sandbox.sessions import Hours, sessions_of
from tunefolio.sandbox.world.app import world_app
from tunefolio.sandbox.yahoo import Bureau, yahoo_app

_PORTS = ("kite_port", "yahoo_port", "world_port")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """What a rehearsal needs to know. Port 0: any free one. redirect_url: where the app waits after a login.

    hours: "calendar" trades when the exchange does; "always" trades now, at any hour. Raises Misuse.
    """

    app: AppKeys
    redirect_url: str
    kite_port: int = 0
    yahoo_port: int = 0
    world_port: int = 0
    seed: int = 2026
    hours: Hours | str = Hours.CALENDAR
    clock: Clock = field(default_factory=SystemClock)
    people: tuple[Trader, ...] = PEOPLE
    host: str = "127.0.0.1"
    kite_rates: KiteRates = field(default_factory=KiteRates)
    yahoo_rate: Rate = field(default_factory=lambda: Rate(20, 10.0))
    tick_seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK:
            raise Misuse("host", f"{self.host!r} is not this machine", cure="A rehearsal is for 127.0.0.1")
        for name in _PORTS:
            if not 0 <= getattr(self, name) <= 65_535:
                raise Misuse(name, f"{getattr(self, name)} is no port", cure="0 to 65535; 0 takes a free one")
        if self.hours not in tuple(Hours):
            raise Misuse("hours", f"{self.hours!r} is unknown", cure=f"Known: {', '.join(Hours)}")
        target = urlsplit(self.redirect_url)
        if target.scheme not in ("http", "https") or not target.netloc:
            raise Misuse("redirect_url", f"{self.redirect_url!r} is no web address")
        if not self.app.api_key or not self.app.api_secret:
            raise Misuse("app", "the API key and secret must not be empty")
        if not self.people:
            raise Misuse("people", "nobody could log in")
        if not 0.01 <= self.tick_seconds <= 60:
            raise Misuse("tick_seconds", f"{self.tick_seconds} is not between 0.01 and 60")


def market_of(config: SandboxConfig) -> Market:
    """The simulated market: the same config shows the same prices in every process."""
    return _market(config.seed, Hours(config.hours))


@cache
def _market(seed: int, hours: Hours) -> Market:
    """One per process: a market holds nothing but what can be computed again."""
    book = sectors.packaged()

    def sector_of(symbol: str) -> str:
        row = book.listed(symbol)
        return "" if row is None else row.sector

    return Market(universe.packaged(sector_of), sessions_of(hours, calendars.packaged()), seed)


class Sandbox:
    """All faces over one market. Use start() and stop(), or `with`, or await serve() in your own loop."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.market = market_of(config)
        self.kite_faults = Faults()
        self.yahoo_faults = Faults()
        self.world_faults = Faults()
        self.grants = Grants(config.clock, config.app)
        self.kite_app: Starlette = kite_app(self._desk(), self.kite_faults)
        self.yahoo_app: Starlette = yahoo_app(self._bureau(), self.yahoo_faults)
        self.world_app: Starlette = world_app(self.market, config.clock, self.world_faults)
        self._sockets: tuple[socket.socket, ...] | None = None
        self._servers: list[_Server] = []
        self._thread: Thread | None = None

    @property
    def kite_url(self) -> str:
        return f"http://{self._authority(0)}"

    @property
    def kite_stream_url(self) -> str:
        return f"ws://{self._authority(0)}"

    @property
    def yahoo_url(self) -> str:
        return f"http://{self._authority(1)}"

    @property
    def world_url(self) -> str:
        """Below it every face of the world has its name: /nse, /binance, …"""
        return f"http://{self._authority(2)}"

    def bind(self) -> None:
        """Take the ports, so that the addresses are known before anything is served. Raises Misuse."""
        if self._sockets is not None:
            return
        taken: list[socket.socket] = []
        for name in _PORTS:
            try:
                taken.append(_bound(self.config.host, getattr(self.config, name), name))
            except Misuse:
                for one in taken:
                    one.close()
                raise
        self._sockets = tuple(taken)

    async def serve(self) -> None:
        """Serve until stop() is called or the task is cancelled."""
        self.bind()
        assert self._sockets is not None
        apps = (self.kite_app, self.yahoo_app, self.world_app)
        self._servers = [_Server(_uvicorn_config(_Dated(app, self.config.clock))) for app in apps]
        pairs = zip(self._servers, self._sockets, strict=True)
        try:
            await asyncio.gather(*(server.serve(sockets=[one]) for server, one in pairs))
        finally:
            self._servers = []
            self._release()

    def start(self) -> None:
        """Serve in a daemon thread; returns when all faces answer."""
        if self._thread is not None:
            return
        self.bind()
        ended = Event()

        def run() -> None:
            try:
                asyncio.run(self.serve())
            finally:
                ended.set()

        self._thread = Thread(target=run, name="sandbox", daemon=True)
        self._thread.start()
        while not (len(self._servers) == len(_PORTS) and all(server.started for server in self._servers)):
            if ended.wait(0.01):
                raise RuntimeError("the sandbox ended while it started")

    def stop(self) -> None:
        """End all faces and free their ports; a loop of the caller's own does so in its next turns."""
        for server in self._servers:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None
        if not self._servers:
            self._release()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _desk(self) -> Desk:
        config = self.config
        limiter = RateLimiter(time.monotonic)
        return Desk(
            self.market, config.clock, config.app.api_key, config.redirect_url, config.people,
            self.grants, limiter, config.kite_rates, config.tick_seconds,
        )  # fmt: skip

    def _bureau(self) -> Bureau:
        return Bureau(self.market, self.config.clock, RateLimiter(time.monotonic), self.config.yahoo_rate)

    def _authority(self, place: int) -> str:
        if self._sockets is None:
            raise RuntimeError("the sandbox has no ports before bind() or start()")
        port = self._sockets[place].getsockname()[1]
        return f"[{self.config.host}]:{port}" if ":" in self.config.host else f"{self.config.host}:{port}"

    def _release(self) -> None:
        for one in self._sockets or ():
            one.close()
        self._sockets = None


class _Server(uvicorn.Server):
    """Leaves the process's signals alone: whoever started the sandbox ends it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Dated:
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


def _uvicorn_config(app: _Dated) -> uvicorn.Config:
    return uvicorn.Config(
        app, access_log=False, log_config=None, lifespan="off", ws="websockets-sansio",
        server_header=False, date_header=False, timeout_graceful_shutdown=1, ws_ping_interval=None,
    )  # fmt: skip


def _bound(host: str, port: int, name: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((host, port))
        one.listen(128)
    except OSError as problem:
        one.close()
        raise Misuse(
            name, f"port {port} cannot be taken: {problem.strerror}", cure="Choose another, or 0"
        ) from None
    return one
