"""The market overview: sessions now, indices, movers, breadth, sectors, what is coming."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from tunefolio.services.views.market import market_view
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading

router = APIRouter()


@router.get("/market")
def page(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer) -> HTMLResponse:
    return render.page(request, "market/page.html", view=market_view(db, house, viewer))
