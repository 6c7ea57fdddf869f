"""Public links: the page whoever has one sees, and the page on which their owner keeps them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PortfolioId, SharedLinkId
from tunefolio.core.secret import Secret
from tunefolio.core.sharing import Amounts
from tunefolio.services import oidc, proofs, shared_links
from tunefolio.services.house import House
from tunefolio.services.shared_links import FreshLink
from tunefolio.store import portfolios
from tunefolio.web import render
from tunefolio.web.api.answers import day_of
from tunefolio.web.deps import CurrentViewer, CurrentVisit, HouseDep, RowId, Visit, Writing
from tunefolio.web.pages.family import DayForm
from tunefolio.web.pages.forms import FormId, FormSecret, FormText, go
from tunefolio.web.proved import prove_by_password

router = APIRouter()
Token = Annotated[str, Path()]
AmountsForm = Annotated[Amounts, Form()]
UNSEEN = {
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


@router.get("/shared/{token}")
def shared(request: Request, house: HouseDep, token: Token) -> HTMLResponse:
    """No sign-in is asked for, nor looked at: everybody sees the same. Whatever does not open is one and the
    same 404. The page comes back by itself each minute, with ?again, so that an open one ends with its
    link."""
    see = shared_links.look_again if "again" in request.query_params else shared_links.look
    address = request.client.host if request.client else ""
    try:
        look = see(house, Secret(token), address)
    except NotFound:
        answer = render.partial(request, "shared/gone.html", status=404)
    else:
        answer = render.partial(request, "shared/page.html", title=look.title, book=look.book)
    answer.headers.update(UNSEEN)
    return answer


@router.get("/family/links")
def listed(request: Request, house: HouseDep, visit: CurrentVisit) -> HTMLResponse:
    return _page(request, house, visit)


@router.post("/family/links")
def make(
    request: Request,
    house: HouseDep,
    visit: CurrentVisit,
    portfolio: FormId,
    title: FormText,
    last_day: DayForm = "",
    amounts: AmountsForm = Amounts.HIDDEN,
    password: FormSecret = "",
) -> HTMLResponse:
    """The address is part of this one answer and is never shown again, so there is nothing to go to. A proof
    is wanted, or the password with it: a link lives on without its owner."""
    viewer = visit.person.viewer
    viewer.must_write()
    day = day_of(last_day, "last_day") if last_day else None
    id = PortfolioId(portfolio)
    prove_by_password(house, visit, password)
    with house.database.writing() as db:
        proofs.must_have_proved(db, house, viewer, visit.session.id)
        fresh = shared_links.make(db, house, viewer, id, title, amounts=amounts, last_day=day)
    return _page(request, house, visit, fresh)


@router.post("/family/links/{id}/revoke")
def revoke(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    shared_links.revoke(db, house, viewer, SharedLinkId(id))
    return go("/family/links")


def _page(request: Request, house: House, visit: Visit, fresh: FreshLink | None = None) -> HTMLResponse:
    """fresh: made just now."""
    viewer = visit.person.viewer
    with house.database.reading() as db:
        links = shared_links.listed(db, house, viewer)
        own = [one for one in portfolios.listed(db, viewer) if one.archived is None]
        proved = proofs.until(db, house, viewer, visit.session.id)
        has_password = oidc.has_password(db, viewer)
    return render.page(
        request,
        "family/links.html",
        links=links,
        portfolios=own,
        proved=proved,
        has_password=has_password,
        made=None if fresh is None else fresh.kept,
        address=None if fresh is None else house.rules.public_url + fresh.path,
        most=shared_links.MOST,
    )
