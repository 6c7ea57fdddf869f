"""A person's app of one-time codes, and the recovery codes for the day it is lost."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import authenticators, recovery_codes
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class Authenticator:
    """id: where its secret is sealed. It counts once it is confirmed."""

    id: int
    sealed: bytes
    created: Instant
    confirmed: Instant | None


def put(db: WriteDb, viewer: Viewer, sealed: Callable[[int], bytes], now: Instant) -> int:
    """A new one, unconfirmed, in place of any before. sealed: its secret for the row of that id."""
    db.execute(delete(authenticators).where(owned(authenticators, viewer)))
    row = {"owner_id": viewer.person, "created_at": now}
    id = int(db.execute(insert(authenticators).values(row).returning(authenticators.c.id)).scalar_one())
    which = (owned(authenticators, viewer), authenticators.c.id == id)
    db.execute(update(authenticators).where(*which).values(secret=sealed(id)))
    return id


def find(db: ReadDb, viewer: Viewer) -> Authenticator | None:
    """The viewer's, confirmed or not; one look-up on uq_authenticators_owner_id."""
    row = db.execute(select(authenticators).where(owned(authenticators, viewer))).one_or_none()
    return None if row is None else Authenticator(row.id, row.secret, row.created_at, row.confirmed_at)


def use(db: WriteDb, viewer: Viewer, step: int) -> bool:
    """A code of that half minute is taken; False when one as new was before. Of two at once one gets True."""
    which = (owned(authenticators, viewer), authenticators.c.last_step < step)
    return db.execute(update(authenticators).where(*which).values(last_step=step)).rowcount > 0


def confirm(db: WriteDb, viewer: Viewer, now: Instant) -> None:
    """From now on it is asked for; raises NotFound."""
    statement = update(authenticators).where(owned(authenticators, viewer)).values(confirmed_at=now)
    if db.execute(statement).rowcount == 0:
        raise NotFound("authenticator")


def forget(db: WriteDb, viewer: Viewer) -> bool:
    """Away with it and every recovery code; whether there was one."""
    db.execute(delete(recovery_codes).where(owned(recovery_codes, viewer)))
    return db.execute(delete(authenticators).where(owned(authenticators, viewer))).rowcount > 0


def put_codes(db: WriteDb, viewer: Viewer, hashes: Collection[str], now: Instant) -> None:
    """New recovery codes in place of all before."""
    db.execute(delete(recovery_codes).where(owned(recovery_codes, viewer)))
    rows = [{"owner_id": viewer.person, "code_hash": one, "made_at": now} for one in sorted(set(hashes))]
    db.execute_many(insert(recovery_codes), rows)


def use_code(db: WriteDb, viewer: Viewer, code_hash: str, now: Instant) -> bool:
    """Use a recovery code up: False when it is unknown or used. Of two at once one gets True."""
    which = (owned(recovery_codes, viewer), recovery_codes.c.code_hash == code_hash)
    statement = update(recovery_codes).where(*which, recovery_codes.c.used_at.is_(None))
    return db.execute(statement.values(used_at=now)).rowcount > 0


def codes_left(db: ReadDb, viewer: Viewer) -> int:
    """How many recovery codes are still good."""
    which = (owned(recovery_codes, viewer), recovery_codes.c.used_at.is_(None))
    return int(db.execute(select(func.count()).select_from(recovery_codes).where(*which)).scalar_one())
