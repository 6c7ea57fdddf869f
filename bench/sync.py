"""How long one worker takes to sync 250, 500 and 1,000 accounts at a broker whose answers take 50 ms each.

The rehearsal's Kite runs in a process of its own. Each sync makes six calls (trades, profile, holdings,
positions, margins, trades again): a thousand are 300 s of waiting, so what counts is how many wait together.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from bench.figures import Figure

SIZES = (250, 500, 1_000)
LATENCY_SECONDS = 0.05
THREADS = 24
PER_BROKER = 20


def figures() -> list[Figure]:
    found = []
    for size in SIZES:
        first, again = measured(size)
        goal = "under 60 s" if size == SIZES[-1] else ""
        name = f"{size:,} accounts, one worker of {THREADS} threads"
        found += [
            Figure(f"{name}: first sync, openings of ten shares each", "s", (first["seconds"],), goal),
            Figure(f"{name}: the next one, nothing new", "s", (again["seconds"],), goal),
            Figure(f"{name}: processor time of the worker, first", "s", (first["cpu"],)),
            Figure(f"{name}: processor time of the worker, next", "s", (again["cpu"],)),
            Figure(f"{name}: highest resident memory", "MB", (again["mb"],), "flat", 0),
        ]
    return found


def measured(size: int, latency: float = LATENCY_SECONDS) -> list[dict[str, float]]:
    """The first round and the next: seconds until the last sync was done, until all jobs were, and MB."""
    with tempfile.TemporaryDirectory() as folder, _sandbox(size, latency) as told:
        command = [sys.executable, "-m", "bench.sync_worker", folder, str(THREADS), str(PER_BROKER)]
        done = subprocess.run(
            command, input=told, env=_environ(), stdout=subprocess.PIPE, text=True, check=True, timeout=600
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def _sandbox(size: int, latency: float) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sync_sandbox", str(size), str(latency)],
        env=_environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline()
    finally:
        process.communicate()


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
