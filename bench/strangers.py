"""What a stranger with a stop-watch learns: whether an address has an account here, or one that is shut out.

Three attempts in turn, so that whatever else the machine does falls on all: at an address that nobody has, at
somebody's with a wrong password, at a disabled person's with the right one. Once as the house is, and once
with argon2id at a two-hundredth of its price, whose noise hides less.
"""

from __future__ import annotations

import math
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from bench.figures import Figure
from bench.houses import PASSWORD, house
from tunefolio.core.errors import Rejected
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import identity, passwords
from tunefolio.services.house import House
from tunefolio.store import persons

_CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1_024, parallelism=1),))
_WARM = 20
_GUESSES = 240
_REAL_GUESSES = 40
_DRAWS = 2_000
_WRONG = Secret("wrong horse battery")
Times = dict[str, list[float]]


def figures() -> list[Figure]:
    found = _told("argon2id as it is", _tried(_REAL_GUESSES))
    with _cheaply():
        return [*found, *_told("argon2id at 1 MiB, one pass", _tried(_GUESSES))]


@contextmanager
def _cheaply() -> Iterator[None]:
    """Within it this process keeps and checks passwords at the low price."""
    ours = passwords._HASHER
    passwords._HASHER = _CHEAP
    passwords._decoy.cache_clear()
    try:
        yield
    finally:
        passwords._HASHER = ours
        passwords._decoy.cache_clear()


def _tried(count: int) -> Times:
    """Milliseconds of each attempt, by kind; each comes from an address of its own."""
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as (runtime, admin):
        kept = passwords.hashed(PASSWORD)
        for name in ("there", "shut"):
            _settle(runtime.house, admin.viewer, name, kept)
        times: Times = {"nobody": [], "somebody": [], "disabled": []}
        for turn in range(-_WARM, count):
            guesses = {
                "nobody": (f"nobody-{turn}@example.org", _WRONG),
                "somebody": ("there@example.org", _WRONG),
                "disabled": ("shut@example.org", PASSWORD),
            }
            order = list(guesses)
            random.Random(turn).shuffle(order)
            for kind in order:
                took = _guess(runtime.house, *guesses[kind], f"198.51.{turn % 200}.{len(times[kind]) % 250}")
                if turn >= 0:
                    times[kind].append(took * 1_000)
        return times


def _settle(house: House, admin: Viewer, name: str, kept: str) -> None:
    with house.database.writing() as db:
        made = persons.add(db, f"{name}@example.org", "Bench", kept, Role.MEMBER, house.clock.now())
        if name == "shut":
            persons.set_disabled(db, admin, made.id, house.clock.now())


def _guess(house: House, email: str, password: Secret, address: str) -> float:
    """Seconds; nothing is throttled, for that would tell nobody anything new."""
    begun = time.perf_counter()
    with suppress(Rejected):
        identity.log_in(house, email, password, "bench", address)
    took = time.perf_counter() - begun
    house.throttle.forget(identity.BY_EMAIL, email)
    house.throttle.forget(identity.BY_ADDRESS, address)
    return took


def _told(price: str, times: Times) -> list[Figure]:
    words = {"nobody": "nobody's address", "somebody": "a wrong password", "disabled": "a disabled person"}
    found = [Figure(f"{price}: {words[kind]}", "ms", tuple(some), "", 2) for kind, some in times.items()]
    for one, other in (("nobody", "somebody"), ("disabled", "somebody")):
        pair = f"{price}: {words[one]} and {words[other]}"
        apart = statistics.median(times[one]) - statistics.median(times[other])
        low, high = _between(times[one], times[other])
        found += [
            Figure(f"{pair}, medians apart, 95 % surely in", "ms", (low, apart, high), "0 within", 3),
            Figure(f"{pair}, Mann-Whitney", "σ", (abs(_rank(times[one], times[other])),), "under 3", 2),
        ]
    return found


def _between(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Where the difference of the medians lies in 95 of 100 samples drawn from these (bootstrap)."""
    chance = random.Random(7)
    apart = sorted(
        statistics.median(chance.choices(one, k=len(one)))
        - statistics.median(chance.choices(other, k=len(other)))
        for _ in range(_DRAWS)
    )
    return apart[round(_DRAWS * 0.025)], apart[round(_DRAWS * 0.975)]


def _rank(one: Sequence[float], other: Sequence[float]) -> float:
    """How far the sum of ranks of `one` lies from what chance would give, in its standard deviations."""
    ranked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    total = sum(place for place, (_, is_one) in enumerate(ranked, 1) if is_one)
    count, others = len(one), len(other)
    expected = count * (count + others + 1) / 2
    return (total - expected) / math.sqrt(count * others * (count + others + 1) / 12)
