"""An admin proves herself again, by her password, before she changes anything; good for a quarter of an
hour."""

from __future__ import annotations

from datetime import timedelta

from tunefolio.core.errors import Forbidden, Rejected
from tunefolio.core.identity import SessionId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import audit, passwords
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.identity import BY_EMAIL
from tunefolio.store import persons, proofs
from tunefolio.store.db import ReadDb

VALID = timedelta(minutes=15)


class ProofNeeded(Forbidden):
    """Your password is asked for again before anything is changed."""

    def __init__(self) -> None:
        super().__init__("this deed", cure="Type your password at /admin/unlock; it holds for 15 minutes")


def prove(house: House, viewer: Viewer, session: SessionId, password: Secret) -> Instant:
    """Until when the proof holds. Raises Rejected(code="proof") for a wrong password, TooMany.

    Opens its own transactions, so that no database waits while argon2 works.
    """
    with house.database.reading() as db:
        person = persons.person_of(db, viewer.person)
        kept = persons.password_hash_of(db, viewer.person)
    house.throttle.hit(BY_EMAIL, person.email)
    is_right, _ = passwords.matches(password, kept)
    now = house.clock.now()
    with house.database.writing() as db:
        audit.note(db, house, viewer, Act.PROVED if is_right else Act.PROOF_REFUSED, f"session:{session}")
        if is_right:
            proofs.put(db, viewer, session, now)
    if not is_right:
        raise Rejected("that is not your password", code="proof")
    house.throttle.forget(BY_EMAIL, person.email)
    return now + VALID


def until(db: ReadDb, house: House, viewer: Viewer, session: SessionId) -> Instant | None:
    """Until when the session's proof holds; None when there is none that does."""
    last = proofs.last(db, viewer, session)
    return None if last is None or last + VALID <= house.clock.now() else last + VALID


def must_have_proved(db: ReadDb, house: House, viewer: Viewer, session: SessionId) -> None:
    """Raises ProofNeeded when the session has no proof that still holds."""
    if until(db, house, viewer, session) is None:
        raise ProofNeeded()
