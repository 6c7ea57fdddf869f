"""The people of the house, for its admins: roles, shutting out and letting in, invites."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunefolio.core.identity import InviteId, PersonId
from tunefolio.core.people import Person, Role
from tunefolio.services import admin as house_admin
from tunefolio.services import identity
from tunefolio.store.invites import Invite
from tunefolio.web.api.answers import Cursor, Limit, Text, after_id, ist, leaf, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, Reading, RowId

v1 = APIRouter(tags=["people"])
_ADMIN = "/admin"


class RoleWish(Body):
    role: Role


class InviteWish(Body):
    """email: the only address the code is good for; empty for anyone's."""

    email: Text = ""
    role: Role = Role.MEMBER


@v1.get("/persons")
@v1.get(_ADMIN + "/persons")
def people(db: Reading, admin: AdminViewer, limit: Limit = 50, cursor: Cursor = "") -> Response:
    """Everybody, in the order they came; admins only."""
    after = after_id(cursor)
    found = house_admin.people(db, admin, None if after is None else PersonId(after), limit + 1)
    return leaf(found, limit, person, last=lambda one: one.id)


@v1.put(_ADMIN + "/persons/{id}/role", status_code=204)
def set_role(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId, wish: RoleWish) -> Response:
    identity.set_role(db, house, admin, PersonId(id), wish.role)
    return nothing()


@v1.post(_ADMIN + "/persons/{id}/disable", status_code=204)
def disable(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    """Shut out at once; nothing of theirs is lost."""
    identity.disable(db, house, admin, PersonId(id))
    return nothing()


@v1.post(_ADMIN + "/persons/{id}/enable", status_code=204)
def enable(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    identity.enable(db, house, admin, PersonId(id))
    return nothing()


@v1.get(_ADMIN + "/invites")
def invites(
    db: Reading, house: HouseDep, admin: AdminViewer, limit: Limit = 50, cursor: Cursor = ""
) -> Response:
    """The admin's invites that can still be used, newest first; their codes are never shown again."""
    last = after_id(cursor)
    before = None if last is None else InviteId(last)
    found = house_admin.open_invites(db, house, admin, before, limit + 1)
    return leaf(found, limit, open_invite, last=lambda one: one.id)


def open_invite(one: Invite) -> dict[str, Any]:
    return {
        "id": one.id,
        "email": one.email or None,
        "role": one.role,
        "created_at": ist(one.created),
        "expires_at": ist(one.expires),
    }


@v1.post(_ADMIN + "/invites", status_code=201)
def invite(admin: AdminViewer, db: OwnWriting, house: HouseDep, wish: InviteWish) -> Response:
    """A one-time code, shown only now."""
    code = identity.invite(db, house, admin, email=wish.email, role=wish.role)
    return reply(
        {"code": code.reveal(), "link": f"{house.rules.public_url}/sign-up?invite={code.reveal()}"}, 201
    )


@v1.delete(_ADMIN + "/invites/{id}", status_code=204)
def revoke(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    house_admin.revoke_invite(db, house, admin, InviteId(id))
    return nothing()


def person(one: Person) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "email": one.email,
        "role": one.role,
        "created_at": ist(one.created),
        "disabled_at": ist(one.disabled),
    }
