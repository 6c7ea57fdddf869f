"""Portfolios and the accounts in them: make, name, move, put away, export, delete."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, PortfolioId
from tunefolio.core.money import currency_of
from tunefolio.ledger.lots import Method
from tunefolio.services import export
from tunefolio.services import portfolios as deeds
from tunefolio.store import accounts, imports, portfolios
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormId, FormText, go

router = APIRouter()
DigestQuery = Annotated[str, Query(pattern="^([0-9a-f]{64})?$")]
FormMethod = Annotated[Method | None, Form()]
METHODS = {
    Method.FIFO: "First in, first out (FIFO): what Indian tax law asks for demat shares",
    Method.LIFO: "Last in, first out (LIFO)",
    Method.HIFO: "Highest cost first (HIFO)",
    Method.AVERAGE: "Average cost",
}
"""The lot methods in words."""
DigestPath = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.get("/portfolios")
def listed(request: Request, db: Reading, viewer: CurrentViewer, farewell: DigestQuery = "") -> HTMLResponse:
    """farewell: the digest of a deleted portfolio's export, which is offered for download."""
    homes = accounts.listed(db, viewer)
    shelves = [
        {"portfolio": one, "accounts": [home for home in homes if home.portfolio == one.id]}
        for one in portfolios.listed(db, viewer)
    ]
    kept = imports.find(db, viewer, farewell) if farewell else None
    methods = accounts.lot_methods(db, viewer)
    return render.page(
        request,
        "portfolios/page.html",
        here=render.address_of(request, "farewell"),
        shelves=shelves,
        farewell=kept,
        chosen=methods,
        methods=METHODS,
    )


@router.post("/portfolios")
def create(
    db: Writing, house: HouseDep, viewer: CurrentViewer, name: FormText, currency: FormText = "INR"
) -> Response:
    deeds.create_portfolio(db, house, viewer, name, currency_of(currency.strip().upper()))
    return go("/portfolios")


@router.get("/portfolios/export")
def export_everything(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """All books of the viewer, as text and tables in one archive."""
    return _archive(export.filename("everything", house.clock.now()), export.export_all(db, house, viewer))


@router.get("/portfolios/farewell/{sha256}")
def farewell(db: Reading, viewer: CurrentViewer, sha256: DigestPath) -> Response:
    """The export of what was deleted, while it is kept."""
    kept = imports.find(db, viewer, sha256)
    if kept is None:
        raise NotFound("export")
    return _archive(kept.filename, kept.content)


@router.get("/portfolios/{id}/export")
def export_one(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    one = portfolios.portfolio_of(db, viewer, PortfolioId(id))
    content = export.export_portfolio(db, house, viewer, one.id)
    return _archive(export.filename(one.name, house.clock.now()), content)


@router.post("/portfolios/{id}/rename")
def rename(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, name: FormText) -> Response:
    deeds.rename_portfolio(db, house, viewer, PortfolioId(id), name)
    return go("/portfolios")


@router.post("/portfolios/{id}/archive")
def archive(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    deeds.archive_portfolio(db, house, viewer, PortfolioId(id))
    return go("/portfolios")


@router.post("/portfolios/{id}/restore")
def restore(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    deeds.restore_portfolio(db, house, viewer, PortfolioId(id))
    return go("/portfolios")


@router.post("/portfolios/{id}/delete")
def delete(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, confirm_name: FormText
) -> Response:
    """Gone for good; its export is offered on the page that follows."""
    gone = deeds.delete_portfolio(db, house, viewer, PortfolioId(id), confirm_name=confirm_name)
    return go(f"/portfolios?farewell={gone.sha256}")


@router.post("/accounts")
def create_account(
    db: Writing, house: HouseDep, viewer: CurrentViewer, name: FormText, portfolio: FormId
) -> Response:
    deeds.create_account(db, house, viewer, PortfolioId(portfolio), name)
    return go("/portfolios")


@router.get("/accounts/{id}/export")
def export_account(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    home = accounts.account_of(db, viewer, AccountId(id))
    content = export.export_account(db, house, viewer, home.id)
    return _archive(export.filename(home.name, house.clock.now()), content)


@router.post("/accounts/{id}/edit")
def edit_account(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    id: RowId,
    name: FormText,
    portfolio: FormId,
    method: FormMethod = None,
) -> Response:
    """Another name, another portfolio, another way of choosing lots, or all of them."""
    home = accounts.account_of(db, viewer, AccountId(id))
    if method is not None and home.is_active:
        deeds.set_lot_method(db, house, viewer, home.id, method)
    deeds.rename_account(db, house, viewer, home.id, name)
    if home.portfolio != portfolio:
        deeds.move_account(db, house, viewer, home.id, PortfolioId(portfolio))
    return go("/portfolios")


@router.post("/accounts/{id}/archive")
def archive_account(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    deeds.archive_account(db, house, viewer, AccountId(id))
    return go("/portfolios")


@router.post("/accounts/{id}/restore")
def restore_account(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    deeds.restore_account(db, house, viewer, AccountId(id))
    return go("/portfolios")


@router.post("/accounts/{id}/delete")
def delete_account(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, confirm_name: FormText
) -> Response:
    gone = deeds.delete_account(db, house, viewer, AccountId(id), confirm_name=confirm_name)
    return go(f"/portfolios?farewell={gone.sha256}")


def _archive(filename: str, content: bytes) -> Response:
    """A download; the name is given twice, for browsers old and new."""
    plain = filename.encode("ascii", "ignore").decode().replace('"', "") or "export.zip"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}"
    return Response(content, media_type="application/zip", headers={"content-disposition": disposition})
