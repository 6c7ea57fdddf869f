"""Sign in, by password and code; sign up; sign out."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.people import Person
from tunefolio.core.secret import Secret
from tunefolio.services import identity, oidc, passkeys, sign_ups, steps
from tunefolio.services.house import House, SignUp
from tunefolio.services.identity import FactorNeeded
from tunefolio.services.steps import StepOver
from tunefolio.store import persons
from tunefolio.store.db import ReadDb
from tunefolio.web import keepsakes, render, security
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
from tunefolio.web.turns import in_turn

router = APIRouter()
NextQuery = Annotated[str, Query(max_length=500)]
NextForm = Annotated[str, Form(max_length=500)]
TokenQuery = Annotated[str, Query(max_length=100)]
TokenForm = Annotated[str, Form(max_length=100)]


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
async def sign_in(
    request: Request,
    house: HouseDep,
    config: ConfigDep,
    email: FormText,
    password: FormSecret,
    next: NextForm = "",
) -> Response:
    """A wrong pair and too many attempts are told on the form itself, with their status. Where an
    authenticator is on, the code is asked for on the next page."""
    security.cookie_name(request, config)
    return await in_turn(partial(_sign_in, request, house, config, email, Secret(password), next))


def _sign_in(
    request: Request, house: House, config: security.WebConfig, email: str, password: Secret, next: str
) -> Response:
    try:
        return _signed_in(request, house, config, email, password, next)
    except FactorNeeded as needed:
        response = go("/sign-in/code" + then_of(next))
        keepsakes.begin_step(response, request, config, steps.ask_code(house, needed.person))
        return response
    except (Rejected, Retry) as refusal:
        with house.database.reading() as db:
            return _sign_in_page(request, db, house, next, email=email, error=told(refusal))


@router.get("/sign-in/code")
def code_form(request: Request, config: ConfigDep, next: NextQuery = "") -> Response:
    """Whoever has not given her password in this browser begins there."""
    if keepsakes.step_of(request, config) is None:
        return go("/sign-in" + then_of(next))
    return form(request, "people/code.html", {"next": next})


@router.post("/sign-in/code")
def sign_in_by_code(
    request: Request, house: HouseDep, config: ConfigDep, code: FormText, next: NextForm = ""
) -> Response:
    """The app's code, or a recovery code. A wrong one may be tried again; a step that is over begins anew."""
    token, browser = keepsakes.step_of(request, config), keepsakes.browser_of(request, config)
    try:
        device, address = whence(request)
        fresh = steps.answer_code(house, token, Secret(code), device, address, browser=browser)
    except StepOver as over:
        with house.database.reading() as db:
            return _sign_in_page(request, db, house, next, error=over)
    except (Rejected, Retry) as refusal:
        return form(request, "people/code.html", {"next": next}, told(refusal))
    response = go(security.safe_next(next))
    keepsakes.welcome(response, request, config, fresh)
    return response


@router.get("/sign-up")
def sign_up_form(
    request: Request, db: OpenReading, house: HouseDep, visit: MaybeVisit, invite: NextQuery = ""
) -> Response:
    if visit is not None:
        return go(security.HOME)
    return _sign_up_page(request, db, house, invite=invite)


@router.post("/sign-up")
async def sign_up(
    request: Request,
    house: HouseDep,
    config: ConfigDep,
    name: FormText,
    email: FormText,
    password: FormSecret = "",
    invite: FormText = "",
) -> Response:
    """A new person, signed in at once; or, where accounts are made by a link, the same page for everybody.
    What is wrong is told on the form."""
    security.cookie_name(request, config)
    given = {"invite": invite, "name": name, "email": email}
    return await in_turn(partial(_sign_up, request, house, config, given, Secret(password)))


def _sign_up(
    request: Request, house: House, config: security.WebConfig, given: dict[str, str], password: Secret
) -> Response:
    code = Secret(given["invite"]) if given["invite"] else None
    address = whence(request)[1]
    try:
        person = sign_ups.come(house, given["email"], given["name"], password, address, invite=code)
    except TunefolioError as error:
        with house.database.reading() as reading:
            return _sign_up_page(request, reading, house, **given, error=told(error))
    if person is None:
        return form(request, "people/sign_up_asked.html", {"email": given["email"]})
    return _welcomed(request, house, config, person)


def _welcomed(request: Request, house: House, config: security.WebConfig, person: Person) -> Response:
    """Whoever has just joined is signed in by that."""
    device, address = whence(request)
    response = go(security.HOME)
    browser = keepsakes.browser_of(request, config)
    fresh = identity.open_session(house, person, device, address, browser=browser)
    keepsakes.welcome(response, request, config, fresh)
    return response


@router.get("/sign-up/confirm")
def confirm_form(request: Request, db: OpenReading, house: HouseDep, token: TokenQuery = "") -> Response:
    """Looking uses nothing up: mail programs look at links before people do."""
    wish = sign_ups.pending(db, house, Secret(token))
    values = {"token": token, "email": wish.email if wish else "", "name": wish.name if wish else ""}
    return form(request, "people/sign_up_confirm.html", values)


@router.post("/sign-up/confirm")
async def confirm(
    request: Request,
    house: HouseDep,
    config: ConfigDep,
    token: TokenForm,
    name: FormText,
    password: FormSecret,
) -> Response:
    """The account is made, its address confirmed by that, and she is signed in."""
    security.cookie_name(request, config)
    return await in_turn(partial(_confirm, request, house, config, Secret(token), name, Secret(password)))


def _confirm(
    request: Request,
    house: House,
    config: security.WebConfig,
    token: Secret,
    name: str,
    password: Secret,
) -> Response:
    try:
        person = sign_ups.finish(house, token, password, name=name)
    except TunefolioError as error:
        with house.database.reading() as db:
            wish = sign_ups.pending(db, house, token)
        values = {"token": token.reveal(), "email": wish.email if wish else "", "name": name}
        return form(request, "people/sign_up_confirm.html", values, told(error))
    return _welcomed(request, house, config, person)


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
    device, address = whence(request)
    browser = keepsakes.browser_of(request, config)
    fresh = identity.log_in(house, email, password, device, address, browser=browser)
    response = go(security.safe_next(next))
    keepsakes.welcome(response, request, config, fresh)
    return response


def whence(request: Request) -> tuple[str, str]:
    """(device, address) of a request."""
    return request.headers.get("user-agent", ""), request.client.host if request.client else ""


def told(error: TunefolioError) -> Exception:
    """As a form says it: whoever hashes or guesses too much is asked to wait."""
    return TooMany(error.reason, after=error.after) if isinstance(error, Retry) else error


def then_of(next: str) -> str:
    """The query that carries where she wanted to go; "" for nowhere."""
    return f"?{urlencode({'next': next})}" if next else ""


def _sign_in_page(
    request: Request, db: ReadDb, house: House, next: str, *, email: str = "", error: Exception | None = None
) -> HTMLResponse:
    is_first = persons.count(db) == 0
    can_sign_up = is_first or house.rules.sign_up is not SignUp.CLOSED
    values: dict[str, Any] = {
        "next": next,
        "email": email,
        "is_first": is_first,
        "can_sign_up": can_sign_up,
        "has_passkeys": not passkeys.hindrance(house),
        "provider": _provider(house),
    }
    return form(request, "people/sign_in.html", values, error)


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
        "by_mail": not invite and sign_ups.goes_by_mail(db, house),
        "provider": _provider(house),
        "provider_mode": oidc.sign_up_rule(house).value,
        "invite": invite,
        "name": name,
        "email": email,
    }
    return form(request, "people/sign_up.html", values, error)


def _provider(house: House) -> str:
    """What the provider of identities is called; "" without one."""
    return "" if house.provider is None else house.provider.title


def form(
    request: Request, template: str, values: dict[str, Any], error: Exception | None = None
) -> HTMLResponse:
    """A page before the door, with what is wrong on it and the status of that."""
    problem = None if error is None else problem_of(error)
    response = render.partial(
        request, template, status=problem.status if problem else 200, problem=problem, **values
    )
    if problem is not None and problem.retry_after is not None:
        response.headers["retry-after"] = str(problem.retry_after)
    return response
