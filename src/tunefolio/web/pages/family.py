"""The family view: one's own books beside those that others let one see; and who may see one's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import GrantId, PersonId, PortfolioId
from tunefolio.core.sharing import Amounts
from tunefolio.services import family as views
from tunefolio.services import grants
from tunefolio.store import portfolios
from tunefolio.web import render
from tunefolio.web.api.answers import day_of
from tunefolio.web.deps import CurrentViewer, HouseDep, OwnWriting, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormText, find_id, go

router = APIRouter(prefix="/family")
DayForm = Annotated[str, Form(max_length=10)]
IdForm = Annotated[str, Form(max_length=20)]


@router.get("")
def family(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer) -> HTMLResponse:
    """Block `board` is fetched anew when a grant or an own fact changes, and every half minute: of another's
    books no event ever comes here."""
    return render.page(
        request,
        "family/page.html",
        view=views.family(db, house, viewer),
        grants=grants.listed(db, house, viewer),
        portfolios=[one for one in portfolios.listed(db, viewer) if one.archived is None],
    )


@router.get("/people/{id}")
def person(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> HTMLResponse:
    """What one of them holds, as far as she lets it be seen."""
    share = views.share_of(db, house, viewer, PersonId(id))
    return render.page(request, "family/person.html", share=share)


@router.post("/grants")
def offer(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    email: FormText,
    portfolio: IdForm = "",
    last_day: DayForm = "",
    amounts: Annotated[Amounts, Form()] = Amounts.SHOWN,
) -> Response:
    chosen = find_id(portfolio, "portfolio")
    grants.offer(
        db,
        house,
        viewer,
        email,
        portfolio=None if chosen is None else PortfolioId(chosen),
        last_day=day_of(last_day, "last_day") if last_day else None,
        amounts=amounts,
    )
    return go("/family")


@router.get("/grants/{id}")
def look(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> HTMLResponse:
    """The page of what one grant shows; its owner sees it as the other does."""
    found = views.look(db, house, viewer, GrantId(id))
    return render.page(request, "family/look.html", look=found, book=found.book)


@router.post("/grants/{id}/accept")
def accept(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    grants.accept(db, house, viewer, GrantId(id))
    return go("/family")


@router.post("/grants/{id}/leave")
def leave(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    grants.leave(db, house, viewer, GrantId(id))
    return go("/family")


@router.post("/grants/{id}/revoke")
def revoke(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    grants.revoke(db, house, viewer, GrantId(id))
    return go("/family")
