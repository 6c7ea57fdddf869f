"""Settings of the house, for its admins: people, invites, roles, and what the operator has set."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import InviteId, PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import admin as overview
from tunefolio.services import identity
from tunefolio.services.house import House
from tunefolio.services.views import health
from tunefolio.store.db import ReadDb
from tunefolio.web import render
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, Reading, RowId
from tunefolio.web.pages.forms import FormText, go

router = APIRouter(prefix="/settings")
FormRole = Annotated[Role, Form()]


@router.get("/people")
def people(request: Request, db: Reading, house: HouseDep, admin: AdminViewer) -> HTMLResponse:
    return _page(request, db, house, admin)


@router.post("/people/{id}/role")
def set_role(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId, role: FormRole) -> Response:
    identity.set_role(db, house, admin, PersonId(id), role)
    return go("/settings/people")


@router.post("/people/{id}/disable")
def disable(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    identity.disable(db, house, admin, PersonId(id))
    return go("/settings/people")


@router.post("/people/{id}/enable")
def enable(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    identity.enable(db, house, admin, PersonId(id))
    return go("/settings/people")


@router.post("/invites")
def invite(
    request: Request,
    db: OwnWriting,
    house: HouseDep,
    admin: AdminViewer,
    role: FormRole,
    email: FormText = "",
) -> HTMLResponse:
    """The link is part of this one answer and is never shown again, so there is nothing to go to."""
    code = identity.invite(db, house, admin, email=email, role=role)
    return _page(request, db, house, admin, code)


@router.post("/invites/{id}/revoke")
def revoke(db: OwnWriting, admin: AdminViewer, id: RowId) -> Response:
    overview.revoke_invite(db, admin, InviteId(id))
    return go("/settings/people")


@router.get("/server")
def server(request: Request, house: HouseDep, _admin: AdminViewer) -> HTMLResponse:
    """What the operator has set, to read."""
    titles = [broker.title for broker in house.brokers.values()]
    return render.page(
        request, "settings/server.html", rules=house.rules, health=health(house), brokers=titles
    )


def _page(
    request: Request, db: ReadDb, house: House, admin: Viewer, code: Secret | None = None
) -> HTMLResponse:
    return render.page(
        request,
        "settings/people.html",
        people=list(identity.iter_people(db, admin)),
        invites=overview.open_invites(db, house, admin),
        roles=[role.value for role in Role],
        link="" if code is None else f"{house.rules.public_url}/sign-up?invite={code.reveal()}",
    )
