"""Settings of the house, for its admins: what the operator has set, to read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tunefolio.services.views import health
from tunefolio.web import render
from tunefolio.web.deps import AdminViewer, HouseDep

router = APIRouter(prefix="/settings")


@router.get("/people")
def people(_admin: AdminViewer) -> Response:
    """Where users were looked after once: an address that people have kept."""
    return RedirectResponse("/admin/users", 308)


@router.get("/server")
def server(request: Request, house: HouseDep, _admin: AdminViewer) -> HTMLResponse:
    titles = [broker.title for broker in house.brokers.values()]
    return render.page(
        request, "settings/server.html", rules=house.rules, health=health(house), brokers=titles
    )
