"""Settings, profile: the person's name and address, how she signs in, and what the house knows of her."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.services import factors, identity, mails, oidc, passkeys, profile, proofs, recovery
from tunefolio.store import accounts, personal_tokens, persons, portfolios
from tunefolio.web import render
from tunefolio.web.deps import CurrentSession, CurrentViewer, HouseDep, OwnWriting, Reading
from tunefolio.web.pages.forms import FormText, go
from tunefolio.web.proved import PROVED

router = APIRouter()
_HERE = "/settings/profile"


@router.get(_HERE)
def page(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, session: CurrentSession
) -> HTMLResponse:
    """Who she is here, her address with its state, and what is kept about her."""
    wanted = recovery.wanted_change(db, house, viewer)
    provider = house.provider.title if house.provider is not None else ""
    return render.page(
        request,
        "settings/profile.html",
        verified=persons.verified_at(db, viewer),
        wanted=wanted.email if wanted else "",
        sends_mail=mails.can_send(house),
        proved=proofs.until(db, house, viewer, session.id),
        has_password=oidc.has_password(db, viewer),
        has_app=factors.is_on(db, viewer),
        passkeys=len(passkeys.listed(db, viewer)),
        provider=provider if oidc.linked(db, house, viewer) is not None else "",
        devices=len(identity.devices(db, house, viewer)),
        tokens=personal_tokens.count(db, viewer),
        portfolios=len(portfolios.listed(db, viewer)),
        accounts=len(accounts.listed(db, viewer)),
    )


@router.post("/settings/name")
def rename(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, name: FormText) -> Response:
    profile.rename(db, house, viewer, name)
    return go(_HERE)


@router.post("/settings/email/verify")
def verify_email(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Another link to the present address."""
    recovery.ask_verification(db, house, viewer)
    return go(_HERE)


@router.post("/settings/email", dependencies=PROVED)
def change_email(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, email: FormText) -> Response:
    """The new address counts once its link was opened."""
    recovery.ask_change(db, house, viewer, email)
    return go(_HERE)
