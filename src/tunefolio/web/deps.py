"""What a route may ask for. One request, one transaction: Reading or Writing, never both.

Secure unless it says otherwise: Reading and Writing need a signed-in person, and Writing one who may change
things. OwnWriting lets a reader change the own sign-in; OpenReading and OpenWriting need nobody. AdminViewer
needs an admin who, to change anything, has typed her password again; what she changes stands in the audit
log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Path, Query
from starlette.requests import Request

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import PortfolioId
from tunefolio.core.people import Person, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import audit, identity, proofs
from tunefolio.services.house import House
from tunefolio.store.audit import Place
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.sessions import Session
from tunefolio.web.errors import SignedOut
from tunefolio.web.security import SAFE_METHODS, WebConfig, token_of

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


async def seen_from(request: Request) -> None:
    """Says where the request came from, for whatever of it will stand in the audit log."""
    address = request.client.host if request.client else ""
    audit.request_from(Place(address, request.headers.get("user-agent", "")))


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is here, and by which of the person's sessions."""

    person: Person
    session: Session


@dataclass(frozen=True, slots=True)
class Renewal:
    """A session cookie to send again because its session was prolonged."""

    token: Secret
    expires: Instant


def find_visit(request: Request, house: HouseDep, config: ConfigDep) -> Visit | None:
    """The visit the cookie proves, in a short transaction of its own; prolongs a session not lately seen."""
    token = token_of(request, config)
    if token is None:
        return None
    with house.database.reading() as db:
        found = identity.who(db, house, token)
    if found is None:
        return None
    person, session = found
    if identity.is_stale(house, session):
        with house.database.writing() as db:
            expires = identity.mark_seen(db, house, person.viewer, session.id)
        request.state.renewal = Renewal(token, expires)
    request.state.person = person
    return Visit(person, session)


MaybeVisit = Annotated[Visit | None, Depends(find_visit)]


async def visit_of(visit: MaybeVisit) -> Visit:
    """Raises SignedOut: 401 to programs, the way to sign-in to people."""
    if visit is None:
        raise SignedOut()
    return visit


CurrentVisit = Annotated[Visit, Depends(visit_of)]


async def _person(visit: CurrentVisit) -> Person:
    return visit.person


async def _viewer(visit: CurrentVisit) -> Viewer:
    return visit.person.viewer


async def _session(visit: CurrentVisit) -> Session:
    return visit.session


async def admin_of(request: Request, house: HouseDep, visit: CurrentVisit) -> Viewer:
    """An admin; for what changes anything, one with a proof that holds. Raises Forbidden, ProofNeeded."""
    visit.person.viewer.must_administer()
    if request.method not in SAFE_METHODS:
        await anyio.to_thread.run_sync(_must_have_proved, house, visit)
        request.state.admin_deed = True
    return visit.person.viewer


def _must_have_proved(house: House, visit: Visit) -> None:
    with house.database.reading() as db:
        proofs.must_have_proved(db, house, visit.person.viewer, visit.session.id)


async def _maybe_person(visit: MaybeVisit) -> Person | None:
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
    """An admin's deed that no service has noted stands in the log by its path, in the deed's own
    transaction."""
    if getattr(request.state, "admin_deed", False):
        audit.note_unspoken(db, house, visit.person.viewer, request.method, request.url.path)


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
