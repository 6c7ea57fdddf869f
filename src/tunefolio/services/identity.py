"""Who may come in: proof at the door, sessions, devices, roles.

Tokens are 256 random bits, kept as SHA-256 only. A stranger learns nothing: an unknown e-mail, a wrong
password and a disabled person cost the same time and get the same answer. Rules: docs/spec/signing-in.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.identity import PersonId, SessionId
from tunefolio.core.people import Person, Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import audit, browsers, factors, mails, passwords, tokens
from tunefolio.services.audit import Act
from tunefolio.services.factors import BY_CODE
from tunefolio.services.factors import FactorNeeded as FactorNeeded
from tunefolio.services.house import House
from tunefolio.services.joining import INVITE_DAYS as INVITE_DAYS
from tunefolio.services.joining import add_person as add_person
from tunefolio.services.joining import invite as invite
from tunefolio.services.joining import sign_up as sign_up
from tunefolio.services.passwords import fresh_token
from tunefolio.services.passwords import token_hash as token_hash
from tunefolio.services.throttle import Allowance
from tunefolio.store import devices as devices_known
from tunefolio.store import mail_links, persons, sessions
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.mail_links import LinkKind
from tunefolio.store.sessions import Session

_log = logging.getLogger(__name__)

BY_EMAIL = Allowance("login.email", 10, timedelta(minutes=15), free=3)
BY_ADDRESS = Allowance("login.address", 50, timedelta(minutes=15), free=25)
_SEEN_EVERY = timedelta(minutes=5)
_WRONG = "e-mail or password is wrong"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session. token goes into the cookie and is never kept here; browser: into the one that outlives
    it, by which the browser is known again."""

    person: Person
    token: Secret
    expires: Instant
    browser: Secret


def proven(
    house: House,
    email: str,
    password: Secret,
    address: str,
    *,
    code: Secret | None = None,
    browser: Secret | None = None,
) -> Person:
    """Who proves herself by password, and by a code where she has an authenticator.

    code: of the app, or a recovery code. browser: the cookie of a browser she has signed in with before: its
    attempts are counted apart, so that nobody else's guessing locks her out.
    Raises Rejected(code="credentials") for a wrong pair, FactorNeeded where a code is missing,
    Rejected(code="wrong_code"), Retry when throttled. Opens its own transactions, so that no database waits
    while argon2 works.
    """
    claimed = email.strip().lower()[:254]
    house.throttle.hit(BY_ADDRESS, address)
    with house.database.reading() as db:
        found = persons.find_by_email(db, claimed)
        key = browsers.throttle_key(db, found[0] if found else None, claimed, browser)
    house.throttle.hit(BY_EMAIL, key)
    is_right, newer = passwords.matches(password, found[1] if found else None)
    if found is None or not is_right or found[0].disabled is not None:
        _refuse(house, found[0].id if found else None, address, _WRONG, "credentials")
    person = found[0]
    if newer is not None:
        with house.database.writing() as db:
            persons.set_password(db, person.viewer, newer)
    with house.database.reading() as db:
        wants_code = factors.is_on(db, person.viewer)
    if wants_code:
        if code is None:
            raise FactorNeeded(person)
        must_pass(house, person, code, address)
    house.throttle.forget(BY_EMAIL, key)
    return person


def must_pass(house: House, person: Person, code: Secret, address: str) -> None:
    """The code of her authenticator, or a recovery code, used up by this. Raises Rejected(code="wrong_code"),
    Retry when throttled."""
    house.throttle.hit(BY_CODE, f"person {person.id}")
    with house.database.writing() as db:
        is_right = factors.passes(db, house, person.viewer, code)
    if not is_right:
        _refuse(house, person.id, address, "that code is wrong, or was used before", "wrong_code")
    house.throttle.forget(BY_CODE, f"person {person.id}")


def _refuse(house: House, person: PersonId | None, address: str, reason: str, code: str) -> NoReturn:
    _log.info("a log-in was refused", extra={"address": address})
    with house.database.writing() as db:
        audit.note_refused(db, house, person, address)
    raise Rejected(reason, code=code)


def log_in(
    house: House,
    email: str,
    password: Secret,
    device: str,
    address: str,
    *,
    code: Secret | None = None,
    browser: Secret | None = None,
) -> SignedIn:
    """A session for who proves herself; raises what `proven` raises."""
    person = proven(house, email, password, address, code=code, browser=browser)
    return open_session(house, person, device, address, browser=browser)


def open_session(
    house: House, person: Person, device: str, address: str, *, browser: Secret | None = None
) -> SignedIn:
    """A session for a person who has proved herself; she is told of a browser that is new."""
    token, now = fresh_token(), house.clock.now()
    expires = now + timedelta(days=house.rules.session_days)
    with house.database.writing() as db:
        sessions.add(db, person.viewer, token_hash(token), device[:200], address[:64], now, expires)
        audit.note(db, house, person.viewer, Act.SIGNED_IN, "sign-in")
        known = browsers.welcome(db, house, person, browser, device, address)
    return SignedIn(person, token, expires, known)


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


def leave_behind(house: House, token: Secret) -> None:
    """Somebody signs in where another session was open, whose cookie that browser loses by it: the session
    ends, else it would stay open for weeks with nobody to end it. Nothing for a token that opens none."""
    with house.database.reading() as db:
        found = who(db, house, token)
    if found is not None:
        with house.database.writing() as db:
            log_out(db, house, found[0].viewer, found[1].id)


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


def change_password(house: House, viewer: Viewer, session: SessionId, old: Secret, new: Secret) -> None:
    """Replace the password and end every other session. Raises Rejected (wrong old one), Misuse, Retry.

    Opens its own transactions, so that no database waits while argon2 works.
    """
    with house.database.reading() as db:
        person = persons.person_of(db, viewer.person)
        kept = persons.password_hash_of(db, viewer.person)
    house.throttle.hit(BY_EMAIL, f"person {viewer.person}")
    is_right, _ = passwords.matches(old, kept)
    if not is_right:
        with house.database.writing() as db:
            audit.note(db, house, viewer, Act.PROOF_REFUSED, f"session:{session}", {"to": "a new password"})
        raise Rejected("the present password is wrong", code="credentials")
    fresh = passwords.made(new, person.email, person.name, "new_password", leaks=house.rules.leaks)
    house.throttle.forget(BY_EMAIL, f"person {viewer.person}")
    with house.database.writing() as db:
        persons.set_password(db, viewer, fresh.text)
        sessions.end_all(db, viewer, house.clock.now(), but=session)
        audit.note(db, house, viewer, Act.PASSWORD_CHANGED, f"person:{viewer.person}")
        mails.tell_news(
            db,
            house,
            viewer,
            "Your password was changed",
            "Every other device was signed out. If that was not you, ask for a new password at once.",
            key=f"password:{house.clock.now().utc.isoformat()}",
        )


def set_first_password(house: House, viewer: Viewer, session: SessionId, new: Secret) -> None:
    """A password for somebody who has none, after a proof; every other session ends. Raises Misuse, Retry."""
    with house.database.reading() as db:
        person = persons.person_of(db, viewer.person)
        _must_have_none(db, viewer)
    fresh = passwords.made(new, person.email, person.name, "new_password", leaks=house.rules.leaks)
    with house.database.writing() as db:
        _must_have_none(db, viewer)
        persons.set_password(db, viewer, fresh.text)
        sessions.end_all(db, viewer, house.clock.now(), but=session)
        audit.note(db, house, viewer, Act.PASSWORD_CHANGED, f"person:{viewer.person}")
        text = "It signs you in from now on, and every other device was signed out. If that was not you, "
        text += "ask for a new one at once."
        key = f"password:{house.clock.now().utc.isoformat()}"
        mails.tell_news(db, house, viewer, "A password was set for your account", text, key=key)


def _must_have_none(db: ReadDb, viewer: Viewer) -> None:
    if persons.password_hash_of(db, viewer.person):
        raise Misuse("new_password", "there is one already", cure="Change it with the present one")


def reset_password(db: WriteDb, house: House, admin: Viewer, person_id: PersonId, new: Secret) -> None:
    """The operator sets a person's password; their sessions end. Raises Forbidden, NotFound, Misuse."""
    admin.must_administer()
    person = persons.person_of(db, person_id)
    fresh = passwords.made(new, person.email, person.name, "new_password", leaks=house.rules.leaks)
    persons.set_password(db, person.viewer, fresh.text)
    shut_out(db, house, person.viewer)
    audit.note(db, house, admin, Act.PASSWORD_RESET, f"person:{person_id}", about=person_id)


def shut_out(db: WriteDb, house: House, viewer: Viewer) -> None:
    """Every session and token of hers ends, and every open link to a new password; no browser is known."""
    with audit.as_one():  # of the deed that shuts her out
        tokens.end_all(db, house, viewer)
    mail_links.end_open(db, viewer, LinkKind.RESET, house.clock.now())
    devices_known.forget_all(db, viewer)


def set_role(db: WriteDb, house: House, admin: Viewer, person_id: PersonId, role: Role) -> None:
    """Give a person another role; the house keeps at least one admin. Raises Forbidden, NotFound, Misuse."""
    admin.must_administer()
    person = persons.person_of(db, person_id)
    if role is not Role.ADMIN:
        _keep_an_admin(db, admin, person, "role")
    persons.set_role(db, admin, person_id, role)
    told = {"before": person.role.value, "after": role.value}
    audit.note(db, house, admin, Act.ROLE_CHANGED, f"person:{person_id}", told, about=person_id)
    _log.info("a role changed", extra={"person": person_id, "role": role.value, "by": admin.person})


def disable(db: WriteDb, house: House, admin: Viewer, person_id: PersonId) -> None:
    """Shut a person out at once and end all sessions; nothing of theirs is lost."""
    admin.must_administer()
    person = persons.person_of(db, person_id)
    _keep_an_admin(db, admin, person, "person")
    now = house.clock.now()
    persons.set_disabled(db, admin, person_id, now)
    shut_out(db, house, person.viewer)
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


def _keep_an_admin(db: WriteDb, admin: Viewer, leaving: Person, field: str) -> None:
    persons.one_at_a_time(db)
    others = (
        person
        for person in iter_people(db, admin)
        if person.role is Role.ADMIN
        and person.disabled is None
        and person.leaving is None
        and person.id != leaving.id
    )
    if leaving.role is Role.ADMIN and next(others, None) is None:
        raise Misuse(field, "this is the last admin", cure="Make somebody else admin first")
