"""From when the clock counts for each entry of the timetable, so that a restart knows what it missed; what is
paused; and when each was last asked for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, update

from tunefolio.core.identity import PersonId
from tunefolio.core.people import Caretaker
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import duties, jobs

_KEY = "duty:"


@dataclass(frozen=True, slots=True)
class Duty:
    """What is kept of one entry. last_run: when it was last done, or since when it counts where it never was;
    paused: since when it is not asked for, by whom; None while it runs."""

    name: str
    last_run: Instant
    paused: Instant | None
    paused_by: PersonId | None


def all_kept(db: ReadDb) -> dict[str, Duty]:
    """Every entry that ever ran, by name; one query."""
    rows = db.execute(select(duties)).all()
    return {
        row.name: Duty(
            row.name,
            row.last_run_at,
            row.paused_at,
            None if row.paused_by is None else PersonId(row.paused_by),
        )
        for row in rows
    }


def key_of(name: str) -> str:
    """The dedupe key of its jobs."""
    return f"{_KEY}{name}"


def last_asked(db: ReadDb, caretaker: Caretaker) -> dict[str, Instant]:  # noqa: ARG001 — leave, not input
    """When each entry's newest job was asked for, by the clock or by hand; without those of which no job is
    kept. The house's own jobs alone, on ix_jobs_owner."""
    query = (
        select(jobs.c.dedupe_key, func.max(jobs.c.created_at))
        .where(jobs.c.owner_id.is_(None), jobs.c.dedupe_key.startswith(_KEY, autoescape=True))
        .group_by(jobs.c.dedupe_key)
    )
    return {key.removeprefix(_KEY): asked for key, asked in db.execute(query)}


def is_paused(db: ReadDb, name: str) -> bool:
    return db.execute(select(duties.c.paused_at).where(duties.c.name == name)).scalar() is not None


def pause(db: WriteDb, name: str, by: PersonId, now: Instant) -> None:
    """Ask for it no more until it is resumed; paused twice, the first time stands."""
    statement = db.upsert(duties).values(name=name, last_run_at=now, paused_at=now, paused_by=by)
    fresh = {"paused_at": now, "paused_by": by}
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_=fresh, where=duties.c.paused_at.is_(None)
        )
    )


def resume(db: WriteDb, name: str, now: Instant) -> None:
    """Ask for it again, from now on: what fell due meanwhile is not made up for."""
    paused = update(duties).where(duties.c.name == name, duties.c.paused_at.is_not(None))
    db.execute(paused.values(paused_at=None, paused_by=None, last_run_at=now))


def last_run(db: ReadDb, name: str) -> Instant | None:
    """When the duty was last done; None for never."""
    found: Instant | None = db.execute(select(duties.c.last_run_at).where(duties.c.name == name)).scalar()
    return found


def set_run(db: WriteDb, name: str, now: Instant) -> None:
    """The duty was done at `now`."""
    statement = db.upsert(duties).values(name=name, last_run_at=now)
    db.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"last_run_at": now}))
