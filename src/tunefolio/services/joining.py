"""How people come to have an account: by the house's rule, by an invite, by the operator's hand."""

from __future__ import annotations

import logging
from datetime import timedelta

from tunefolio.core.errors import Forbidden, Misuse
from tunefolio.core.people import Person, Role, Viewer, email_of
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import name_of
from tunefolio.services import audit, mails, passwords
from tunefolio.services.audit import Act
from tunefolio.services.house import House, SignUp
from tunefolio.services.passwords import NO_PASSWORD, Hashed, fresh_token, token_hash
from tunefolio.services.throttle import Allowance
from tunefolio.store import invites, persons, sign_ups
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.mail_links import LinkKind

_log = logging.getLogger(__name__)
INVITE_DAYS = 7
BY_ADDRESS = Allowance("join.address", 20, timedelta(hours=1), free=10)
Password = Secret | Hashed
"""As typed, or hashed before the transaction began."""


def join(
    house: House, email: str, name: str, password: Secret, address: str, *, invite: Secret | None = None
) -> Person:
    """`sign_up` of somebody at the door, in transactions of its own: no database waits while argon2 works.

    address: whence; twenty times an hour at most, ten of them without a pause. Raises Forbidden, Misuse,
    Retry.
    """
    house.throttle.hit(BY_ADDRESS, address)
    with house.database.reading() as db:
        _must_be_let_in(db, house, house.rules.sign_up, _kept_as(invite))
    kept = _made(house, email_of(email), name, password)
    with house.database.writing() as db:
        return sign_up(db, house, email, name, kept, invite=invite)


def join_by_provider(db: WriteDb, house: House, email: str, name: str, *, invite_hash: str) -> Person:
    """Somebody whom the provider of identities knows and the house does not: a new person without a password,
    by the rule for such. invite_hash: of the code she came with, "" for none. Raises Forbidden, Misuse."""
    rule = house.rules.provider_sign_up or house.rules.sign_up
    return _joined(db, house, rule, email_of(email), name, NO_PASSWORD, invite_hash)


def join_confirmed(db: WriteDb, house: House, email: str, name: str, password: Hashed) -> Person:
    """Somebody who has opened the link that was mailed to her: a new person whose address is confirmed.

    Raises Forbidden where the house is open no more, Misuse where the address came to have an account.
    """
    _must_be_let_in(db, house, house.rules.sign_up, "")
    person = _added(db, house, email, name, password, Role.MEMBER)
    persons.set_verified(db, person.viewer, house.clock.now())
    audit.note(db, house, person.viewer, Act.EMAIL_VERIFIED, f"person:{person.id}")
    return person


def _kept_as(invite: Secret | None) -> str:
    """The hash by which an invite is known; "" for none."""
    return "" if invite is None else token_hash(invite)


def _must_be_let_in(db: ReadDb, house: House, rule: SignUp, invite_hash: str) -> None:
    """Cheap to ask, before a hash is made for somebody who has no invite."""
    if persons.count(db) == 0:
        return
    if rule is SignUp.CLOSED:
        raise Forbidden("sign-up", cure="Ask the operator of this house for an account")
    if not invite_hash and rule is SignUp.INVITE:
        raise Forbidden("sign-up", cure="Ask an admin of this house for an invite")
    if invite_hash and invites.find(db, invite_hash, house.clock.now()) is None:
        raise Misuse("invite", "is unknown, used or expired", cure="Ask an admin for a new one")


def _made(house: House, address: str, name: str, password: Secret) -> Hashed:
    return passwords.made(password, address, name, leaks=house.rules.leaks)


def sign_up(
    db: WriteDb, house: House, email: str, name: str, password: Password, *, invite: Secret | None = None
) -> Person:
    """A new person by the house's rule; the very first one is admin. Raises Forbidden, Misuse."""
    return _joined(db, house, house.rules.sign_up, email_of(email), name, password, _kept_as(invite))


def _joined(
    db: WriteDb, house: House, rule: SignUp, address: str, name: str, password: Password, invite_hash: str
) -> Person:
    persons.one_at_a_time(db)
    if persons.count(db) == 0:
        return add_person(db, house, address, name, password, Role.ADMIN)
    _must_be_let_in(db, house, rule, invite_hash)
    if not invite_hash:
        return add_person(db, house, address, name, password, Role.MEMBER)
    return _sign_up_invited(db, house, address, name, password, invite_hash)


def _sign_up_invited(
    db: WriteDb, house: House, address: str, name: str, password: Password, invite_hash: str
) -> Person:
    now = house.clock.now()
    found = invites.find(db, invite_hash, now)
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


def add_person(db: WriteDb, house: House, email: str, name: str, password: Password, role: Role) -> Person:
    """A new person without asking the rule: for the operator's command line and the demo. Raises Misuse."""
    address = email_of(email)
    shown = name_of(name)
    kept = password if isinstance(password, Hashed) else _made(house, address, shown, password)
    person = _added(db, house, address, shown, kept, role)
    if mails.can_send(house):
        mails.ask_link(db, house, person.viewer, LinkKind.VERIFY, address)
    return person


def _added(db: WriteDb, house: House, address: str, shown: str, kept: Hashed, role: Role) -> Person:
    """A link that was mailed about the address opens nothing any more. Raises Misuse where it is taken."""
    person = persons.add(db, address, shown, kept.text, role, house.clock.now())
    sign_ups.forget_of(db, address)
    audit.note(db, house, person.viewer, Act.JOINED, f"person:{person.id}", {"role": role.value})
    _log.info("a person joined", extra={"person": person.id, "role": role.value})
    return person


def invite(db: WriteDb, house: House, admin: Viewer, *, email: str = "", role: Role = Role.MEMBER) -> Secret:
    """A one-time code good for a week; shown once. With an e-mail only that address may use it."""
    admin.must_administer()
    code = fresh_token()
    now = house.clock.now()
    address = email_of(email) if email.strip() else ""
    made = invites.add(db, admin, token_hash(code), address, role, now, now + timedelta(days=INVITE_DAYS))
    audit.note(db, house, admin, Act.INVITED, f"invite:{made}", {"email": address, "role": role.value})
    return code
