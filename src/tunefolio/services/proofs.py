"""A person proves herself again before a dangerous act: by password, code, passkey or provider; good for a
quarter of an hour, for the session in which she did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tunefolio.core.errors import Forbidden, Rejected
from tunefolio.core.identity import SessionId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import audit, factors, passkeys, passwords
from tunefolio.services.audit import Act
from tunefolio.services.factors import BY_CODE
from tunefolio.services.house import House
from tunefolio.services.identity import BY_EMAIL
from tunefolio.store import persons, proofs
from tunefolio.store.db import ReadDb

VALID = timedelta(minutes=15)


class ProofNeeded(Forbidden):
    """You are asked to prove yourself again before anything is changed."""

    def __init__(self) -> None:
        super().__init__(
            reason="This wants a proof of the last 15 minutes that it is still you",
            cure="Prove yourself at /prove, a program by POST /api/v1/proof",
        )


def prove(house: House, viewer: Viewer, session: SessionId, password: Secret) -> Instant:
    """Until when the proof holds. Raises Rejected(code="proof") for a wrong password, TooMany.

    Opens its own transactions, so that no database waits while argon2 works.
    """
    with house.database.reading() as db:
        kept = persons.password_hash_of(db, viewer.person)
    house.throttle.hit(BY_EMAIL, f"person {viewer.person}")
    is_right, _ = passwords.matches(password, kept)
    until = _noted(house, viewer, session, "password" if is_right else "")
    if until is None:
        raise Rejected("that is not your password", code="proof")
    house.throttle.forget(BY_EMAIL, f"person {viewer.person}")
    return until


def prove_by_code(house: House, viewer: Viewer, session: SessionId, code: Secret) -> Instant:
    """As `prove`, by the authenticator or a recovery code, which is used up."""
    house.throttle.hit(BY_CODE, f"person {viewer.person}")
    with house.database.writing() as db:
        is_right = factors.passes(db, house, viewer, code)
    until = _noted(house, viewer, session, "code" if is_right else "")
    if until is None:
        raise Rejected("that code is wrong, or was used before", code="proof")
    house.throttle.forget(BY_CODE, f"person {viewer.person}")
    return until


def prove_by_passkey(
    house: House, viewer: Viewer, session: SessionId, token: Secret | None, answer: Mapping[str, Any]
) -> Instant:
    """As `prove`, by one of the viewer's own passkeys; raises Rejected(code="passkey"), StepOver."""
    passkeys.must_sign(house, viewer, token, answer)
    until = _noted(house, viewer, session, "passkey")
    assert until is not None
    return until


def prove_by_provider(house: House, viewer: Viewer, session: SessionId) -> Instant:
    """As `prove`: the provider of identities has just said that she signed in there anew (oidc.py)."""
    until = _noted(house, viewer, session, "provider")
    assert until is not None
    return until


def refuse(house: House, viewer: Viewer, session: SessionId) -> None:
    """Somebody tried to prove herself and did not: kept in the log."""
    _noted(house, viewer, session, "")


def _noted(house: House, viewer: Viewer, session: SessionId, by: str) -> Instant | None:
    """Kept and in the log; by "": it was refused."""
    now = house.clock.now()
    with house.database.writing() as db:
        told = {"by": by} if by else {}
        act = Act.PROVED if by else Act.PROOF_REFUSED
        audit.note(db, house, viewer, act, f"session:{session}", told)
        if by:
            proofs.put(db, viewer, session, now)
    return now + VALID if by else None


def until(db: ReadDb, house: House, viewer: Viewer, session: SessionId) -> Instant | None:
    """Until when the session's proof holds; None when there is none that does."""
    last = proofs.last(db, viewer, session)
    return None if last is None or last + VALID <= house.clock.now() else last + VALID


def must_have_proved(db: ReadDb, house: House, viewer: Viewer, session: SessionId) -> None:
    """Raises ProofNeeded when the session has no proof that still holds."""
    if until(db, house, viewer, session) is None:
        raise ProofNeeded()
