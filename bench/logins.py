"""Fifty people who sign in at the same moment: how many a second, what memory, and who else has to wait.

What a stranger with a stop-watch learns stands in bench/strangers.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2

from bench import strangers
from bench.figures import Figure, percentile
from bench.houses import PASSWORD, cookie, free_port, house, resident_mib, serving, up
from tunefolio.core.people import Role
from tunefolio.services import passwords
from tunefolio.services.house import House
from tunefolio.store import persons

_PEOPLE = 50
_ROUNDS = 3
_AT_REST = 150
_PAGE = "/settings"
_SLOW = 120


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with house(home) as (runtime, _):
            _settle(runtime.house)
            signed = cookie(runtime)
        port = free_port()
        command, environ = up(port, home)
        limits = {"TUNEFOLIO_STRANGERS_PER_MINUTE": "0", "TUNEFOLIO_WORKERS": "1"}
        with serving(command, port, environ | limits) as (pid, _):
            rush = _rush(pid, f"http://localhost:{port}", signed)
    return [*rush, *strangers.figures()]


def _email(number: int) -> str:
    return f"person-{number}@example.org"


def _settle(house: House) -> None:
    """Everybody has the same password; it is hashed once."""
    kept = passwords.hashed(PASSWORD)
    with house.database.writing() as db:
        for number in range(_PEOPLE):
            persons.add(db, _email(number), "Bench", kept, Role.MEMBER, house.clock.now())


def _rush(pid: int, url: str, signed: str) -> list[Figure]:
    before = resident_mib(pid)
    seconds: list[float] = []
    waits: list[float] = []
    peaks: list[float] = []
    pages: list[float] = []
    with httpx2.Client(timeout=_SLOW) as client:
        look = partial(_looked, client, url + _PAGE, signed)
        calm = [look() for _ in range(_AT_REST)]
        for turn in range(_ROUNDS):
            done = threading.Event()
            with ThreadPoolExecutor(_PEOPLE + 2) as pool:
                watch = pool.submit(_watch, lambda: resident_mib(pid), done, 0.005)
                pulse = pool.submit(_watch, look, done, 0.02)
                begun = time.perf_counter()
                waits += pool.map(partial(_sign_in, client, url, turn), range(_PEOPLE))
                seconds.append(time.perf_counter() - begun)
                done.set()
                peaks.append(max(watch.result()))
                pages += pulse.result()
    return [
        Figure(f"{_PEOPLE} people at once: sign-ins", "a second", tuple(_PEOPLE / one for one in seconds)),
        Figure("the same: a person waits, p50", "ms", (percentile(waits, 0.5) * 1_000,), "", 0),
        Figure("the same: a person waits, longest", "ms", (max(waits) * 1_000,), "", 0),
        Figure(
            "the same: memory of the server above rest, peak", "MiB", tuple(one - before for one in peaks)
        ),
        *_compared(calm, pages),
    ]


def _compared(calm: list[float], pages: list[float]) -> list[Figure]:
    """A page of somebody who is signed in, while nobody signs in and while fifty do."""
    return [
        Figure(f"`{_PAGE}` {when}, {words}", "ms", (percentile(some, share) * 1_000,))
        for when, some in (("at rest", calm), ("meanwhile", pages))
        for words, share in (("p50", 0.5), ("p99", 0.99))
    ]


def _watch(ask: Callable[[], float], done: threading.Event, pause: float) -> list[float]:
    """What it gives, again and again until the rush is over."""
    seen = [ask()]
    while not done.wait(pause):
        seen.append(ask())
    return seen


def _looked(client: httpx2.Client, url: str, signed: str) -> float:
    """Seconds until the page is there."""
    begun = time.perf_counter()
    answer = client.get(url, headers={"cookie": signed})
    took = time.perf_counter() - begun
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}")
    return took


def _sign_in(client: httpx2.Client, url: str, turn: int, number: int) -> float:
    """Seconds; each person comes from an address of her own, as the proxy before the house says."""
    headers = {"x-forwarded-for": f"192.0.2.{number}", "user-agent": f"bench {turn}"}
    wish = {"email": _email(number), "password": PASSWORD.reveal()}
    begun = time.perf_counter()
    client.post(f"{url}/api/v1/session", json=wish, headers=headers).raise_for_status()
    return time.perf_counter() - begun
