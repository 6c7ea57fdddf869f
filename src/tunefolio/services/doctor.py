"""What is wrong with an installation, and how to mend it. Looks only; changes nothing."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from tunefolio.core.errors import Misuse
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Clock, Instant, TradingDay, calendar_date
from tunefolio.market.calendars import Calendar
from tunefolio.services import checkups
from tunefolio.services.checkups import Ailment, Look, Ward
from tunefolio.store import accounts, broker_apps, connections, jobs, schema
from tunefolio.store.db import Database, ReadDb, open_database
from tunefolio.store.vault import KeyRing, Vault

_SQLITE = "sqlite:///"
_STUCK = timedelta(minutes=10)
_RELEASED = Instant.parse("2026-11-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing looked at. cure: what a person does about the problem; both "" when ok."""

    name: str
    ok: bool
    problem: str = ""
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """What there is to look at.

    brokers:  by name, what building it says (raises Misuse for wrong options).
    unloaded: by name, why an adapter cannot be imported, and the cure.
    assets:   the folder of the built front-end. is_rehearsal: the demo's installation.
    redis:    where what several processes share lies, without its password; "" for one process alone.
    redis_answers: asks it. register: why the packaged register of funds cannot be read, "" where it can.
    """

    home: Path
    database_url: str
    key: Secret | None
    key_file: Path
    host: str
    port: int
    clock: Clock
    calendar: Calendar
    brokers: Mapping[str, Callable[[], object]]
    assets: Path
    is_rehearsal: bool
    unloaded: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    redis: str = ""
    redis_answers: Callable[[], bool] = lambda: True
    register: Callable[[], str] = lambda: ""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. after: checks that must be well before it, or it would only repeat them."""

    name: str
    look: Callable[[Installation], None]
    after: frozenset[str] = frozenset()


_TABLES = frozenset({"database", "schema"})


def examine(there: Installation) -> list[Diagnosis]:
    """Every check, in the order in which problems should be mended; without those that cannot be looked at
    before another is well."""
    found: list[Diagnosis] = []
    for check in _checks(there):
        if all(one.ok for one in found if one.name in check.after):
            found.append(_diagnosis(check.name, there, check.look))
    return found


def _checks(there: Installation) -> Iterator[Check]:
    yield Check("folder", folder)
    yield Check("key", key)
    yield Check("database", database)
    yield Check("schema", database_schema, frozenset({"database"}))
    yield Check("secrets", secrets_sealed, _TABLES)
    yield Check("jobs", stuck_jobs, _TABLES)
    if there.redis:
        yield Check("redis", redis)
    yield Check("clock", clock)
    yield Check("calendar", calendar)
    yield Check("port", port)
    yield Check("assets", assets)
    yield Check("demo", separation)
    yield Check("funds", funds)
    for name in there.unloaded:
        yield Check(f"adapter {name}", lambda one, name=name: adapter(one, name))  # type: ignore[misc]
    for name in there.brokers:
        if name not in there.unloaded:
            yield Check(f"broker {name}", lambda one, name=name: broker(one, name))  # type: ignore[misc]
    for name, look in checkups.CHECKS.items():
        yield Check(name, lambda one, look=look: asked(one, look), _TABLES)  # type: ignore[misc]


def _diagnosis(name: str, there: Installation, look: Callable[[Installation], None]) -> Diagnosis:
    try:
        look(there)
    except Ailment as found:
        return Diagnosis(name, False, found.problem, found.cure)
    except Misuse as wrong:
        return Diagnosis(name, False, f"{wrong.field}: {wrong.problem}", wrong.cure or "Correct that setting")
    except DBAPIError as away:
        reason = str(away.orig).strip().splitlines()[0]
        return Diagnosis(name, False, reason, "Mend what `database` and `schema` say first")
    return Diagnosis(name, True)


def folder(there: Installation) -> None:
    """The home folder exists, can be written, and is nobody else's to read."""
    if there.home.exists() and not there.home.is_dir():
        raise Ailment(f"{there.home} is not a folder", "Set TUNEFOLIO_HOME to a folder of your own")
    if not there.home.is_dir():
        raise Ailment(
            f"{there.home} does not exist",
            "Run `tunefolio up` once; it makes the folder, or says why it may not",
        )
    try:
        with tempfile.NamedTemporaryFile(dir=there.home):
            pass
    except OSError as refused:
        raise Ailment(
            f"{there.home} cannot be written: {refused.strerror}",
            f"Give yourself the folder: chown -R $USER {there.home}",
        ) from None
    if os.name == "posix" and stat.S_IMODE(there.home.stat().st_mode) & 0o077:
        raise Ailment(f"{there.home} is open to other users", f"Run: chmod 700 {there.home}")


def key(there: Installation) -> None:
    """There is a key ring that can be read, by us only."""
    if there.key is not None:
        try:
            KeyRing.load(there.key.reveal())
        except Misuse as wrong:
            raise Ailment(f"TUNEFOLIO_KEY {wrong.problem}", wrong.cure) from None
        return
    if not there.key_file.is_file():
        raise Ailment(
            f"{there.key_file} does not exist",
            "Put back the key file from your backup; without broker logins, `tunefolio up` makes one",
        )
    try:
        KeyRing.load(there.key_file)
    except Misuse as wrong:
        if str(there.key_file) in wrong.problem:
            raise
        problem = f"the key in {there.key_file} {wrong.problem}"
        raise Ailment(problem, "Put back the key file from your backup") from None


def secrets_sealed(there: Installation) -> None:
    """The key opens what was sealed for the people: sessions, credentials of brokers and API secrets."""
    if there.key is None and not there.key_file.is_file():
        return
    vault = Vault(KeyRing.load(there.key.reveal() if there.key is not None else there.key_file))
    with closing(open_database(there.database_url)) as base, base.reading() as db:
        shut = sum(not opens(vault, *one) for one in _sealed(db, there.brokers))
    if shut:
        raise Ailment(
            f"{shut} secrets were sealed with another key",
            "Put back the key file from your backup; or log in to the brokers again under Brokers",
        )


def _sealed(db: ReadDb, brokers: Iterable[str]) -> Iterator[tuple[bytes, str, int, str]]:
    """Every sealed secret and its place."""
    homes = accounts.all_active(db, Caretaker("doctor"))
    for home in homes:
        viewer = Viewer(home.owner)
        there = connections.of_account(db, viewer, home.id)
        token = connections.sealed_token(db, viewer, home.id)
        if there is not None and token is not None:
            yield token, "connections", there.id, "token"
        kept = connections.sealed_credentials(db, viewer, home.id)
        if there is not None and kept is not None:
            yield kept, "connections", there.id, "credentials"
    for owner in sorted({home.owner for home in homes}):
        for name in brokers:
            app = broker_apps.app_of(db, Viewer(owner), name)
            if app is not None:
                yield app.sealed, "broker_apps", app.id, "api_secret"


def opens(vault: Vault, sealed: bytes, table: str, row: int, column: str) -> bool:
    """Is the secret there for this key ring to read?"""
    try:
        vault.open(sealed, table, row, column)
    except Misuse:
        return False
    return True


def database(there: Installation) -> None:
    """The database answers."""
    if _is_absent(there):
        raise Ailment(
            "there is no database yet", "Run `tunefolio up` once; it makes the database and its tables"
        )
    try:
        with closing(open_database(there.database_url)) as base, base.reading():
            pass
    except DBAPIError as away:
        reason = str(away.orig).strip().splitlines()[0]
        cure = "Start the database server, or correct TUNEFOLIO_DATABASE_URL"
        if there.database_url.startswith(_SQLITE):
            cure = f"Put back {there.database_url[len(_SQLITE) :]} from your backup"
        raise Ailment(f"it does not answer: {reason}", cure) from None


def database_schema(there: Installation) -> None:
    """The tables are those of this release."""
    present, wanted = schema.current(there.database_url), schema.head()
    if present is None and _has_tables(there.database_url):
        raise Ailment(
            "there are tables, but none says of which release they are (alembic_version is empty)",
            "Put back the database from your backup: this one was restored in part",
        )
    if present is not None and present > wanted:
        raise Ailment(
            f"tables are at {present}, this release knows {wanted}",
            "Install the newer TuneFolio that made them; this one leaves them alone",
        )
    if present != wanted:
        raise Ailment(
            f"tables are at {present or 'nothing'}, this release wants {wanted}",
            "Run `tunefolio up`; it brings them up to date",
        )


def _has_tables(url: str) -> bool:
    with closing(open_database(url)) as base:
        return inspect(base.engine).has_table("persons")


def stuck_jobs(there: Installation) -> None:
    """No job has been due for long without anyone taking it."""
    with closing(open_database(there.database_url)) as base:
        late = _late_jobs(base, there.clock.now())
    if late:
        raise Ailment(
            f"due for more than ten minutes, or left by a process that died, and not taken: {late}",
            "Start the house with `tunefolio up` (where several processes share it: `tunefolio worker` and "
            "`tunefolio beat`); `tunefolio jobs` lists them",
        )


def _late_jobs(base: Database, now: Instant) -> int:
    with base.reading() as db:
        return len(jobs.due(db, Caretaker("doctor"), now - _STUCK, 1_000))


def redis(there: Installation) -> None:
    """What several processes share answers."""
    if not there.redis_answers():
        raise Ailment(
            f"Redis at {there.redis} does not answer: workers hear of no job",
            "Start it, or correct TUNEFOLIO_REDIS_URL; one process alone (`tunefolio up`) needs none",
        )


def clock(there: Installation) -> None:
    """The machine's clock is not before this release was made."""
    now = there.clock.now()
    if now < _RELEASED:
        raise Ailment(f"the clock says {now.iso()}", "Set the clock: timedatectl set-ntp true")


def calendar(there: Installation) -> None:
    """The session calendar knows the coming two weeks."""
    today = TradingDay(calendar_date(there.clock.now()))
    if today.plus_days(14) > there.calendar.known_until:
        raise Ailment(
            f"the session calendar ends on {there.calendar.known_until}",
            "Update TuneFolio: the next release knows the next year's holidays",
        )


def port(there: Installation) -> None:
    """The port is free, or it is this house that answers there."""
    if is_free(there.host, there.port) or _is_ours(there.host, there.port):
        return
    raise Ailment(
        f"port {there.port} is taken by another program",
        f"Stop that program, or choose another port: TUNEFOLIO_PORT={there.port + 1}",
    )


def _is_ours(host: str, number: int) -> bool:
    """Does what answers there call itself well or unwell as our health page does?"""
    reached = "127.0.0.1" if host in {"0.0.0.0", "::", "localhost"} else host
    try:
        with closing(HTTPConnection(reached, number, timeout=2)) as caller:
            caller.request("GET", "/healthz")
            health = json.loads(caller.getresponse().read(10_000))
    except (OSError, HTTPException, ValueError):
        return False
    return isinstance(health, dict) and {"status", "version", "rehearsal"} <= health.keys()


def is_free(host: str, number: int) -> bool:
    """Could a server listen there now?"""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError:
            return False
    return True


def assets(there: Installation) -> None:
    """The front-end has been built."""
    if not any(there.assets.glob("**/*.js")):
        raise Ailment("the front-end is not built", "Run `make assets`, or install the released wheel")


def separation(there: Installation) -> None:
    """Rehearsal and real books do not share a folder."""
    is_demo_folder = there.home.name.endswith("-demo")
    if is_demo_folder != there.is_rehearsal:
        raise Ailment(
            f"{there.home} {'is a demo folder' if is_demo_folder else 'holds real books'}",
            "Set TUNEFOLIO_HOME to another folder",
        )


def funds(there: Installation) -> None:
    """The packaged register of funds, which tells their categories and values of 2018, can be read."""
    problem = there.register()
    if problem:
        raise Ailment(
            f"the register of funds cannot be read: {problem}",
            "Run: pip install --force-reinstall casparser-isin. Until then people are asked what funds are",
        )


def adapter(there: Installation, name: str) -> None:
    """The adapter can be imported."""
    problem, cure = there.unloaded[name]
    raise Ailment(f"does not import: {problem}", cure)


def asked(there: Installation, look: Look) -> None:
    """The links to brokers are well, in one respect."""
    ward = Ward(frozenset(there.brokers), frozenset(there.unloaded), there.clock.now())
    with closing(open_database(there.database_url)) as base, base.reading() as db:
        look(db, ward)


def broker(there: Installation, name: str) -> None:
    """The broker's options can be used."""
    there.brokers[name]()


def _is_absent(there: Installation) -> bool:
    return there.database_url.startswith(_SQLITE) and not Path(there.database_url[len(_SQLITE) :]).exists()
