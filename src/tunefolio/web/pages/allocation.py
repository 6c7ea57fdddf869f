"""How money is spread, by any of five dimensions, beside the targets a person has set."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import PortfolioId
from tunefolio.core.money import decimal_of
from tunefolio.services import targets, views
from tunefolio.services.views.shapes_allocation import AllocationView, Dimension
from tunefolio.store import portfolios
from tunefolio.web import render
from tunefolio.web.api.answers import Text
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading, Writing
from tunefolio.web.pages.forms import find_id, go

router = APIRouter()
TITLES = {
    Dimension.SECTOR: "Sector",
    Dimension.ASSET_CLASS: "Asset class",
    Dimension.ACCOUNT: "Account",
    Dimension.CURRENCY: "Currency",
    Dimension.CAP_CLASS: "Company size",
}
_HUES = 16
ByQuery = Annotated[Dimension, Query()]
Words = Annotated[list[Text], Form(max_length=500)]


@router.get("/allocation")
def allocation(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    portfolio: PortfolioChoice,
    by: ByQuery = Dimension.SECTOR,
) -> HTMLResponse:
    view = views.allocation(db, house, viewer, portfolio=portfolio, dimension=by)
    return render.page(
        request,
        "allocation/page.html",
        view=view,
        title=TITLES[by],
        dimensions=[(one.value, title) for one, title in TITLES.items()],
        hues={slice.name: place % _HUES + 1 for place, slice in enumerate(view.slices)},
        portfolios=[one for one in portfolios.listed(db, viewer) if one.archived is None],
        here=address_of(view),
        address_of=partial(address_of, view),
    )


@router.post("/allocation/targets")
def keep_targets(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    by: Annotated[Dimension, Form()],
    name: Words,
    target: Words,
    portfolio: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """One target beside each name, in per cent; an empty one takes the target away."""
    if len(name) != len(target):
        raise Misuse("target", "needs one field for each name")
    chosen = find_id(portfolio, "portfolio")
    wishes = {word: weight_of(text) for word, text in zip(name, target, strict=True) if text.strip()}
    home = None if chosen is None else PortfolioId(chosen)
    targets.put(db, house, viewer, home, by, wishes)
    return go(f"/allocation?{urlencode(_words(by, home))}")


def weight_of(text: str) -> Decimal:
    """Per cent as a person types it → ratio; raises Misuse outside 0 to 100."""
    value = decimal_of(text.strip().rstrip("%").strip().replace(",", ""), "target")
    if not 0 <= value <= 100:
        raise Misuse("target", f"{text!r} is not between 0 and 100 per cent")
    return value / 100


def address_of(view: AllocationView, by: str = "") -> str:
    """This page's address, by another dimension if one is named."""
    home = None if view.portfolio is None else view.portfolio.id
    return f"/allocation?{urlencode(_words(Dimension(by) if by else view.dimension, home))}"


def _words(by: Dimension, portfolio: PortfolioId | None) -> dict[str, str]:
    return {"by": by.value} | ({} if portfolio is None else {"portfolio": str(portfolio)})
