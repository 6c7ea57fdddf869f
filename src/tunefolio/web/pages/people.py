"""Sign in, sign up, sign out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.secret import Secret
from tunefolio.services import identity
from tunefolio.services.house import House, SignUp
from tunefolio.store import persons
from tunefolio.store.db import ReadDb
from tunefolio.web import render, security
from tunefolio.web.deps import (
    ConfigDep,
    CurrentSession,
    CurrentViewer,
    HouseDep,
    MaybeVisit,
    OpenReading,
    OwnWriting,
)
from tunefolio.web.errors import TooMany, problem_of
from tunefolio.web.pages.forms import FormSecret, FormText, go

router = APIRouter()
NextQuery = Annotated[str, Query(max_length=500)]
NextForm = Annotated[str, Form(max_length=500)]


@router.get("/sign-in")
def sign_in_form(
    request: Request, db: OpenReading, house: HouseDep, visit: MaybeVisit, next: NextQuery = ""
) -> Response:
    """Whoever is signed in already goes on; an empty house asks for its first person."""
    if visit is not None:
        return go(security.safe_next(next))
    if persons.count(db) == 0:
        return go("/sign-up")
    return _sign_in_page(request, db, house, next)


@router.post("/sign-in")
def sign_in(
    request: Request,
    house: HouseDep,
    config: ConfigDep,
    email: FormText,
    password: FormSecret,
    next: NextForm = "",
) -> Response:
    """A wrong pair and too many attempts are told on the form itself, with their status."""
    security.cookie_name(request, config)
    try:
        return _signed_in(request, house, config, email, Secret(password), next)
    except (Rejected, Retry) as refusal:
        error = TooMany(refusal.reason, after=refusal.after) if isinstance(refusal, Retry) else refusal
        with house.database.reading() as db:
            return _sign_in_page(request, db, house, next, email=email, error=error)


@router.get("/sign-up")
def sign_up_form(
    request: Request, db: OpenReading, house: HouseDep, visit: MaybeVisit, invite: NextQuery = ""
) -> Response:
    if visit is not None:
        return go(security.HOME)
    return _sign_up_page(request, db, house, invite=invite)


@router.post("/sign-up")
def sign_up(
    request: Request,
    house: HouseDep,
    config: ConfigDep,
    name: FormText,
    email: FormText,
    password: FormSecret,
    invite: FormText = "",
) -> Response:
    """A new person, signed in at once; what is wrong is told on the form."""
    security.cookie_name(request, config)
    code, secret = Secret(invite) if invite else None, Secret(password)
    try:
        with house.database.writing() as db:
            identity.sign_up(db, house, email, name, secret, invite=code)
    except TunefolioError as error:
        with house.database.reading() as reading:
            return _sign_up_page(request, reading, house, invite=invite, name=name, email=email, error=error)
    return _signed_in(request, house, config, email, secret, "")


@router.post("/sign-out")
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
    response = go("/sign-in")
    security.clear_session_cookie(response, request, config)
    return response


def _signed_in(
    request: Request, house: House, config: security.WebConfig, email: str, password: Secret, next: str
) -> Response:
    address = request.client.host if request.client else ""
    fresh = identity.log_in(house, email, password, request.headers.get("user-agent", ""), address)
    response = go(security.safe_next(next))
    security.set_session_cookie(response, request, config, fresh.token, fresh.expires)
    return response


def _sign_in_page(
    request: Request, db: ReadDb, house: House, next: str, *, email: str = "", error: Exception | None = None
) -> HTMLResponse:
    is_first = persons.count(db) == 0
    can_sign_up = is_first or house.rules.sign_up is not SignUp.CLOSED
    values: dict[str, Any] = {"next": next, "email": email, "is_first": is_first, "can_sign_up": can_sign_up}
    return _form(request, "people/sign_in.html", values, error)


def _sign_up_page(
    request: Request,
    db: ReadDb,
    house: House,
    *,
    invite: str = "",
    name: str = "",
    email: str = "",
    error: Exception | None = None,
) -> HTMLResponse:
    values: dict[str, Any] = {
        "is_first": persons.count(db) == 0,
        "mode": house.rules.sign_up.value,
        "invite": invite,
        "name": name,
        "email": email,
    }
    return _form(request, "people/sign_up.html", values, error)


def _form(request: Request, template: str, values: dict[str, Any], error: Exception | None) -> HTMLResponse:
    problem = None if error is None else problem_of(error)
    response = render.partial(
        request, template, status=problem.status if problem else 200, problem=problem, **values
    )
    if problem is not None and problem.retry_after is not None:
        response.headers["retry-after"] = str(problem.retry_after)
    return response
