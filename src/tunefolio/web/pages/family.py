"""The family view: one's own books beside those that others let one see; and who may see one's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound
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
    try:
        share = views.share_of(db, house, viewer, PersonId(id))
    except NotFound:
        return _gone(request, "held")
    return render.page(request, "family/person.html", share=share)


@router.post("/grants")
def offer(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    email: FormText,
    portfolio: IdForm = "",
    last_day: DayForm = "",
    amounts: Annotated[Amounts, Form()] = Amounts.HIDDEN,
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
    try:
        found = views.look(db, house, viewer, GrantId(id))
    except NotFound:
        return _gone(request, "shared-book")
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


def _gone(request: Request, place: str) -> HTMLResponse:
    """An open page that asks for its block again gets the word that it is over in its stead, and asks no
    more; an error would leave what it shows. Whoever comes anew is told 404."""
    if render.wants_fragment(request) and render.target_of(request) == place.replace("-", "_"):
        return render.partial(request, "family/_gone.html", place=place)
    raise NotFound("grant")
