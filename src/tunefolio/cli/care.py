"""doctor, jobs, key rotate, settings, version: looking after the house."""

from __future__ import annotations

import argparse
import logging
import platform
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from importlib.metadata import version as version_of
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from tunefolio import __version__
from tunefolio.adapters.funds import CasparserIsin
from tunefolio.adapters.memory import MemoryShared
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.sources import broker_of
from tunefolio.cli import Exit
from tunefolio.cli.house import CONSOLE, open_house, settings_of, show, table
from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.people import Caretaker
from tunefolio.core.time import IST, Instant, SystemClock
from tunefolio.ledger.brokers import BROKERS
from tunefolio.market import calendars
from tunefolio.services import admin, audit
from tunefolio.services import doctor as physician
from tunefolio.services.acts import Act
from tunefolio.settings import OPTIONS, VARIABLES, Profile, Settings
from tunefolio.store import vault


def doctor(args: argparse.Namespace) -> int:
    """doctor: every check with its cure; exit code 1 when something is ill."""
    found = physician.examine(installation(settings_of(args)))
    rows = [{"name": one.name, "ok": one.ok, "problem": one.problem, "cure": one.cure} for one in found]
    lines = [
        f"{'ok ' if one.ok else 'ILL'} {one.name}"
        + (f": {one.problem}\n    → {one.cure}" if not one.ok else "")
        for one in found
    ]
    show(args, rows, "\n".join(lines))
    return Exit.OK if all(one.ok for one in found) else Exit.FINDINGS


def installation(settings: Settings) -> physician.Installation:
    """What the doctor looks at, as these settings describe it."""
    with _unlogged():
        unloaded = adapters.load()
    return physician.Installation(
        home=settings.home,
        database_url=settings.database_url,
        key=settings.key,
        key_file=settings.key_file,
        host=settings.host,
        port=settings.port,
        clock=SystemClock(),
        calendar=calendars.packaged(),
        brokers={name: partial(broker_of, name, settings, MemoryShared()) for name in BROKERS.names()},
        assets=Path(str(files("tunefolio.web"))) / "static" / "dist",
        is_rehearsal=settings.profile is Profile.DEMO,
        unloaded={one.name: (one.problem, one.cure) for one in reversed(unloaded)},
        redis=_named(settings.redis_url),
        redis_answers=partial(_answers, settings.redis_url),
        register=CasparserIsin().problem,
    )


@contextmanager
def _unlogged() -> Iterator[None]:
    """What fails is among the doctor's own findings, in one line; its traceback would bury them."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _named(url: str) -> str:
    """An address without its password; "" stays."""
    parts = urlsplit(url)
    where = parts.path if parts.scheme == "unix" else f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
    return where if url else ""


def _answers(url: str) -> bool:
    from tunefolio.adapters.redis import RedisShared

    with closing(RedisShared(url)) as shared:
        return shared.answers()


def jobs(args: argparse.Namespace) -> int:
    """jobs: the newest of everyone, and what comes when."""
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        seen = admin.jobs_overview(db, runtime.house, CONSOLE, limit=max(1, args.limit))
    work = [
        {
            "id": job.id,
            "kind": job.kind,
            "state": job.state.value,
            "attempts": job.attempts,
            "asked": _ist(job.created),
            "problem": job.problem,
        }
        for job in seen.jobs
    ]
    plan = [
        {
            "duty": one.name,
            "when": one.when,
            "next": _ist(one.next_run),
            "last": None if isinstance(one.last_run, Missing) else _ist(one.last_run),
            "last_reason": one.last_run.reason if isinstance(one.last_run, Missing) else None,
        }
        for one in seen.duties
    ]
    told = [row | {"last": row["last"] or "never yet"} for row in plan]
    text = table(told, ("duty", "when", "next", "last"))
    if work:
        text = table(work, ("id", "kind", "state", "attempts", "asked", "problem")) + "\n\n" + text
    show(args, {"jobs": work, "timetable": plan}, text)
    return Exit.OK


def rotate(args: argparse.Namespace) -> int:
    """key rotate. Steps: 1 save the ring with old and new key; 2 seal everything anew in one transaction;
    3 save the ring with the new key alone. A crash after any step leaves every secret readable."""
    with open_house(args) as runtime:
        settings, house = runtime.settings, runtime.house
        if settings.key is not None:
            raise Misuse(
                "TUNEFOLIO_KEY",
                "is given by the environment, which cannot be changed from here",
                cure="Unset it and use a key file, then rotate",
            )
        fresh = vault.new_key()
        house.vault.keys.with_new(fresh).save(settings.key_file)
        with house.database.writing() as db:
            count = vault.rotate(db, Caretaker("key rotate"), house.vault, fresh)
            audit.note(db, house, CONSOLE, Act.SEALED_ANEW, details={"secrets": count})
        vault.KeyRing([fresh]).save(settings.key_file)
    show(args, {"sealed_anew": count}, f"{count} secrets sealed with a new key in {settings.key_file}")
    return Exit.OK


def settings(args: argparse.Namespace) -> int:
    """settings: the one table."""
    rows = [{"name": one.name, "default": one.default, "meaning": one.sentence} for one in VARIABLES]
    rows += [{"name": name, "default": "", "meaning": meaning} for name, meaning in OPTIONS]
    lines = [
        f"{row['name']}{' = ' + row['default'] if row['default'] else ''}\n    {row['meaning']}"
        for row in rows
    ]
    show(args, rows, "\n".join(lines))
    return Exit.OK


def version(args: argparse.Namespace) -> int:
    """version."""
    parts = ("sqlalchemy", "fastapi", "uvicorn", "cryptography")
    value = {"tunefolio": __version__, "python": platform.python_version()} | {
        name: version_of(name) for name in parts
    }
    show(args, value, "\n".join(f"{name} {number}" for name, number in value.items()))
    return Exit.OK


def _ist(moment: Instant | None) -> str | None:
    return None if moment is None else moment.in_zone(IST).strftime("%Y-%m-%d %H:%M:%S")
