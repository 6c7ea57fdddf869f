"""Steps of signing in that wait for an answer: begun with a token for one browser, good once, for minutes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tunefolio.core.errors import Rejected
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Person
from tunefolio.core.secret import Secret
from tunefolio.services import audit
from tunefolio.services.house import House
from tunefolio.services.identity import BY_EMAIL, SignedIn, must_pass, open_session
from tunefolio.services.passwords import fresh_token, token_hash
from tunefolio.store import challenges, persons
from tunefolio.store.challenges import Challenge, Step
from tunefolio.store.db import WriteDb

LIFE: Final = timedelta(minutes=5)
WORDS: Final = 32
"""Bytes of chance in what has to be signed."""
MOST_TRIES: Final = 5


class StepOver(Rejected):
    """The step is over: it ran out, was answered, or began in another browser."""

    def __init__(self) -> None:
        super().__init__("that took too long, or began elsewhere; sign in again", code="step_over")


@dataclass(frozen=True, slots=True)
class Begun:
    """token: for the browser that began it; words: what an authenticator has to sign."""

    token: Secret
    words: bytes


def begin(
    db: WriteDb,
    house: House,
    kind: Step,
    person: PersonId | None,
    *,
    told: bytes = b"",
    life: timedelta = LIFE,
) -> Begun:
    """A step that waits for its answer, for five minutes unless said. told: kept behind words of chance."""
    audit.pass_over()
    begun, now = Begun(fresh_token(), secrets.token_bytes(WORDS) + told), house.clock.now()
    challenges.add(db, person, kind, token_hash(begun.token), begun.words, now=now, expires=now + life)
    return begun


def find(db: WriteDb, house: House, kind: Step, token: Secret | None) -> Challenge:
    """The open step of a token; raises StepOver."""
    found = None
    if token:
        found = challenges.find(db, kind, token_hash(token), house.clock.now())
    if found is None or found.tries >= MOST_TRIES:
        raise StepOver()
    return found


def take(db: WriteDb, house: House, kind: Step, token: Secret | None) -> Challenge:
    """The open step of a token, used up by this; raises StepOver."""
    found = find(db, house, kind, token)
    if not challenges.use(db, found.id, house.clock.now()):
        raise StepOver()
    return found


def ask_code(house: House, person: Person) -> Secret:
    """The first proof was right: the token by which this browser may show the code."""
    with house.database.writing() as db:
        return begin(db, house, Step.SECOND_STEP, person.id).token


def answer_code(
    house: House,
    token: Secret | None,
    code: Secret,
    device: str,
    address: str,
    *,
    browser: Secret | None = None,
) -> SignedIn:
    """A session for the right code after the right password, or after a provider's word.

    Raises StepOver, Rejected(code="wrong_code") while it may be tried again, Retry when throttled.
    """
    with house.database.writing() as db:
        step = find(db, house, Step.SECOND_STEP, token)
        person = persons.person_of(db, step.person or PersonId(0))
        challenges.count_try(db, step.id)
    if person.disabled is not None:
        raise StepOver()
    must_pass(house, person, code, address)
    with house.database.writing() as db:
        take(db, house, Step.SECOND_STEP, token)
    house.throttle.forget(BY_EMAIL, person.email)
    return open_session(house, person, device, address, browser=browser)
