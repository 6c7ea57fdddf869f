"""Steps of signing in that wait for an answer: each good once, for minutes, for the holder of its token."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from tunefolio.core.identity import PersonId
from tunefolio.core.people import Caretaker
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import challenges


class Step(StrEnum):
    """What is waited for."""

    SECOND_STEP = "second_step"
    PASSKEY_NEW = "passkey_new"
    PASSKEY_SIGN_IN = "passkey_sign_in"
    PASSKEY_PROOF = "passkey_proof"
    PROVIDER_SIGN_IN = "provider_sign_in"
    PROVIDER_LINK = "provider_link"
    PROVIDER_PROOF = "provider_proof"


@dataclass(frozen=True, slots=True)
class Challenge:
    """person: who has proved the first step; None while nobody has said who she is."""

    id: int
    kind: Step
    person: PersonId | None
    words: bytes
    tries: int
    created: Instant


def add(
    db: WriteDb,
    person: PersonId | None,
    kind: Step,
    token_hash: str,
    words: bytes,
    *,
    now: Instant,
    expires: Instant,
) -> None:
    """A step is waited for."""
    row = {
        "owner_id": person,
        "kind": kind,
        "token_hash": token_hash,
        "words": words,
        "created_at": now,
        "expires_at": expires,
    }
    db.execute(insert(challenges).values(row))


def find(db: ReadDb, kind: Step, token_hash: str, now: Instant) -> Challenge | None:
    """The open step of a token; on uq_challenges_token_hash."""
    which = (challenges.c.kind == kind, challenges.c.token_hash == token_hash)
    query = select(challenges).where(*which, challenges.c.used_at.is_(None), challenges.c.expires_at > now)
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    person = None if row.owner_id is None else PersonId(row.owner_id)
    return Challenge(row.id, Step(row.kind), person, row.words or b"", row.tries, row.created_at)


def count_try(db: WriteDb, id: int) -> None:
    """A wrong answer was given."""
    db.execute(update(challenges).where(challenges.c.id == id).values(tries=challenges.c.tries + 1))


def use(db: WriteDb, id: int, now: Instant) -> bool:
    """Use it up; False when somebody was faster. Atomic: of two, one gets True."""
    which = (challenges.c.id == id, challenges.c.used_at.is_(None), challenges.c.expires_at > now)
    return db.execute(update(challenges).where(*which).values(used_at=now)).rowcount > 0


def forget_before(db: WriteDb, caretaker: Caretaker, instant: Instant) -> int:  # noqa: ARG001 — leave, not input
    """Forget everyone's steps that ran out before `instant`; how many. Scans the table, which is short."""
    return db.execute(delete(challenges).where(challenges.c.expires_at < instant)).rowcount
