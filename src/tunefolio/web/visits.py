"""Who is here, and by what: a browser's cookie, an access token, or a personal token with its scopes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from starlette.requests import HTTPConnection

from tunefolio.core.people import Person, Scope
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import access, identity, tokens
from tunefolio.services.access import TokenRefused
from tunefolio.services.house import House
from tunefolio.services.tokens import ScopeNeeded
from tunefolio.store.db import ReadDb, Unanswered
from tunefolio.store.personal_tokens import PersonalToken
from tunefolio.store.sessions import Session
from tunefolio.web.scopes import Need, Proof
from tunefolio.web.security import WebConfig, bearer_of, token_of


class Means(StrEnum):
    """By what somebody is known."""

    COOKIE = "cookie"
    ACCESS = "access token"
    PERSONAL = "personal token"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is here. signed_in: by which sign-in, None for a personal token; token: which, None for the rest.

    expires: until when what was shown is good; None for ever.
    """

    person: Person
    means: Means
    expires: Instant | None
    signed_in: Session | None = None
    token: PersonalToken | None = None

    @property
    def session(self) -> Session:
        """The sign-in; raises ScopeNeeded for a personal token, which has none."""
        if self.signed_in is None:
            raise ScopeNeeded(None)
        return self.signed_in

    def must_reach(self, need: Need | None) -> None:
        """Raises ScopeNeeded when what was shown does not open it. None: closed to all tokens."""
        if self.means is Means.COOKIE:
            return
        match need:
            case None | Proof.BROWSER:
                raise ScopeNeeded(None)
            case Proof.NOBODY:
                return
            case Proof.PERSON:
                if self.token is not None:
                    raise ScopeNeeded(None)
            case Scope():
                if self.token is not None and need not in self.token.scopes:
                    raise ScopeNeeded(need)
            case _:
                assert_never(need)


def recognised(connection: HTTPConnection, house: House, config: WebConfig) -> Visit | None:
    """The visit that a connection proves, by what is kept at this moment; None for nobody.

    Where a bearer token is shown no cookie counts. Raises TokenRefused for one that opens nothing.
    """
    try:
        return at_a_glance(connection, house, config)
    except Unanswered:
        return _found(connection, house, config, house.database.reading)


def at_a_glance(connection: HTTPConnection, house: House, config: WebConfig) -> Visit | None:
    """The same by look-ups alone; raises Unanswered where they do not tell."""
    return _found(connection, house, config, house.database.glancing)


def is_still_here(connection: HTTPConnection, house: House, config: WebConfig) -> bool:
    """Whether what was shown when the connection began still opens it: the sign-in stands, and its person has
    not deleted her account since."""
    try:
        visit = recognised(connection, house, config)
    except TokenRefused:
        return False
    return visit is not None and visit.person.leaving is None


def _found(
    connection: HTTPConnection,
    house: House,
    config: WebConfig,
    way: Callable[[], AbstractContextManager[ReadDb]],
) -> Visit | None:
    bearer = bearer_of(connection)
    cookie = token_of(connection, config) if bearer is None else None
    if bearer is None and cookie is None:
        return None
    with way() as db:
        if bearer is not None:
            return _by_token(db, house, bearer)
        found = identity.who(db, house, cookie) if cookie is not None else None
    return None if found is None else Visit(found[0], Means.COOKIE, found[1].expires, found[1])


def _by_token(db: ReadDb, house: House, bearer: Secret) -> Visit:
    if bearer.reveal().startswith(tokens.PREFIX):
        token, owner = tokens.owner_of(db, house, bearer)
        return Visit(owner, Means.PERSONAL, token.expires, token=token)
    person, session, expires = access.opened(db, house, bearer)
    return Visit(person, Means.ACCESS, expires, session)
