"""Brokers: how each stands, what cures it, and the person's own API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import AccountId
from tunefolio.core.secret import Secret
from tunefolio.services import connect, sync
from tunefolio.services.brokers import app_source
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormText, go

router = APIRouter()
BrokerName = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$")]
LoginQuery = Annotated[str, Query(max_length=20)]
ApiSecret = Annotated[str, Form(max_length=200)]


@router.get("/brokers")
def brokers(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, login: LoginQuery = ""
) -> HTMLResponse:
    """Block `connections` is fetched anew when a sync moves. login: how a visit to a broker ended."""
    offered = [
        {
            "name": name,
            "title": broker.title,
            "app": app_source(db, house, viewer, name).value,
            "redirect_url": f"{house.rules.public_url}/auth/{name}/callback",
        }
        for name, broker in sorted(house.brokers.items())
    ]
    statuses = connect.status(db, house, viewer)
    return render.page(
        request,
        "brokers/page.html",
        statuses=statuses,
        brokers=offered,
        was_cancelled=login == "cancelled",
    )


@router.post("/brokers/{account}/sync")
def sync_one(db: Writing, house: HouseDep, viewer: CurrentViewer, account: RowId) -> Response:
    sync.ask_sync(db, house, viewer, AccountId(account))
    return go("/brokers")


@router.post("/brokers/{account}/disconnect")
def disconnect(house: HouseDep, viewer: CurrentViewer, account: RowId) -> Response:
    """Opens its own transactions: the broker is told between them."""
    viewer.must_write()
    connect.disconnect(house, viewer, AccountId(account))
    return go("/brokers")


@router.post("/brokers/{broker}/app")
def save_app(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    broker: BrokerName,
    api_key: FormText,
    api_secret: ApiSecret,
) -> Response:
    """Keep the person's own keys; the secret is sealed and never shown."""
    connect.save_app(db, house, viewer, broker, api_key, Secret(api_secret))
    return go("/brokers")


@router.post("/brokers/{broker}/app/forget")
def forget_app(db: Writing, viewer: CurrentViewer, broker: BrokerName) -> Response:
    connect.forget_app(db, viewer, broker)
    return go("/brokers")
