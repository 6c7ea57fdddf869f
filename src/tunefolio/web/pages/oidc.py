"""Signing in by an outside provider of identities: there, and back by one address, whatever it was for; and
the question to whom no account knows yet."""

from __future__ import annotations

import logging
from typing import Annotated, Any, assert_never

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound, TunefolioError
from tunefolio.core.secret import Secret
from tunefolio.services import oidc, oidc_newcomers, proofs
from tunefolio.services.house import House
from tunefolio.services.oidc import Came, CodeWanted, Departure, Entered, Linked, NotKnown, Proved
from tunefolio.services.oidc_newcomers import Newcomer
from tunefolio.services.proofs import ProofNeeded
from tunefolio.services.steps import StepOver
from tunefolio.web import keepsakes, render, security
from tunefolio.web.deps import ConfigDep, CurrentVisit, HouseDep, MaybeVisit, OwnWriting, RowId, Visit
from tunefolio.web.errors import TooMany, problem_of
from tunefolio.web.pages.forms import FormSecret, FormText, go
from tunefolio.web.pages.people import then_of, whence
from tunefolio.web.proved import PROVED, prove_by_password
from tunefolio.web.security import HOME, WebConfig, safe_next

router = APIRouter()
_HERE = "/settings/security"
_NEW = "/sign-in/oidc/new"
_CONNECT = "/sign-in/oidc/connect"
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
        departure = oidc.begin_sign_in(house, whence(request)[1], then=_beyond(next), invite=code)
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


@router.get(_NEW)
def ask(request: Request, house: HouseDep, config: ConfigDep) -> Response:
    """Whom the provider vouches for and no account knows: she says which it shall be. Looking makes nothing
    and looks nobody up."""
    return _choice(request, house, config, "people/newcomer.html", "/sign-in")


@router.post(_NEW)
def make_account(
    request: Request, house: HouseDep, config: ConfigDep, visit: MaybeVisit, invite: FormText = ""
) -> Response:
    """A new account, and she is in; what is refused is told beside the choice, which stays open."""
    security.cookie_name(request, config)
    code, token = Secret(invite) if invite else None, keepsakes.choice_of(request, config)
    try:
        made = oidc_newcomers.make_account(house, token, _came(request, config, visit), invite=code)
    except TunefolioError as problem:
        return _choice(request, house, config, "people/newcomer.html", "/sign-in", problem, invite=invite)
    response = _arrived(request, config, made)
    keepsakes.end_choice(response, request, config)
    return response


@router.get(_CONNECT)
def connect_form(request: Request, house: HouseDep, config: ConfigDep, visit: CurrentVisit) -> Response:
    """Whoever is not signed in does that first, by whichever way she has, and is led back here."""
    return _connect_page(request, house, config, visit)


@router.post(_CONNECT)
def connect(
    request: Request, house: HouseDep, config: ConfigDep, visit: CurrentVisit, password: FormSecret = ""
) -> Response:
    """The identity signs her in from now on. A proof is wanted, or the password with it."""
    viewer, token = visit.person.viewer, keepsakes.choice_of(request, config)
    try:
        prove_by_password(house, visit, password)
        with house.database.writing() as db:
            proofs.must_have_proved(db, house, viewer, visit.session.id)
            then = oidc_newcomers.connect(db, house, viewer, token)
    except ProofNeeded:
        raise
    except TunefolioError as problem:
        return _connect_page(request, house, config, visit, problem)
    response = go(safe_next(then))
    keepsakes.end_choice(response, request, config)
    return response


@router.post("/sign-in/oidc/not-now")
def choose_neither(request: Request, house: HouseDep, config: ConfigDep, visit: MaybeVisit) -> Response:
    """Nothing is made, and what the provider said is good for nothing any more."""
    back = "/sign-in" if visit is None else _HERE
    try:
        oidc_newcomers.leave(house, keepsakes.choice_of(request, config))
    except TunefolioError as problem:
        response = _failed(request, house, problem, back)
    else:
        response = _page(request, house, 200, address="", problem=None, back=back)
    keepsakes.end_choice(response, request, config)
    return response


def _connect_page(
    request: Request, house: House, config: WebConfig, visit: Visit, problem: TunefolioError | None = None
) -> HTMLResponse:
    viewer = visit.person.viewer
    with house.database.reading() as db:
        proved = proofs.until(db, house, viewer, visit.session.id)
        has_password = oidc.has_password(db, viewer)
    values = {"account": visit.person, "proved": proved, "has_password": has_password}
    return _choice(request, house, config, "people/connect.html", _HERE, problem, **values)


def _choice(
    request: Request,
    house: House,
    config: WebConfig,
    template: str,
    back: str,
    error: TunefolioError | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page about what waits in this browser, with what is wrong; back: whither where nothing waits."""
    try:
        with house.database.reading() as db:
            newcomer = oidc_newcomers.newcomer_of(db, house, keepsakes.choice_of(request, config))
    except (StepOver, NotFound) as over:
        return _failed(request, house, over, back)
    problem = None if error is None else problem_of(error)
    shown = {"invite": "", "found": newcomer.found, "making": _making(house, newcomer), "problem": problem}
    response = _shown(request, house, template, problem.status if problem else 200, **shown | values)
    if problem is not None and problem.retry_after is not None:
        response.headers["retry-after"] = str(problem.retry_after)
    return response


def _making(house: House, newcomer: Newcomer) -> str:
    """Who may have a new account made: open, invite, closed; or nameless, for one needs an address."""
    return oidc.sign_up_rule(house).value if newcomer.found.email else "nameless"


def _beyond(next: str) -> str:
    """Where she wanted to go, which is never back into the question."""
    path = safe_next(next)
    return HOME if path.startswith("/sign-in") else path


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
        case NotKnown():
            response = go(_NEW)
            keepsakes.begin_choice(response, request, config, outcome.token)
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
    return _shown(request, house, "people/oidc.html", status, **values)


def _shown(request: Request, house: House, template: str, status: int, **values: Any) -> HTMLResponse:
    title = "single sign-on" if house.provider is None else house.provider.title
    response = render.partial(request, template, status=status, provider=title, **values)
    response.headers["cache-control"] = "no-store"
    return response
