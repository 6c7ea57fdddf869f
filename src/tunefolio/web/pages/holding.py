"""One holding: its lots, what was sold, its income, its price with every trade marked."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.services import views
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId

router = APIRouter()


@router.get("/holdings/{account}/{instrument}")
def holding(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, account: RowId, instrument: RowId
) -> HTMLResponse:
    view = views.holding(db, house, viewer, AccountId(account), InstrumentId(instrument))
    return render.page(request, "holding/page.html", view=view)
