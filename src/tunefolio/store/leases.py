"""What one process at a time may do, for as long as it says so: leases that lapse when their holder dies.

Kept beside the duties, as the moment until which the lease holds. That moment is the holder's token: a later
holder has a later one, so whoever lost the lease cannot prolong it.
"""

from __future__ import annotations

from sqlalchemy import update

from tunefolio.core.time import Instant
from tunefolio.store.db import WriteDb
from tunefolio.store.tables import duties

_PREFIX = "lease:"


def take(db: WriteDb, name: str, now: Instant, until: Instant) -> bool:
    """Take the lease until then, if nobody holds it. Of any number that try at once, one gets it."""
    row = {"name": _PREFIX + name, "last_run_at": until}
    statement = db.upsert(duties).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"last_run_at": until}, where=duties.c.last_run_at <= now
    )
    return db.execute(statement.returning(duties.c.name)).scalar_one_or_none() is not None


def renew(db: WriteDb, name: str, mine: Instant, until: Instant) -> bool:
    """Hold it longer; False when it has gone to another."""
    which = (duties.c.name == _PREFIX + name, duties.c.last_run_at == mine)
    return db.execute(update(duties).where(*which).values(last_run_at=until)).rowcount > 0


def release(db: WriteDb, name: str, mine: Instant, now: Instant) -> None:
    """Let it go at once; one that has gone to another stays there."""
    renew(db, name, mine, now)
