"""Files: a dry run, one commit, one undo. The same file twice changes nothing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, UploadFile
from pydantic import BaseModel, Field
from starlette.responses import Response

from tunefolio.core.identity import AccountId, ImportId
from tunefolio.services import imports as deeds
from tunefolio.services.views import Preview, PreviewRow
from tunefolio.store import imports
from tunefolio.store.imports import Import
from tunefolio.web.api.answers import Cursor, Limit, after_id, amount, ist, plain, reply
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(tags=["imports"])


class Commit(BaseModel):
    """sha256: of the file, as the preview gave it."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@v1.get("/imports")
def listed(db: Reading, viewer: CurrentViewer, limit: Limit = 50, cursor: Cursor = "") -> Response:
    """The viewer's imports, newest first."""
    before = after_id(cursor)
    found = imports.listed(db, viewer, None if before is None else ImportId(before), limit + 1)
    body: dict[str, Any] = {"data": [imported(one) for one in found[:limit]]}
    if len(found) > limit:
        body["next"] = str(found[limit - 1].id)
    return reply(body)


@v1.get("/imports/{id}")
def one(db: Reading, viewer: CurrentViewer, id: RowId) -> Response:
    return reply(imported(imports.import_of(db, viewer, ImportId(id))))


@v1.post("/accounts/{id}/imports/preview")
def preview(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, file: UploadFile) -> Response:
    """A dry run: what would be added, what is there already, and each row that cannot be read."""
    content = file.file.read()
    name = file.filename or "upload"
    return reply(previewed(deeds.preview(db, house, viewer, AccountId(id), name, content)))


@v1.post("/accounts/{id}/imports", status_code=201)
def commit(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Commit) -> Response:
    """Record the previewed file, whole or not at all."""
    return reply(imported(deeds.commit(db, house, viewer, AccountId(id), wish.sha256)), 201)


@v1.post("/imports/{id}/undo")
def undo(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take back exactly what this import added."""
    return reply({"reversed": deeds.undo(db, house, viewer, ImportId(id))})


def imported(one: Import) -> dict[str, Any]:
    return {
        "id": one.id,
        "account_id": one.account,
        "filename": one.filename,
        "format": one.format,
        "sha256": one.sha256,
        "added": one.added,
        "repeated": one.repeated,
        "refused": one.refused,
        "recorded_at": ist(one.recorded),
        "undone_at": ist(one.undone),
    }


def previewed(view: Preview) -> dict[str, Any]:
    """rows_total = fresh + repeated + refused."""
    return {
        "account_id": view.account.id,
        "filename": view.filename,
        "format": view.format,
        "title": view.title,
        "sha256": view.sha256,
        "rows_total": view.rows_total,
        "fresh": view.fresh,
        "repeated": view.repeated,
        "refused": view.refused,
        "problems": [
            {"row": wrong.row, "field": wrong.field, "problem": wrong.problem, "cure": wrong.cure}
            for wrong in view.problems
        ],
        "sample": [_row(row) for row in view.sample],
        "supersedes": view.supersedes,
    }


def _row(row: PreviewRow) -> dict[str, Any]:
    return {
        "row": row.row,
        "kind": row.kind,
        "day": row.day.iso(),
        "exchange": row.instrument.listing.exchange,
        "symbol": row.instrument.listing.symbol,
        "isin": row.instrument.isin,
        "quantity": plain(row.quantity),
        "price": amount(row.price),
        "amount": amount(row.amount),
        "fate": row.fate,
        "problem": row.problem or None,
    }
