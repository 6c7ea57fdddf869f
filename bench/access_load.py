"""Many programs at once ask one cheap route of a server, over real HTTP on loopback: known by each means in
turn, and the same route for anybody."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure, percentile
from bench.houses import free_port, serving
from bench.load import Load, press

_PROGRAMS = 16
_SECONDS = 2.0
_ROUNDS = 3


def figures(name: str, home: Path, address: str, ways: dict[str, list[tuple[bytes, bytes]]]) -> list[Figure]:
    """Answers a second, and how long a program waits for one; in turn, so that noise falls on all."""
    port = free_port()
    environ = {"TUNEFOLIO_HOME": str(home), "TUNEFOLIO_DATABASE_URL": address, "BENCH_PORT": str(port)}
    here = f"http://127.0.0.1:{port}/api"
    loads: dict[str, list[Load]] = {"anybody": [], **{way: [] for way in ways}}
    with serving([sys.executable, "-m", "bench.access_server"], port, environ):
        for _ in range(_ROUNDS):
            loads["anybody"].append(_pressed(f"{here}/openapi.json", ()))
            for way, headers in ways.items():
                lines = [f"{key.decode()}: {value.decode()}" for key, value in headers]
                loads[way].append(_pressed(f"{here}/v1/market", lines))
    return [one for way, runs in loads.items() for one in _told(name, way, runs)]


def _pressed(url: str, lines: Sequence[str]) -> Load:
    return press(url, connections=_PROGRAMS, seconds=_SECONDS, headers=lines)


def _told(name: str, way: str, loads: Sequence[Load]) -> list[Figure]:
    waits = [wait for load in loads for wait in load.latencies_ms]
    who = "a route for anybody" if way == "anybody" else f"the same for {way}"
    rates = tuple(load.per_second for load in loads)
    return [
        Figure(f"{name}, {_PROGRAMS} programs at once: {who}", "answers/s", rates, "", 0),
        Figure("— a program waits, p50", "ms", (percentile(waits, 0.5),)),
        Figure("— p99", "ms", (percentile(waits, 0.99),)),
    ]
