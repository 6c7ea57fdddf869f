"""Settings, API tokens: what a person's programs hold, and the one moment in which a new one is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TokenId
from tunefolio.core.people import Role, Scope
from tunefolio.services import oidc, proofs, tokens
from tunefolio.services.house import House
from tunefolio.services.tokens import FreshToken
from tunefolio.web import render
from tunefolio.web.deps import CurrentVisit, HouseDep, OwnWriting, RowId, Visit
from tunefolio.web.pages.forms import FormSecret, FormText, go
from tunefolio.web.proved import prove_by_password

router = APIRouter()
SCOPES: Mapping[Scope, str] = {
    Scope.READ: "see everything you see",
    Scope.IMPORT: "record, import and correct; portfolios, lists and alerts",
    Scope.SYNC: "fetch from brokers and sources, take snapshots",
    Scope.TRADE: "give orders",
    Scope.ADMIN: "run the house: users, jobs, instruments",
}
LIVES: Mapping[str, str] = {
    "7": "a week",
    "30": "30 days",
    "90": "90 days",
    "365": "a year",
    "never": "never: until you revoke it",
}
ScopesForm = Annotated[list[Scope], Form()]
LifeForm = Annotated[str, Form(max_length=10)]


@router.get("/settings/tokens")
def listed(request: Request, house: HouseDep, visit: CurrentVisit) -> HTMLResponse:
    return _page(request, house, visit)


@router.post("/settings/tokens")
def make(
    request: Request,
    house: HouseDep,
    visit: CurrentVisit,
    name: FormText,
    life: LifeForm,
    scopes: ScopesForm | None = None,
    password: FormSecret = "",
) -> HTMLResponse:
    """The token is part of this one answer and is never shown again, so there is nothing to go to."""
    viewer = visit.person.viewer
    if life not in LIVES:
        raise Misuse("life", "is not one of the list", cure="Choose when it ends")
    prove_by_password(house, visit, password)
    with house.database.writing() as db:
        proofs.must_have_proved(db, house, viewer, visit.session.id)
        days = None if life == "never" else int(life)
        fresh = tokens.make(db, house, viewer, name, scopes or (), days=days)
    return _page(request, house, visit, fresh)


@router.post("/settings/tokens/{token}/revoke")
def revoke(db: OwnWriting, house: HouseDep, visit: CurrentVisit, token: RowId) -> Response:
    tokens.revoke(db, house, visit.person.viewer, TokenId(token))
    return go("/settings/tokens")


def _page(request: Request, house: House, visit: Visit, fresh: FreshToken | None = None) -> HTMLResponse:
    """fresh: made just now."""
    viewer, now = visit.person.viewer, house.clock.now()
    with house.database.reading() as db:
        rows = tokens.listed(db, viewer)
        proved = proofs.until(db, house, viewer, visit.session.id)
        has_password = oidc.has_password(db, viewer)
    offered = {
        one: words for one, words in SCOPES.items() if one is not Scope.ADMIN or viewer.role is Role.ADMIN
    }
    return render.page(
        request,
        "settings/tokens.html",
        tokens=[
            {
                "kept": one,
                "scopes": [scope for scope in Scope if scope in one.scopes],
                "ends": tokens.until_words(one, now),
                "is_over": one.is_expired(now),
            }
            for one in rows
        ],
        secret=None if fresh is None else fresh.secret.reveal(),
        made=None if fresh is None else fresh.kept,
        scopes=offered,
        lives=LIVES,
        proved=proved,
        has_password=has_password,
        most=tokens.MOST,
        public_url=house.rules.public_url,
    )
