"""When each entry of the timetable last ran, so that a restart knows what it missed; and what is paused."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from tunefolio.core.identity import PersonId
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import duties


@dataclass(frozen=True, slots=True)
class Duty:
    """What is kept of one entry. paused: since when it is not asked for, by whom; None while it runs."""

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
