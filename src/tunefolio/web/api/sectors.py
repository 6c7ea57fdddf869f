"""Sectors: the first system's allocation and drill-down; in /api/v1 a person's own word on an instrument."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.services import own_sectors
from tunefolio.services.views.portfolios import portfolio as valued_portfolio
from tunefolio.services.views.shapes import HoldingRow, SectorRow
from tunefolio.store import instruments
from tunefolio.store import sectors as rows
from tunefolio.web import render
from tunefolio.web.api.answers import NO_COST, Name, Text, nothing, number, per_cent, put, reply, units
from tunefolio.web.api.holdings import worth_of
from tunefolio.web.api.shapes import Allocation, SectorDetails
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading, RowId, Writing

router = APIRouter(prefix="/api/sectors", tags=["sectors"])
v1 = APIRouter(prefix="/sectors", tags=["sectors"])
_NO_PRICES = "none of its holdings has a price"
Sector = Annotated[str, Path(min_length=1, max_length=80)]


@router.get("/allocation", response_model=Allocation)
def allocation(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice
) -> Response:
    """How the money is spread over sectors. HTMX gets the doughnut with its legend."""
    view = valued_portfolio(db, house, viewer, portfolio=portfolio)
    if render.wants_fragment(request):
        return render.partial(request, "partials/_sector_pie.html", view=view)
    worth = view.valuation
    is_known = not worth.positions or worth.unpriced < len(worth.positions)
    body: dict[str, Any] = {}
    put(body, "total_portfolio_value", number(worth.value.amount) if is_known else None, _NO_PRICES)
    body["sectors"] = [share(row) for row in view.sectors]
    return reply(body)


@router.get("/{sector}/holdings", response_model=SectorDetails)
def details(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    portfolio: PortfolioChoice,
    sector: Sector,
) -> Response:
    """The holdings of one sector; 404 for one that holds nothing. HTMX gets the drill-down."""
    view = valued_portfolio(db, house, viewer, portfolio=portfolio)
    held = view.of_sector(sector)
    if not held:
        raise NotFound("sector")
    if render.wants_fragment(request):
        return render.partial(request, "partials/_sector_details.html", view=view, sector=sector, rows=held)
    companies = {row.instrument.economic_key for row in held}
    return reply({"sector": sector, "stock_count": len(companies), "holdings": [line(row) for row in held]})


def share(row: SectorRow) -> dict[str, Any]:
    """One sector as numbers."""
    body: dict[str, Any] = {
        "sector": row.sector,
        "stock_count": row.stock_count,
        "invested_value": number(row.invested.amount),
    }
    put(body, "current_value", None if row.value is None else number(row.value.amount), _NO_PRICES)
    put(body, "pnl", None if row.pnl is None else number(row.pnl.amount), _NO_PRICES)
    ratio_reason = _NO_PRICES if row.value is None else NO_COST
    put(body, "pnl_pct", None if row.pnl_ratio is None else per_cent(row.pnl_ratio), ratio_reason)
    put(body, "weight_pct", None if row.weight_ratio is None else per_cent(row.weight_ratio), _NO_PRICES)
    return body


def line(row: HoldingRow) -> dict[str, Any]:
    """One holding of the drill-down as numbers."""
    named = {"symbol": row.instrument.symbol, "exchange": row.instrument.exchange}
    return {**named, "quantity": units(row.valued.quantity), **worth_of(row)}


class Override(Body):
    """A person's own classification of an instrument; it goes before every other source."""

    sector: Name
    industry: Text = ""


@v1.get("/overrides")
def overrides(db: Reading, viewer: CurrentViewer) -> Response:
    """The instruments the viewer has classified."""
    own = rows.overrides(db, viewer)
    named = instruments.of_ids(db, list(own))
    data = [
        {
            "instrument_id": id,
            "symbol": named[id].symbol,
            "exchange": named[id].exchange,
            "sector": claim.sector,
            "industry": claim.industry,
        }
        for id, claim in own.items()
    ]
    return reply({"data": data})


@v1.put("/overrides/{instrument}", status_code=204)
def set_override(
    db: Writing, house: HouseDep, viewer: CurrentViewer, instrument: RowId, wish: Override
) -> Response:
    """Put an instrument into a sector of the viewer's choice."""
    own_sectors.put(db, house, viewer, InstrumentId(instrument), wish.sector, wish.industry)
    return nothing()


@v1.delete("/overrides/{instrument}", status_code=204)
def clear_override(db: Writing, house: HouseDep, viewer: CurrentViewer, instrument: RowId) -> Response:
    """Back to what the other sources say."""
    if not own_sectors.clear(db, house, viewer, InstrumentId(instrument)):
        raise NotFound("override")
    return nothing()
