"""Signing in to the API as the tracker's document draws it: an access token, and a cookie that renews it.

The ways stand at /auth and below /api/v1 alike; each keeps its cookie for its own path.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tunefolio.core.errors import Retry
from tunefolio.core.secret import Secret
from tunefolio.services import identity, renewals
from tunefolio.services.access import TokenRefused
from tunefolio.services.house import House
from tunefolio.services.renewals import Pair
from tunefolio.store.audit import Place
from tunefolio.web import security
from tunefolio.web.api.answers import Text, ist, nothing, reply
from tunefolio.web.api.sessions import Password
from tunefolio.web.deps import ConfigDep, HouseDep, MaybeVisit, Means
from tunefolio.web.errors import TooMany, wait_words
from tunefolio.web.security import WebConfig
from tunefolio.web.turns import in_turn

router = APIRouter(prefix="/auth", tags=["access"])
v1 = APIRouter(tags=["access"])


class Entry(BaseModel):
    """Who signs in. code: of the authenticator, or a recovery code, where the person has a second factor."""

    # Not a strict Body: the tracker's document names email and password, and its clients may send more.
    email: Text
    password: Password
    code: Text = ""


class Owner(BaseModel):
    id: int
    name: str
    email: str
    role: str


class Granted(BaseModel):
    """An access token: send it as `Authorization: Bearer …`. What renews it came as a cookie."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "access_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjVmMGU…",
                "token_type": "Bearer",
                "expires_in": 3600,
                "expires_at": "2026-11-20T11:30:00+05:30",
                "refresh_until": "2026-12-20T10:30:00+05:30",
                "person": {"id": 1, "name": "Asha", "email": "asha@example.org", "role": "member"},
            }
        }
    )
    access_token: str
    token_type: str = Field(description="Always `Bearer`.")
    expires_in: int = Field(description="Seconds until the access token ends.")
    expires_at: str
    refresh_until: str = Field(description="Until when the cookie renews it, unless it is used before.")
    person: Owner


@router.post("/login", response_model=Granted)
@v1.post("/auth/login", response_model=Granted)
async def log_in(request: Request, house: HouseDep, config: ConfigDep, wish: Entry) -> Response:
    """An access token for the right credentials, and the cookie that renews it. 401 for a wrong pair, and
    where a code is wanted as well; 429 after too many."""
    security.cookie_name(request, config)
    return await in_turn(partial(_logged_in, request, house, config, wish))


def _logged_in(request: Request, house: House, config: WebConfig, wish: Entry) -> Response:
    code = Secret(wish.code) if wish.code else None
    try:
        pair = renewals.log_in(house, wish.email, Secret(wish.password), _place(request), code=code)
    except Retry as busy:
        wait = wait_words(1 if busy.after is None else math.ceil(busy.after.total_seconds()))
        raise TooMany(f"Too many wrong passwords. Try again in {wait}", after=busy.after) from None
    return _granted(request, house, config, pair)


@router.post("/refresh", response_model=Granted)
@v1.post("/auth/refresh", response_model=Granted)
def refresh(request: Request, house: HouseDep, config: ConfigDep) -> Response:
    """The next access token, and the next cookie: each is good once. 401 for one that was used, which ends
    the sign-in if it was copied."""
    token = security.refresh_token_of(request, config)
    if token is None:
        raise TokenRefused("there is no cookie that renews a sign-in")
    return _granted(request, house, config, renewals.renew(house, token, arrived=request.state.arrived))


@router.post("/logout", status_code=204)
@v1.post("/auth/logout", status_code=204)
def log_out(request: Request, house: HouseDep, config: ConfigDep, visit: MaybeVisit) -> Response:
    """End the sign-in with all its tokens; nothing to end is no error."""
    token = security.refresh_token_of(request, config)
    if token is not None:
        renewals.log_out(house, token)
    if visit is not None and visit.means is Means.ACCESS:
        with house.database.writing() as db:
            identity.log_out(db, house, visit.person.viewer, visit.session.id)
    response = nothing()
    if token is not None:
        security.clear_refresh_cookie(response, request, config)
    return response


def _granted(request: Request, house: House, config: WebConfig, pair: Pair) -> Response:
    person = pair.person
    body: dict[str, Any] = {
        "access_token": pair.access.token.reveal(),
        "token_type": "Bearer",
        "expires_in": int(house.rules.access_life.total_seconds()),
        "expires_at": ist(pair.access.expires),
        "refresh_until": ist(pair.until),
        "person": {"id": person.id, "name": person.name, "email": person.email, "role": person.role},
    }
    response = reply(body)
    security.set_refresh_cookie(response, request, config, pair.renewing, pair.until)
    return response


def _place(request: Request) -> Place:
    address = request.client.host if request.client else ""
    return Place(address, request.headers.get("user-agent", ""))
