"""Users of the house: who they are, what they may do, where they are signed in; invites."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import InviteId, PersonId
from tunefolio.core.people import Role
from tunefolio.services import admin as house_admin
from tunefolio.services import identity
from tunefolio.web.deps import AdminViewer, CurrentSession, HouseDep, OwnWriting, RowId
from tunefolio.web.pages.admin import PAGE, AdminDesk, Desk, back, id_in, leaf
from tunefolio.web.pages.forms import FormText, QueryId, go

router = APIRouter(prefix="/admin")
_HOME = "/admin/users"
FormRole = Annotated[Role, Form()]


@router.get("/users")
def users(desk: AdminDesk, after: QueryId = "") -> HTMLResponse:
    return _page(desk, after)


@router.post("/users/{id}/role")
def set_role(
    request: Request, db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId, role: FormRole
) -> Response:
    identity.set_role(db, house, admin, PersonId(id), role)
    return back(request, _HOME)


@router.post("/users/{id}/disable")
def disable(request: Request, db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    identity.disable(db, house, admin, PersonId(id))
    return back(request, _HOME)


@router.post("/users/{id}/enable")
def enable(request: Request, db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    identity.enable(db, house, admin, PersonId(id))
    return back(request, _HOME)


@router.post("/users/{id}/sign-out")
def sign_out(request: Request, db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    """On every device at once; open pages end within a minute. Programs with a token of hers go on."""
    house_admin.sign_out_everywhere(db, house, admin, PersonId(id))
    return back(request, _HOME)


@router.post("/users/{id}/end-tokens")
def end_tokens(request: Request, db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    house_admin.end_tokens(db, house, admin, PersonId(id))
    return back(request, _HOME)


@router.post("/invites")
def invite(
    request: Request,
    db: OwnWriting,
    house: HouseDep,
    admin: AdminViewer,
    session: CurrentSession,
    role: FormRole,
    email: FormText = "",
) -> HTMLResponse:
    """The link is part of this one answer and is never shown again, so there is nothing to go to."""
    code = identity.invite(db, house, admin, email=email, role=role)
    return _page(
        Desk(request, db, house, admin, session),
        link=f"{house.rules.public_url}/sign-up?invite={code.reveal()}",
    )


@router.post("/invites/{id}/revoke")
def revoke(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    house_admin.revoke_invite(db, house, admin, InviteId(id))
    return go(_HOME)


def _page(desk: Desk, after: str = "", *, link: str = "") -> HTMLResponse:
    """link: of an invite made just now."""
    start = id_in(after, "after", PersonId)
    found = house_admin.users(desk.db, desk.house, desk.admin, start, PAGE + 1)
    rows, more = leaf(found, _HOME, {}, last=lambda one: one.person.id, cursor="after")
    return desk.page(
        "admin/users.html",
        users=rows,
        more=more,
        invites=house_admin.open_invites(desk.db, desk.house, desk.admin, None, PAGE),
        roles=house_admin.ROLES,
        link=link,
    )
