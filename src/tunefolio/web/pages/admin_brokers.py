"""Brokers of the house: which take links, which are stopped, and how their links stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import HTMLResponse, Response

from tunefolio.services import admin as house_admin
from tunefolio.services import standings
from tunefolio.store.standings import Standing
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting
from tunefolio.web.pages.admin import AdminDesk
from tunefolio.web.pages.forms import FormText, go

router = APIRouter(prefix="/admin/brokers")
BrokerName = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$")]


@router.get("")
def brokers(desk: AdminDesk) -> HTMLResponse:
    rows = house_admin.brokers(desk.db, desk.house, desk.admin)
    return desk.page("admin/brokers.html", brokers=rows, known=desk.house.brokers)


@router.post("/{broker}/standing")
def set_standing(
    db: OwnWriting,
    house: HouseDep,
    admin: AdminViewer,
    broker: BrokerName,
    standing: Annotated[Standing, Form()],
    reason: FormText = "",
) -> Response:
    standings.set_standing(db, house, admin, broker, standing, reason)
    return go("/admin/brokers")
