"""Settings, sign-in and devices: password, authenticator, passkeys, accounts elsewhere, sessions; and the
proof that dangerous deeds need."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse, NotFound, Rejected, Retry
from tunefolio.core.identity import PasskeyId, SessionId
from tunefolio.core.secret import Secret
from tunefolio.services import factors, identity, oidc, passkeys, proofs, recovery
from tunefolio.services.house import House
from tunefolio.store import authenticators, external_identities, persons
from tunefolio.store.sessions import Session
from tunefolio.web import render
from tunefolio.web.deps import (
    CurrentSession,
    CurrentViewer,
    CurrentVisit,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
    Visit,
)
from tunefolio.web.errors import TooMany, problem_of
from tunefolio.web.pages.forms import FormSecret, FormText, go
from tunefolio.web.pages.people import told
from tunefolio.web.proved import PROVED
from tunefolio.web.security import HOME, safe_next
from tunefolio.web.turns import in_turn

router = APIRouter()
_HERE = "/settings/security"
NextQuery = Annotated[str, Query(max_length=500)]
NextForm = Annotated[str, Form(max_length=500)]
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@router.get(_HERE)
def security(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, session: CurrentSession
) -> HTMLResponse:
    """Everything by which the viewer signs in, and where she is signed in."""
    app = authenticators.find(db, viewer)
    wanted = recovery.wanted_change(db, house, viewer)
    return render.page(
        request,
        "settings/security.html",
        devices=[_device(one) for one in identity.devices(db, house, viewer)],
        current=session.id,
        verified=persons.verified_at(db, viewer),
        wanted=wanted.email if wanted else "",
        authenticator=app if app is not None and app.confirmed is not None else None,
        codes_left=authenticators.codes_left(db, viewer),
        passkeys=passkeys.listed(db, viewer),
        hindrance=passkeys.hindrance(house),
        proved=proofs.until(db, house, viewer, session.id),
        has_password=oidc.has_password(db, viewer),
        provider="" if house.provider is None else house.provider.title,
        linked=oidc.linked(db, house, viewer),
        strays=[
            one for one in external_identities.listed(db, viewer) if one != oidc.linked(db, house, viewer)
        ],
    )


def _device(one: Session) -> dict[str, Any]:
    return {
        "id": one.id,
        "device": one.device,
        "words": device_words(one.device),
        "address": one.address,
        "seen": one.seen,
        "created": one.created,
    }


@router.post("/settings/password")
async def change_password(
    house: HouseDep,
    viewer: CurrentViewer,
    session: CurrentSession,
    old_password: FormSecret,
    new_password: FormSecret,
) -> Response:
    """Every other device is signed out."""
    old, new = Secret(old_password), Secret(new_password)
    try:
        await in_turn(partial(identity.change_password, house, viewer, session.id, old, new))
    except Retry as busy:
        raise TooMany(busy.reason, after=busy.after) from None
    except Rejected as wrong:
        raise Misuse("old_password", "is not the present one", cure="Try again, or ask an admin") from wrong
    return go(_HERE)


@router.post("/settings/password/first", dependencies=PROVED)
async def set_first_password(
    house: HouseDep, viewer: CurrentViewer, session: CurrentSession, new_password: FormSecret
) -> Response:
    """Of somebody who signs in by a provider or a passkey alone."""
    try:
        work = partial(identity.set_first_password, house, viewer, session.id, Secret(new_password))
        await in_turn(work)
    except Retry as busy:
        raise TooMany(busy.reason, after=busy.after) from None
    return go(_HERE)


@router.post("/settings/sessions/end-others")
def end_others(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, session: CurrentSession) -> Response:
    identity.end_other_sessions(db, house, viewer, session.id)
    return go(_HERE)


@router.post("/settings/sessions/{id}/end")
def end_one(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    if not identity.end_session(db, house, viewer, SessionId(id)):
        raise NotFound("session")
    return go(_HERE)


@router.get("/settings/authenticator")
def authenticator(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """The QR code that waits for its first code; else the page it began on."""
    enrolment = factors.pending(db, house, viewer)
    if enrolment is None:
        return go(_HERE)
    return _scan(request, enrolment)


def _scan(request: Request, enrolment: factors.Enrolment, error: Exception | None = None) -> HTMLResponse:
    problem = None if error is None else problem_of(error)
    secret = enrolment.secret.reveal()
    response = render.page(
        request,
        "settings/authenticator.html",
        status=problem.status if problem else 200,
        problem=problem,
        qr=factors.qr(enrolment),
        groups=[secret[start : start + 4] for start in range(0, len(secret), 4)],
    )
    response.headers["cache-control"] = "no-store"
    if problem is not None and problem.retry_after is not None:
        response.headers["retry-after"] = str(problem.retry_after)
    return response


@router.post("/settings/authenticator", dependencies=PROVED)
def begin_authenticator(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    factors.begin(db, house, viewer)
    return go("/settings/authenticator")


@router.get("/settings/authenticator/confirm")
def back_to_authenticator(_visit: CurrentVisit) -> Response:
    """Where the form's answer stood: whoever goes back to it is led on."""
    return go("/settings/authenticator")


@router.post("/settings/authenticator/confirm", dependencies=PROVED)
def confirm_authenticator(
    request: Request, house: HouseDep, viewer: CurrentViewer, code: FormText
) -> Response:
    """On success the recovery codes, on this one answer and never again. What is wrong, or too fast, is told
    beside the picture."""
    try:
        codes = factors.turn_on(house, viewer, Secret(code))
    except (Misuse, Retry) as refusal:
        with house.database.reading() as reading:
            enrolment = factors.pending(reading, house, viewer)
        if enrolment is None:
            raise
        return _scan(request, enrolment, told(refusal))
    return _codes(request, codes)


@router.post("/settings/authenticator/codes", dependencies=PROVED)
def renew_codes(request: Request, db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    return _codes(request, factors.renew_codes(db, house, viewer))


def _codes(request: Request, codes: tuple[str, ...]) -> HTMLResponse:
    response = render.page(request, "settings/codes.html", codes=codes)
    response.headers["cache-control"] = "no-store"
    return response


@router.post("/settings/authenticator/off", dependencies=PROVED)
def turn_authenticator_off(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    factors.turn_off(db, house, viewer)
    return go(_HERE)


@router.post("/settings/passkeys/{id}/name")
def rename_passkey(
    db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId, name: FormText
) -> Response:
    passkeys.rename(db, house, viewer, PasskeyId(id), name)
    return go(_HERE)


@router.post("/settings/passkeys/{id}/delete", dependencies=PROVED)
def forget_passkey(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    passkeys.forget(db, house, viewer, PasskeyId(id))
    return go(_HERE)


@router.get("/prove")
def prove_form(request: Request, house: HouseDep, visit: CurrentVisit, next: NextQuery = "") -> Response:
    """By whatever she has: the password, a code, a passkey."""
    return _prove_page(request, house, visit, next)


@router.post("/prove")
async def prove(
    request: Request,
    house: HouseDep,
    visit: CurrentVisit,
    password: FormSecret = "",
    code: FormText = "",
    next: NextForm = "",
) -> Response:
    """Good for fifteen minutes in this session. What is wrong is told on the form."""
    viewer, session = visit.person.viewer, visit.session.id
    work = (
        partial(proofs.prove_by_code, house, viewer, session, Secret(code))
        if code
        else partial(proofs.prove, house, viewer, session, Secret(password))
    )
    try:
        await in_turn(work)
    except (Rejected, Retry) as refusal:
        return await in_turn(partial(_prove_page, request, house, visit, next, told(refusal)))
    return go(_back(next))


def _prove_page(
    request: Request, house: House, visit: Visit, next: str, error: Exception | None = None
) -> HTMLResponse:
    return asked_to_prove(request, house, visit, "people/prove.html", error=error, next=_back(next))


def asked_to_prove(
    request: Request, house: House, visit: Visit, template: str, *, error: Exception | None, next: str
) -> HTMLResponse:
    """The template with every way that she has to prove herself. next: whither afterwards, a path of here."""
    problem = None if error is None else problem_of(error)
    viewer = visit.person.viewer
    with house.database.reading() as db:
        has_app = factors.is_on(db, viewer)
        keys = passkeys.listed(db, viewer)
        has_password = oidc.has_password(db, viewer)
        is_linked = oidc.linked(db, house, viewer) is not None
    return render.page(
        request,
        template,
        status=problem.status if problem else 200,
        problem=problem,
        next=next,
        has_app=has_app,
        has_passkey=bool(keys) and not passkeys.hindrance(house),
        has_password=has_password,
        provider=house.provider.title if house.provider is not None and is_linked else "",
    )


def _back(next: str) -> str:
    path = safe_next(next)
    return _HERE if path in (HOME, "/") else path


def device_words(agent: str) -> str:
    """Chrome on Linux: a user agent as a person would say it; its start when it is of no known browser."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if not browser:
        return agent[:60] or "An unnamed program"
    return f"{browser} on {system}" if system else browser
