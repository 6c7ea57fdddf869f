"""Signed-in browsers. The token itself is never kept, only its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from tunefolio.core.identity import PersonId, SessionId
from tunefolio.core.people import Person, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.columns import At
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.lookups import Lookup
from tunefolio.store.persons import COLUMNS, person
from tunefolio.store.tables import persons, sessions
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in device. seen: its last request, to the minute or so; expires: unless it is seen again."""

    id: SessionId
    owner: PersonId
    device: str
    address: str
    created: Instant
    seen: Instant
    expires: Instant


def add(
    db: WriteDb, viewer: Viewer, token_hash: str, device: str, address: str, now: Instant, expires: Instant
) -> SessionId:
    """A new session of the viewer."""
    row = {
        "owner_id": viewer.person,
        "token_hash": token_hash,
        "device": device,
        "address": address,
        "created_at": now,
        "seen_at": now,
        "expires_at": expires,
    }
    return SessionId(db.execute(insert(sessions).values(row).returning(sessions.c.id)).scalar_one())


def find(db: ReadDb, token_hash: str, now: Instant) -> tuple[Session, Person] | None:
    """Who holds this token: None when it is unknown, ended or expired, or its person disabled.

    One query, on uq_sessions_token_hash and the primary key of persons.
    """
    row = db.find(_FIND, {"hash": token_hash, "now": now})
    return None if row is None else (joined(row), person(row))


def joined(row: Row[Any]) -> Session:
    """The session of a row that begins with its person, as _FIND has it."""
    return Session(
        SessionId(row.session_id),
        PersonId(row.id),
        row.device,
        row.address,
        row.session_created_at,
        row.seen_at,
        row.session_expires_at,
    )


WITH_PERSON = (
    select(
        *COLUMNS,
        sessions.c.id.label("session_id"),
        sessions.c.created_at.label("session_created_at"),
        sessions.c.expires_at.label("session_expires_at"),
        *(sessions.c[name] for name in ("device", "address", "seen_at")),
    )
    .join(persons, persons.c.id == sessions.c.owner_id)
    .where(sessions.c.ended_at.is_(None), sessions.c.expires_at > bindparam("now", type_=At()))
    .where(persons.c.disabled_at.is_(None))
)
"""Open sessions with their persons; made once, for every request asks it."""
_FIND = Lookup(WITH_PERSON.where(sessions.c.token_hash == bindparam("hash")))


def touch(db: WriteDb, viewer: Viewer, id: SessionId, now: Instant, expires: Instant | None = None) -> None:
    """Seen just now, and good until `expires` if given; nothing for an ended or a stranger's session."""
    values = {"seen_at": now} if expires is None else {"seen_at": now, "expires_at": expires}
    which = (owned(sessions, viewer), sessions.c.id == id, sessions.c.ended_at.is_(None))
    db.execute(update(sessions).where(*which).values(values))


def end(db: WriteDb, viewer: Viewer, id: SessionId, now: Instant) -> bool:
    """Sign one device out; whether there was one to sign out."""
    which = (owned(sessions, viewer), sessions.c.id == id, sessions.c.ended_at.is_(None))
    return db.execute(update(sessions).where(*which).values(ended_at=now)).rowcount > 0


def end_all(db: WriteDb, viewer: Viewer, now: Instant, *, but: SessionId | None) -> int:
    """Sign every device of the viewer out, except `but`; how many."""
    query = update(sessions).where(owned(sessions, viewer), sessions.c.ended_at.is_(None))
    if but is not None:
        query = query.where(sessions.c.id != but)
    return db.execute(query.values(ended_at=now)).rowcount


def listed(db: ReadDb, viewer: Viewer, now: Instant) -> list[Session]:
    """The viewer's open sessions, the one seen last first; on ix_sessions_owner."""
    query = (
        select(sessions)
        .where(owned(sessions, viewer), sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
        .order_by(sessions.c.seen_at.desc(), sessions.c.id.desc())
    )
    return [_session(row) for row in db.execute(query)]


def _session(row: Row[Any]) -> Session:
    return Session(
        SessionId(row.id),
        PersonId(row.owner_id),
        row.device,
        row.address,
        row.created_at,
        row.seen_at,
        row.expires_at,
    )
