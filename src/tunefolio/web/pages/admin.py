"""The house for its admins: where everything is, and the door that asks for the password again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import admin as house_admin
from tunefolio.services import proofs
from tunefolio.services.house import House
from tunefolio.store.db import ReadDb
from tunefolio.store.sessions import Session
from tunefolio.web import render, security
from tunefolio.web.deps import AdminViewer, CurrentSession, CurrentViewer, HouseDep, Reading
from tunefolio.web.errors import TooMany, problem_of
from tunefolio.web.pages.forms import FormSecret, go

router = APIRouter()
PAGE = 40
NextQuery = Annotated[str, Query(max_length=500)]
NextForm = Annotated[str, Form(max_length=500)]


def admin_page(
    request: Request, db: ReadDb, house: House, admin: Viewer, session: Session, template: str, **values: Any
) -> HTMLResponse:
    """A page of admins: says until when she may change things, or asks for her password first."""
    unlocked = proofs.until(db, house, admin, session.id)
    return render.page(request, template, unlocked=unlocked, refusals=house_admin.REFUSALS, **values)


@router.get("/admin")
def overview(
    request: Request, db: Reading, house: HouseDep, admin: AdminViewer, session: CurrentSession
) -> HTMLResponse:
    """What there is to look after."""
    return admin_page(request, db, house, admin, session, "admin/page.html", roles=house_admin.ROLES)


@router.get("/admin/unlock")
def unlock_form(request: Request, _admin: AdminViewer, next: NextQuery = "") -> HTMLResponse:
    return _form(request, next)


@router.post("/admin/unlock")
def unlock(
    request: Request,
    house: HouseDep,
    viewer: CurrentViewer,
    session: CurrentSession,
    password: FormSecret,
    next: NextForm = "",
) -> Response:
    """Opens its own transactions, for argon2 works between them. A wrong password is told on the form."""
    viewer.must_administer()
    try:
        proofs.prove(house, viewer, session.id, Secret(password))
    except (Rejected, Retry) as refusal:
        error = TooMany(refusal.reason, after=refusal.after) if isinstance(refusal, Retry) else refusal
        return _form(request, next, error)
    return go(_back(next))


def _form(request: Request, next: str, error: Exception | None = None) -> HTMLResponse:
    problem = None if error is None else problem_of(error)
    status = 200 if problem is None else problem.status
    return render.page(request, "admin/unlock.html", status=status, next=_back(next), problem=problem)


def _back(next: str) -> str:
    path = security.safe_next(next)
    return "/admin" if path in (security.HOME, "/") else path
