"""When each entry of the timetable last ran: how a restart knows what it missed."""

from __future__ import annotations

from sqlalchemy import select

from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import duties


def last_run(db: ReadDb, name: str) -> Instant | None:
    """When the duty was last done; None for never."""
    found: Instant | None = db.execute(select(duties.c.last_run_at).where(duties.c.name == name)).scalar()
    return found


def set_run(db: WriteDb, name: str, now: Instant) -> None:
    """The duty was done at `now`."""
    statement = db.upsert(duties).values(name=name, last_run_at=now)
    db.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"last_run_at": now}))
