"""Live clients on one core: how long from publishing a price to a thousand screens, and what that costs.

The server process is bound to one core, its clients to another (Linux); what both measure is one clock.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.figures import Figure, percentile
from bench.houses import free_port, resident_mib, serving

SECONDS = 8
_GOAL = "p99 under 150 ms"


@dataclass(frozen=True, slots=True)
class Run:
    """What one crowd of clients saw. cpu, own: cores that the server, that the clients used."""

    latencies_ms: tuple[float, ...]
    quotes_per_second: float
    cpu: float
    own: float
    mib: float


def figures() -> list[Figure]:
    found: list[Figure] = []
    for clients in (100, 300, 1_000):
        found += _rows("WebSocket", measure("ws", clients), clients, _GOAL if clients == 1_000 else "")
    found += _rows("WebSocket, in ten batches", measure("ws", 1_000, batches=10), 1_000)
    for clients in (100, 1_000):
        found += _rows("server-sent events", measure("sse", clients), clients)
    return found


def measure(kind: str, clients: int, *, batches: int = 1) -> Run:
    """One server, one crowd, `SECONDS` of counting."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [
            *_bound(0),
            sys.executable,
            "-m",
            "bench.live_server",
            str(port),
            folder,
            str(batches),
        ]
        with serving(command, port, {}) as (pid, _):
            answer = _crowd(port, Path(folder), kind, clients, pid)
    return answer


def _crowd(port: int, home: Path, kind: str, clients: int, pid: int) -> Run:
    words = [str(port), str(home), kind, str(clients), str(SECONDS), str(pid)]
    command = [*_bound(1), sys.executable, "-m", "bench.live_clients", *words]
    crowd = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        told = orjson.loads(crowd.communicate(timeout=180)[0])
    finally:
        crowd.kill()
    return Run(
        tuple(told["latencies_ms"]),
        told["quotes"] / SECONDS,
        told["cpu"],
        told["own_cpu"],
        resident_mib(pid),
    )


def _rows(name: str, run: Run, clients: int, goal: str = "") -> Sequence[Figure]:
    what = f"{name}, {clients:,} clients × 50 of 500 symbols a second"
    return [
        Figure(f"{what}: p50", "ms", (percentile(run.latencies_ms, 0.50),)),
        Figure(f"{what}: p99", "ms", (percentile(run.latencies_ms, 0.99),), goal),
        Figure(f"{what}: quotes received", "1/s", (run.quotes_per_second,)),
        Figure(f"{what}: the server's core in use", "", (run.cpu,), digits=2),
        Figure(f"{what}: the server's memory", "MiB", (run.mib,)),
    ]


def _bound(core: int) -> list[str]:
    """Keep a process on one core, where there are two."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []
