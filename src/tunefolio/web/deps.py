"""What a route may ask for. One request, one transaction: Reading or Writing, never both.

Secure unless it says otherwise: Reading and Writing need a signed-in person, and Writing one who may change
things. OwnWriting lets a reader change the own sign-in; OpenReading and OpenWriting need nobody. AdminViewer
needs an admin who, to change anything, has typed her password again; what she changes stands in the audit
log. What a token may reach stands in scopes.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Path, Query
from starlette.requests import HTTPConnection, Request

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import PortfolioId
from tunefolio.core.people import Person, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import audit, identity, proofs, tokens
from tunefolio.services.access import TokenRefused
from tunefolio.services.house import House
from tunefolio.store.audit import Place
from tunefolio.store.db import ReadDb, Unanswered, WriteDb
from tunefolio.store.personal_tokens import PersonalToken
from tunefolio.store.sessions import Session
from tunefolio.web.errors import SignedOut
from tunefolio.web.limits import count_page, count_program, count_stranger
from tunefolio.web.scopes import need_of
from tunefolio.web.security import SAFE_METHODS, WebConfig, token_of
from tunefolio.web.visits import Means as Means
from tunefolio.web.visits import Visit as Visit
from tunefolio.web.visits import recognised, recognised_soon

MAX_ID = 2**63 - 1
_READERS = 8
_WRITERS = 4
"""Transactions held at once: fewer than threads and pooled connections, so one that has begun can end."""


async def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def config_of(request: Request) -> WebConfig:
    config: WebConfig = request.app.state.config
    return config


HouseDep = Annotated[House, Depends(house_of)]
ConfigDep = Annotated[WebConfig, Depends(config_of)]


@dataclass(frozen=True, slots=True)
class Renewal:
    """A session cookie to send again because its session was prolonged."""

    token: Secret
    expires: Instant


async def find_visit(request: Request) -> Visit | None:
    """The visit that the request proves, looked for and counted once; prolongs a session not lately seen.
    Raises TooMany.

    A token that opens nothing is told only where somebody is needed: an open door stays open. What the other
    dependencies know of who asks they ask here, for each dependency of a dependency costs every request.
    """
    known: tuple[Visit | None] | None = getattr(request.state, "visit", None)
    if known is None:
        known = request.state.visit = (await _arrived(request),)
    return known[0]


async def _arrived(request: Request) -> Visit | None:
    _seen_from(request, request.headers.get("user-agent", ""))
    house: House = request.app.state.house
    config: WebConfig = request.app.state.config
    visit = await _counted_soon(request, house, config)
    if visit is None:
        return None
    if visit.means is Means.COOKIE:
        if identity.is_stale(house, visit.session):
            await anyio.to_thread.run_sync(_prolong, request, house, config, visit)
    elif visit.token is not None and tokens.is_stale(house, visit.token):
        await anyio.to_thread.run_sync(_mark_used, request, house, visit.token)
    request.state.person = visit.person
    return visit


def _seen_from(request: Request, device: str) -> None:
    """Says where the request came from, for whatever of it will stand in the activity."""
    audit.request_from(Place(request.client.host if request.client else "", device))


async def _counted_soon(request: Request, house: House, config: WebConfig) -> Visit | None:
    """Here and now where nobody is waited for: handing it to a thread costs more than the look-up does."""
    if house.throttle.is_near:
        with suppress(Unanswered):
            try:
                visit = await recognised_soon(request, house, config)
            except TokenRefused as refused:
                visit, request.state.refused = None, refused
            return _counted(request, house, config, visit)
    return await anyio.to_thread.run_sync(counted, request, house, config)


def counted(connection: HTTPConnection, house: House, config: WebConfig) -> Visit | None:
    """Who is here, after one request of theirs was counted; keeps a refused token's error in the connection's
    state. Raises TooMany."""
    try:
        visit = recognised(connection, house, config)
    except TokenRefused as refused:
        visit, connection.state.refused = None, refused
    return _counted(connection, house, config, visit)


def _counted(
    connection: HTTPConnection, house: House, config: WebConfig, visit: Visit | None
) -> Visit | None:
    if visit is None:
        count_stranger(connection, house, config.limits)
    elif visit.means is Means.COOKIE:
        count_page(connection, house, config.limits, visit.person.id)
    else:
        count_program(connection, house, config.limits, visit.person.id)
    return visit


def _prolong(request: Request, house: House, config: WebConfig, visit: Visit) -> None:
    token = token_of(request, config)
    if token is not None:
        with house.database.writing() as db:
            expires = identity.mark_seen(db, house, visit.person.viewer, visit.session.id)
        request.state.renewal = Renewal(token, expires)


def _mark_used(request: Request, house: House, token: PersonalToken) -> None:
    with house.database.writing() as db:
        tokens.mark_used(db, house, token, request.client.host if request.client else "")


MaybeVisit = Annotated[Visit | None, Depends(find_visit)]


async def visit_of(request: Request) -> Visit:
    """Raises SignedOut or TokenRefused: 401 to programs, the way to sign-in to people; ScopeNeeded for a
    token that does not reach this far."""
    visit = await find_visit(request)
    if visit is None:
        raise getattr(request.state, "refused", None) or SignedOut()
    visit.must_reach(need_of(request.method, request.scope["path"]))
    if visit.token is not None:
        _seen_from(request, f"token {visit.token.name!r}: {request.headers.get('user-agent', '')}")
    return visit


CurrentVisit = Annotated[Visit, Depends(visit_of)]


async def _person(request: Request) -> Person:
    return (await visit_of(request)).person


async def _viewer(request: Request) -> Viewer:
    return (await visit_of(request)).person.viewer


async def _session(request: Request) -> Session:
    return (await visit_of(request)).session


async def admin_of(request: Request) -> Viewer:
    """An admin; for what changes anything, one with a proof that holds. Raises Forbidden, ProofNeeded."""
    visit = await visit_of(request)
    visit.person.viewer.must_administer()
    if request.method not in SAFE_METHODS:
        if visit.means is not Means.PERSONAL:  # the proof for its scope was given when it was made
            await anyio.to_thread.run_sync(_must_have_proved, request.app.state.house, visit)
        request.state.admin_deed = True
    return visit.person.viewer


def _must_have_proved(house: House, visit: Visit) -> None:
    with house.database.reading() as db:
        proofs.must_have_proved(db, house, visit.person.viewer, visit.session.id)


async def _maybe_person(request: Request) -> Person | None:
    visit = await find_visit(request)
    return None if visit is None else visit.person


SignedInPerson = Annotated[Person, Depends(_person)]
CurrentViewer = Annotated[Viewer, Depends(_viewer)]
CurrentSession = Annotated[Session, Depends(_session)]
AdminViewer = Annotated[Viewer, Depends(admin_of)]
MaybePerson = Annotated[Person | None, Depends(_maybe_person)]


def _open_reading(house: HouseDep) -> Iterator[ReadDb]:
    with house.database.reading() as db:
        yield db


def _reading(house: HouseDep, _visit: CurrentVisit) -> Iterator[ReadDb]:
    with house.database.reading() as db:
        yield db


def _open_writing(house: HouseDep) -> Iterator[WriteDb]:
    with house.database.writing() as db:
        yield db


def _own_writing(request: Request, house: HouseDep, visit: CurrentVisit) -> Iterator[WriteDb]:
    with house.database.writing() as db:
        yield db
        _note(db, request, house, visit)


def _writing(request: Request, house: HouseDep, visit: CurrentVisit) -> Iterator[WriteDb]:
    visit.person.viewer.must_write()
    with house.database.writing() as db:
        yield db
        _note(db, request, house, visit)


def _note(db: WriteDb, request: Request, house: House, visit: Visit) -> None:
    """A deed that no service has noted stands in the activity by its way, in the deed's own transaction."""
    act = audit.Act.ADMIN_DEED if getattr(request.state, "admin_deed", False) else audit.Act.DEED
    audit.note_unspoken(db, house, visit.person.viewer, act, way_of(request))


def way_of(request: Request) -> str:
    """`POST /alerts/12/pause`: of what stood in the path, ids alone are told; a word may be a token's."""
    named = {str(value): name for name, value in request.path_params.items()}
    words = {value: f"{{{name}}}" for value, name in named.items() if not value.isdecimal()}
    parts = [words.get(part, part) for part in str(request.scope["path"]).split("/")]
    return f"{request.method} {'/'.join(parts)}"


OpenReading = Annotated[ReadDb, Depends(_open_reading, scope="function", max_concurrency=_READERS)]
Reading = Annotated[ReadDb, Depends(_reading, scope="function", max_concurrency=_READERS)]
OpenWriting = Annotated[WriteDb, Depends(_open_writing, scope="function", max_concurrency=_WRITERS)]
OwnWriting = Annotated[WriteDb, Depends(_own_writing, scope="function", max_concurrency=_WRITERS)]
Writing = Annotated[WriteDb, Depends(_writing, scope="function", max_concurrency=_WRITERS)]
"""Kept before the answer is sent (scope "function"), so an answer never tells of what was rolled back."""

RowId = Annotated[int, Path(ge=1, le=MAX_ID)]
"""An id in a path; one that no database could hold is refused before any asks."""


async def _portfolio(
    portfolio: Annotated[
        str, Query(description="Narrow to one portfolio by its id; empty or absent: all active accounts.")
    ] = "",
) -> PortfolioId | None:
    if not portfolio:
        return None
    if not (portfolio.isascii() and portfolio.isdigit() and 1 <= int(portfolio[:20]) <= MAX_ID):
        raise Misuse("portfolio", "is not the id of a portfolio", cure="Leave it out for all of them")
    return PortfolioId(int(portfolio[:20]))


PortfolioChoice = Annotated[PortfolioId | None, Depends(_portfolio)]
"""?portfolio=: None means all. The views refuse one that is not the viewer's."""
