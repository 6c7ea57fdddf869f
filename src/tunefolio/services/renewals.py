"""Signing in to the API: an access token, and a refresh token that is good once and gives the next of both.

The refresh tokens of one sign-in are a family. One that is used a second time was copied: then the sign-in
ends for whoever holds any of them, and its owner is told. Rules: docs/spec/access.md.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta

from tunefolio.core.identity import SessionId
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.people import Person, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import access, audit, identity
from tunefolio.services.access import AccessToken, TokenRefused
from tunefolio.services.audit import Act
from tunefolio.services.deliver import tell
from tunefolio.services.house import House
from tunefolio.services.passwords import token_hash
from tunefolio.store import persons, refresh_tokens, sessions
from tunefolio.store.audit import Place
from tunefolio.store.db import WriteDb
from tunefolio.store.notices import Draft
from tunefolio.store.refresh_tokens import Renewing

_log = logging.getLogger(__name__)
PREFIX = "tf_ref_"
NOTICE, PAGE = "security", "/settings/security"
_OVER = "its sign-in has ended"
_RACE = "another request with it was first; the newer one is in the answer to that"


@dataclass(frozen=True, slots=True)
class Pair:
    """What a sign-in or a renewal gives. renewing: until `until` in a cookie, good once."""

    person: Person
    access: AccessToken
    renewing: Secret
    until: Instant


def log_in(house: House, email: str, password: Secret, place: Place, *, code: Secret | None = None) -> Pair:
    """A sign-in of the API, which stands among the person's devices. code: of her second factor, if she has
    one. Raises as identity.log_in does."""
    fresh = identity.log_in(house, email, password, place.device, place.address, code=code)
    with house.database.writing() as db:
        found = identity.who(db, house, fresh.token)
        if found is None:  # ended by another request between the two transactions
            raise TokenRefused(_OVER)
        return _next(db, house, found[0], found[1].id)


def renew(house: House, token: Secret, *, arrived: Instant) -> Pair:
    """The next pair for a refresh token, which is spent by it. Raises TokenRefused.

    arrived: when the request came in, before it waited for anything: one that was here before the token was
    spent has lost a race, any later one is a replay. Of any number with one token exactly one succeeds. Opens
    its own transactions: what ends a family is kept although the request is refused.
    """
    hashed = token_hash(token)
    with house.database.reading() as reader:
        known = refresh_tokens.find(reader, hashed)
    if known is not None and known.used is None:
        with house.database.writing() as db:
            taken = refresh_tokens.spend(db, hashed, house.clock.now())
            if taken is not None:
                return _next(db, house, persons.person_of(db, taken.owner), taken.session)
        raise _lost(house, hashed)
    raise _refusal(house, known, arrived)


def log_out(house: House, token: Secret) -> bool:
    """End the sign-in that a refresh token belongs to, spent or not; whether it was open."""
    with house.database.reading() as reader:
        known = refresh_tokens.find(reader, token_hash(token))
    if known is None or known.is_over:
        return False
    with house.database.writing() as db:
        identity.log_out(db, house, Viewer(known.owner), known.session)
    return True


def _next(db: WriteDb, house: House, person: Person, session: SessionId) -> Pair:
    now = house.clock.now()
    until = now + timedelta(days=house.rules.refresh_days)
    token = Secret(PREFIX + secrets.token_urlsafe(32))
    refresh_tokens.add(db, person.viewer, session, token_hash(token), now, until)
    sessions.touch(db, person.viewer, session, now, until)
    return Pair(person, access.issue(db, house, person.viewer, session), token, until)


def _lost(house: House, hashed: str) -> TokenRefused:
    """Why a token that was good when it was looked up could not be spent: nobody used it before that."""
    with house.database.reading() as db:
        known = refresh_tokens.find(db, hashed)
    is_first = known is not None and not known.is_over and known.used is not None
    return TokenRefused(_RACE) if is_first else _refusal(house, known, house.clock.now())


def _refusal(house: House, known: Renewing | None, arrived: Instant) -> TokenRefused:
    """Why not; ends the family when the token was spent before the request came."""
    if known is None:
        return TokenRefused("it is no token of this house")
    if known.is_over:
        return TokenRefused(_OVER)
    if known.used is None:
        return TokenRefused("it has expired")
    if arrived < known.used:
        return TokenRefused(_RACE)
    with house.database.writing() as db:
        _end(db, house, known, house.clock.now())
    return TokenRefused("it was used before: the sign-in has ended for safety; sign in again")


def _end(db: WriteDb, house: House, known: Renewing, now: Instant) -> None:
    viewer = Viewer(known.owner)
    if not refresh_tokens.end_family(db, viewer, known.session, now):
        return
    audit.note(db, house, viewer, Act.TOKEN_REUSED, f"session:{known.session}")
    notice = Notice(
        known.owner,
        Urgency.CRITICAL,
        "A sign-in was ended: its token was used twice",
        "Somebody used a refresh token a second time. Either a program of yours keeps an old one, or it was "
        "copied. That sign-in has ended everywhere. If you do not know why, change your password.",
        now,
        PAGE,
        f"token-reused:{known.session}",
    )
    tell(db, house, [Draft(notice, NOTICE)])
    _log.warning("a refresh token was used twice", extra={"person": known.owner, "session": known.session})
