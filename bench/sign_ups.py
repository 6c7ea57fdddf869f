"""What a stranger with a stop-watch learns at the form of signing up, in a house that is open and sends mail.

Wishes in turn, each from a place of its own, so that whatever else the machine does falls on all: with an
address that nobody has, with somebody's, and with one of each that is mailed no more for now. After each the
sign-in page is asked for: it would be slower while a job worked harder for one of them. Compared is what
tells whether somebody is here, the same having been asked before: that he asked before, a stranger knows.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2
from tests.postbox import Postbox, taken_in

from bench.figures import Figure
from bench.houses import free_port, house, serving, up
from bench.strangers import Times, _between, _rank
from tunefolio.core.people import Role
from tunefolio.services import passwords
from tunefolio.services.house import House
from tunefolio.store import persons

_WISHES = 200
_WARM = 10
_OFTEN, _OFTEN_NOBODYS = "often@example.org", "newby-often@example.org"
_PAIRS = (
    ("nobody's address", "somebody's"),
    ("nobody's, mailed no more", "somebody's, mailed no more"),
)
_SLOW = 60
_PAUSE = 0.02
"""Seconds between two wishes, so that the job of the one is done before the other."""


def figures() -> list[Figure]:
    box = Postbox()
    with tempfile.TemporaryDirectory() as folder, taken_in(box) as mail:
        home = Path(folder)
        with house(home) as (runtime, _):
            _settle(runtime.house)
        port = free_port()
        command, environ = up(port, home)
        open_to_all = {"TUNEFOLIO_SIGN_UP": "open", "TUNEFOLIO_SMTP_URL": mail, "TUNEFOLIO_WORKERS": "1"}
        with serving(command, port, environ | open_to_all):
            asked, after = _asked(f"http://localhost:{port}")
    _must_have_mailed(box)
    return [
        *_told("a wish for an account", asked),
        *_told("the page asked for right after it", after),
    ]


def _settle(house: House) -> None:
    """Everybody has the same password; it is hashed once."""
    kept, now = passwords.hashed(passwords.random_password()), house.clock.now()
    with house.database.writing() as db:
        for email in (_OFTEN, *(_known(turn) for turn in range(-_WARM, _WISHES))):
            persons.add(db, email, "Bench", kept, Role.MEMBER, now)


def _known(turn: int) -> str:
    return f"known-{turn + _WARM:04}@example.org"


def _nobodys(turn: int) -> str:
    return f"newby-{turn + _WARM:04}@example.org"


def _asked(url: str) -> tuple[Times, Times]:
    """Milliseconds of each wish by kind, and of the page after it."""
    kinds: dict[str, Callable[[int], str]] = {
        "nobody's address": _nobodys,
        "somebody's": _known,
        "nobody's, mailed no more": lambda _: _OFTEN_NOBODYS,
        "somebody's, mailed no more": lambda _: _OFTEN,
    }
    asked: Times = {kind: [] for kind in kinds}
    after: Times = {kind: [] for kind in kinds}
    with httpx2.Client(timeout=_SLOW) as client:
        for turn in range(-_WARM, _WISHES):
            order = list(kinds)
            random.Random(turn).shuffle(order)
            for place, kind in enumerate(order):
                email, whence = kinds[kind](turn), f"198.51.{turn % 250}.{place}"
                took = _timed(partial(_wish, client, url, email, whence))
                next_took = _timed(partial(_look, client, url))
                if turn >= 0:
                    asked[kind].append(took)
                    after[kind].append(next_took)
                time.sleep(_PAUSE)
    return asked, after


def _timed(ask: Callable[[], None]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    ask()
    return (time.perf_counter() - begun) * 1_000


def _wish(client: httpx2.Client, url: str, email: str, whence: str) -> None:
    form, headers = {"name": "Bench", "email": email}, {"x-forwarded-for": whence}
    answer = client.post(f"{url}/sign-up", data=form, headers=headers)
    if "Look into your mailbox" not in answer.text:
        raise RuntimeError(f"{email}: {answer.status_code}")


def _look(client: httpx2.Client, url: str) -> None:
    client.get(f"{url}/sign-in").raise_for_status()


def _must_have_mailed(box: Postbox) -> None:
    """Else it measured a house that does nothing."""
    for email, subject in ((_nobodys(0), "Set up your account"), (_known(0), "You have an account already")):
        if [one["Subject"] for one in box.of(email)] != [subject]:
            raise RuntimeError(f"{email} was not mailed as it should be")


def _told(what: str, times: Times) -> list[Figure]:
    found = [Figure(f"{what}: {kind}", "ms", tuple(some), "", 2) for kind, some in times.items()]
    for first, other in _PAIRS:
        apart = statistics.median(times[first]) - statistics.median(times[other])
        low, high = _between(times[first], times[other])
        pair = f"{what}: {first} and {other}"
        found += [
            Figure(f"{pair}, medians apart, 95 % surely in", "ms", (low, apart, high), "0 within", 3),
            Figure(f"{pair}, Mann-Whitney", "σ", (abs(_rank(times[first], times[other])),), "under 3", 2),
        ]
    return found
