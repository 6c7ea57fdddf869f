"""Fifty people who sign in at the same moment: how many a second, what memory, and who else has to wait.

And what a stranger with a stop-watch learns: wrong passwords for people who exist and for people who do not,
in turn, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx2

from bench.figures import Figure, percentile
from bench.houses import PASSWORD, free_port, house, resident_mib, serving, up
from tunefolio.core.errors import Rejected
from tunefolio.core.people import Role
from tunefolio.core.secret import Secret
from tunefolio.services import identity, passwords
from tunefolio.services.house import House
from tunefolio.store import persons

_PEOPLE = 50
_ROUNDS = 3
_GUESSES = 60
_WRONG = Secret("wrong horse battery")


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with house(home) as (runtime, _):
            _settle(runtime.house)
            timing = _timing(runtime.house)
        port = free_port()
        command, environ = up(port, home)
        limits = {"TUNEFOLIO_STRANGERS_PER_MINUTE": "0", "TUNEFOLIO_WORKERS": "1"}
        with serving(command, port, environ | limits) as (pid, _):
            return [*_rush(pid, f"http://localhost:{port}"), *timing]


def _email(number: int) -> str:
    return f"person-{number}@example.org"


def _settle(house: House) -> None:
    """Everybody has the same password; it is hashed once."""
    kept = passwords.hashed(PASSWORD)
    with house.database.writing() as db:
        for number in range(_PEOPLE):
            persons.add(db, _email(number), "Bench", kept, Role.MEMBER, house.clock.now())


def _rush(pid: int, url: str) -> list[Figure]:
    before = resident_mib(pid)
    seconds: list[float] = []
    waits: list[float] = []
    peaks: list[float] = []
    pings: list[float] = []
    for turn in range(_ROUNDS):
        done = threading.Event()
        with ThreadPoolExecutor(_PEOPLE + 2) as pool:
            watch = pool.submit(_watch, lambda: resident_mib(pid), done, 0.005)
            pulse = pool.submit(_watch, lambda: _asked(f"{url}/healthz"), done, 0.02)
            begun = time.perf_counter()
            waits += pool.map(partial(_sign_in, url, turn), range(_PEOPLE))
            seconds.append(time.perf_counter() - begun)
            done.set()
            peaks.append(max(watch.result()))
            pings += pulse.result()
    return [
        Figure(f"{_PEOPLE} people at once: sign-ins", "a second", tuple(_PEOPLE / one for one in seconds)),
        Figure("the same: a person waits, p50", "ms", (percentile(waits, 0.5) * 1_000,), "", 0),
        Figure("the same: a person waits, longest", "ms", (max(waits) * 1_000,), "", 0),
        Figure(
            "the same: memory of the server above rest, peak", "MiB", tuple(one - before for one in peaks)
        ),
        Figure(
            "the same: another request meanwhile (`/healthz`), p95", "ms", (percentile(pings, 0.95) * 1e3,)
        ),
    ]


def _watch(ask: Callable[[], float], done: threading.Event, pause: float) -> list[float]:
    """What it gives, again and again until the rush is over."""
    seen = [ask()]
    while not done.wait(pause):
        seen.append(ask())
    return seen


def _asked(url: str) -> float:
    begun = time.perf_counter()
    httpx2.get(url, timeout=60).raise_for_status()
    return time.perf_counter() - begun


def _sign_in(url: str, turn: int, number: int) -> float:
    """Seconds; each person comes from an address of her own, as the proxy before the house says."""
    headers = {"x-forwarded-for": f"192.0.2.{number}", "user-agent": f"bench {turn}"}
    wish = {"email": _email(number), "password": PASSWORD.reveal()}
    begun = time.perf_counter()
    httpx2.post(f"{url}/api/v1/session", json=wish, headers=headers, timeout=120).raise_for_status()
    return time.perf_counter() - begun


def _timing(house: House) -> list[Figure]:
    """Each guess is at another account or at none, so that nothing is throttled or remembered."""
    there: list[float] = []
    nowhere: list[float] = []
    for turn in range(_GUESSES):
        for times, email in ((there, _email(turn % _PEOPLE)), (nowhere, f"nobody-{turn}@example.org")):
            times.append(_guess(house, email, f"198.51.100.{turn}"))
            house.throttle.forget(identity.BY_EMAIL, email)
    apart = (statistics.median(there) - statistics.median(nowhere)) * 1_000
    return [
        Figure("a wrong password for somebody who exists", "ms", tuple(one * 1_000 for one in there)),
        Figure("a wrong password for nobody", "ms", tuple(one * 1_000 for one in nowhere)),
        Figure("the two medians apart", "ms", (abs(apart),), "less than their spread", 2),
        Figure(
            "Mann-Whitney, standard deviations from equal", "σ", (abs(_rank(there, nowhere)),), "under 3", 2
        ),
    ]


def _guess(house: House, email: str, address: str) -> float:
    begun = time.perf_counter()
    with suppress(Rejected):
        identity.log_in(house, email, _WRONG, "bench", address)
    return time.perf_counter() - begun


def _rank(one: list[float], other: list[float]) -> float:
    """How far the sum of ranks of `one` lies from what chance would give, in its standard deviations."""
    ranked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    total = sum(place for place, (_, is_one) in enumerate(ranked, 1) if is_one)
    count, others = len(one), len(other)
    expected = count * (count + others + 1) / 2
    return (total - expected) / math.sqrt(count * others * (count + others + 1) / 12)
