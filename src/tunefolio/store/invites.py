"""Invitations to join, made by an admin, each good once. The code itself is never kept, only its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from tunefolio.core.identity import InviteId, PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import invites
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class Invite:
    """Leave to sign up with a role. email: the only address it is good for, "" for any."""

    id: InviteId
    owner: PersonId
    email: str
    role: Role
    created: Instant
    expires: Instant
    used: Instant | None
    used_by: PersonId | None


def add(
    db: WriteDb, admin: Viewer, code_hash: str, email: str, role: Role, now: Instant, expires: Instant
) -> InviteId:
    """A new invitation; raises Forbidden for all but admins."""
    admin.must_administer()
    row = {
        "owner_id": admin.person,
        "code_hash": code_hash,
        "email": email,
        "role": role,
        "created_at": now,
        "expires_at": expires,
    }
    return InviteId(db.execute(insert(invites).values(row).returning(invites.c.id)).scalar_one())


def find(db: ReadDb, code_hash: str, now: Instant) -> Invite | None:
    """The invitation of a code that is neither used nor expired; on uq_invites_code_hash."""
    which = (invites.c.code_hash == code_hash, invites.c.used_at.is_(None), invites.c.expires_at > now)
    row = db.execute(select(invites).where(*which)).one_or_none()
    return None if row is None else _invite(row)


def use(db: WriteDb, id: InviteId, by: PersonId, now: Instant) -> bool:
    """Use it up; False when somebody was faster or it has expired. Atomic: of two, one gets True."""
    which = (invites.c.id == id, invites.c.used_at.is_(None), invites.c.expires_at > now)
    return db.execute(update(invites).where(*which).values(used_at=now, used_by=by)).rowcount > 0


def listed(db: ReadDb, admin: Viewer) -> list[Invite]:
    """The invitations this admin made, newest first; raises Forbidden for all but admins."""
    admin.must_administer()
    query = select(invites).where(owned(invites, admin)).order_by(invites.c.id.desc())
    return [_invite(row) for row in db.execute(query)]


def revoke(db: WriteDb, admin: Viewer, id: InviteId) -> bool:
    """Take back an unused invitation of this admin's; whether there was one."""
    admin.must_administer()
    which = (owned(invites, admin), invites.c.id == id, invites.c.used_at.is_(None))
    return db.execute(delete(invites).where(*which)).rowcount > 0


def _invite(row: Row[Any]) -> Invite:
    return Invite(
        InviteId(row.id),
        PersonId(row.owner_id),
        row.email,
        Role(row.role),
        row.created_at,
        row.expires_at,
        row.used_at,
        None if row.used_by is None else PersonId(row.used_by),
    )
