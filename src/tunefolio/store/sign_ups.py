"""Wishes for an account, of people who are nobody here yet; each waits for the link that was mailed about it.

They are no person's rows: the token is the claim. Only its hash is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from tunefolio.core.people import Caretaker
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import sign_ups


@dataclass(frozen=True, slots=True)
class SignUpWish:
    """Somebody wants an account. email, name: as whoever asked has typed them."""

    id: int
    email: str
    name: str
    asked: Instant


def add(db: WriteDb, email: str, name: str, now: Instant, expires: Instant) -> int:
    """It was asked for. One row for every wish, whoever has that address: so that each costs the same."""
    row = {"email": email, "name": name, "asked_at": now, "expires_at": expires}
    return int(db.execute(insert(sign_ups).values(row).returning(sign_ups.c.id)).scalar_one())


def find_one(db: ReadDb, id: int, now: Instant) -> SignUpWish | None:
    """A wish that has not run out."""
    query = select(sign_ups).where(sign_ups.c.id == id, sign_ups.c.expires_at > now)
    row = db.execute(query).one_or_none()
    return None if row is None else _wish(row)


def find(db: ReadDb, token_hash: str, now: Instant) -> SignUpWish | None:
    """The wish of a mailed token that has not run out; on uq_sign_ups_token_hash."""
    which = (sign_ups.c.token_hash == token_hash, sign_ups.c.expires_at > now)
    row = db.execute(select(sign_ups).where(*which)).one_or_none()
    return None if row is None else _wish(row)


def hand_out(db: WriteDb, wish: SignUpWish, token_hash: str, expires: Instant) -> None:
    """A token for it, in place of any before; every other wish about that address is forgotten."""
    others = (sign_ups.c.email == wish.email, sign_ups.c.id != wish.id)
    db.execute(delete(sign_ups).where(*others))
    kept = {"token_hash": token_hash, "expires_at": expires}
    db.execute(update(sign_ups).where(sign_ups.c.id == wish.id).values(kept))


def use(db: WriteDb, id: int, now: Instant) -> bool:
    """It is answered and gone; False when somebody was faster or it ran out. Of two, one gets True."""
    which = (sign_ups.c.id == id, sign_ups.c.expires_at > now)
    return db.execute(delete(sign_ups).where(*which)).rowcount > 0


def forget(db: WriteDb, id: int) -> None:
    """Nothing comes of it."""
    db.execute(delete(sign_ups).where(sign_ups.c.id == id))


def forget_of(db: WriteDb, email: str) -> None:
    """Whoever has that address is here now."""
    db.execute(delete(sign_ups).where(sign_ups.c.email == email))


def forget_before(db: WriteDb, caretaker: Caretaker, instant: Instant) -> int:  # noqa: ARG001 — leave, not input
    """Forget what ran out before `instant`; how many. Scans the table, which is short."""
    return db.execute(delete(sign_ups).where(sign_ups.c.expires_at < instant)).rowcount


def _wish(row: Row[Any]) -> SignUpWish:
    return SignUpWish(row.id, row.email, row.name, row.asked_at)
