"""The first system's portfolio routes: the figures on top, and the holdings under them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tunefolio.services.views.portfolios import portfolio as valued_portfolio
from tunefolio.services.views.shapes import HoldingRow, PortfolioView
from tunefolio.web import render
from tunefolio.web.api.answers import (
    NO_COST,
    NO_INDUSTRY,
    NO_SNAPSHOT,
    Cursor,
    encoded,
    ist,
    number,
    per_cent,
    put,
    ready,
    reply,
    unit_price,
    units,
    wrong_cursor,
)
from tunefolio.web.api.shapes import Holdings, KpiResponse
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading
from tunefolio.web.kept import Kept

_kept: Kept[bytes] = Kept()
router = APIRouter(prefix="/api/portfolio", tags=["portfolio"])


@router.get("/overview", response_model=KpiResponse)
def overview(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice
) -> Response:
    """What it is worth, what it cost and what it earned. HTMX gets the KPI strip."""
    view = valued_portfolio(db, house, viewer, portfolio=portfolio)
    if render.wants_fragment(request):
        return render.partial(request, "partials/_kpi_strip.html", view=view)
    return reply(kpis(view))


@router.get("/holdings", response_model=Holdings)
def holdings(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    portfolio: PortfolioChoice,
    limit: Annotated[int | None, Query(ge=1, le=1000, description="Most rows; all when absent.")] = None,
    cursor: Cursor = "",
) -> Response:
    """Every holding, dearest first. HTMX gets the table."""
    view = valued_portfolio(db, house, viewer, portfolio=portfolio)
    if render.wants_fragment(request):
        return render.partial(request, "partials/_holdings_table.html", view=view)
    if limit is None and not cursor:
        return ready(_kept.of("holdings", view.rows, lambda: encoded(_page(view, 0, len(view.rows)))))
    start = _after(view.rows, cursor)
    return reply(_page(view, start, len(view.rows) if limit is None else start + limit))


def _page(view: PortfolioView, start: int, end: int) -> dict[str, Any]:
    body: dict[str, Any] = {"count": len(view.rows), "data": [holding(row) for row in view.rows[start:end]]}
    if end < len(view.rows):
        body["next"] = _key(view.rows[end - 1])
    return body


def kpis(view: PortfolioView) -> dict[str, Any]:
    """The strip as numbers. A portfolio without holdings is worth 0; one without prices is not available."""
    worth = view.valuation
    hole = f"none of {worth.unpriced} holdings has a price" if worth.unpriced else ""
    is_known = not worth.positions or worth.unpriced < len(worth.positions)
    ratio = worth.pnl_ratio()
    body: dict[str, Any] = {"total_stocks": view.stock_count, "total_invested": number(worth.invested.amount)}
    put(body, "current_value", number(worth.value.amount) if is_known else None, hole)
    put(body, "total_pnl", number(worth.pnl.amount) if is_known else None, hole)
    put(body, "total_pnl_pct", None if ratio is None else per_cent(ratio), hole or NO_COST)
    body["unpriced_count"] = worth.unpriced
    put(body, "as_of", ist(view.freshness.as_of), "no price yet")
    if view.freshness.is_stale:
        body["stale_reason"] = view.freshness.reason
    return body


def holding(row: HoldingRow) -> dict[str, Any]:
    """One line of the table as numbers."""
    valued, quote = row.valued, row.valued.quote
    body: dict[str, Any] = {
        "symbol": row.instrument.symbol,
        "exchange": row.instrument.exchange,
        "account": row.account.name,
        "sector": row.classification.sector,
    }
    put(body, "industry", row.classification.industry or None, NO_INDUSTRY)
    body["quantity"] = units(valued.quantity)
    body["avg_buy_price"] = unit_price(valued.average_price.amount)
    put(body, "current_price", None if quote is None else unit_price(quote.price.amount), valued.missing)
    body |= worth_of(row)
    put(body, "last_snapshot_at", ist(row.last_snapshot), NO_SNAPSHOT)
    body["snapshot_count"] = row.snapshot_count
    return body


def worth_of(row: HoldingRow) -> dict[str, Any]:
    """Cost, value and P&L of one holding."""
    valued = row.valued
    value, pnl, ratio = valued.value, valued.pnl, row.pnl_ratio
    body: dict[str, Any] = {"invested_value": number(valued.invested.amount)}
    put(body, "current_value", None if value is None else number(value.amount), valued.missing)
    put(body, "pnl", None if pnl is None else number(pnl.amount), valued.missing)
    put(body, "pnl_pct", None if ratio is None else per_cent(ratio), valued.missing or NO_COST)
    return body


def _key(row: HoldingRow) -> str:
    return f"{row.account.id}-{row.instrument.id}"


def _after(rows: tuple[HoldingRow, ...], cursor: str) -> int:
    """Where the next page begins: behind the row the last one ended with, wherever prices have moved it."""
    if not cursor:
        return 0
    for place, row in enumerate(rows):
        if _key(row) == cursor:
            return place + 1
    raise wrong_cursor()
