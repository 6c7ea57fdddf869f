"""What it costs to know who asks: by cookie, access token, personal token; on both databases.

Each route is asked without a network, by the ASGI protocol itself: one that asks for nobody, and one that
asks for its viewer. The difference is what authorisation costs, the count of the limits included. Beside it
the least that could be: the driver's own SELECT of that row, and Starlette with PyJWT and such a SELECT.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from tests import postgres

from bench import access_load, access_peer
from bench.figures import Figure
from bench.houses import EMAIL, PASSWORD, house
from tunefolio.bootstrap.runtime import Runtime
from tunefolio.core.people import Person, Scope
from tunefolio.services import identity, renewals, tokens
from tunefolio.services.access import TokenRefused
from tunefolio.services.house import House
from tunefolio.store.audit import Place
from tunefolio.store.db import Database
from tunefolio.web.deps import CurrentViewer, HouseDep
from tunefolio.web.doors import Door
from tunefolio.web.security import Limits, WebConfig

_ASKED = 300
_ROUNDS = 7
_RENEWALS = 1_000
_THREADS = 50
_BARE = "/api/openapi.json"
"""A way that needs nobody, which the door knows by its path."""
_GOAL = "under 0.3 ms"
_CONFIG = WebConfig(limits=Limits(1_000_000, 1_000_000, 1_000_000))
Headers = list[tuple[bytes, bytes]]
App = Callable[[Any, Any, Any], Any]


def figures() -> list[Figure]:
    found: list[Figure] = []
    for name, address in _databases():
        with tempfile.TemporaryDirectory() as folder, house(Path(folder), address) as (runtime, person):
            ways = _ways(runtime, person)
            found += _cost(name, runtime, ways)
            found += access_load.figures(name, Path(folder), address, ways)
            found.append(_renewed_at_once(name, runtime.house))
    return found


@contextmanager
def _server() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="access-"))  # whoever runs PostgreSQL must be able to enter it
    home.chmod(0o755)
    try:
        cluster = postgres.shared(home, "bench", os.getpid())
        yield cluster.url(cluster.create())
    finally:
        postgres.stop(home)


def _databases() -> Iterator[tuple[str, str]]:
    yield "SQLite", ""
    with _server() as address:
        yield "PostgreSQL", address


def _ways(runtime: Runtime, person: Person) -> dict[str, Headers]:
    """One person by three means."""
    built = runtime.house
    fresh = identity.log_in(built, EMAIL, PASSWORD, "bench", "127.0.0.1")
    pair = renewals.log_in(built, EMAIL, PASSWORD, Place("127.0.0.1", "bench"))
    with built.database.writing() as db:
        made = tokens.make(db, built, person.viewer, "bench", [Scope.READ], days=1)
    bearer = b"Bearer "
    return {
        "a cookie": [(b"cookie", f"__Host-tunefolio={fresh.token.reveal()}".encode())],
        "an access token": [(b"authorization", bearer + pair.access.token.reveal().encode())],
        "a personal token": [(b"authorization", bearer + made.secret.reveal().encode())],
    }


def app(built: House) -> App:
    """Two routes that answer the same, behind the product's own door."""
    app = FastAPI(openapi_url=None)
    app.state.house, app.state.config = built, _CONFIG

    @app.get("/api/v1/market")
    def guarded(_house: HouseDep, _viewer: CurrentViewer) -> Response:
        return Response(b"{}")

    @app.get("/")
    @app.get(_BARE)
    def bare(_house: HouseDep) -> Response:
        return Response(b"{}")

    app.add_middleware(Door, house=built, config=_CONFIG)
    return app


def _cost(name: str, runtime: Runtime, ways: dict[str, Headers]) -> list[Figure]:
    """What each way costs, and the yardsticks, all in turn."""
    ours = app(runtime.house)
    database = runtime.house.database
    select = access_peer.select_of(database)
    peer = access_peer.app(select, _BARE)
    pairs: dict[str, tuple[App, Headers]] = {
        f"a request with {way}, above one that asks for nobody": (ours, headers)
        for way, headers in ways.items()
    }
    pairs["Starlette, PyJWT and a SELECT in a thread, above its own bare route"] = (
        peer,
        access_peer.headers(),
    )
    with asyncio.Runner(loop_factory=uvicorn.Config(ours).get_loop_factory()) as runner:  # the product's own
        above = runner.run(_asked(pairs))
    driver = tuple(_driver(select) for _ in range(_ROUNDS))
    least = statistics.median(driver)
    found = [
        Figure(f"{name}: {way}", "ms", runs, _GOAL if way.startswith("a request") else "", 3)
        for way, runs in above.items()
    ]
    found.append(Figure(f"{name}: the driver's own SELECT of the row, nothing else", "ms", driver, "", 3))
    ours_by_cookie = tuple(one / least for one in next(iter(above.values())))
    found.append(Figure(f"{name}: a cookie ÷ that SELECT", "times", ours_by_cookie, "", 1))
    return [*found, *_latency(name, database)]


def _latency(name: str, database: Database) -> list[Figure]:
    """What no care can spare where the database is another process: the way there and back."""
    if database.dialect == "sqlite":
        return []
    one = access_peer.asking(database, "SELECT 1")
    runs = tuple(_driver(one) for _ in range(_ROUNDS))
    return [Figure(f"{name}: the driver's SELECT 1, there and back on loopback", "ms", runs, "", 3)]


def _driver(select: Callable[[], object]) -> float:
    """Milliseconds, the median of many."""
    taken = []
    for _ in range(_ASKED):
        started = time.perf_counter()
        select()
        taken.append((time.perf_counter() - started) * 1_000)
    return statistics.median(taken)


async def _asked(pairs: dict[str, tuple[App, Headers]]) -> dict[str, tuple[float, ...]]:
    """Milliseconds above the bare route, for each round; the two take turns, so that noise falls on both."""
    above: dict[str, list[float]] = {way: [] for way in pairs}
    for _ in range(_ROUNDS):
        for way, (one, headers) in pairs.items():
            bare, guarded = [], []
            for _ in range(_ASKED):
                bare.append(await _one(one, _BARE, headers))
                guarded.append(await _one(one, "/api/v1/market", headers))
            above[way].append(statistics.median(guarded) - statistics.median(bare))
    return {way: tuple(runs) for way, runs in above.items()}


async def _one(app: App, path: str, headers: Headers) -> float:
    """Milliseconds from the question to the end of its answer, which must be a good one."""
    seen: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    started = time.perf_counter()
    await app(_scope(path, headers), receive, send)
    took = (time.perf_counter() - started) * 1_000
    assert seen == [200], seen
    return took


def _scope(path: str, headers: Headers) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 8000),
        "state": {},
    }


def _renewed_at_once(name: str, built: House) -> Figure:
    """A thousand wish to renew with one token; one does."""
    pair = renewals.log_in(built, EMAIL, PASSWORD, Place("127.0.0.1", "bench"))
    arrived = built.clock.now()
    start = threading.Barrier(_THREADS + 1)
    won: list[renewals.Pair] = []

    def lane() -> None:
        start.wait()
        for _ in range(_RENEWALS // _THREADS):
            with suppress(TokenRefused):
                won.append(renewals.renew(built, pair.renewing, arrived=arrived))

    with ThreadPoolExecutor(_THREADS) as pool:
        lanes = [pool.submit(lane) for _ in range(_THREADS)]
        start.wait()
        begun = time.perf_counter()
        for one in lanes:
            one.result()
        took = time.perf_counter() - begun
    if len(won) != 1:
        raise AssertionError(f"{len(won)} won")
    words = f"{name}: {_RENEWALS:,} refreshes with one token by {_THREADS} threads at once, exactly one wins"
    return Figure(words, "s", (took,), "", 2)
