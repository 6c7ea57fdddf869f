"""Portfolios: made, renamed, put away, brought back, deleted with an export in hand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.core.identity import PortfolioId
from tunefolio.core.money import currency_of
from tunefolio.ledger.accounts import Portfolio
from tunefolio.services import portfolios as deeds
from tunefolio.services.portfolios import Farewell
from tunefolio.store import portfolios
from tunefolio.web.api.answers import Name, Text, ist, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(prefix="/portfolios", tags=["portfolios"])
ConfirmName = Annotated[str, Query(max_length=80, description="Its name, to show that deletion is meant.")]


class NewPortfolio(Body):
    name: Name
    currency: Text = "INR"


class Rename(Body):
    name: Name


@v1.get("")
def listed(db: Reading, viewer: CurrentViewer) -> Response:
    """All portfolios, the archived ones too."""
    return reply({"data": [portfolio(one) for one in portfolios.listed(db, viewer)]})


@v1.post("", status_code=201)
def create(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: NewPortfolio) -> Response:
    made = deeds.create_portfolio(db, house, viewer, wish.name, currency_of(wish.currency))
    return reply(portfolio(made), 201)


@v1.get("/{id}")
def one(db: Reading, viewer: CurrentViewer, id: RowId) -> Response:
    return reply(portfolio(portfolios.portfolio_of(db, viewer, PortfolioId(id))))


@v1.patch("/{id}")
def rename(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Rename) -> Response:
    deeds.rename_portfolio(db, house, viewer, PortfolioId(id), wish.name)
    return one(db, viewer, id)


@v1.post("/{id}/archive", status_code=204)
def archive(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Put away: its accounts are neither synced nor counted."""
    deeds.archive_portfolio(db, house, viewer, PortfolioId(id))
    return nothing()


@v1.post("/{id}/restore", status_code=204)
def restore(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    deeds.restore_portfolio(db, house, viewer, PortfolioId(id))
    return nothing()


@v1.delete("/{id}", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
def delete(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, confirm_name: ConfirmName
) -> Response:
    """Delete it with its accounts and all their facts; the answer is their export."""
    return farewell(deeds.delete_portfolio(db, house, viewer, PortfolioId(id), confirm_name=confirm_name))


def farewell(gone: Farewell) -> Response:
    """The export of what was deleted, to keep."""
    safe = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-"
        for letter in gone.filename
    )
    headers = {"content-disposition": f'attachment; filename="{safe}"', "x-export-sha256": gone.sha256}
    return Response(gone.content, 200, headers, media_type="application/zip")


def portfolio(one: Portfolio) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "currency": one.currency,
        "created_at": ist(one.created),
        "archived_at": ist(one.archived),
    }
