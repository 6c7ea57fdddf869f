"""Keys that sign access tokens, sealed for their very rows. They are the house's own: nobody's rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, or_, select, update

from tunefolio.core.people import Caretaker
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import signing_keys

_LOCK = 0x74756E6B
"""The advisory lock of making a key; any number that nothing else of ours uses."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key as it is kept, sealed for its row. until None: it signs; else it is believed till then."""

    id: int
    kid: str
    sealed: bytes
    created: Instant
    until: Instant | None


def one_at_a_time(db: WriteDb) -> None:
    """Until this transaction ends nobody else makes a key: SQLite has one writer anyway."""
    if db.dialect == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def add(db: WriteDb, kid: str, seal: Callable[[int], bytes], now: Instant) -> SigningKey:
    """A new key, which signs; `seal` gets its row's id."""
    made = insert(signing_keys).values(kid=kid, created_at=now).returning(signing_keys.c.id)
    id = int(db.execute(made).scalar_one())
    sealed = seal(id)
    db.execute(update(signing_keys).where(signing_keys.c.id == id).values(secret=sealed))
    return SigningKey(id, kid, sealed, now, None)


def believed(db: ReadDb, now: Instant) -> list[SigningKey]:
    """Every key that may have signed what is still good, newest first; a handful of rows."""
    good = or_(signing_keys.c.until_at.is_(None), signing_keys.c.until_at > now)
    query = select(signing_keys).where(good, signing_keys.c.secret.is_not(None))
    rows = db.execute(query.order_by(signing_keys.c.id.desc()))
    return [SigningKey(row.id, row.kid, row.secret, row.created_at, row.until_at) for row in rows]


def retire(db: WriteDb, but: int, until: Instant) -> None:
    """All but one sign no more, and are believed until then at most."""
    longer = or_(signing_keys.c.until_at.is_(None), signing_keys.c.until_at > until)
    db.execute(update(signing_keys).where(signing_keys.c.id != but, longer).values(until_at=until))


def forget(db: WriteDb, caretaker: Caretaker, before: Instant) -> int:  # noqa: ARG001 — leave, not input
    """Drop the keys that are believed no more at that moment; how many."""
    return db.execute(delete(signing_keys).where(signing_keys.c.until_at <= before)).rowcount
