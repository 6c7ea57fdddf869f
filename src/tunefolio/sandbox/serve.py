"""The rehearsal as a running thing: its faces on loopback, in a thread of their own or the caller's loop."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

from starlette.applications import Starlette

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, SystemClock, TradingDay
from tunefolio.ledger.brokers import AppKeys
from tunefolio.market import calendars, sectors
from tunefolio.sandbox import universe
from tunefolio.sandbox.angel.app import FEED_PATH, ORDERS_PATH, AngelDesk, AngelRates, angel_app
from tunefolio.sandbox.angel.grants import Grants as AngelGrants
from tunefolio.sandbox.clock import ShiftedClock
from tunefolio.sandbox.control import api
from tunefolio.sandbox.control.panel import Face, Panel
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.journal import Journal
from tunefolio.sandbox.kite.app import kite_app
from tunefolio.sandbox.kite.desk import Desk, KiteRates
from tunefolio.sandbox.kite.grants import Grants
from tunefolio.sandbox.kite.postback import Postbox, Sender
from tunefolio.sandbox.kotak.app import kotak_app
from tunefolio.sandbox.kotak.desk import KotakDesk, KotakRates
from tunefolio.sandbox.limits import Rate, RateLimiter
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.people import EVERYBODY, Trader
from tunefolio.sandbox.ports import Server, bound, server_of
from tunefolio.sandbox.sessions import Hours, sessions_of
from tunefolio.sandbox.wording import web_address
from tunefolio.sandbox.world.app import world_app
from tunefolio.sandbox.yahoo import Bureau, yahoo_app

_PORTS = ("kite_port", "yahoo_port", "world_port", "angel_port", "kotak_port")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """What a rehearsal needs to know. Port 0: any free one. redirect_url: where the app waits after a login.

    people: everybody who can sign in, each at their broker. postback_url: where the simulated Zerodha tells
    of orders; "" for nowhere. latency_seconds: how long every broker's answer takes. opened: the session on
    which the accounts stand as their people say; None: the one of the start. journal: the file that lets the
    exchange open again as it was left; None: it forgets.
    hours: "calendar" trades when the exchange does; "always" trades now, at any hour. Raises Misuse.
    """

    app: AppKeys
    redirect_url: str
    kite_port: int = 0
    yahoo_port: int = 0
    world_port: int = 0
    angel_port: int = 0
    kotak_port: int = 0
    seed: int = 2026
    hours: Hours | str = Hours.CALENDAR
    clock: Clock = field(default_factory=SystemClock)
    people: tuple[Trader, ...] = EVERYBODY
    host: str = "127.0.0.1"
    kite_rates: KiteRates = field(default_factory=KiteRates)
    yahoo_rate: Rate = field(default_factory=lambda: Rate(20, 10.0))
    angel_rates: AngelRates = field(default_factory=AngelRates)
    kotak_rates: KotakRates = field(default_factory=KotakRates)
    tick_seconds: float = 1.0
    postback_url: str = ""
    latency_seconds: float = 0.0
    opened: TradingDay | None = None
    journal: Path | None = None

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK:
            raise Misuse("host", f"{self.host!r} is not this machine", cure="A rehearsal is for 127.0.0.1")
        for name in _PORTS:
            if not 0 <= getattr(self, name) <= 65_535:
                raise Misuse(name, f"{getattr(self, name)} is no port", cure="0 to 65535; 0 takes a free one")
        if self.hours not in tuple(Hours):
            raise Misuse("hours", f"{self.hours!r} is unknown", cure=f"Known: {', '.join(Hours)}")
        web_address("redirect_url", self.redirect_url)
        if self.postback_url:
            web_address("postback_url", self.postback_url)
        if not self.app.api_key or not self.app.api_secret:
            raise Misuse("app", "the API key and secret must not be empty")
        if not self.people:
            raise Misuse("people", "nobody could log in")
        if len({(one.broker, one.user_id) for one in self.people}) < len(self.people):
            raise Misuse("people", "two have the same user id at one broker")
        if not 0.01 <= self.tick_seconds <= 60:
            raise Misuse("tick_seconds", f"{self.tick_seconds} is not between 0.01 and 60")


def market_of(config: SandboxConfig) -> Market:
    """A simulated market: the same config shows the same prices in every process, until it is told of
    something in this one."""
    return _market(config.seed, Hours(config.hours)).twin()


@cache
def _market(seed: int, hours: Hours) -> Market:
    """One per process: a market holds nothing but what can be computed again."""
    book = sectors.packaged()

    def sector_of(symbol: str) -> str:
        row = book.listed(symbol)
        return "" if row is None else row.sector

    return Market(universe.packaged(sector_of), sessions_of(hours, calendars.packaged()), seed)


class Sandbox:
    """All faces over one exchange. Use start() and stop(), or `with`, or await serve() in your own loop."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        given = config.clock
        self.clock = given if isinstance(given, ShiftedClock) else ShiftedClock(given)
        self.market = market_of(config)
        journal = Journal(config.journal, f"seed {config.seed}, hours {config.hours}")
        self.depot = self._left_off(journal)
        self.kite_faults, self.yahoo_faults, self.world_faults = Faults(), Faults(), Faults()
        self.grants = Grants(self.clock, config.app)
        self.angel, self.kotak = self._angel_desk(), self._kotak_desk()
        self.kite_app: Starlette = kite_app(self._desk(), self.kite_faults)
        self.yahoo_app: Starlette = yahoo_app(self._bureau(), self.yahoo_faults)
        self.angel_app: Starlette = angel_app(self.angel)
        self.kotak_app: Starlette = kotak_app(self.kotak)
        faces = {face.name: face for face in self._faces()}
        postbox = Postbox(config.postback_url)
        self.panel = Panel(self.depot, self.clock, faces, postbox, journal.note_shift)
        self.world_app: Starlette = world_app(
            self.market, self.clock, self.world_faults, more=api.routes(self.panel)
        )
        for faults in (self.kite_faults, self.angel.faults, self.kotak.faults):
            faults.slow_down(config.latency_seconds)
        self._sockets: tuple[socket.socket, ...] | None = None
        self._servers: list[Server] = []
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

    @property
    def control_url(self) -> str:
        """The control panel's page; its API lies below."""
        return f"{self.world_url}/control"

    @property
    def angel_url(self) -> str:
        return f"http://{self._authority(3)}"

    @property
    def angel_feed_url(self) -> str:
        return f"ws://{self._authority(3)}{FEED_PATH}"

    @property
    def angel_orders_url(self) -> str:
        return f"ws://{self._authority(3)}{ORDERS_PATH}"

    @property
    def kotak_url(self) -> str:
        """Its feeds lie there as well; the login's answers say where."""
        return f"http://{self._authority(4)}"

    def bind(self) -> None:
        """Take the ports, so that the addresses are known before anything is served. Raises Misuse."""
        if self._sockets is not None:
            return
        taken: list[socket.socket] = []
        for name in _PORTS:
            try:
                taken.append(bound(self.config.host, getattr(self.config, name), name))
            except Misuse:
                for one in taken:
                    one.close()
                raise
        self._sockets = tuple(taken)

    async def serve(self) -> None:
        """Serve until stop() is called or the task is cancelled."""
        self.bind()
        assert self._sockets is not None
        apps = (self.kite_app, self.yahoo_app, self.world_app, self.angel_app, self.kotak_app)
        self._servers = [server_of(app, self.clock) for app in apps]
        pairs = zip(self._servers, self._sockets, strict=True)
        beside = [asyncio.create_task(one) for one in self._beside()]
        try:
            await asyncio.gather(*(server.serve(sockets=[one]) for server, one in pairs))
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
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

    def _left_off(self, journal: Journal) -> Depot:
        """The accounts as the journal left them."""
        story = journal.read()
        if story.ahead > self.clock.ahead:
            self.clock.shift(story.ahead - self.clock.ahead)
        opened = story.opened or self.config.opened
        people = self.config.people
        depot = Depot(self.market, self.clock, people, opened=opened, note=journal.note)
        for one in story.happened:
            depot.restore(one)
        journal.open(depot.opened)
        return depot

    def _beside(self) -> list[Coroutine[Any, Any, None]]:
        """What runs beside the servers."""
        panel, faults = self.panel, self.kite_faults
        sender = Sender(self.depot, panel.postbox, self.config.app, faults=faults, note=panel.note)
        return [self._stir(), sender.run()]

    async def _stir(self) -> None:
        """The clock moves orders too: order feeds hear of it."""
        while True:
            await asyncio.sleep(self.config.tick_seconds)
            self.depot.stir()

    def _desk(self) -> Desk:
        config = self.config
        limiter = RateLimiter(time.monotonic)
        return Desk(
            self.market, self.clock, config.app.api_key, config.redirect_url, self.depot,
            self.grants, limiter, config.kite_rates, config.tick_seconds, self.kite_faults,
        )  # fmt: skip

    def _angel_desk(self) -> AngelDesk:
        return AngelDesk(
            self.market, self.clock, self.depot, RateLimiter(time.monotonic), AngelGrants(self.clock),
            rates=self.config.angel_rates, tick_seconds=self.config.tick_seconds,
        )  # fmt: skip

    def _kotak_desk(self) -> KotakDesk:
        return KotakDesk(
            self.market, self.clock, self.depot, RateLimiter(time.monotonic),
            rates=self.config.kotak_rates, tick_seconds=self.config.tick_seconds,
        )  # fmt: skip

    def _bureau(self) -> Bureau:
        return Bureau(self.market, self.clock, RateLimiter(time.monotonic), self.config.yahoo_rate)

    def _faces(self) -> tuple[Face, ...]:
        """As the control panel names them: brokers as the product does."""
        app, angel, neo = self.config.app.api_key, self.angel, self.kotak
        return (
            Face("zerodha", "Zerodha", lambda: self.kite_url, self.kite_faults, self.grants, app),
            Face("angelone", "Angel One", lambda: self.angel_url, angel.faults, angel.grants, angel.api_key),
            Face("kotakneo", "Kotak Neo", lambda: self.kotak_url, neo.faults, neo.grants, neo.consumer_key),
            Face("yahoo", "Yahoo Finance", lambda: self.yahoo_url, self.yahoo_faults),
            Face("world", "The world", lambda: self.world_url, self.world_faults),
        )

    def _authority(self, place: int) -> str:
        if self._sockets is None:
            raise RuntimeError("the sandbox has no ports before bind() or start()")
        port = self._sockets[place].getsockname()[1]
        return f"[{self.config.host}]:{port}" if ":" in self.config.host else f"{self.config.host}:{port}"

    def _release(self) -> None:
        for one in self._sockets or ():
            one.close()
        self._sockets = None
