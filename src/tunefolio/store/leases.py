"""What one process at a time may do, for as long as it says so: leases that lapse when their holder dies.

The moment until which a lease holds is its holder's token: a later holder has a later one, so whoever lost
the lease cannot prolong it.
"""

from __future__ import annotations

from sqlalchemy import update

from tunefolio.core.time import Instant
from tunefolio.store.db import WriteDb
from tunefolio.store.tables import leases


def take(db: WriteDb, name: str, now: Instant, until: Instant) -> bool:
    """Take the lease until then, if nobody holds it. Of any number that try at once, one gets it."""
    statement = db.upsert(leases).values(name=name, held_until=until)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"held_until": until}, where=leases.c.held_until <= now
    )
    return db.execute(statement.returning(leases.c.name)).scalar_one_or_none() is not None


def renew(db: WriteDb, name: str, mine: Instant, until: Instant) -> bool:
    """Hold it longer; False when it has gone to another."""
    which = (leases.c.name == name, leases.c.held_until == mine)
    return db.execute(update(leases).where(*which).values(held_until=until)).rowcount > 0


def release(db: WriteDb, name: str, mine: Instant, now: Instant) -> None:
    """Let it go at once; one that has gone to another stays there."""
    renew(db, name, mine, now)
