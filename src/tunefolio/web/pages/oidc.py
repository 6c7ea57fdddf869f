"""Signing in by an outside provider of identities: there, and back by one address, whatever it was for."""

from __future__ import annotations

import logging
from typing import Annotated, Any, assert_never

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import TunefolioError
from tunefolio.core.secret import Secret
from tunefolio.services import oidc
from tunefolio.services.house import House
from tunefolio.services.oidc import Came, CodeWanted, Departure, Entered, Linked, Proved
from tunefolio.web import keepsakes, render, security
from tunefolio.web.deps import ConfigDep, CurrentVisit, HouseDep, MaybeVisit, OwnWriting, RowId, Visit
from tunefolio.web.errors import TooMany, problem_of
from tunefolio.web.pages.forms import FormText, go
from tunefolio.web.pages.people import then_of, whence
from tunefolio.web.proved import PROVED
from tunefolio.web.security import WebConfig, safe_next

router = APIRouter()
_HERE = "/settings/security"
_log = logging.getLogger(__name__)
NextForm = Annotated[str, Form(max_length=500)]


@router.post("/sign-in/oidc")
def leave_to_sign_in(
    request: Request, house: HouseDep, config: ConfigDep, next: NextForm = "", invite: FormText = ""
) -> Response:
    """Anybody, on her way there; with the code of an invite if she has one."""
    security.cookie_name(request, config)
    code = Secret(invite) if invite else None
    try:
        departure = oidc.begin_sign_in(house, whence(request)[1], then=safe_next(next), invite=code)
    except TunefolioError as problem:
        return _failed(request, house, problem, "/sign-in")
    return _leave(request, house, config, departure)


@router.post("/settings/identities", dependencies=PROVED)
def leave_to_link(request: Request, house: HouseDep, config: ConfigDep, visit: CurrentVisit) -> Response:
    """The account that she has there shall sign her in."""
    try:
        departure = oidc.begin_link(house, visit.person.viewer, visit.session.id)
    except TunefolioError as problem:
        return _failed(request, house, problem, _HERE)
    return _leave(request, house, config, departure)


@router.post("/settings/identities/{id}/delete", dependencies=PROVED)
def unlink(db: OwnWriting, house: HouseDep, visit: CurrentVisit, id: RowId) -> Response:
    oidc.unlink(db, house, visit.person.viewer, id)
    return go(_HERE)


@router.post("/prove/oidc")
def leave_to_prove(
    request: Request, house: HouseDep, config: ConfigDep, visit: CurrentVisit, next: NextForm = ""
) -> Response:
    """She signs in there anew, which proves her here."""
    then = safe_next(next)
    try:
        departure = oidc.begin_proof(house, visit.person.viewer, visit.session.id, then=then)
    except TunefolioError as problem:
        return _failed(request, house, problem, _HERE)
    return _leave(request, house, config, departure)


@router.get(oidc.CALLBACK)
def come_back(request: Request, house: HouseDep, config: ConfigDep, visit: MaybeVisit) -> Response:
    """Where the provider sends the browser, with a code or with its refusal."""
    given = {name: value[:4000] for name, value in request.query_params.items()}
    token = keepsakes.visit_of(request, config)
    try:
        outcome = oidc.finish(house, token, given, _came(request, config, visit))
    except TunefolioError as problem:
        _log.info("a visit to the provider led to nothing", extra={"problem": type(problem).__name__})
        response: Response = _failed(request, house, problem, "/sign-in" if visit is None else _HERE)
        if isinstance(problem, TooMany):
            return response  # the visit is still good: the same address leads in when the time has passed
    else:
        response = _arrived(request, config, outcome)
    keepsakes.end_visit(response, request, config)
    return response


def _came(request: Request, config: WebConfig, visit: Visit | None) -> Came:
    device, address = whence(request)
    browser = keepsakes.browser_of(request, config)
    if visit is None:
        return Came(device, address, browser)
    return Came(device, address, browser, visit.person.viewer, visit.session.id)


def _arrived(request: Request, config: WebConfig, outcome: oidc.Outcome) -> Response:
    match outcome:
        case Entered():
            response = go(safe_next(outcome.then))
            keepsakes.welcome(response, request, config, outcome.fresh)
            return response
        case CodeWanted():
            response = go("/sign-in/code" + then_of(outcome.then))
            keepsakes.begin_step(response, request, config, outcome.token)
            return response
        case Linked():
            return go(_HERE)
        case Proved():
            return go(safe_next(outcome.then))
        case _:
            assert_never(outcome)


def _leave(request: Request, house: House, config: WebConfig, departure: Departure) -> HTMLResponse:
    """A page that leads there by itself: a form's own answer may not lead to another site (form-action)."""
    response = _page(request, house, 200, address=departure.address.reveal(), problem=None, back="")
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"
    keepsakes.begin_visit(response, request, config, departure.token)
    return response


def _failed(request: Request, house: House, error: TunefolioError, back: str) -> HTMLResponse:
    """What went wrong, and the way back; nothing has changed."""
    problem = problem_of(error)
    response = _page(request, house, problem.status, address="", problem=problem, back=back)
    if problem.retry_after is not None:
        response.headers["retry-after"] = str(problem.retry_after)
    return response


def _page(request: Request, house: House, status: int, **values: Any) -> HTMLResponse:
    title = "single sign-on" if house.provider is None else house.provider.title
    return render.partial(request, "people/oidc.html", status=status, provider=title, **values)
