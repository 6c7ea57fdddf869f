"""Brokers: how each stands, the way to log in, the person's own API application, disconnecting."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.identity import AccountId, PortfolioId
from tunefolio.core.secret import Secret
from tunefolio.services import connect, credentials, standings
from tunefolio.services.brokers import BrokerStatus
from tunefolio.services.credentials import Relogin
from tunefolio.services.standings import OutOfService
from tunefolio.web.api.answers import Text, ist, nothing, reply
from tunefolio.web.api.sessions import broker_session
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import (
    MAX_ID,
    CurrentSession,
    CurrentViewer,
    HouseDep,
    PortfolioChoice,
    Reading,
    RowId,
    Writing,
)

v1 = APIRouter(prefix="/brokers", tags=["brokers"])
BrokerName = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$")]


class App(Body):
    """An API application; its secret is sealed on arrival and never shown again."""

    api_key: Annotated[Text, Field(min_length=1)]
    api_secret: Annotated[Text, Field(min_length=1)]


@v1.get("")
def status(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Each broker with the accounts the viewer has there."""
    lines, out = connect.status(db, house, viewer), standings.out_of_service(db)
    return reply({"data": [_status(line) | {"out_of_service": _out(out.get(line.broker))} for line in lines]})


@v1.post("/{broker}/login")
def login(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    session: CurrentSession,
    broker: BrokerName,
    portfolio: PortfolioChoice,
) -> Response:
    """Where to send this browser to log in at the broker; good for ten minutes."""
    return reply({"url": connect.begin(db, house, viewer, session.id, broker, portfolio)})


def _status(line: BrokerStatus) -> dict[str, Any]:
    return {
        **broker_session(line),
        "app": line.app,
        "sync_job": line.sync_job,
        "automatic_since": ist(line.automatic_since),
        "unread": line.unread,
        "open_today": line.open_today,
        "sync_due": ist(line.sync_due),
    }


def _out(one: OutOfService | None) -> dict[str, Any] | None:
    """Why nobody logs in there, or links another account; None in full service."""
    if one is None:
        return None
    return {"standing": one.standing, "reason": one.reason, "since": ist(one.since), "ask": one.ask}


class Login(Body):
    """What a broker's form asks for, by the names of its fields (GET /brokers/{broker}/form).

    account: one linked already, whose kept fields may be left out. relogin: whether the house may log in by
    itself after the broker's daily logout; it then keeps what that needs, sealed.
    """

    fields: Annotated[dict[str, Annotated[str, Field(max_length=500)]], Field(max_length=20)]
    account: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    portfolio: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    relogin: Relogin = Relogin.BY_HAND


@v1.get("/{broker}/form")
def form(house: HouseDep, viewer: CurrentViewer, broker: BrokerName) -> Response:
    """The fields of a login at a broker without a login page of its own."""
    viewer.must_write()
    asked = credentials.form_of(house, broker)
    fields = [
        {
            "name": field.name,
            "label": field.label,
            "hint": field.hint,
            "pattern": field.pattern,
            "keeping": field.keeping,
            "is_secret": field.is_secret,
            "is_needed": field.is_needed,
        }
        for field in asked.fields
    ]
    return reply({"fields": fields, "alternatives": asked.alternatives, "automatic": asked.automatic})


@v1.post("/{broker}/session", status_code=201)
def log_in(house: HouseDep, viewer: CurrentViewer, broker: BrokerName, login: Login) -> Response:
    """Log in with a broker's own fields. They are sealed or forgotten, and never shown again."""
    if login.account is not None:
        known = AccountId(login.account)
        account = credentials.log_in_again(house, viewer, known, login.fields, login.relogin)
    else:
        portfolio = PortfolioId(login.portfolio) if login.portfolio else None
        account = credentials.log_in(house, viewer, broker, login.fields, login.relogin, portfolio=portfolio)
    return reply({"account_id": account.id, "account": account.name, "user_id": account.broker_user}, 201)


@v1.put("/{broker}/app", status_code=204)
def save_app(db: Writing, house: HouseDep, viewer: CurrentViewer, broker: BrokerName, app: App) -> Response:
    """Use the person's own API application."""
    connect.save_app(db, house, viewer, broker, app.api_key, Secret(app.api_secret))
    return nothing()


@v1.delete("/{broker}/app", status_code=204)
def forget_app(db: Writing, house: HouseDep, viewer: CurrentViewer, broker: BrokerName) -> Response:
    connect.forget_app(db, house, viewer, broker)
    return nothing()


@v1.post("/accounts/{id}/disconnect", status_code=204)
def disconnect(house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """End the session at the broker and forget its token."""
    viewer.must_write()
    connect.disconnect(house, viewer, AccountId(id))
    return nothing()
