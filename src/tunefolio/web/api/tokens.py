"""Personal tokens. Made in a signed-in browser alone, by a person who has proved herself again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.errors import Misuse, NotFound, Rejected
from tunefolio.core.identity import TokenId
from tunefolio.core.people import Scope
from tunefolio.core.secret import Secret
from tunefolio.services import proofs, tokens
from tunefolio.services.tokens import LONGEST_DAYS
from tunefolio.store.personal_tokens import PersonalToken
from tunefolio.web.api.answers import Name, ist, nothing, reply
from tunefolio.web.api.sessions import Password
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import (
    CurrentSession,
    CurrentViewer,
    CurrentVisit,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
)

v1 = APIRouter(tags=["access"])


class TokenWish(Body):
    """days: until it ends, null for never. password: one's own, where it was not typed again just now.
    A field that is not known is refused: a misspelt `days` would make a token that lives too long."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = 90
    password: Password | None = None


@v1.get("/tokens")
def listed(db: Reading, viewer: CurrentViewer) -> Response:
    """One's own tokens, newest first, never with their secret."""
    return reply({"data": [shape(one) for one in tokens.listed(db, viewer)]})


@v1.get("/tokens/this")
def this(visit: CurrentVisit) -> Response:
    """The token that asks. 404 for whoever came without one."""
    if visit.token is None:
        raise NotFound("token")
    person = visit.person
    named = {"id": person.id, "name": person.name, "email": person.email, "role": person.role}
    return reply(shape(visit.token) | {"person": named})


@v1.post("/tokens", status_code=201)
def make(house: HouseDep, viewer: CurrentViewer, session: CurrentSession, wish: TokenWish) -> Response:
    """A new token; `token` is shown this once. 403 without a fresh proof: send the password with it."""
    if wish.password is not None:
        _prove(house, viewer, session, wish.password)
    with house.database.writing() as db:
        proofs.must_have_proved(db, house, viewer, session.id)
        fresh = tokens.make(db, house, viewer, wish.name, wish.scopes, days=wish.days)
    return reply(shape(fresh.kept) | {"token": fresh.secret.reveal()}, 201)


def _prove(house: HouseDep, viewer: CurrentViewer, session: CurrentSession, password: str) -> None:
    """Opens its own transactions, for argon2 works between them."""
    try:
        proofs.prove(house, viewer, session.id, Secret(password))
    except Rejected as wrong:
        raise Misuse("password", "is not yours", cure="Try again") from wrong


@v1.delete("/tokens/{token}", status_code=204)
def revoke(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, token: RowId) -> Response:
    """It opens nothing from now on."""
    tokens.revoke(db, house, viewer, TokenId(token))
    return nothing()


def shape(one: PersonalToken) -> dict[str, Any]:
    """A token as its owner may see it."""
    return {
        "id": one.id,
        "name": one.name,
        "ending": one.ending,
        "scopes": sorted(one.scopes),
        "created_at": ist(one.created),
        "expires_at": ist(one.expires),
        "used_at": ist(one.used),
        "used_from": one.used_from or None,
    }
