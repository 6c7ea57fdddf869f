"""Ticks decoded in a second, the brokers' official decoders beside ours, on the same frames and in one run.

The official clients run in their own environments and time themselves, in turn with ours, by CPU time. They
make a dict or an object of floats of each tick; we make the same numbers, packet by packet as objects with
exact decimals (Angel One's stay whole), or as columns with the prices divided. All must agree first.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.sandbox.official.environments import environment

from bench.figures import Figure
from bench.tick_cases import ANGEL, KITE, KOTAK, SIZES, Case, Ours
from bench.tick_clients import per_second

ROUNDS = 5
SECONDS = 0.06
GOAL = 10


def figures() -> list[Figure]:
    found: list[Figure] = []
    for broker, title, client, ours in (
        ("zerodha", "Kite", "kite", KITE),
        ("angelone", "Angel One", "angel", ANGEL),
        ("kotakneo", "Kotak", "kotak", KOTAK),
    ):
        with official(broker, client, ours.cases) as ask:
            for case in ours.cases:
                found += _decoding(title, case, ours, ask)
        for count in SIZES:
            found += _quoting(title, count, ours)
    return found


def _decoding(title: str, case: Case, ours: Ours, ask: Callable[..., Any]) -> Iterator[Figure]:
    compare(np.array(ask("read", case.name), float), ours.columns(case.frames).numbers(ours.order), case)
    runs: dict[str, list[float]] = {"official client": [], "packet by packet": [], "as columns": []}
    for _ in range(ROUNDS):
        runs["official client"].append(ask("time", case.name, SECONDS))
        for way, decode in (("packet by packet", ours.objects), ("as columns", ours.columns)):
            runs[way].append(per_second(lambda: decode(case.frames), case.ticks, SECONDS))  # noqa: B023
    yield from _rows(f"{title} {case.name}", runs, "official client", "as columns", case.ticks)


def _quoting(title: str, count: int, ours: Ours) -> Iterator[Figure]:
    """From frames to quotes, a tenth of the prices moved by each (one at least)."""
    first, then = (ours.moved(ours.kind, count, moved) for moved in (0, max(1, count // 10)))
    news = ours.news(count)
    news(first)
    runs: dict[str, list[float]] = {"of every tick, as before": [], "of what changed": []}
    for _ in range(ROUNDS):
        for way, quotes in zip(runs, (ours.whole, news), strict=True):
            deed = lambda: (quotes(then), quotes(first))  # noqa: B023, E731
            runs[way].append(per_second(deed, 2 * count, SECONDS))
    name = f"{title} {ours.kind}, {count:,}: quotes"
    yield from _rows(name, runs, "of every tick, as before", "of what changed", 0)


def _rows(
    name: str, runs: Mapping[str, Sequence[float]], base: str, best: str, ticks: int
) -> Iterator[Figure]:
    for way, several in runs.items():
        yield Figure(f"{name}: {way}", "ticks/s", tuple(several), digits=0)
    ratios = tuple(mine / theirs for mine, theirs in zip(runs[best], runs[base], strict=True))
    yield Figure(
        f"{name}: **{best} against {base}**", "×", ratios, f"{GOAL}× or more" if ticks >= 1_000 else ""
    )


def compare(theirs: NDArray[np.float64], ours: NDArray[np.float64], case: Case) -> None:
    """Every number of every tick; raises RuntimeError for one that differs."""
    same = theirs.shape[1] <= ours.shape[1] and np.array_equal(theirs, ours[:, : theirs.shape[1]])
    if len(ours) != case.ticks or not same:
        raise RuntimeError(f"{case.name}: the official client reads something else than we")


@contextmanager
def official(broker: str, client: str, cases: Sequence[Case]) -> Iterator[Callable[..., Any]]:
    """The client's own decoder as a function: a deed, the name of a case, and what the deed needs."""
    python = environment(client)
    script = Path(__file__).with_name("tick_clients.py")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [str(python), str(script), broker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=folder, env={**os.environ, "TZ": "UTC"}, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        said, heard = process.stdin, process.stdout
        assert said is not None
        assert heard is not None

        def say(value: object) -> None:
            said.write(json.dumps(value) + "\n")
            said.flush()

        def ask(*words: object) -> Any:
            say(words)
            return json.loads(heard.readline())

        try:
            say({case.name: [base64.b64encode(one).decode() for one in case.frames] for case in cases})
            yield ask
        finally:
            said.close()
            process.wait(timeout=30)
            heard.close()
