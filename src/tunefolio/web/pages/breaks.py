"""Where a broker and the books differ: the likely cause, what speaks for it, and the repair in one click."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import AccountId
from tunefolio.services import repairs
from tunefolio.services.views.breaks import breaks as found_breaks
from tunefolio.store import accounts
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading, Writing
from tunefolio.web.pages.entry import number
from tunefolio.web.pages.forms import FormId, FormText, go

router = APIRouter()


@router.get("/breaks")
def breaks(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice
) -> HTMLResponse:
    """Block `breaks` is everything on it."""
    view = found_breaks(db, house, viewer, portfolio=portfolio)
    return render.page(request, "breaks/page.html", view=view)


@router.post("/breaks/repair")
def repair(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    account: FormId,
    key: FormText,
    price: FormText = "",
    day: FormText = "",
) -> Response:
    """Record the facts a repair proposes. price, day: what only the person knows, where it is asked."""
    home = accounts.account_of(db, viewer, AccountId(account))
    answers = {"price": number(price, "price")} if price.strip() else {}
    if day.strip():
        answers["day"] = day.strip()
    repairs.accept(db, house, viewer, home.id, key, answers)
    return go("/breaks")
