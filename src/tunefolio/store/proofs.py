"""When the person of a session last typed her password again."""

from __future__ import annotations

from sqlalchemy import select

from tunefolio.core.identity import SessionId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import proofs
from tunefolio.store.viewers import owned


def put(db: WriteDb, viewer: Viewer, session: SessionId, now: Instant) -> None:
    """She has proved herself just now; replaces the time before."""
    row = {"session_id": session, "owner_id": viewer.person, "proved_at": now}
    statement = db.upsert(proofs).values(row)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["session_id"], set_={"proved_at": now}, where=owned(proofs, viewer)
        )
    )


def last(db: ReadDb, viewer: Viewer, session: SessionId) -> Instant | None:
    """When she did in this session; None for never. One look-up by primary key."""
    query = select(proofs.c.proved_at).where(owned(proofs, viewer), proofs.c.session_id == session)
    found: Instant | None = db.execute(query).scalar_one_or_none()
    return found
