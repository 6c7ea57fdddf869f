"""Brokers: how each stands, what cures it, and the person's own API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId
from tunefolio.core.secret import Secret
from tunefolio.ledger.brokers import RedirectLogin
from tunefolio.services import connect, credentials, standings, sync
from tunefolio.services.brokers import app_source
from tunefolio.services.credentials import Relogin
from tunefolio.store import accounts, connections, unread_rows
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormText, QueryId, find_id, go

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
            "steps": broker.app_steps,
        }
        for name, broker in sorted(house.brokers.items())
        if isinstance(broker, RedirectLogin) and broker.app_steps
    ]
    statuses = connect.status(db, house, viewer)
    homes = [status.account for status in statuses if status.account and status.unread]
    unread = {home.id: unread_rows.of_account(db, viewer, home.id) for home in homes}
    return render.page(
        request,
        "brokers/page.html",
        statuses=statuses,
        brokers=offered,
        was_cancelled=login == "cancelled",
        unread=unread,
        out=standings.out_of_service(db),
    )


class LoginForm(BaseModel):
    """What the form of a broker sends: its own fields, by their names, beside ours."""

    model_config = ConfigDict(extra="allow")
    account: Annotated[str, Field(max_length=20)] = ""
    relogin: Relogin = Relogin.BY_HAND

    @property
    def typed(self) -> dict[str, str]:
        """The broker's own fields; a file in the place of one is no text and is left out."""
        return {name: text for name, text in (self.model_extra or {}).items() if isinstance(text, str)}


@router.get("/brokers/{broker}/login")
def login_form(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    broker: BrokerName,
    account: QueryId = "",
) -> HTMLResponse:
    """The fields of a login at a broker without a login page; those kept need not be typed again."""
    viewer.must_write()
    form = credentials.form_of(house, broker)
    id = find_id(account, "account")
    home = None if id is None else accounts.account_of(db, viewer, AccountId(id))
    if home is not None and home.broker != broker:
        raise NotFound("account")
    connection = None if home is None else connections.of_account(db, viewer, home.id)
    return render.page(
        request,
        "brokers/login.html",
        broker=house.brokers[broker],
        form=form,
        home=home,
        kept=frozenset() if home is None else credentials.kept_fields(db, house, viewer, home),
        is_automatic=connection is not None and connection.automatic_since is not None,
        out=standings.out_of_service(db).get(broker),
    )


@router.post("/brokers/{broker}/login")
def log_in(
    house: HouseDep, viewer: CurrentViewer, broker: BrokerName, wish: Annotated[LoginForm, Form()]
) -> Response:
    """Opens its own transactions: the broker is asked between them. What was typed is sealed or forgotten."""
    id = find_id(wish.account, "account")
    if id is None:
        credentials.log_in(house, viewer, broker, wish.typed, wish.relogin)
    else:
        credentials.log_in_again(house, viewer, AccountId(id), wish.typed, wish.relogin)
    return go("/brokers")


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
def forget_app(db: Writing, house: HouseDep, viewer: CurrentViewer, broker: BrokerName) -> Response:
    connect.forget_app(db, house, viewer, broker)
    return go("/brokers")
