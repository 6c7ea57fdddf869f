"""The dashboard and its data with 500 holdings in five accounts, over real HTTP on loopback."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.figures import Figure, percentile
from bench.houses import (
    account,
    cookie,
    free_port,
    house,
    import_file,
    price_everything,
    serving,
    tradebook,
    up,
)
from bench.load import press
from tunefolio.core.money import Price
from tunefolio.core.time import SystemClock
from tunefolio.store import instruments, quotes
from tunefolio.store.db import open_database

_ACCOUNTS = 5
_STOCKS = 100
_TRADES = 1_000
_ROUNDS = 5


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with house(home) as (runtime, person):
            for number in range(_ACCOUNTS):
                place = account(runtime, person, f"Demat {number + 1}")
                import_file(runtime, person, place, tradebook(_TRADES, _STOCKS, first=number * _STOCKS))
            price_everything(runtime, _ACCOUNTS * _STOCKS)
            signed = cookie(runtime)
        port = free_port()
        command, environ = up(port, home)
        with serving(command, port, environ):
            here = f"http://127.0.0.1:{port}"
            dashboard = _latencies(f"{here}/dashboard", signed)
            holdings = _latencies(f"{here}/api/portfolio/holdings", signed)
            return [
                *_percentiles("dashboard page, 500 holdings, 5,000 facts", dashboard, "p50 under 30 ms"),
                Figure(
                    "the same page, first look after every price has moved",
                    "ms",
                    _after_moves(home, f"{here}/dashboard", signed),
                ),
                *_percentiles("`/api/portfolio/holdings`, 500 holdings", holdings),
                *_beside_bare(home, here, signed),
            ]


def _latencies(url: str, signed: str) -> list[tuple[float, ...]]:
    """One connection, so that an answer waits for nothing but itself."""
    press(url, cookie=signed, connections=1, seconds=1)
    return [press(url, cookie=signed, connections=1, seconds=2).latencies_ms for _ in range(_ROUNDS)]


def _after_moves(home: Path, url: str, signed: str) -> tuple[float, ...]:
    """Another process moves every price; the next look values and renders all of it again."""
    database = open_database(f"sqlite:///{home / 'tunefolio.db'}")
    taken: list[float] = []
    for turn in range(_ROUNDS):
        with database.writing() as db:
            known = [instrument.id for instrument in instruments.search(db, "", 2 * _ACCOUNTS * _STOCKS)]
            moved = [
                replace(quote, price=Price.of(quote.price.amount + turn + 1), as_of=SystemClock().now())
                for quote in quotes.latest(db, known).values()
            ]
            quotes.put(db, moved)
        time.sleep(1.1)
        taken.append(press(url, cookie=signed, connections=1, seconds=0).latencies_ms[0])
    database.close()
    return tuple(taken)


def _percentiles(name: str, rounds: list[tuple[float, ...]], goal: str = "") -> list[Figure]:
    return [
        Figure(f"{name}: p50", "ms", tuple(percentile(r, 0.50) for r in rounds), goal),
        Figure(f"{name}: p95", "ms", tuple(percentile(r, 0.95) for r in rounds)),
    ]


def _beside_bare(home: Path, here: str, signed: str) -> list[Figure]:
    """Our route and a bare FastAPI route that sends the same bytes, in turns."""
    body = home / "body.json"
    body.write_bytes(_get(f"{here}/api/portfolio/holdings", signed))
    port = free_port()
    environ = {"BENCH_BODY": str(body), "BENCH_PORT": str(port)}
    ours: list[float] = []
    bare: list[float] = []
    with serving([sys.executable, "-m", "bench.bare"], port, environ):
        for _ in range(_ROUNDS):
            ours.append(press(f"{here}/api/portfolio/holdings", cookie=signed).per_second)
            bare.append(press(f"http://127.0.0.1:{port}/holdings").per_second)
    ratios = tuple(a / b for a, b in zip(ours, bare, strict=True))
    return [
        Figure("`/api/portfolio/holdings`, 500 holdings, one process", "requests/s", tuple(ours)),
        Figure("a bare FastAPI route that sends the same bytes", "requests/s", tuple(bare)),
        Figure("the first ÷ the second", "", ratios, digits=3),
    ]


def _get(url: str, signed: str) -> bytes:
    from urllib.request import Request, urlopen

    port = url.split(":")[2].split("/")[0]
    asked = Request(url, headers={"Cookie": signed, "Host": f"localhost:{port}"})
    with urlopen(asked, timeout=30) as answer:
        return bytes(answer.read())
