"""Users of the house: who they are, what they may do, where they are signed in; invites."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import InviteId, PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import admin as house_admin
from tunefolio.services import identity
from tunefolio.services.house import House
from tunefolio.store.db import ReadDb
from tunefolio.store.sessions import Session
from tunefolio.web.deps import AdminViewer, CurrentSession, HouseDep, OwnWriting, Reading, RowId
from tunefolio.web.pages.admin import PAGE, admin_page
from tunefolio.web.pages.forms import FormText, QueryId, find_id, go

router = APIRouter(prefix="/admin")
_HOME = "/admin/users"
FormRole = Annotated[Role, Form()]


@router.get("/users")
def users(
    request: Request,
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    session: CurrentSession,
    after: QueryId = "",
) -> HTMLResponse:
    return _page(request, db, house, admin, session, after)


@router.post("/users/{id}/role")
def set_role(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId, role: FormRole) -> Response:
    identity.set_role(db, house, admin, PersonId(id), role)
    return go(_HOME)


@router.post("/users/{id}/disable")
def disable(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    identity.disable(db, house, admin, PersonId(id))
    return go(_HOME)


@router.post("/users/{id}/enable")
def enable(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    identity.enable(db, house, admin, PersonId(id))
    return go(_HOME)


@router.post("/users/{id}/sign-out")
def sign_out(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    """Everywhere at once; open pages end within a minute."""
    house_admin.sign_out_everywhere(db, house, admin, PersonId(id))
    return go(_HOME)


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
    return _page(request, db, house, admin, session, "", code)


@router.post("/invites/{id}/revoke")
def revoke(db: OwnWriting, admin: AdminViewer, id: RowId) -> Response:
    house_admin.revoke_invite(db, admin, InviteId(id))
    return go(_HOME)


def _page(
    request: Request,
    db: ReadDb,
    house: House,
    admin: Viewer,
    session: Session,
    after: str,
    code: Secret | None = None,
) -> HTMLResponse:
    last = find_id(after, "after")
    found = house_admin.users(db, house, admin, None if last is None else PersonId(last), PAGE + 1)
    return admin_page(
        request,
        db,
        house,
        admin,
        session,
        "admin/users.html",
        users=found[:PAGE],
        more=f"{_HOME}?after={found[PAGE - 1].person.id}" if len(found) > PAGE else "",
        invites=house_admin.open_invites(db, house, admin),
        roles=house_admin.ROLES,
        link="" if code is None else f"{house.rules.public_url}/sign-up?invite={code.reveal()}",
    )
