"""Files: taken in, explained, a dry run, one commit, one undo. The same file twice changes nothing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, UploadFile
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, ImportId
from tunefolio.core.money import plain as exact
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.ledger.columnmaps import as_json
from tunefolio.ledger.files import Balance, RowProblem
from tunefolio.ledger.textbook import BookRefused
from tunefolio.services import bookfiles, uploads
from tunefolio.services import imports as deeds
from tunefolio.services.house import House
from tunefolio.services.plans import Verdict
from tunefolio.services.uploads import BOOK, Arrival, Detected
from tunefolio.services.views import Preview, PreviewRow, RowFate
from tunefolio.store import accounts, imports, mappings
from tunefolio.store.imports import Import
from tunefolio.web.api.answered import shape_of
from tunefolio.web.api.answers import Cursor, Limit, after_id, amount, ist, nothing, plain, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(tags=["imports"])
_LATER: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "With `background`: the job that records it",
        "content": {
            "application/json": {"schema": shape_of({"job_id": 66}), "example": {"job_id": 66}},
        },
    }
}

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Password = Annotated[str, Form(max_length=200)]


class Commit(Body):
    """sha256: of the upload, as it was answered. background: answer at once with the job that does it."""

    sha256: Digest
    background: bool = False


class Explained(Body):
    """What the columns of an uploaded table mean: header names by meaning (docs/spec/imports.md)."""

    sha256: Digest
    columns: dict[str, list[str]] = Field(default={})
    day_order: str = "ymd"
    point: str = "dot"
    words: dict[str, list[str]] = Field(default={})
    exchange: str = "NSE"
    currency: str = ""


class Rows(Body):
    """Which verdicts: of an upload, from `offset`, of one fate (fresh, repeated, refused) or of all."""

    sha256: Digest
    offset: Annotated[int, Field(ge=0, le=MAX_ID)] = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    fate: RowFate | None = None


class Shape(Body):
    """Of a table, as the listing of maps tells it."""

    shape: Digest


@v1.get("/imports")
def listed(db: Reading, viewer: CurrentViewer, limit: Limit = 50, cursor: Cursor = "") -> Response:
    """The viewer's imports, newest first."""
    before = after_id(cursor)
    found = imports.listed(db, viewer, None if before is None else ImportId(before), limit + 1)
    body: dict[str, Any] = {"data": [imported(one) for one in found[:limit]]}
    if len(found) > limit:
        body["next"] = str(found[limit - 1].id)
    return reply(body)


@v1.get("/imports/maps")
def maps(db: Reading, viewer: CurrentViewer) -> Response:
    """What the viewer said the columns of tables mean, by the shape of their headers."""
    rows = [
        {"shape": one.shape, "title": one.title, "updated_at": ist(one.updated), **one.columns}
        for one in mappings.listed(db, viewer)
    ]
    return reply({"data": rows})


@v1.post("/imports/maps/forget", status_code=204)
def forget(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: Shape) -> Response:
    """Forget one map; the next such table is asked about again."""
    uploads.forget_columns(db, house, viewer, wish.shape)
    return nothing()


@v1.get("/imports/{id}")
def one(db: Reading, viewer: CurrentViewer, id: RowId) -> Response:
    return reply(imported(imports.import_of(db, viewer, ImportId(id))))


@v1.post("/accounts/{id}/imports/upload", status_code=201)
def upload(
    house: HouseDep, viewer: CurrentViewer, id: RowId, file: UploadFile, password: Password = ""
) -> Response:
    """Step 1: take a file in and say what it is; of a table, what its columns are taken to mean."""
    arrival = _opened(house, viewer, AccountId(id), file, password)
    with house.database.writing() as db:
        return reply(taken(uploads.receive(db, house, viewer, arrival)), 201)


@v1.post("/accounts/{id}/imports/columns")
def explain(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Explained) -> Response:
    """Step 2, for a table: say what its columns mean; remembered for every table of its shape."""
    accounts.account_of(db, viewer, AccountId(id))
    said = wish.model_dump(exclude={"sha256"})
    return reply(taken(uploads.remember(db, house, viewer, wish.sha256, said)))


@v1.post("/accounts/{id}/imports/preview")
def preview(
    house: HouseDep, viewer: CurrentViewer, id: RowId, file: UploadFile, password: Password = ""
) -> Response:
    """Steps 1 and 3 in one: a dry run of what would be added, what is there already, and what is wrong."""
    arrival = _opened(house, viewer, AccountId(id), file, password)
    with house.database.writing() as db:
        found = uploads.receive(db, house, viewer, arrival)
        return reply(previewed(deeds.preview_kept(db, house, viewer, AccountId(id), found.sha256)))


@v1.post("/accounts/{id}/imports/rows")
def rows(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Rows) -> Response:
    """Step 3: the dry run of an upload with the verdict on every row, a part at a time."""
    seen, every = deeds.preview_with_rows(db, house, viewer, AccountId(id), wish.sha256, wish.fate)
    part = every[wish.offset : wish.offset + wish.limit]
    body = {
        "rows_total": seen.rows_total,
        "fresh": seen.fresh,
        "repeated": seen.repeated,
        "refused": seen.refused,
        "found": len(every),
        "data": [_verdict(row) for row in part],
    }
    if wish.offset + wish.limit < len(every):
        body["next_offset"] = wish.offset + wish.limit
    return reply(body)


@v1.post("/accounts/{id}/imports", status_code=201, responses=_LATER)
def commit(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Commit) -> Response:
    """Step 4: record the upload, whole or not at all; in the background if asked, with its job's id."""
    if wish.background:
        return reply({"job_id": deeds.ask_commit(db, house, viewer, AccountId(id), wish.sha256)}, 202)
    return reply(imported(deeds.commit(db, house, viewer, AccountId(id), wish.sha256)), 201)


@v1.post("/accounts/{id}/imports/book", status_code=201)
def book(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Commit) -> Response:
    """Record an uploaded text book: into the accounts that it names, whole or not at all."""
    home = accounts.account_of(db, viewer, AccountId(id))
    kept = uploads.kept_of(db, viewer, wish.sha256)
    if not bookfiles.is_book(kept.content):
        raise Misuse("file", "is no text book", cure="Commit it as a file of rows")
    try:
        done = bookfiles.record_book(db, house, viewer, kept, home.name)
    except BookRefused as refused:
        first = refused.problems[0]
        raise Misuse(first.field, f"{first.place}: {first.problem}", cure=first.cure) from None
    rows = [
        {"account": one.account, "is_new": one.is_new, "added": one.added, "repeated": one.repeated}
        for one in done
    ]
    return reply({"accounts": rows}, 201)


@v1.post("/imports/{id}/undo")
def undo(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take back exactly what this import added."""
    return reply({"reversed": deeds.undo(db, house, viewer, ImportId(id))})


def _opened(house: House, viewer: Viewer, account: AccountId, file: UploadFile, password: str) -> Arrival:
    """The file, opened before any transaction begins: a statement takes seconds."""
    with house.database.reading() as db:
        accounts.account_of(db, viewer, account)
    return uploads.opened(house, viewer, file.filename or "upload", file.file.read(), Secret(password))


def taken(found: Detected) -> dict[str, Any]:
    """needs: "columns" for a table nobody has explained yet, else null. next: the step to ask for."""
    body: dict[str, Any] = {
        "filename": found.filename,
        "sha256": found.sha256,
        "format": found.format,
        "title": found.title,
        "needs": "columns" if found.table is not None and not found.is_known else None,
        "next": "book" if found.format == BOOK else "rows",
    }
    if found.table is not None and found.columns is not None:
        body["next"] = "columns" if body["needs"] else "rows"
        body["table"] = {
            "header": found.table.header,
            "header_row": found.table.header_row,
            "sheet": found.table.sheet,
            "sample": found.table.sample,
            "rows_total": found.table.rows_total,
            "shape": found.table.shape,
        }
        body["map"] = as_json(found.columns)
    return body


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
        "problems": [_problem(wrong) for wrong in view.problems],
        "sample": [_row(row) for row in view.sample],
        "supersedes": view.supersedes,
        "balances": [_balance(one) for one in view.balances],
        "warnings": view.warnings,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    """One row of the file: its fate, what it would become, and why it would not."""
    return {
        "row": verdict.row,
        "fate": verdict.fate,
        "what": None if verdict.what is None else _row(verdict.what),
        "problems": [_problem(wrong) for wrong in verdict.problems],
    }


def _problem(wrong: RowProblem) -> dict[str, Any]:
    return {"row": wrong.row, "field": wrong.field, "problem": wrong.problem, "cure": wrong.cure}


def _balance(one: Balance) -> dict[str, Any]:
    """What a statement prints, what its own rows make, and the difference: "0" when it agrees with itself."""
    return {
        "symbol": one.instrument.listing.symbol,
        "name": one.instrument.name,
        "place": one.place,
        "day": one.day.iso(),
        "stated": exact(one.stated),
        "counted": exact(one.counted),
        "difference": exact(one.difference),
    }


def _row(row: PreviewRow) -> dict[str, Any]:
    return {
        "row": row.row,
        "kind": row.kind,
        "day": row.day.iso(),
        "exchange": row.instrument.listing.exchange,
        "symbol": row.instrument.listing.symbol,
        "isin": row.instrument.isin,
        "quantity": None if row.quantity is None else plain(row.quantity),
        "price": amount(row.price),
        "amount": amount(row.amount),
        "currency": row.amount.currency,
        "fees": amount(row.fees),
        "tax": amount(row.tax),
        "note": row.note or None,
        "fate": row.fate,
        "problem": row.problem or None,
    }
