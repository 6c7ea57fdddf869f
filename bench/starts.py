"""How long until it answers, and what it holds while idle."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure
from bench.houses import free_port, resident_mib, serving, up

_RUNS = 5


def figures() -> list[Figure]:
    cold: list[float] = []
    warm: list[float] = []
    memory: list[float] = []
    demo_cold: list[float] = []
    demo_warm: list[float] = []
    for _ in range(_RUNS):
        with tempfile.TemporaryDirectory() as folder:
            cold.append(_start(Path(folder), memory=[]))
            warm.append(_start(Path(folder), memory=memory))
            demo_cold.append(_demo(Path(folder)))
            demo_warm.append(_demo(Path(folder)))
    words = tuple(_help() for _ in range(9))
    return [
        Figure("first start: make the books, then answer", "s", tuple(cold), digits=2),
        Figure("later start", "s", tuple(warm), "under 3 s", digits=2),
        Figure("first start of the demo: books, market, broker", "s", tuple(demo_cold), digits=2),
        Figure("later start of the demo", "s", tuple(demo_warm), "under 3 s", digits=2),
        Figure("memory while idle", "MiB", tuple(memory)),
        Figure("`tunefolio --help`", "s", words, "under 0.2 s", digits=3),
    ]


def _start(home: Path, *, memory: list[float]) -> float:
    port = free_port()
    with serving(*_ordered(up(port, home), port)) as (pid, seconds):
        time.sleep(1.5)
        memory.append(resident_mib(pid))
        return seconds


def _demo(home: Path) -> float:
    port = free_port()
    command = [sys.executable, "-m", "tunefolio", "demo"]
    environ = {"TUNEFOLIO_HOME": str(home), "TUNEFOLIO_PORT": str(port), "TUNEFOLIO_LOG_LEVEL": "error"}
    with serving(command, port, environ) as (_pid, seconds):
        return seconds


def _ordered(command: tuple[list[str], dict[str, str]], port: int) -> tuple[list[str], int, dict[str, str]]:
    return command[0], port, command[1]


def _help() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tunefolio", "--help"], check=True, capture_output=True)
    return time.perf_counter() - started
