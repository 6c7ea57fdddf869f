"""Somebody whom the provider vouches for and no account knows yet: she says which account it shall be.

What the provider said waits in a step of her browser, for ten minutes, good once; until she has chosen
nothing is made. Rules: docs/spec/signing-in.md, section 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from tunefolio.core.errors import Misuse, NotFound, Rejected
from tunefolio.core.identity import SessionId
from tunefolio.core.oidc import ProvidedIdentity
from tunefolio.core.people import Person, Viewer, email_of
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import legible
from tunefolio.services import audit, joining, mails, steps
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.identity import SignedIn, open_session
from tunefolio.services.passwords import token_hash
from tunefolio.services.steps import StepOver
from tunefolio.store import challenges, external_identities, persons
from tunefolio.store.challenges import Step
from tunefolio.store.db import ReadDb, WriteDb

LIFE: Final = timedelta(minutes=10)
"""Of the choice: whoever has to look for her password needs some time."""
_LINK_LATER: Final = "Sign in as you always do, then link the two under Settings, Sign-in and devices"
_CONNECT_NOW: Final = "If it is yours, sign in and connect the two"


@dataclass(frozen=True, slots=True)
class Came:
    """Whom a browser is, when it comes back: viewer and session None for one that is not signed in."""

    device: str
    address: str
    browser: Secret | None = None
    viewer: Viewer | None = None
    session: SessionId | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """She is in. then: where she wanted to go."""

    fresh: SignedIn
    then: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An identity that waits for its account. step: the row that is used up by the choice."""

    step: int
    found: ProvidedIdentity
    then: str


def wait(db: WriteDb, house: House, found: ProvidedIdentity, then: str) -> Secret:
    """She is asked; the token of her choice, for her browser alone.

    The step is one of linking that belongs to nobody yet, which no visit is: neither opens the other.
    """
    told = {
        "issuer": found.issuer,
        "subject": found.subject,
        "email": found.email,
        "is_email_verified": found.is_email_verified,
        "name": found.name,
        "then": then,
    }
    return steps.begin(db, house, Step.PROVIDER_LINK, None, told=orjson.dumps(told), life=LIFE).token


def newcomer_of(db: ReadDb, house: House, token: Secret | None) -> Newcomer:
    """Who waits in the browser with this token. Whether her address has an account is not looked up.

    Raises StepOver, NotFound where the house has no provider.
    """
    if house.provider is None:
        raise NotFound("provider of identities")
    step = None
    if token:
        step = challenges.find(db, Step.PROVIDER_LINK, token_hash(token), house.clock.now())
    if step is None or step.person is not None:
        raise StepOver()
    told: dict[str, Any] = orjson.loads(step.words[steps.WORDS :])
    then = str(told.pop("then"))
    found = ProvidedIdentity(**told)
    if found.issuer != house.provider.issuer:
        raise StepOver()
    return Newcomer(step.id, found, then)


def make_account(house: House, token: Secret | None, came: Came, *, invite: Secret | None = None) -> Entered:
    """She has none: a new one by the house's rule, and she is in. What is refused leaves the choice open.

    Raises StepOver, NotFound, Forbidden, Misuse, Rejected, Retry.
    """
    house.throttle.hit(joining.BY_ADDRESS, came.address)
    invite_hash = "" if invite is None else token_hash(invite)
    with house.database.writing() as db:
        newcomer = _taken(db, house, token)
        person = _joined(db, house, newcomer.found, invite_hash, _CONNECT_NOW)
    fresh = open_session(house, person, came.device, came.address, browser=came.browser)
    return Entered(fresh, newcomer.then)


def connect(db: WriteDb, house: House, viewer: Viewer, token: Secret | None) -> str:
    """It is the viewer's, who has proved herself: from now on it signs her in. Gives where she wanted to go.

    Raises StepOver, NotFound, Misuse where either is linked already; that leaves the choice open.
    """
    newcomer = _taken(db, house, token)
    link(db, house, viewer, newcomer.found)
    return newcomer.then


def leave(house: House, token: Secret | None) -> None:
    """She chose neither: the choice is over, and nothing was made. Raises StepOver, NotFound."""
    with house.database.writing() as db:
        audit.pass_over()
        _taken(db, house, token)


def join(db: WriteDb, house: House, found: ProvidedIdentity, address: str, *, invite_hash: str) -> Person:
    """Somebody new who need not be asked: the house's first person, or one who was invited.

    Raises Forbidden, Misuse, Rejected, Retry.
    """
    house.throttle.hit(joining.BY_ADDRESS, address)
    return _joined(db, house, found, invite_hash, _LINK_LATER)


def link(db: WriteDb, house: House, viewer: Viewer, found: ProvidedIdentity) -> None:
    """It signs the viewer in; nothing new where it did. Raises Misuse where either is linked otherwise."""
    kept = external_identities.find(db, found.issuer, found.subject)
    if kept is None or kept.owner != viewer.person:
        keep(db, house, viewer, found)


def keep(db: WriteDb, house: House, viewer: Viewer, found: ProvidedIdentity) -> None:
    """A new link, which she is told of. Raises Misuse."""
    now = house.clock.now()
    id = external_identities.add(db, viewer, found.issuer, found.subject, found.email, now)
    audit.note(db, house, viewer, Act.IDENTITY_LINKED, f"identity:{id}", {"issuer": found.issuer})
    there = "the provider" if house.provider is None else house.provider.title
    text = f"{found.email or 'An account'} at {there} signs you in from now on."
    tell(db, house, viewer, "An account elsewhere was linked to yours", text, f"linked:{id}")


def tell(db: WriteDb, house: House, viewer: Viewer, title: str, text: str, key: str) -> None:
    """News of a link, and what to do if it was somebody else."""
    text = f"{text} If that was not you, unlink it and change your password."
    mails.tell_news(db, house, viewer, title, text, key=key)


def _taken(db: WriteDb, house: House, token: Secret | None) -> Newcomer:
    """Used up by this, once the transaction holds: of two presses one gets it."""
    newcomer = newcomer_of(db, house, token)
    if not challenges.use(db, newcomer.step, house.clock.now()):
        raise StepOver()
    return newcomer


def _joined(db: WriteDb, house: House, found: ProvidedIdentity, invite_hash: str, cure: str) -> Person:
    """cure: what helps where the address has an account. Raises Forbidden, Misuse, Rejected."""
    if not found.email:
        raise Rejected("it tells no e-mail address, which an account here needs", code="provider")
    try:
        address = email_of(found.email)
    except Misuse:
        raise Rejected("what it tells as your e-mail address is none", code="provider") from None
    name = legible(found.name).strip() or address.partition("@")[0]
    try:
        person = joining.join_by_provider(db, house, address, name, invite_hash=invite_hash)
    except Misuse as taken:
        if taken.field != "email" or persons.find_by_email(db, address) is None:
            raise
        raise Misuse("email", taken.problem, cure=cure) from None
    if house.rules.provider_is_trusted and found.is_email_verified:
        persons.set_verified(db, person.viewer, house.clock.now())
    keep(db, house, person.viewer, found)
    return person
