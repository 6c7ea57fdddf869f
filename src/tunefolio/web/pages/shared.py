"""Public links: the page whoever has one sees, and the page on which their owner keeps them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PortfolioId, SharedLinkId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.sharing import Amounts
from tunefolio.services import shared_links
from tunefolio.services.house import House
from tunefolio.services.shared_links import FreshLink
from tunefolio.store import portfolios
from tunefolio.store.db import ReadDb
from tunefolio.web import render
from tunefolio.web.api.answers import day_of
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.family import DayForm
from tunefolio.web.pages.forms import FormId, FormText, go

router = APIRouter()
Token = Annotated[str, Path()]
AmountsForm = Annotated[Amounts, Form()]
UNSEEN = {"x-robots-tag": "noindex, nofollow", "cache-control": "no-store"}


@router.get("/shared/{token}")
def shared(request: Request, house: HouseDep, token: Token) -> HTMLResponse:
    """No sign-in is asked for, nor looked at: everybody sees the same. Whatever does not open is one and the
    same 404."""
    address = request.client.host if request.client else ""
    try:
        look = shared_links.look(house, Secret(token), address)
    except NotFound:
        answer = render.partial(request, "shared/gone.html", status=404)
    else:
        answer = render.partial(request, "shared/page.html", title=look.title, book=look.book)
    answer.headers.update(UNSEEN)
    return answer


@router.get("/family/links")
def listed(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer) -> HTMLResponse:
    return _page(request, db, house, viewer)


@router.post("/family/links")
def make(
    request: Request,
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    portfolio: FormId,
    title: FormText,
    last_day: DayForm = "",
    amounts: AmountsForm = Amounts.HIDDEN,
) -> HTMLResponse:
    """The address is part of this one answer and is never shown again, so there is nothing to go to."""
    day = day_of(last_day, "last_day") if last_day else None
    id = PortfolioId(portfolio)
    fresh = shared_links.make(db, house, viewer, id, title, amounts=amounts, last_day=day)
    return _page(request, db, house, viewer, fresh)


@router.post("/family/links/{id}/revoke")
def revoke(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    shared_links.revoke(db, house, viewer, SharedLinkId(id))
    return go("/family/links")


def _page(
    request: Request, db: ReadDb, house: House, viewer: Viewer, fresh: FreshLink | None = None
) -> HTMLResponse:
    """fresh: made just now."""
    return render.page(
        request,
        "family/links.html",
        links=shared_links.listed(db, house, viewer),
        portfolios=[one for one in portfolios.listed(db, viewer) if one.archived is None],
        made=None if fresh is None else fresh.kept,
        address=None if fresh is None else house.rules.public_url + fresh.path,
        most=shared_links.MOST,
    )
