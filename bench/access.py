"""What it costs to know who asks: by cookie, access token, personal token; and how many are known a second.

Each route is asked without a network, by the ASGI protocol itself: one that asks for nobody, and one that
asks for its viewer. The difference is what authorisation costs, the count of the limits included.
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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.responses import Response
from tests import postgres

from bench.figures import Figure, percentile
from bench.houses import EMAIL, PASSWORD, house
from tunefolio.bootstrap.runtime import Runtime
from tunefolio.core.people import Person, Scope
from tunefolio.services import identity, renewals, tokens
from tunefolio.services.house import House
from tunefolio.store.audit import Place
from tunefolio.web.deps import CurrentViewer, HouseDep
from tunefolio.web.security import Limits, WebConfig
from tunefolio.web.visits import recognised

_ASKED = 300
_ROUNDS = 7
_CHECKS = 4_000
_THREADS = 8
_GOAL = "under 0.3 ms"
_CONFIG = WebConfig(limits=Limits(1_000_000, 1_000_000, 1_000_000))
Headers = list[tuple[bytes, bytes]]


def figures() -> list[Figure]:
    found: list[Figure] = []
    for name, address in _databases():
        with tempfile.TemporaryDirectory() as folder, house(Path(folder), address) as (runtime, person):
            ways = _ways(runtime, person)
            found += [
                Figure(f"{name}: a request with {way}, above one that asks for nobody", "ms", runs, _GOAL, 3)
                for way, runs in asyncio.run(_asked(runtime.house, ways)).items()
            ]
            found += [
                one for way, headers in ways.items() for one in _under_load(name, runtime, way, headers)
            ]
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


def _app(built: House) -> FastAPI:
    """Two routes that answer the same."""
    app = FastAPI(openapi_url=None)
    app.state.house, app.state.config = built, _CONFIG

    @app.get("/api/v1/market")
    def guarded(_house: HouseDep, _viewer: CurrentViewer) -> Response:
        return Response(b"{}")

    @app.get("/api/v1/bare")
    def bare(_house: HouseDep) -> Response:
        return Response(b"{}")

    return app


async def _asked(built: House, ways: dict[str, Headers]) -> dict[str, tuple[float, ...]]:
    """Milliseconds above the bare route, for each round; the two take turns, so that noise falls on both."""
    app = _app(built)
    above: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(_ROUNDS):
        for way, headers in ways.items():
            bare, guarded = [], []
            for _ in range(_ASKED):
                bare.append(await _one(app, "/api/v1/bare", headers))
                guarded.append(await _one(app, "/api/v1/market", headers))
            above[way].append(statistics.median(guarded) - statistics.median(bare))
    return {way: tuple(runs) for way, runs in above.items()}


async def _one(app: FastAPI, path: str, headers: Headers) -> float:
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


def _under_load(name: str, runtime: Runtime, way: str, headers: Headers) -> list[Figure]:
    """Checks a second by eight threads at once, and how long each waits."""
    waits: list[float] = []
    start = threading.Barrier(_THREADS)

    def check() -> None:
        connection = HTTPConnection(_scope("/api/v1/market", headers))
        if recognised(connection, runtime.house, _CONFIG) is None:
            raise AssertionError(way)

    def lane(_number: int) -> list[float]:
        start.wait()
        return [_timed(check) for _ in range(_CHECKS // _THREADS)]

    begun = time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as pool:
        for taken in pool.map(lane, range(_THREADS)):
            waits += taken
    rate = len(waits) / (time.perf_counter() - begun)
    return [
        Figure(f"{name}: {way} checked by {_THREADS} threads at once", "/s", (rate,), "", 0),
        Figure(
            f"{name}: the same, the slowest but one in a hundred", "ms", (percentile(waits, 0.99),), "", 2
        ),
    ]


def _timed(deed: Callable[[], None]) -> float:
    started = time.perf_counter()
    deed()
    return (time.perf_counter() - started) * 1_000
