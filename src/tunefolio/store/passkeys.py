"""Passkeys: public halves of keys that live in a person's devices; nothing here can sign in by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PasskeyId, PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import passkeys
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class Passkey:
    """sign_count: how often the device says it has signed; 0 for those that do not count."""

    id: PasskeyId
    owner: PersonId
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    name: str
    created: Instant
    used: Instant | None


def add(
    db: WriteDb,
    viewer: Viewer,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    *,
    transports: Sequence[str],
    name: str,
    now: Instant,
) -> PasskeyId:
    """A new one; raises Misuse for a name the viewer has given before, or a key that is known already."""
    row = {
        "owner_id": viewer.person,
        "credential_id": credential_id,
        "public_key": public_key,
        "sign_count": sign_count,
        "transports": list(transports),
        "name": name,
        "created_at": now,
    }
    with db.unique("name", "is taken by another passkey of yours", cure="Choose another name"):
        return PasskeyId(db.execute(insert(passkeys).values(row).returning(passkeys.c.id)).scalar_one())


def listed(db: ReadDb, viewer: Viewer) -> list[Passkey]:
    """The viewer's, oldest first."""
    query = select(passkeys).where(owned(passkeys, viewer)).order_by(passkeys.c.id)
    return [_passkey(row) for row in db.execute(query)]


def find(db: ReadDb, credential_id: bytes) -> Passkey | None:
    """Whose key that is; one look-up on uq_passkeys_credential_id."""
    row = db.execute(select(passkeys).where(passkeys.c.credential_id == credential_id)).one_or_none()
    return None if row is None else _passkey(row)


def use(db: WriteDb, viewer: Viewer, id: PasskeyId, *, before: int, count: int, now: Instant) -> bool:
    """It has signed: False when its count is no longer `before`, so that of two at once one gets True."""
    which = (owned(passkeys, viewer), passkeys.c.id == id, passkeys.c.sign_count == before)
    return db.execute(update(passkeys).where(*which).values(sign_count=count, used_at=now)).rowcount > 0


def rename(db: WriteDb, viewer: Viewer, id: PasskeyId, name: str) -> None:
    """Raises NotFound, Misuse for a name that is taken."""
    with db.unique("name", "is taken by another passkey of yours", cure="Choose another name"):
        statement = update(passkeys).where(owned(passkeys, viewer), passkeys.c.id == id).values(name=name)
        if db.execute(statement).rowcount == 0:
            raise NotFound("passkey")


def forget(db: WriteDb, viewer: Viewer, id: PasskeyId) -> None:
    """It signs in no more; raises NotFound."""
    if db.execute(delete(passkeys).where(owned(passkeys, viewer), passkeys.c.id == id)).rowcount == 0:
        raise NotFound("passkey")


def forget_all(db: WriteDb, viewer: Viewer) -> int:
    """None of the viewer's signs in any more; how many there were."""
    return db.execute(delete(passkeys).where(owned(passkeys, viewer))).rowcount


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        PasskeyId(row.id),
        PersonId(row.owner_id),
        row.credential_id,
        row.public_key,
        row.sign_count,
        tuple(row.transports),
        row.name,
        row.created_at,
        row.used_at,
    )
