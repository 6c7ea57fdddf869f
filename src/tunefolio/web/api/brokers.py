"""Brokers: how each stands, the way to log in, the person's own API application, disconnecting."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from tunefolio.core.identity import AccountId
from tunefolio.core.secret import Secret
from tunefolio.services import connect
from tunefolio.web.api.answers import Text, nothing, reply
from tunefolio.web.api.sessions import broker_session
from tunefolio.web.deps import (
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


class App(BaseModel):
    """An API application; its secret is sealed on arrival and never shown again."""

    api_key: Annotated[Text, Field(min_length=1)]
    api_secret: Annotated[Text, Field(min_length=1)]


@v1.get("")
def status(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Each broker with the accounts the viewer has there."""
    lines = connect.status(db, house, viewer)
    return reply(
        {"data": [{**broker_session(line), "app": line.app, "sync_job": line.sync_job} for line in lines]}
    )


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


@v1.put("/{broker}/app", status_code=204)
def save_app(db: Writing, house: HouseDep, viewer: CurrentViewer, broker: BrokerName, app: App) -> Response:
    """Use the person's own API application."""
    connect.save_app(db, house, viewer, broker, app.api_key, Secret(app.api_secret))
    return nothing()


@v1.delete("/{broker}/app", status_code=204)
def forget_app(db: Writing, viewer: CurrentViewer, broker: BrokerName) -> Response:
    connect.forget_app(db, viewer, broker)
    return nothing()


@v1.post("/accounts/{id}/disconnect", status_code=204)
def disconnect(house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """End the session at the broker and forget its token."""
    viewer.must_write()
    connect.disconnect(house, viewer, AccountId(id))
    return nothing()
