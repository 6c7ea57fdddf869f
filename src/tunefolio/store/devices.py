"""Browsers that a person has signed in with before, told by a cookie that outlives the session."""

from __future__ import annotations

from sqlalchemy import delete, select

from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import devices
from tunefolio.store.viewers import owned


def put(db: WriteDb, viewer: Viewer, token_hash: str, now: Instant) -> None:
    """The viewer signed in there just now."""
    row = {"owner_id": viewer.person, "token_hash": token_hash, "created_at": now, "seen_at": now}
    statement = db.upsert(devices).values(row)
    keys = ["owner_id", "token_hash"]
    db.execute(statement.on_conflict_do_update(index_elements=keys, set_={"seen_at": now}))


def is_known(db: ReadDb, viewer: Viewer, token_hash: str) -> bool:
    """Whether the viewer signed in there before."""
    query = select(devices.c.id).where(owned(devices, viewer), devices.c.token_hash == token_hash)
    return db.execute(query).one_or_none() is not None


def any_known(db: ReadDb, viewer: Viewer) -> bool:
    """Whether the viewer signed in anywhere since browsers are told apart."""
    return db.execute(select(devices.c.id).where(owned(devices, viewer)).limit(1)).first() is not None


def forget_all(db: WriteDb, viewer: Viewer) -> int:
    """Every browser is new to the viewer from now on; how many there were."""
    return db.execute(delete(devices).where(owned(devices, viewer))).rowcount
