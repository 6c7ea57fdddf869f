"""At the door of a house for an account. Where it is open to all and sends mail, by a link to the address.

There whoever asks learns nothing of who is here: the same answer after the same statements, and no look-up of
the address among them; what comes of it is decided behind the door, by a job. Rules: docs/spec/signing-in.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from tunefolio.core.errors import Misuse, Retry
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Person, email_of
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import name_of
from tunefolio.services import joining, mails, passwords
from tunefolio.services.house import House, SignUp
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.mails import Letter
from tunefolio.services.passwords import fresh_token, token_hash
from tunefolio.services.throttle import Allowance
from tunefolio.store import persons, sign_ups
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.sign_ups import SignUpWish

LIFE: Final = timedelta(hours=24)
"""How long a wish waits for its link to be opened."""
BY_EMAIL: Final = (
    Allowance("sign-up.email", 1, timedelta(minutes=2)),
    Allowance("sign-up.email.hour", 3, timedelta(hours=1)),
    Allowance("sign-up.email.day", 6, timedelta(hours=24)),
)
"""Mails to one address, whoever asks for them and from wherever: so the wait between them grows."""
_NOBODY: Final = PersonId(0)
_OVER: Final = "is unknown, was used, or ran out"

_WELCOME: Final = Letter(
    "Set up your account",
    "Somebody, most likely you, wants an account at TuneFolio with this address. Open this page within 24 "
    "hours and choose a password there. If it was not you, do nothing: there is no account until then.",
)
_KNOWN: Final = Letter(
    "You have an account already",
    "Somebody, most likely you, asked for an account at TuneFolio with this address, which has one: sign in "
    "on this page. If you forgot the password, the page leads to a new one. If it was not you, do nothing: "
    "nothing changed, and whoever asked was not told that you are here.",
)


def goes_by_mail(db: ReadDb, house: House) -> bool:
    """Whether an account is made by a link alone: anybody may have one, and mail goes out. The first person
    of a house, and whoever brings an invite, needs none."""
    return house.rules.sign_up is SignUp.OPEN and mails.can_send(house) and persons.count(db) > 0


def come(
    house: House, email: str, name: str, password: Secret, address: str, *, invite: Secret | None = None
) -> Person | None:
    """Somebody at the door wants an account. None: what comes of it is mailed to that address, and the
    password, which is chosen there, is not looked at. Raises Forbidden, Misuse, Retry."""
    if invite is None:
        with house.database.reading() as db:
            is_mailed = goes_by_mail(db, house)
        if is_mailed:
            _ask_link(house, email_of(email), name_of(name), address)
            return None
    return joining.join(house, email, name, password, address, invite=invite)


def _ask_link(house: House, email: str, name: str, address: str) -> None:
    """One wish and one job, whoever has that address, and however often it was asked for: beyond what an
    address is mailed the job does nothing. Raises Retry for too many from one place."""
    house.throttle.hit(joining.BY_ADDRESS, address)
    is_mailed, now = _may_be_mailed(house, email), house.clock.now()
    with house.database.writing() as db:
        wish = sign_ups.add(db, email, name, now, now + LIFE)
        ask(db, house, "sign_up_asked", {"wish": wish, "is_mailed": is_mailed}, owner=None)


def _may_be_mailed(house: House, email: str) -> bool:
    try:
        for allowance in BY_EMAIL:
            house.throttle.hit(allowance, email)
    except Retry:
        return False
    return True


@deed("sign_up_asked", max_attempts=6)
def sign_up_asked(house: House, work: Work) -> Mapping[str, Any]:
    """Mail the link to an address that nobody here has. Who has one is told that somebody tried, and a person
    who is shut out is told nothing. The job's history keeps nothing of which it was."""
    with house.database.writing() as db:
        wish = sign_ups.find_one(db, work.args["wish"], house.clock.now())
        if wish is None:
            return {}
        known = persons.find_by_email(db, wish.email)
        if not work.args["is_mailed"] or not mails.can_send(house) or (known and known[0].disabled):
            sign_ups.forget(db, wish.id)
            return {}
        if known is None:
            letter, person, link = _WELCOME, _NOBODY, _handed_out(db, house, wish)
        else:
            letter, person, link = _KNOWN, known[0].id, f"{house.rules.public_url}/sign-in"
    mails.carry(house, person, wish.email, letter, wish.asked, link, f"sign-up {wish.id}")
    if known is not None:
        with house.database.writing() as db:
            sign_ups.forget(db, wish.id)
    return {}


def _handed_out(db: WriteDb, house: House, wish: SignUpWish) -> str:
    """The address of a fresh link; made when the mail is, so that no job and no table holds its token."""
    token = fresh_token()
    sign_ups.hand_out(db, wish, token_hash(token), house.clock.now() + LIFE)
    return f"{house.rules.public_url}/sign-up/confirm?token={token.reveal()}"


def pending(db: ReadDb, house: House, token: Secret) -> SignUpWish | None:
    """Whose account a mailed link would make; None when it is over."""
    return sign_ups.find(db, token_hash(token), house.clock.now())


def finish(house: House, token: Secret, password: Secret, *, name: str = "") -> Person:
    """A new person, whose address is confirmed by this. name: if another than was asked for.

    Raises Misuse for a link that is over, a password that will not do, or an address that came to have an
    account meanwhile; Forbidden where the house has closed. Argon2 works between transactions.
    """
    with house.database.reading() as db:
        wish = pending(db, house, token)
    if wish is None:
        raise Misuse("link", _OVER, cure="Ask for another")
    shown = name_of(name or wish.name)
    kept = passwords.made(password, wish.email, shown, leaks=house.rules.leaks)
    with house.database.writing() as db:
        if not sign_ups.use(db, wish.id, house.clock.now()):
            raise Misuse("link", _OVER, cure="Ask for another")
        return joining.join_confirmed(db, house, wish.email, shown, kept)
