"""Accounts at an outside provider that sign a person in: linked, found by issuer and subject, unlinked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import external_identities
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """One link. email: as the provider called her when it was made."""

    id: int
    owner: PersonId
    issuer: str
    subject: str
    email: str
    created: Instant
    used: Instant | None


def add(db: WriteDb, viewer: Viewer, issuer: str, subject: str, email: str, now: Instant) -> int:
    """A new link of the viewer's; raises Misuse when this account, or one of this provider, is linked."""
    row = {
        "owner_id": viewer.person,
        "issuer": issuer,
        "subject": subject,
        "email": email,
        "created_at": now,
    }
    cure = "Unlink it there first"
    with db.unique("identity", "is linked already, here or with another account", cure=cure):
        made = db.execute(insert(external_identities).values(row).returning(external_identities.c.id))
        return int(made.scalar_one())


def find(db: ReadDb, issuer: str, subject: str) -> ExternalIdentity | None:
    """Whose this account is; one look-up on uq_external_identities_issuer_subject."""
    which = (external_identities.c.issuer == issuer, external_identities.c.subject == subject)
    row = db.execute(select(external_identities).where(*which)).one_or_none()
    return None if row is None else _identity(row)


def listed(db: ReadDb, viewer: Viewer) -> list[ExternalIdentity]:
    """The viewer's, oldest first."""
    query = select(external_identities).where(owned(external_identities, viewer))
    return [_identity(row) for row in db.execute(query.order_by(external_identities.c.id))]


def mark_used(db: WriteDb, viewer: Viewer, id: int, now: Instant) -> None:
    """It has just signed the viewer in, or proved her."""
    which = (owned(external_identities, viewer), external_identities.c.id == id)
    db.execute(update(external_identities).where(*which).values(used_at=now))


def forget(db: WriteDb, viewer: Viewer, id: int) -> None:
    """It signs in no more; raises NotFound."""
    which = (owned(external_identities, viewer), external_identities.c.id == id)
    if db.execute(delete(external_identities).where(*which)).rowcount == 0:
        raise NotFound("linked account")


def _identity(row: Row[Any]) -> ExternalIdentity:
    return ExternalIdentity(
        row.id, PersonId(row.owner_id), row.issuer, row.subject, row.email, row.created_at, row.used_at
    )
