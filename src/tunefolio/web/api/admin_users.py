"""Users for programs of admins; the proof that changes need; what cannot be done here, and why."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from starlette.responses import Response

from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.identity import PersonId
from tunefolio.core.secret import Secret
from tunefolio.services import admin as house_admin
from tunefolio.services import identity, proofs
from tunefolio.services.admin import REFUSALS, ROLES, Refused
from tunefolio.store.admin import PersonRow
from tunefolio.web.api import persons
from tunefolio.web.api.answers import Cursor, Limit, after_id, clean, ist, leaf, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import (
    AdminViewer,
    CurrentSession,
    CurrentViewer,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
)

v1 = APIRouter(tags=["admin"])
Password = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=200)]


class Proof(Body):
    """password: the admin's own, typed again."""

    password: Password


@v1.get("/admin/unlock")
def unlocked(db: Reading, house: HouseDep, admin: AdminViewer, session: CurrentSession) -> Response:
    """Until when this session may change things of the house; null: the password is wanted first."""
    return reply({"unlocked_until": ist(proofs.until(db, house, admin, session.id))})


@v1.post("/admin/unlock")
def unlock(house: HouseDep, viewer: CurrentViewer, session: CurrentSession, proof: Proof) -> Response:
    """The admin's password again: for 15 minutes she may change things. 422 for a wrong one, 429 for too
    many."""
    viewer.must_administer()
    try:
        until = proofs.prove(house, viewer, session.id, Secret(proof.password))
    except Rejected as wrong:
        raise Misuse("password", "is not yours", cure="Try again; others are not asked for here") from wrong
    return reply({"unlocked_until": ist(until)})


@v1.get("/admin/users")
def users(
    db: Reading, house: HouseDep, admin: AdminViewer, limit: Limit = 50, cursor: Cursor = ""
) -> Response:
    """Everybody with counts, in the order they came; admins only."""
    after = after_id(cursor)
    found = house_admin.users(db, house, admin, None if after is None else PersonId(after), limit + 1)
    return leaf(found, limit, user, last=lambda one: one.person.id)


def user(one: PersonRow) -> dict[str, Any]:
    return persons.person(one.person) | {
        "may": ROLES[one.person.role],
        "portfolios": one.portfolios,
        "accounts": one.accounts,
        "sessions": one.sessions,
        "tokens": one.tokens,
        "seen_at": ist(one.seen),
    }


@v1.get("/admin/users/{id}")
def one_user(db: Reading, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    """One of them, as the list shows her; admins only."""
    return reply(user(house_admin.user(db, house, admin, PersonId(id))))


@v1.patch("/admin/users/{id}", status_code=204)
def change_user(
    admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId, wish: persons.RoleWish
) -> Response:
    """Give a person another role; the house keeps at least one admin."""
    identity.set_role(db, house, admin, PersonId(id), wish.role)
    return nothing()


@v1.post("/admin/users/{id}/disable", status_code=204)
def disable(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    """Shut out at once, with every session and token; nothing of theirs is lost."""
    identity.disable(db, house, admin, PersonId(id))
    return nothing()


@v1.post("/admin/users/{id}/enable", status_code=204)
def enable(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    """Let somebody in again who was shut out."""
    identity.enable(db, house, admin, PersonId(id))
    return nothing()


@v1.post("/admin/users/{id}/sign-out", status_code=204)
def sign_out(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    """End every session of a person, with the access and refresh tokens that came of them; her personal
    tokens stay open."""
    house_admin.sign_out_everywhere(db, house, admin, PersonId(id))
    return nothing()


@v1.post("/admin/users/{id}/end-tokens", status_code=204)
def end_tokens(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    """Revoke every personal token of a person; her sessions stay open."""
    house_admin.end_tokens(db, house, admin, PersonId(id))
    return nothing()


@v1.get("/admin/refusals")
def refusals(_admin: AdminViewer) -> Response:
    """What not even an admin may do here, why, and what to do instead."""
    rows = [{"deed": deed.value, "reason": reason, "cure": cure} for deed, (reason, cure) in REFUSALS.items()]
    return reply({"data": rows})


@v1.delete("/admin/users/{id}", status_code=204)
def delete_user(_admin: AdminViewer, id: RowId) -> Response:
    """Refused: 403 says why, and what to do instead."""
    house_admin.refuse(Refused.DELETE_PERSON, id)
