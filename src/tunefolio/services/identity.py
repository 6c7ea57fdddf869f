"""Who may come in: sign-up, log-in, sessions, invites, roles.

Tokens are 256 random bits, kept as SHA-256 only. A stranger learns nothing: an unknown e-mail, a wrong
password and a disabled person cost the same time and get the same answer.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from tunefolio.core.errors import Forbidden, Misuse, Rejected
from tunefolio.core.identity import PersonId, SessionId
from tunefolio.core.people import Person, Role, Viewer, email_of
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import name_of
from tunefolio.services import audit, passwords
from tunefolio.services.audit import Act
from tunefolio.services.house import House, SignUp
from tunefolio.services.throttle import Allowance
from tunefolio.store import invites, persons, sessions
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.sessions import Session

_log = logging.getLogger(__name__)

BY_EMAIL = Allowance("login.email", 10, timedelta(minutes=15))
BY_ADDRESS = Allowance("login.address", 50, timedelta(minutes=15))
INVITE_DAYS = 7
_SEEN_EVERY = timedelta(minutes=5)
_WRONG = "e-mail or password is wrong"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session. token goes into the cookie and is never kept here."""

    person: Person
    token: Secret
    expires: Instant


def sign_up(
    db: WriteDb, house: House, email: str, name: str, password: Secret, *, invite: Secret | None = None
) -> Person:
    """A new person by the house's rule; the very first one is admin. Raises Forbidden, Misuse."""
    address = email_of(email)
    persons.one_at_a_time(db)
    if persons.count(db) == 0:
        return add_person(db, house, address, name, password, Role.ADMIN)
    rule = house.rules.sign_up
    if rule is SignUp.CLOSED:
        raise Forbidden("sign-up", cure="Ask the operator of this house for an account")
    if invite is None:
        if rule is SignUp.INVITE:
            raise Forbidden("sign-up", cure="Ask an admin of this house for an invite")
        return add_person(db, house, address, name, password, Role.MEMBER)
    return _sign_up_invited(db, house, address, name, password, invite)


def _sign_up_invited(
    db: WriteDb, house: House, address: str, name: str, password: Secret, code: Secret
) -> Person:
    now = house.clock.now()
    found = invites.find(db, token_hash(code), now)
    if found is None:
        raise Misuse("invite", "is unknown, used or expired", cure="Ask an admin for a new one")
    if found.email and found.email != address:
        raise Misuse(
            "email", "is not the one this invite was made for", cure="Use the address it was sent to"
        )
    person = add_person(db, house, address, name, password, found.role)
    if not invites.use(db, found.id, person.id, now):
        raise Misuse("invite", "was just used by somebody else", cure="Ask an admin for a new one")
    return person


def add_person(db: WriteDb, house: House, email: str, name: str, password: Secret, role: Role) -> Person:
    """A new person without asking the rule: for the operator's command line and the demo. Raises Misuse."""
    address = email_of(email)
    shown = name_of(name)
    kept = passwords.hashed(passwords.checked(password, address))
    person = persons.add(db, address, shown, kept, role, house.clock.now())
    audit.note(db, house, person.viewer, Act.JOINED, f"person:{person.id}", {"role": role.value})
    _log.info("a person joined", extra={"person": person.id, "role": role.value})
    return person


def log_in(house: House, email: str, password: Secret, device: str, address: str) -> SignedIn:
    """A session for the right password. Raises Rejected(code="credentials"), Retry(after) when throttled.

    Opens its own transactions, so that no database waits while argon2 works.
    """
    claimed = email.strip().lower()[:254]
    house.throttle.hit(BY_ADDRESS, address)
    house.throttle.hit(BY_EMAIL, claimed)
    with house.database.reading() as db:
        found = persons.find_by_email(db, claimed)
    is_right, newer = passwords.matches(password, found[1] if found else None)
    if found is None or not is_right or found[0].disabled is not None:
        _log.info("a log-in was refused", extra={"address": address})
        with house.database.writing() as db:
            audit.note_refused(db, house, found[0].id if found else None, address)
        raise Rejected(_WRONG, code="credentials")
    person = found[0]
    house.throttle.forget(BY_EMAIL, claimed)
    with house.database.writing() as db:
        if newer is not None:
            persons.set_password(db, person.viewer, newer)
        return _open_session(db, house, person, device, address)


def _open_session(db: WriteDb, house: House, person: Person, device: str, address: str) -> SignedIn:
    token = Secret(secrets.token_urlsafe(32))
    now = house.clock.now()
    expires = now + timedelta(days=house.rules.session_days)
    sessions.add(db, person.viewer, token_hash(token), device[:200], address[:64], now, expires)
    audit.note(db, house, person.viewer, Act.SIGNED_IN, "sign-in")
    return SignedIn(person, token, expires)


def who(db: ReadDb, house: House, token: Secret) -> tuple[Person, Session] | None:
    """Whose token this is, while the session lives and the person is not disabled."""
    if not token:
        return None
    found = sessions.find(db, token_hash(token), house.clock.now())
    return None if found is None else (found[1], found[0])


def is_stale(house: House, session: Session) -> bool:
    """Was the session last marked as seen more than five minutes ago? Then call `mark_seen`."""
    return house.clock.now() - session.seen >= _SEEN_EVERY


def mark_seen(db: WriteDb, house: House, viewer: Viewer, session: SessionId) -> Instant:
    """The session is in use: it lasts from now for its full length again; returns until when."""
    now = house.clock.now()
    expires = now + timedelta(days=house.rules.session_days)
    sessions.touch(db, viewer, session, now, expires)
    return expires


def log_out(db: WriteDb, house: House, viewer: Viewer, session: SessionId) -> None:
    """End this session; an ended one is no error."""
    if sessions.end(db, viewer, session, house.clock.now()):
        audit.note(db, house, viewer, Act.SIGNED_OUT, f"session:{session}")


def devices(db: ReadDb, house: House, viewer: Viewer) -> list[Session]:
    """Where the viewer is signed in."""
    return sessions.listed(db, viewer, house.clock.now())


def end_session(db: WriteDb, house: House, viewer: Viewer, session: SessionId) -> bool:
    """Sign one of the viewer's own devices out; False when it was not signed in."""
    was_open = sessions.end(db, viewer, session, house.clock.now())
    if was_open:
        audit.note(db, house, viewer, Act.DEVICES_ENDED, f"session:{session}")
    return was_open


def end_other_sessions(db: WriteDb, house: House, viewer: Viewer, session: SessionId) -> None:
    """Sign every device out but this one."""
    ended = sessions.end_all(db, viewer, house.clock.now(), but=session)
    audit.note(db, house, viewer, Act.DEVICES_ENDED, f"person:{viewer.person}", {"ended": ended})


def change_password(
    db: WriteDb, house: House, viewer: Viewer, session: SessionId, old: Secret, new: Secret
) -> None:
    """Replace the password and end every other session. Raises Rejected (wrong old one), Misuse, Retry."""
    person = persons.person_of(db, viewer.person)
    house.throttle.hit(BY_EMAIL, person.email)
    is_right, _ = passwords.matches(old, persons.password_hash_of(db, viewer.person))
    if not is_right:
        raise Rejected("the present password is wrong", code="credentials")
    _set_password(db, person, new)
    house.throttle.forget(BY_EMAIL, person.email)
    sessions.end_all(db, viewer, house.clock.now(), but=session)
    audit.note(db, house, viewer, Act.PASSWORD_CHANGED, f"person:{viewer.person}")


def reset_password(db: WriteDb, house: House, admin: Viewer, person_id: PersonId, new: Secret) -> None:
    """An admin sets a person's password; their sessions end. Raises Forbidden, NotFound, Misuse."""
    admin.must_administer()
    person = persons.person_of(db, person_id)
    _set_password(db, person, new)
    sessions.end_all(db, person.viewer, house.clock.now(), but=None)
    audit.note(db, house, admin, Act.PASSWORD_RESET, f"person:{person_id}", about=person_id)


def _set_password(db: WriteDb, person: Person, new: Secret) -> None:
    kept = passwords.hashed(passwords.checked(new, person.email, "new_password"))
    persons.set_password(db, person.viewer, kept)


def invite(db: WriteDb, house: House, admin: Viewer, *, email: str = "", role: Role = Role.MEMBER) -> Secret:
    """A one-time code good for a week; shown once. With an e-mail only that address may use it."""
    admin.must_administer()
    code = Secret(secrets.token_urlsafe(32))
    now = house.clock.now()
    address = email_of(email) if email.strip() else ""
    made = invites.add(db, admin, token_hash(code), address, role, now, now + timedelta(days=INVITE_DAYS))
    audit.note(db, house, admin, Act.INVITED, f"invite:{made}", {"email": address, "role": role.value})
    return code


def set_role(db: WriteDb, house: House, admin: Viewer, person_id: PersonId, role: Role) -> None:
    """Give a person another role; the house keeps at least one admin. Raises Forbidden, NotFound, Misuse."""
    admin.must_administer()
    person = persons.person_of(db, person_id)
    if role is not Role.ADMIN:
        _keep_an_admin(db, admin, person)
    persons.set_role(db, admin, person_id, role)
    told = {"before": person.role.value, "after": role.value}
    audit.note(db, house, admin, Act.ROLE_CHANGED, f"person:{person_id}", told, about=person_id)
    _log.info("a role changed", extra={"person": person_id, "role": role.value, "by": admin.person})


def disable(db: WriteDb, house: House, admin: Viewer, person_id: PersonId) -> None:
    """Shut a person out at once and end all sessions; nothing of theirs is lost."""
    admin.must_administer()
    person = persons.person_of(db, person_id)
    _keep_an_admin(db, admin, person)
    now = house.clock.now()
    persons.set_disabled(db, admin, person_id, now)
    sessions.end_all(db, person.viewer, now, but=None)
    audit.note(
        db, house, admin, Act.DISABLED, f"person:{person_id}", _shut(person, "disabled"), about=person_id
    )
    _log.info("a person was disabled", extra={"person": person_id, "by": admin.person})


def enable(db: WriteDb, house: House, admin: Viewer, person_id: PersonId) -> None:
    """Let a disabled person in again."""
    admin.must_administer()
    person = persons.person_of(db, person_id)
    persons.set_disabled(db, admin, person_id, None)
    audit.note(
        db, house, admin, Act.ENABLED, f"person:{person_id}", _shut(person, "enabled"), about=person_id
    )


def _shut(before: Person, after: str) -> dict[str, str]:
    """For the log: whether a person was shut out, and is now."""
    return {"before": "enabled" if before.disabled is None else "disabled", "after": after}


def iter_people(db: ReadDb, admin: Viewer) -> Iterator[Person]:
    """Everybody, by id."""
    after: PersonId | None = None
    while page := persons.listed(db, admin, after, _PAGE):
        yield from page
        after = page[-1].id


def _keep_an_admin(db: WriteDb, admin: Viewer, leaving: Person) -> None:
    persons.one_at_a_time(db)
    others = (
        person
        for person in iter_people(db, admin)
        if person.role is Role.ADMIN and person.disabled is None and person.id != leaving.id
    )
    if leaving.role is Role.ADMIN and next(others, None) is None:
        raise Misuse("role", "this is the last admin", cure="Make somebody else admin first")


def token_hash(token: Secret) -> str:
    """How a token or code is kept: SHA-256; its 256 random bits need no salt."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()
