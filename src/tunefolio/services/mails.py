"""Mail to a person's own address: links that prove it is read there, and news of the sign-in.

A link's token is made when the mail is sent, so that no job and no table ever holds one; sent again after a
failure it is another, and the one before no longer counts. Rules: docs/spec/signing-in.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import PersonId
from tunefolio.core.notice import ChannelKind, Notice, Urgency
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services.deliver import tell as tell_notices
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.passwords import fresh_token, token_hash
from tunefolio.store import mail_links, persons
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.mail_links import LinkKind, MailLink
from tunefolio.store.notices import Draft

LIFE: Final = {
    LinkKind.VERIFY: timedelta(hours=24),
    LinkKind.CHANGE: timedelta(hours=24),
    LinkKind.RESET: timedelta(hours=1),
}
"""How long a link is good once it was handed out."""
WAITS: Final = timedelta(hours=24)
"""How long a wish for one waits for the operator."""
NEWS: Final = "sign_in"
"""The kind of notices about a person's own sign-in."""
_PATHS: Final = {LinkKind.VERIFY: "/confirm", LinkKind.CHANGE: "/confirm", LinkKind.RESET: "/reset"}
_CARE: Final = Caretaker("mails")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says above its link."""

    title: str
    text: str


_LETTERS: Final = {
    LinkKind.VERIFY: Letter(
        "Confirm your e-mail address",
        "Somebody, most likely you, gave this address at TuneFolio. Open this page within 24 hours and "
        "confirm it there. If it was not you, do nothing.",
    ),
    LinkKind.CHANGE: Letter(
        "Confirm your new e-mail address",
        "Somebody, most likely you, wants to sign in to TuneFolio with this address from now on. Open this "
        "page within 24 hours and confirm it there. If it was not you, do nothing.",
    ),
    LinkKind.RESET: Letter(
        "Set a new password",
        "Somebody, most likely you, asked for a new password at TuneFolio. Open this page within an hour "
        "and set it there; every device is signed out by that. If it was not you, do nothing: the password "
        "stays.",
    ),
}


def can_send(house: House) -> bool:
    """Whether this house sends mail at all; else its operator hands links out."""
    return ChannelKind.EMAIL in house.notifiers


def ask_link(db: WriteDb, house: House, viewer: Viewer, kind: LinkKind, email: str) -> int:
    """A link about that address is wanted: mailed there, or kept for the operator to hand out."""
    now = house.clock.now()
    id = mail_links.add(db, viewer, kind, email, now, now + WAITS)
    if can_send(house):
        ask(db, house, "mail_link", {"link": id}, owner=viewer.person)
    return id


def hand_out(db: WriteDb, house: House, viewer: Viewer, id: int) -> Secret:
    """The address of a wanted link with a fresh token; the token before no longer counts.

    Raises NotFound, Misuse for one that was used or waited too long.
    """
    link = mail_links.link_of(db, viewer, id)
    now, token = house.clock.now(), fresh_token()
    if not mail_links.hand_out(db, viewer, id, token_hash(token), now + LIFE[link.kind], now):
        raise Misuse("link", "was used or is too old", cure="Ask for another")
    return Secret(f"{house.rules.public_url}{_PATHS[link.kind]}?token={token.reveal()}")


def waiting(db: ReadDb, house: House) -> list[MailLink]:
    """Links that were asked for and not used; for the operator's command line alone."""
    return mail_links.waiting(db, _CARE, house.clock.now())


@deed("mail_link", max_attempts=6)
def mail_link(house: House, work: Work) -> Mapping[str, Any]:
    """Mail a wanted link; one that was used or replaced meanwhile is left alone."""
    now = house.clock.now()
    try:
        with house.database.writing() as db:
            link = mail_links.link_of(db, work.owner, work.args["link"])
            address = hand_out(db, house, work.owner, link.id)
    except (NotFound, Misuse):
        return {"sent": 0}
    letter = _LETTERS[link.kind]
    carry(house, work.owner.person, link.email, letter, now, address.reveal(), f"link {link.id}")
    return {"sent": 1}


def tell_news(db: WriteDb, house: House, person: Viewer, title: str, text: str, *, key: str) -> None:
    """Something happened to a person's sign-in: a notice here, and mail to the address if it is confirmed."""
    now = house.clock.now()
    notice = Notice(person.person, Urgency.WARNING, title, text, now, "/settings/security", key)
    tell_notices(db, house, [Draft(notice, NEWS)])
    if can_send(house) and persons.verified_at(db, person) is not None:
        mail_to(db, house, person, persons.person_of(db, person.person).email, title, text, key=key)


def mail_to(
    db: WriteDb, house: House, person: Viewer, address: str, title: str, text: str, *, key: str
) -> None:
    """Mail these words to one address, once this transaction is kept; nothing where the house sends none."""
    if can_send(house):
        told = {"to": address, "title": title, "text": text, "key": key}
        ask(db, house, "mail_news", told, owner=person.person)


@deed("mail_news", max_attempts=6)
def mail_news(house: House, work: Work) -> Mapping[str, Any]:
    """Mail what was told; a house that sends none any more leaves it."""
    if not can_send(house):
        return {"sent": 0}
    told = work.args
    letter = Letter(told["title"], told["text"])
    link = f"{house.rules.public_url}/settings/security"
    carry(house, work.owner.person, told["to"], letter, work.job.created, link, told["key"])
    return {"sent": 1}


def carry(house: House, person: PersonId, to: str, letter: Letter, at: Instant, link: str, key: str) -> None:
    """Mail it now. Raises Retry or Rejected, by which the job tries again or says what is wrong."""
    notice = Notice(person, Urgency.INFO, letter.title, letter.text, at, link, key)
    house.notifiers[ChannelKind.EMAIL].notify(notice, Secret(to))
