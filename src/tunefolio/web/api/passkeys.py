"""Passkeys: made, listed, named, forgotten; and signing in with one, without a password."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from tunefolio.core.errors import Retry
from tunefolio.core.identity import PasskeyId
from tunefolio.services import passkeys
from tunefolio.store.passkeys import Passkey
from tunefolio.web import keepsakes, security
from tunefolio.web.api.answers import Name, ist, nothing, reply
from tunefolio.web.api.factors import options_reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import ConfigDep, CurrentViewer, HouseDep, OwnWriting, Reading, RowId
from tunefolio.web.errors import TooMany
from tunefolio.web.proved import PROVED

v1 = APIRouter(tags=["sign-in"])


class NewPasskey(Body):
    """credential: what navigator.credentials.create gave for the options asked before."""

    name: Name
    credential: dict[str, Any]


class Signed(BaseModel):
    """credential: what navigator.credentials.get gave for the options asked before."""

    # Not a strict Body: browsers and their libraries send beside it what they know of themselves.
    credential: dict[str, Any]


class Named(Body):
    name: Name


@v1.get("/passkeys")
def listed(db: Reading, viewer: CurrentViewer) -> Response:
    """The person's passkeys, oldest first."""
    return reply({"data": [_passkey(one) for one in passkeys.listed(db, viewer)]})


def _passkey(one: Passkey) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "created_at": ist(one.created),
        "used_at": ist(one.used),
        "transports": list(one.transports),
    }


@v1.post("/passkeys/options", dependencies=PROVED)
def new_options(
    request: Request, db: OwnWriting, house: HouseDep, config: ConfigDep, viewer: CurrentViewer
) -> Response:
    """What a device is asked to make a passkey by. Needs a proof."""
    asked = passkeys.begin_new(db, house, viewer)
    response = options_reply(asked.options)
    keepsakes.begin_step(response, request, config, asked.token)
    return response


@v1.post("/passkeys", status_code=201, dependencies=PROVED)
def add(
    request: Request,
    db: OwnWriting,
    house: HouseDep,
    config: ConfigDep,
    viewer: CurrentViewer,
    wish: NewPasskey,
) -> Response:
    """Keep what the device has made. Needs a proof."""
    token = keepsakes.step_of(request, config)
    id = passkeys.add(db, house, viewer, token, wish.name, wish.credential)
    response = reply({"id": id, "name": wish.name}, 201)
    keepsakes.end_step(response, request, config)
    return response


@v1.put("/passkeys/{id}", status_code=204)
def rename(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Named) -> Response:
    passkeys.rename(db, house, viewer, PasskeyId(id), wish.name)
    return nothing()


@v1.delete("/passkeys/{id}", status_code=204, dependencies=PROVED)
def forget(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """It signs in no more. Needs a proof."""
    passkeys.forget(db, house, viewer, PasskeyId(id))
    return nothing()


@v1.post("/session/passkey/options")
def sign_in_options(request: Request, house: HouseDep, config: ConfigDep) -> Response:
    """What a device is asked to sign, by whomever."""
    security.cookie_name(request, config)
    address = request.client.host if request.client else ""
    asked = passkeys.begin_sign_in(house, address)
    response = options_reply(asked.options)
    keepsakes.begin_step(response, request, config, asked.token)
    return response


@v1.post("/session/passkey", status_code=201)
def sign_in(request: Request, house: HouseDep, config: ConfigDep, wish: Signed) -> Response:
    """Sign in by a passkey, which is both factors at once; the session comes as a cookie. 401 for one that is
    not accepted."""
    security.cookie_name(request, config)
    address = request.client.host if request.client else ""
    token, browser = keepsakes.step_of(request, config), keepsakes.browser_of(request, config)
    device = request.headers.get("user-agent", "")
    try:
        fresh = passkeys.sign_in(house, token, wish.credential, device, address, browser=browser)
    except Retry as busy:
        raise TooMany(busy.reason, after=busy.after) from None
    person = fresh.person
    named = {"id": person.id, "name": person.name, "email": person.email, "role": person.role}
    response = reply({"person": named, "expires_at": ist(fresh.expires)}, 201)
    keepsakes.welcome(response, request, config, fresh)
    return response
