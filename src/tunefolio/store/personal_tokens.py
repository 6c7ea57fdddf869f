"""Tokens that a person makes for her programs. The token itself is never kept, only its hash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, or_, select, update

from tunefolio.core.identity import PersonId, TokenId
from tunefolio.core.people import Person, Scope, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.lookups import Lookup
from tunefolio.store.persons import COLUMNS, person
from tunefolio.store.tables import personal_tokens, persons
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """What a program may do in its owner's name. ending: its last characters, to recognise it by.

    expires None: never. used: its last use, to the minute; used_from: the network address of it.
    """

    id: TokenId
    owner: PersonId
    name: str
    ending: str
    scopes: frozenset[Scope]
    created: Instant
    expires: Instant | None
    used: Instant | None
    used_from: str

    def is_expired(self, now: Instant) -> bool:
        return self.expires is not None and self.expires <= now


def add(
    db: WriteDb,
    viewer: Viewer,
    name: str,
    token_hash: str,
    ending: str,
    scopes: Iterable[Scope],
    *,
    now: Instant,
    expires: Instant | None,
) -> PersonalToken:
    """A new token of the viewer; raises Misuse when the name is taken by one that stands."""
    row = {
        "owner_id": viewer.person,
        "name": name,
        "ending": ending,
        "token_hash": token_hash,
        "scopes": sorted(scopes),
        "created_at": now,
        "expires_at": expires,
    }
    with db.unique("name", "is the name of another token", cure="Choose another, or revoke that one first"):
        made = db.execute(insert(personal_tokens).values(row).returning(*personal_tokens.c)).one()
    return _token(made)


def find(db: ReadDb, token_hash: str, now: Instant) -> tuple[PersonalToken, Person] | None:
    """Whose token this is: None when it is unknown, revoked or expired, or its owner shut out. One query, on
    uq_personal_tokens_token_hash and the primary key of persons."""
    row = db.find(_FIND, {"hash": token_hash})
    if row is None:
        return None
    found = PersonalToken(
        TokenId(row.token_id),
        PersonId(row.id),
        row.token_name,
        row.ending,
        frozenset(map(Scope, row.scopes)),
        row.token_created_at,
        row.expires_at,
        row.used_at,
        row.used_from,
    )
    return None if found.is_expired(now) else (found, person(row))


_FIND = Lookup(
    select(
        *COLUMNS,
        personal_tokens.c.id.label("token_id"),
        personal_tokens.c.name.label("token_name"),
        personal_tokens.c.created_at.label("token_created_at"),
        *(personal_tokens.c[name] for name in ("ending", "scopes", "expires_at", "used_at", "used_from")),
    )
    .join(persons, persons.c.id == personal_tokens.c.owner_id)
    .where(personal_tokens.c.token_hash == bindparam("hash"), personal_tokens.c.revoked_at.is_(None))
    .where(persons.c.disabled_at.is_(None))
)
"""Made once: every request with a personal token asks it."""


def touch(db: WriteDb, viewer: Viewer, id: TokenId, address: str, now: Instant, *, every: timedelta) -> None:
    """Used just now from there; nothing when another process wrote that within `every`."""
    stale = or_(personal_tokens.c.used_at.is_(None), personal_tokens.c.used_at <= now - every)
    which = (owned(personal_tokens, viewer), personal_tokens.c.id == id, stale)
    db.execute(update(personal_tokens).where(*which).values(used_at=now, used_from=address))


def listed(db: ReadDb, viewer: Viewer) -> list[PersonalToken]:
    """The viewer's that are not revoked, expired ones too, newest first; on ix_personal_tokens_owner."""
    which = (owned(personal_tokens, viewer), personal_tokens.c.revoked_at.is_(None))
    query = select(personal_tokens).where(*which).order_by(personal_tokens.c.id.desc())
    return [_token(row) for row in db.execute(query)]


def count(db: ReadDb, viewer: Viewer) -> int:
    """How many of the viewer's are not revoked."""
    which = (owned(personal_tokens, viewer), personal_tokens.c.revoked_at.is_(None))
    return int(db.execute(select(func.count()).select_from(personal_tokens).where(*which)).scalar_one())


def revoke(db: WriteDb, viewer: Viewer, id: TokenId, now: Instant) -> PersonalToken | None:
    """It opens nothing any more; None when there was none of the viewer's."""
    which = (
        owned(personal_tokens, viewer),
        personal_tokens.c.id == id,
        personal_tokens.c.revoked_at.is_(None),
    )
    change = update(personal_tokens).where(*which).values(revoked_at=now)
    row = db.execute(change.returning(*personal_tokens.c)).one_or_none()
    return None if row is None else _token(row)


def revoke_all(db: WriteDb, viewer: Viewer, now: Instant) -> int:
    """Every one of the viewer's; how many."""
    which = (owned(personal_tokens, viewer), personal_tokens.c.revoked_at.is_(None))
    return db.execute(update(personal_tokens).where(*which).values(revoked_at=now)).rowcount


def _token(row: Row[Any]) -> PersonalToken:
    return PersonalToken(
        TokenId(row.id),
        PersonId(row.owner_id),
        row.name,
        row.ending,
        frozenset(map(Scope, row.scopes)),
        row.created_at,
        row.expires_at,
        row.used_at,
        row.used_from,
    )
