"""The rehearsal: a house of its own folder, key and password beside a simulated broker; this machine only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tunefolio.bootstrap.rehearsal import ANGEL_RATES, options_for
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.bootstrap.seed import seed
from tunefolio.core.errors import Misuse
from tunefolio.core.people import Role
from tunefolio.core.secret import Secret
from tunefolio.core.time import Clock, SystemClock
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.clock import ShiftedClock
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.sandbox.sessions import Hours
from tunefolio.services import identity, jobs, rates
from tunefolio.services.doctor import is_free
from tunefolio.services.passwords import random_password
from tunefolio.settings import Profile, Settings, is_loopback
from tunefolio.store import persons

EMAIL = "demo@localhost"
NAME = "Demo"
SEED = 2026
_BROKER = "zerodha"
_LOOPBACK = "127.0.0.1"
_FIRST_PORT = 8100
_TRIES = 200
_JOURNAL = "exchange.jsonl"
_FILES = ("tunefolio.db", "tunefolio.db-wal", "tunefolio.db-shm", "key", "password", _JOURNAL)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A demo that runs: its house, and how to sign in."""

    runtime: Runtime
    sandbox: Sandbox
    email: str
    password: Secret


@contextmanager
def opened(settings: Settings, clock: Clock | None = None) -> Iterator[Rehearsal]:
    """The demo for as long as the context lasts. The house is built; serving starts and closes it.

    Steps: 1 the password of this install; 2 the sandbox on the next free ports; 3 the house whose broker
    and price source are the sandbox; 4 at the first start the person, her hand-kept accounts, and jobs
    that fetch the past while the house serves already. The sandbox's control panel shifts the clock of both.
    """
    must_stay_here(settings)
    shifted = ShiftedClock(clock or SystemClock())
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = kept_password(settings.home / "password")
    app = AppKeys("rehearsal", Secret(secrets.token_urlsafe(24)))
    sandbox = _bound_sandbox(settings, app, shifted)
    sandbox.start()
    try:
        runtime = build(rehearsing(settings, sandbox), shifted)
        try:
            _settle_in(runtime, password, sandbox.market)
            yield Rehearsal(runtime, sandbox, EMAIL, password)
        finally:
            runtime.close()
    finally:
        sandbox.stop()


def _bound_sandbox(settings: Settings, app: AppKeys, clock: Clock) -> Sandbox:
    """A sandbox that holds its ports: the next free ones. Another program may take one between looking and
    taking; then the next ones are tried. Raises Misuse when none can be had."""
    first = _FIRST_PORT
    while True:
        kite, yahoo, world, angel, kotak = free_ports(first, 5, but=settings.port)
        sandbox = Sandbox(
            SandboxConfig(
                kite_port=kite,
                yahoo_port=yahoo,
                world_port=world,
                angel_port=angel,
                kotak_port=kotak,
                seed=SEED,
                hours=Hours.ALWAYS,
                yahoo_rate=Rate(1_000),
                angel_rates=ANGEL_RATES,
                journal=settings.home / _JOURNAL,
                clock=clock,
                app=app,
                redirect_url=f"{settings.public_url}/auth/{_BROKER}/callback",
                postback_url=f"{settings.public_url}/hooks/{_BROKER}",
            )
        )
        try:
            sandbox.bind()
        except Misuse:
            if first >= _FIRST_PORT + _TRIES:
                raise
            first += 1
            continue
        return sandbox


def must_stay_here(settings: Settings) -> None:
    """Raises Misuse for anything but a demo on loopback: its password and its broker protect nothing."""
    if settings.profile is not Profile.DEMO:
        raise Misuse("profile", "these are the settings of real books", cure="Run `tunefolio demo`")
    if not is_loopback(settings.host):
        raise Misuse(
            "TUNEFOLIO_HOST",
            f"{settings.host} would show the demo to other machines",
            cure="The demo listens on 127.0.0.1 only; use `tunefolio up` for a real house",
        )


def rehearsing(settings: Settings, sandbox: Sandbox) -> Settings:
    """The same settings with the sandbox in the place of the brokers, of Yahoo and of every other source."""
    options = {
        name: {option: Secret(value) for option, value in given.items()}
        for name, given in options_for(sandbox).items()
    }
    return replace(settings, options=options)


def kept_password(path: Path) -> Secret:
    """The password of this install: made once, in a file only its owner reads."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Secret(path.read_text("ascii").strip())
    fresh = random_password()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(fresh.reveal() + "\n")
    return fresh


def free_ports(first: int, count: int, *, but: int) -> list[int]:
    """The next `count` free ports of loopback from `first` on, without `but`; raises Misuse."""
    found: list[int] = []
    for port in range(first, first + _TRIES):
        if port != but and is_free(_LOOPBACK, port):
            found.append(port)
            if len(found) == count:
                return found
    raise Misuse("port", f"no {count} ports are free from {first} on", cure="Stop other servers")


def forget(settings: Settings) -> None:
    """Begin anew: remove the demo's own files and nothing else."""
    must_stay_here(settings)
    for name in _FILES:
        (settings.home / name).unlink(missing_ok=True)


def _settle_in(runtime: Runtime, password: Secret, market: Market) -> None:
    house = runtime.house
    with house.database.writing() as db:
        if persons.find_by_email(db, EMAIL) is not None:
            return
        person = identity.add_person(db, house, EMAIL, NAME, password, Role.ADMIN)
        seed(db, house, person.viewer, market)
        rates.ask_rates(db, house)
        jobs.ask(db, house, "refresh_quotes", {}, owner=person.id)
        jobs.ask(db, house, "refresh_masters", {}, owner=None)  # so that the search knows what is listed
