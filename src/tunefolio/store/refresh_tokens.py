"""What renews a sign-in of the API, once each. The token itself is never kept, only its hash.

A family is the session that its tokens belong to: it ends with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from tunefolio.core.identity import PersonId, SessionId
from tunefolio.core.people import Caretaker, Person, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.lookups import Lookup
from tunefolio.store.persons import person
from tunefolio.store.sessions import WITH_PERSON, Session, joined
from tunefolio.store.tables import persons, refresh_tokens, sessions
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class Renewing:
    """One refresh token. used: when it was spent.

    is_over: its session has ended, or its owner is shut out.
    """

    owner: PersonId
    session: SessionId
    expires: Instant
    used: Instant | None
    is_over: bool


def add(
    db: WriteDb, viewer: Viewer, session: SessionId, token_hash: str, now: Instant, expires: Instant
) -> None:
    """The next token of a family."""
    row = {
        "owner_id": viewer.person,
        "session_id": session,
        "token_hash": token_hash,
        "created_at": now,
        "expires_at": expires,
    }
    db.execute(insert(refresh_tokens).values(row))


def spend(db: WriteDb, token_hash: str, now: Instant) -> Renewing | None:
    """Use it up: of any number at once exactly one gets it; None for all others, and for one expired, unknown
    or of an ended session. Atomic: one UPDATE on uq_refresh_tokens_token_hash."""
    alive = (
        select(sessions.c.id)
        .join(persons, persons.c.id == sessions.c.owner_id)
        .where(sessions.c.id == refresh_tokens.c.session_id, sessions.c.ended_at.is_(None))
        .where(persons.c.disabled_at.is_(None))
        .exists()
    )
    which = (
        refresh_tokens.c.token_hash == token_hash,
        refresh_tokens.c.used_at.is_(None),
        refresh_tokens.c.expires_at > now,
        alive,
    )
    spent = update(refresh_tokens).where(*which).values(used_at=now)
    row = db.execute(spent.returning(*refresh_tokens.c)).one_or_none()
    return None if row is None else _renewing(row, is_over=False)


def find(db: ReadDb, token_hash: str) -> Renewing | None:
    """The token of that hash, whatever became of it; on uq_refresh_tokens_token_hash."""
    query = (
        select(*refresh_tokens.c, sessions.c.ended_at, persons.c.disabled_at)
        .join(sessions, sessions.c.id == refresh_tokens.c.session_id)
        .join(persons, persons.c.id == refresh_tokens.c.owner_id)
        .where(refresh_tokens.c.token_hash == token_hash)
    )
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    return _renewing(row, is_over=row.ended_at is not None or row.disabled_at is not None)


def standing(db: ReadDb, viewer: Viewer, session: SessionId, now: Instant) -> tuple[Session, Person] | None:
    """A session that a signed token names, with its person: None when it has ended or is expired, or the
    person is shut out. One query on two primary keys."""
    row = db.find(_STANDING, {"owner": viewer.person, "session": session, "now": now})
    return None if row is None else (joined(row), person(row))


_STANDING = Lookup(
    WITH_PERSON.where(sessions.c.owner_id == bindparam("owner"), sessions.c.id == bindparam("session"))
)


def end_family(db: WriteDb, viewer: Viewer, session: SessionId, now: Instant) -> bool:
    """End the session, and with it every token of the family; whether it was open."""
    which = (owned(sessions, viewer), sessions.c.id == session, sessions.c.ended_at.is_(None))
    return db.execute(update(sessions).where(*which).values(ended_at=now)).rowcount > 0


def forget_expired(db: WriteDb, caretaker: Caretaker, before: Instant) -> int:  # noqa: ARG001 — leave
    """Drop what expired before then, of everyone; how many. On ix_refresh_tokens_expires."""
    return db.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at < before)).rowcount


def _renewing(row: Row[Any], *, is_over: bool) -> Renewing:
    return Renewing(
        PersonId(row.owner_id),
        SessionId(row.session_id),
        row.expires_at,
        row.used_at,
        is_over,
    )
