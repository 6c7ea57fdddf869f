"""Which processes of the house live, by the beats they leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import processes


@dataclass(frozen=True, slots=True)
class Process:
    """One process. role: house, web, worker or beat. left: when it said goodbye; None while it may live."""

    name: str
    role: str
    host: str
    pid: int
    version: str
    started: Instant
    seen: Instant
    left: Instant | None
    details: Mapping[str, Any]


def beat(db: WriteDb, process: Process) -> None:
    """It lives: its row, made or brought up to date."""
    row = {
        "name": process.name,
        "role": process.role,
        "host": process.host,
        "pid": process.pid,
        "version": process.version,
        "started_at": process.started,
        "seen_at": process.seen,
        "left_at": None,
        "details": dict(process.details),
    }
    statement = db.upsert(processes).values(row)
    fresh = {name: statement.excluded[name] for name in ("seen_at", "left_at", "details")}
    db.execute(statement.on_conflict_do_update(index_elements=["name"], set_=fresh))


def leave(db: WriteDb, name: str, now: Instant) -> None:
    """It ends in good order."""
    db.execute(update(processes).where(processes.c.name == name).values(left_at=now, seen_at=now))


def listed(db: ReadDb) -> list[Process]:
    """Every process that is still remembered, by role and start."""
    query = select(processes).order_by(processes.c.role, processes.c.started_at, processes.c.name)
    return [
        Process(
            row.name,
            row.role,
            row.host,
            row.pid,
            row.version,
            row.started_at,
            row.seen_at,
            row.left_at,
            row.details,
        )
        for row in db.execute(query)
    ]


def forget_before(db: WriteDb, moment: Instant) -> int:
    """Forget those not seen since; how many."""
    return db.execute(delete(processes).where(processes.c.seen_at < moment)).rowcount
