"""Signing in and out, the devices of a person, and the broker sessions behind them."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from tunefolio.core.errors import NotFound, Retry
from tunefolio.core.identity import SessionId
from tunefolio.core.people import Person
from tunefolio.core.secret import Secret
from tunefolio.services import connect, identity, sign_ups
from tunefolio.services.views import BrokerStatus
from tunefolio.store.connections import ConnectionState
from tunefolio.store.sessions import Session
from tunefolio.web import keepsakes, security
from tunefolio.web.api.answered import shape_of
from tunefolio.web.api.answers import Name, Text, clean, ist, naming, nothing, reply
from tunefolio.web.api.shapes import SessionInfo
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import (
    ConfigDep,
    CurrentSession,
    CurrentViewer,
    CurrentVisit,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
)
from tunefolio.web.errors import TooMany, wait_words
from tunefolio.web.turns import in_turn

router = APIRouter(prefix="/api/session", tags=["session"])
v1 = APIRouter(tags=["session"])
_MAILED = {"link_comes_by": "mail"}
_BY_MAIL: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "What comes of it is mailed to that address, whoever has it",
        "content": {"application/json": {"schema": shape_of(_MAILED), "example": _MAILED}},
    }
}
Password = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=200)]


class Credentials(Body):
    """code: of the authenticator, or a recovery code, where the person has a second factor."""

    email: Text
    password: Password
    code: Text = ""


class Newcomer(Body):
    """invite: the code an admin gave; needed by the house's rule, never by the first person. password: not
    looked at where the link to choose one is mailed."""

    email: Text
    name: Name
    password: Annotated[str, AfterValidator(clean), Field(max_length=200)] = ""
    invite: Text = ""


class Confirmed(Body):
    """token: what stands behind `token=` in the mailed link. name: if another than was asked for."""

    token: Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=100)]
    password: Password
    name: Text = ""


class NewPassword(Body):
    old: Password
    new: Password


@router.get("/active", response_model=SessionInfo)
def active(db: Reading, house: HouseDep, visit: CurrentVisit) -> Response:
    """Who is signed in here, and which broker sessions are alive."""
    lines = [line for line in connect.status(db, house, visit.person.viewer) if line.account is not None]
    is_active = any(line.state is ConnectionState.CONNECTED for line in lines)
    body = {"active": is_active, **about(visit.person, visit.session)}
    return reply(body | {"broker_sessions": [broker_session(line) for line in lines]})


def about(person: Person, session: Session) -> dict[str, Any]:
    """A person and until when the sign-in lasts."""
    named = {"id": person.id, "name": person.name, "email": person.email, "role": person.role}
    return {"person": named, "expires_at": ist(session.expires)}


def broker_session(line: BrokerStatus) -> dict[str, Any]:
    """One account at a broker, with what is wrong and what would help."""
    body: dict[str, Any] = {
        "broker": line.broker,
        "title": line.title,
        "account_id": line.account.id if line.account else None,
        "account": line.account.name if line.account else None,
        "user_id": line.account.broker_user if line.account else None,
        "state": line.state,
        "connected_at": ist(line.connected),
        "expires_at": ist(line.expires),
        "synced_at": ist(line.synced),
    }
    if line.problem:
        body |= {"problem": line.problem, "cure": line.cure, "cure_link": line.cure_link}
    return body


@v1.get("/session")
def current(visit: CurrentVisit) -> Response:
    """Who is signed in here."""
    return reply(about(visit.person, visit.session))


@v1.post("/session", status_code=201)
async def sign_in(request: Request, house: HouseDep, config: ConfigDep, wish: Credentials) -> Response:
    """Sign in; the session comes as a cookie. 401 for a wrong pair, and where a code is wanted as well; 429
    after too many."""
    security.cookie_name(request, config)
    return await in_turn(partial(signed_in, request, house, config, wish))


@v1.post("/persons", status_code=201, responses=_BY_MAIL)
async def sign_up(request: Request, house: HouseDep, wish: Newcomer) -> Response:
    """Join, by the house's rule; the first person is its admin. Sign in afterwards.

    In a house that is open to all and sends mail the answer is 202 for every address, and what comes of it is
    mailed there: a link, or that there is an account already.
    """
    invite = Secret(wish.invite) if wish.invite else None
    address = request.client.host if request.client else ""
    password = Secret(wish.password)
    person = await in_turn(
        partial(sign_ups.come, house, wish.email, wish.name, password, address, invite=invite)
    )
    return reply(_MAILED, 202) if person is None else _joined(person)


@v1.post("/persons/confirm", status_code=201)
async def confirm(house: HouseDep, wish: Confirmed) -> Response:
    """Join by a mailed link, good once: the address is confirmed by that. Sign in afterwards."""
    work = partial(sign_ups.finish, house, Secret(wish.token), Secret(wish.password), name=wish.name)
    with naming(link="token"):
        return _joined(await in_turn(work))


def _joined(person: Person) -> Response:
    return reply({"id": person.id, "name": person.name, "email": person.email, "role": person.role}, 201)


def signed_in(request: Request, house: HouseDep, config: security.WebConfig, wish: Credentials) -> Response:
    """The answer to the right credentials, with the cookie on it."""
    address = request.client.host if request.client else ""
    code = Secret(wish.code) if wish.code else None
    browser, device = keepsakes.browser_of(request, config), request.headers.get("user-agent", "")
    password = Secret(wish.password)
    try:
        fresh = identity.log_in(house, wish.email, password, device, address, code=code, browser=browser)
    except Retry as busy:
        raise _too_many(busy) from None
    person = fresh.person
    named = {"id": person.id, "name": person.name, "email": person.email, "role": person.role}
    response = reply({"person": named, "expires_at": ist(fresh.expires)}, 201)
    keepsakes.welcome(response, request, config, fresh)
    return response


def _too_many(busy: Retry) -> TooMany:
    wait = wait_words(1 if busy.after is None else math.ceil(busy.after.total_seconds()))
    return TooMany(f"Too many wrong passwords. Try again in {wait}", after=busy.after)


@v1.delete("/session", status_code=204)
def sign_out(
    request: Request,
    db: OwnWriting,
    house: HouseDep,
    config: ConfigDep,
    viewer: CurrentViewer,
    session: CurrentSession,
) -> Response:
    """End this session."""
    identity.log_out(db, house, viewer, session.id)
    response = nothing()
    security.clear_session_cookie(response, request, config)
    return response


@v1.put("/session/password", status_code=204)
async def change_password(
    house: HouseDep, viewer: CurrentViewer, session: CurrentSession, wish: NewPassword
) -> Response:
    """A new password; every other session ends."""
    work = partial(identity.change_password, house, viewer, session.id, Secret(wish.old), Secret(wish.new))
    try:
        with naming(new_password="new"):
            await in_turn(work)
    except Retry as busy:
        raise _too_many(busy) from None
    return nothing()


@v1.get("/sessions")
def devices(db: Reading, house: HouseDep, viewer: CurrentViewer, session: CurrentSession) -> Response:
    """Where the person is signed in."""
    rows = [device(one, session) for one in identity.devices(db, house, viewer)]
    return reply({"data": rows})


def device(one: Session, here: Session) -> dict[str, Any]:
    return {
        "id": one.id,
        "device": one.device,
        "address": one.address,
        "created_at": ist(one.created),
        "seen_at": ist(one.seen),
        "expires_at": ist(one.expires),
        "is_current": one.id == here.id,
    }


@v1.delete("/sessions/{session}", status_code=204)
def end_device(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, session: RowId) -> Response:
    """Sign another device out."""
    if not identity.end_session(db, house, viewer, SessionId(session)):
        raise NotFound("session")
    return nothing()
