"""A new password by a link, and the confirmation of an address: pages before the door."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from tunefolio.core.errors import Misuse, Retry
from tunefolio.core.secret import Secret
from tunefolio.services import mails, recovery
from tunefolio.services.house import House
from tunefolio.web.deps import HouseDep, OpenReading
from tunefolio.web.pages.forms import FormSecret, FormText
from tunefolio.web.pages.people import TokenForm, TokenQuery, form, told, whence
from tunefolio.web.turns import in_turn

router = APIRouter()


@router.get("/forgot")
def forgot_form(request: Request, house: HouseDep) -> Response:
    return form(request, "people/forgot.html", {"is_asked": False, "sends_mail": mails.can_send(house)})


@router.post("/forgot")
def forgot(request: Request, house: HouseDep, email: FormText) -> Response:
    """The same answer after the same work, whether or not anybody has that address."""
    values = {"is_asked": True, "sends_mail": mails.can_send(house)}
    try:
        recovery.ask_reset(house, email, whence(request)[1])
    except Retry as busy:
        return form(request, "people/forgot.html", values | {"is_asked": False}, told(busy))
    return form(request, "people/forgot.html", values)


@router.get("/reset")
def reset_form(request: Request, db: OpenReading, house: HouseDep, token: TokenQuery = "") -> Response:
    """Looking uses nothing up: mail programs look at links before people do."""
    values = {"token": token, "is_open": recovery.is_open(db, house, Secret(token)), "is_done": False}
    return form(request, "people/reset.html", values)


@router.post("/reset")
async def reset(request: Request, house: HouseDep, token: TokenForm, new_password: FormSecret) -> Response:
    """Afterwards she signs in with it, and with her code where an authenticator is on."""
    return await in_turn(partial(_reset, request, house, Secret(token), Secret(new_password)))


def _reset(request: Request, house: House, token: Secret, new: Secret) -> Response:
    values = {"token": token.reveal(), "is_open": True, "is_done": False}
    try:
        recovery.reset(house, token, new)
    except Misuse as wrong:
        values |= {"is_open": wrong.field != "link"}
        return form(request, "people/reset.html", values, wrong)
    except Retry as busy:
        return form(request, "people/reset.html", values, told(busy))
    return form(request, "people/reset.html", values | {"is_done": True})


@router.get("/confirm")
def confirm_form(request: Request, db: OpenReading, house: HouseDep, token: TokenQuery = "") -> Response:
    """Looking uses nothing up."""
    link = recovery.pending(db, house, Secret(token))
    return form(request, "people/confirm.html", {"token": token, "link": link, "is_done": False})


@router.post("/confirm")
def confirm(request: Request, house: HouseDep, token: TokenForm) -> Response:
    values = {"token": token, "link": None, "is_done": False}
    try:
        with house.database.writing() as db:
            link = recovery.confirm(db, house, Secret(token))
    except Misuse as wrong:
        return form(request, "people/confirm.html", values, wrong)
    return form(request, "people/confirm.html", values | {"link": link, "is_done": True})
