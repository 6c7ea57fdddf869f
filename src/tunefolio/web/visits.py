"""Who is here, and by what: a browser's cookie, an access token, or a personal token with its scopes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from starlette.requests import HTTPConnection, Request

from tunefolio.core.people import Person, Scope
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import access, identity, tokens
from tunefolio.services.access import TokenRefused
from tunefolio.services.house import House
from tunefolio.services.tokens import ScopeNeeded
from tunefolio.store.asking import Ahead
from tunefolio.store.db import ReadDb, Unanswered
from tunefolio.store.personal_tokens import PersonalToken
from tunefolio.store.sessions import Session
from tunefolio.web.scopes import Need, Proof, is_counted, need_of
from tunefolio.web.security import WebConfig, bearer_of, token_of

Question = Callable[[ReadDb], "Visit | None"]


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
    question = _question(connection, house, config)
    if question is None:
        return None
    try:
        with house.database.glancing() as db:
            return question(db)
    except Unanswered:
        with house.database.reading() as db:
            return question(db)


@dataclass(frozen=True, slots=True)
class Begun:
    """Who asks, of whom the database has been asked at the door. In the request's state as `begun`, for
    whoever needs it first."""

    question: Question
    ahead: Ahead


def begin(request: Request, house: House, config: WebConfig) -> None:
    """Where somebody is needed, ask the database who it is: it answers while the route is found."""
    if not (house.database.is_elsewhere and house.throttle.is_near):
        return
    path = request.scope["path"]
    if not is_counted(path) or need_of(request.method, path) is Proof.NOBODY:
        return
    question = _question(request, house, config)
    ahead = None if question is None else house.database.ahead(question)
    if question is not None and ahead is not None:
        request.state.begun = Begun(question, ahead)


async def recognised_soon(connection: HTTPConnection, house: House, config: WebConfig) -> Visit | None:
    """The same on the event loop and without holding it up; raises Unanswered where look-ups alone do not
    tell."""
    begun: Begun | None = getattr(connection.state, "begun", None)
    if begun is not None:
        connection.state.begun = None
        return await house.database.foretelling(begun.question, begun.ahead)
    question = _question(connection, house, config)
    return None if question is None else await house.database.foretelling(question)


def is_still_here(connection: HTTPConnection, house: House, config: WebConfig) -> bool:
    """Whether what was shown when the connection began still opens it: the sign-in stands, and its person has
    not deleted her account since."""
    try:
        visit = recognised(connection, house, config)
    except TokenRefused:
        return False
    return visit is not None and visit.person.leaving is None


def _question(connection: HTTPConnection, house: House, config: WebConfig) -> Question | None:
    """What is to be asked of the database; None where nothing was shown."""
    bearer = bearer_of(connection)
    if bearer is not None:
        return lambda db: _by_token(db, house, bearer)
    cookie = token_of(connection, config)
    return None if cookie is None else lambda db: _by_cookie(db, house, cookie)


def _by_cookie(db: ReadDb, house: House, cookie: Secret) -> Visit | None:
    found = identity.who(db, house, cookie)
    return None if found is None else Visit(found[0], Means.COOKIE, found[1].expires, found[1])


def _by_token(db: ReadDb, house: House, bearer: Secret) -> Visit:
    if bearer.reveal().startswith(tokens.PREFIX):
        token, owner = tokens.owner_of(db, house, bearer)
        return Visit(owner, Means.PERSONAL, token.expires, token=token)
    person, session, expires = access.opened(db, house, bearer)
    return Visit(person, Means.ACCESS, expires, session)
