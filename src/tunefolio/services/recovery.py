"""A way back in, and the proof that an address is read: links, each good once.

Whoever asks for a new password learns nothing: the same answer after the same work, whether or not anybody
has that address. Rules: docs/spec/signing-in.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Person, Viewer, email_of
from tunefolio.core.secret import Secret
from tunefolio.services import audit, mails, passwords
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.identity import shut_out
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.passwords import token_hash
from tunefolio.services.throttle import Allowance
from tunefolio.store import mail_links, persons
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.mail_links import LinkKind, MailLink

BY_ADDRESS: Final = Allowance("reset.address", 20, timedelta(hours=1))
BY_EMAIL: Final = Allowance("reset.email", 5, timedelta(hours=1))
BY_PERSON: Final = Allowance("mail links", 10, timedelta(hours=1))
_OVER: Final = "is unknown, was used, or ran out"
_NOBODY: Final = 0


def ask_reset(house: House, email: str, address: str) -> None:
    """Somebody at the door wants a new password for that address. Raises Retry for too many.

    One look-up and one job, whether or not somebody has it: what comes of it is decided behind the door.
    """
    claimed = email.strip().lower()[:254]
    house.throttle.hit(BY_ADDRESS, address)
    house.throttle.hit(BY_EMAIL, claimed)
    with house.database.writing() as db:
        found = persons.find_by_email(db, claimed)
        person = _NOBODY if found is None or found[0].disabled is not None else found[0].id
        ask(db, house, "reset_asked", {"person": person}, owner=None)


@deed("reset_asked", max_attempts=6)
def reset_asked(house: House, work: Work) -> Mapping[str, Any]:
    """Mail the link to an address that was confirmed; to one that never was it would tell a stranger, so that
    wish waits for the operator."""
    if work.args["person"] == _NOBODY:
        return {}
    with house.database.writing() as db:
        person = persons.person_of(db, PersonId(work.args["person"]))
        audit.note(db, house, person.viewer, Act.RESET_ASKED, f"person:{person.id}")
        if persons.verified_at(db, person.viewer) is None:
            now = house.clock.now()
            mail_links.add(db, person.viewer, LinkKind.RESET, person.email, now, now + mails.WAITS)
        else:
            mails.ask_link(db, house, person.viewer, LinkKind.RESET, person.email)
    return {}


def link_for(db: WriteDb, house: House, admin: Viewer, person: Person, kind: LinkKind) -> Secret:
    """A link that the operator hands to a person herself. Raises Forbidden."""
    admin.must_administer()
    now = house.clock.now()
    found = mail_links.open_one(db, person.viewer, kind, now)
    id = found.id if found else mail_links.add(db, person.viewer, kind, person.email, now, now + mails.WAITS)
    audit.note(db, house, admin, Act.RESET_ASKED, f"link:{kind.value}", about=person.id)
    return mails.hand_out(db, house, person.viewer, id)


def is_open(db: ReadDb, house: House, token: Secret) -> bool:
    """Whether a new password may be set by this link."""
    return mail_links.find(db, LinkKind.RESET, token_hash(token), house.clock.now()) is not None


def reset(house: House, token: Secret, new: Secret) -> Person:
    """The new password stands and every session of hers has ended; a second factor stays as it is.

    Raises Misuse for a link that is over or a password that will not do. Argon2 works between transactions.
    """
    with house.database.reading() as db:
        link = _found(db, house, LinkKind.RESET, token)
        person = persons.person_of(db, link.owner)
    fresh = passwords.made(new, person.email, person.name, "new_password", leaks=house.rules.leaks)
    with house.database.writing() as db:
        if person.disabled is not None or not mail_links.use(db, link.id, house.clock.now()):
            raise Misuse("link", _OVER, cure="Ask for another")
        persons.set_password(db, person.viewer, fresh.text)
        shut_out(db, house, person.viewer)
        audit.note(db, house, person.viewer, Act.PASSWORD_RESET, f"person:{person.id}")
        text = "It was set by a link to your address, and every device was signed out."
        mails.tell_news(db, house, person.viewer, "Your password was set anew", text, key=f"reset:{link.id}")
    return person


def ask_verification(db: WriteDb, house: House, viewer: Viewer) -> None:
    """A link to the viewer's present address; raises Retry for too many, Misuse when it is confirmed."""
    if persons.verified_at(db, viewer) is not None:
        raise Misuse("email", "is confirmed already")
    house.throttle.hit(BY_PERSON, f"person {viewer.person}")
    audit.note(db, house, viewer, Act.VERIFICATION_ASKED, f"person:{viewer.person}")
    mails.ask_link(db, house, viewer, LinkKind.VERIFY, persons.person_of(db, viewer.person).email)


def ask_change(db: WriteDb, house: House, viewer: Viewer, email: str) -> None:
    """A link to the new address; nothing changes until it is opened, and the old address is told at once.

    Whether somebody else has it is not told here: only who reads the mail learns. Raises Misuse, Retry.
    """
    address = email_of(email)
    person = persons.person_of(db, viewer.person)
    if address == person.email:
        raise Misuse("email", "is yours already")
    house.throttle.hit(BY_PERSON, f"person {viewer.person}")
    told = {"before": person.email, "after": address}
    audit.note(db, house, viewer, Act.EMAIL_CHANGE_ASKED, f"person:{viewer.person}", told)
    id = mails.ask_link(db, house, viewer, LinkKind.CHANGE, address)
    text = (
        "Somebody signed in as you wants to use another address from now on. It counts once the new address "
        "is confirmed. If that was not you, change your password."
    )
    mails.tell_news(db, house, viewer, "Another e-mail address was asked for", text, key=f"change:{id}")


def wanted_change(db: ReadDb, house: House, viewer: Viewer) -> MailLink | None:
    """The new address that still waits for its confirmation."""
    return mail_links.open_one(db, viewer, LinkKind.CHANGE, house.clock.now())


def pending(db: ReadDb, house: House, token: Secret) -> MailLink | None:
    """What the link would confirm; None when it is over."""
    now, hash = house.clock.now(), token_hash(token)
    return mail_links.find(db, LinkKind.VERIFY, hash, now) or mail_links.find(db, LinkKind.CHANGE, hash, now)


def confirm(db: WriteDb, house: House, token: Secret) -> MailLink:
    """The address is hers; a new one takes the old one's place. Raises Misuse for a link that is over, or an
    address that somebody else has."""
    link = pending(db, house, token)
    now = house.clock.now()
    if link is None or not mail_links.use(db, link.id, now):
        raise Misuse("link", _OVER, cure="Ask for another on the page Settings")
    person = persons.person_of(db, link.owner)
    if link.kind is LinkKind.VERIFY:
        if link.email != person.email:
            raise Misuse("link", _OVER, cure="Ask for another on the page Settings")
        persons.set_verified(db, person.viewer, now)
        audit.note(db, house, person.viewer, Act.EMAIL_VERIFIED, f"person:{person.id}")
        return link
    _change(db, house, person, link)
    return link


def _change(db: WriteDb, house: House, person: Person, link: MailLink) -> None:
    persons.set_email(db, person.viewer, link.email, house.clock.now())
    mail_links.end_open(db, person.viewer, LinkKind.RESET, house.clock.now())
    mail_links.end_open(db, person.viewer, LinkKind.VERIFY, house.clock.now())
    told = {"before": person.email, "after": link.email}
    audit.note(db, house, person.viewer, Act.EMAIL_CHANGED, f"person:{person.id}", told)
    title = "Your e-mail address was changed"
    text = (
        "You sign in with another address now. If that was not you, ask the operator of this house at once."
    )
    mails.mail_to(db, house, person.viewer, person.email, title, text, key=f"changed:{link.id}")


def _found(db: ReadDb, house: House, kind: LinkKind, token: Secret) -> MailLink:
    found = mail_links.find(db, kind, token_hash(token), house.clock.now())
    if found is None:
        raise Misuse("link", _OVER, cure="Ask for another")
    return found
