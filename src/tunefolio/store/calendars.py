"""What operators said of sessions: the words in force, and everything ever said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.calendars import Phase, SessionKind, Window
from tunefolio.market.sessions import Override, OverrideKind
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import calendar_overrides as overrides
from tunefolio.store.tables import persons

CONSOLE = PersonId(0)
"""Whoever has a shell: kept as nobody."""


@dataclass(frozen=True, slots=True)
class Said:
    """One word of an operator. by, ended_by: names, "" for the command line; ended: undone or replaced."""

    id: int
    override: Override
    by: str
    at: Instant
    ended_by: str
    ended: Instant | None


def in_force(db: ReadDb) -> list[Override]:
    """Every word that holds now; a handful, in the order they were said."""
    query = select(overrides).where(overrides.c.ended_at.is_(None)).order_by(overrides.c.id)
    return [_override(row) for row in db.execute(query)]


def put(db: WriteDb, admin: Viewer, override: Override, now: Instant) -> bool:
    """Say something of a day, in place of what was said before; whether something was. Admins only."""
    admin.must_administer()
    is_replaced = _end(db, admin, override.exchange, override.day, override.kind, now)
    row = {
        "exchange": override.exchange,
        "day": override.day,
        "kind": override.kind.value,
        "session": override.session.value,
        "windows": [
            [one.start.isoformat("minutes"), one.end.isoformat("minutes")] for one in override.windows
        ],
        "note": override.note,
        "set_by": _author(admin),
        "set_at": now,
    }
    db.execute(insert(overrides).values(row))
    return is_replaced


def end(db: WriteDb, admin: Viewer, exchange: str, day: TradingDay, now: Instant) -> OverrideKind | None:
    """Undo what was said of a day, else the extension that ends on it; what was undone. Admins only."""
    admin.must_administer()
    which = (overrides.c.exchange == exchange, overrides.c.day == day, overrides.c.ended_at.is_(None))
    rows = db.execute(select(overrides).where(*which).order_by(overrides.c.kind == "known")).all()
    if not rows:
        return None
    ended = {"ended_by": _author(admin), "ended_at": now}
    db.execute(update(overrides).where(overrides.c.id == rows[0].id).values(ended))
    return OverrideKind(rows[0].kind)


def said(db: ReadDb, *, exchange: str | None, before: int | None, limit: int) -> list[Said]:
    """Everything ever said, newest first, a page at a time; before: the id of the last one seen."""
    query = _with_names()
    if exchange is not None:
        query = query.where(overrides.c.exchange == exchange)
    if before is not None:
        query = query.where(overrides.c.id < before)
    return [_said(row) for row in db.execute(query.order_by(overrides.c.id.desc()).limit(limit))]


def _with_names() -> Select[Any]:
    author, ender = persons.alias("author"), persons.alias("ender")
    columns = (overrides, author.c.name.label("author_name"), ender.c.name.label("ender_name"))
    joined = overrides.outerjoin(author, author.c.id == overrides.c.set_by)
    return select(*columns).select_from(joined.outerjoin(ender, ender.c.id == overrides.c.ended_by))


def _end(
    db: WriteDb, admin: Viewer, exchange: str, day: TradingDay, kind: OverrideKind, now: Instant
) -> bool:
    """What the new word takes the place of: the same day's, or the exchange's former extension."""
    is_known = kind is OverrideKind.KNOWN
    known = overrides.c.kind == OverrideKind.KNOWN.value
    replaced = known if is_known else (overrides.c.day == day) & ~known
    which = (overrides.c.exchange == exchange, overrides.c.ended_at.is_(None), replaced)
    ended = {"ended_by": _author(admin), "ended_at": now}
    return db.execute(update(overrides).where(*which).values(ended)).rowcount > 0


def _author(admin: Viewer) -> PersonId | None:
    return None if admin.person == CONSOLE else admin.person


def _said(row: Row[Any]) -> Said:
    return Said(row.id, _override(row), row.author_name or "", row.set_at, row.ender_name or "", row.ended_at)


def _override(row: Row[Any]) -> Override:
    return Override(
        row.exchange,
        row.day,
        OverrideKind(row.kind),
        SessionKind(row.session),
        _windows(row.windows),
        row.note,
    )


def _windows(pairs: Sequence[Sequence[str]]) -> tuple[Window, ...]:
    return tuple(
        Window(Phase.CONTINUOUS, time.fromisoformat(start), time.fromisoformat(end)) for start, end in pairs
    )
