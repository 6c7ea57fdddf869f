"""Files in: upload, say what the columns mean, check, record, undo."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, ImportId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.ledger.columnmaps import MAPPED_KINDS, Column, ColumnMap, DayOrder, Point, Table
from tunefolio.ledger.kinds import RULES
from tunefolio.market.instruments import EXCHANGES
from tunefolio.services import bookfiles, uploads
from tunefolio.services import imports as deeds
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.uploads import BOOK, TABLE
from tunefolio.services.views import RowFate
from tunefolio.store import accounts, imports, jobs, mappings
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.jobs import Job
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormId, FormSecret, QueryId, find_id, go

router = APIRouter()
_PAGE = 50
_ROWS = 100
Digest = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]
Fate = Annotated[str, Form(max_length=10)]
Offset = Annotated[int, Form(ge=0, le=10_000_000)]

MEANINGS = {
    Column.DAY: "Trade date",
    Column.TIME: "Time",
    Column.KIND: "Buy or sell",
    Column.SYMBOL: "Symbol",
    Column.ISIN: "ISIN",
    Column.NAME: "Name",
    Column.EXCHANGE: "Exchange",
    Column.QUANTITY: "Quantity",
    Column.PRICE: "Price per unit",
    Column.AMOUNT: "Total amount",
    Column.CURRENCY: "Currency",
    Column.TRADE_ID: "Trade id",
    Column.NOTE: "Note",
    Column.FEES: "Charge (added up)",
    Column.TAXES: "Tax withheld (added up)",
}
ORDERS = {DayOrder.YMD: "2025-03-31", DayOrder.DMY: "31-03-2025", DayOrder.MDY: "03-31-2025"}
POINTS = {Point.DOT: "1,234.50", Point.COMMA: "1.234,50"}


class Columns(BaseModel):
    """What a person says a table means. means: one entry a column, in order; "" for one to leave aside."""

    account: int
    sha256: Annotated[str, Form(pattern="^[0-9a-f]{64}$")]
    means: list[str]
    day_order: DayOrder = DayOrder.YMD
    point: Point = Point.DOT
    exchange: str = "NSE"
    currency: str = ""
    buy: str = ""
    sell: str = ""
    dividend: str = ""


@router.get("/imports")
def listed(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    before: QueryId = "",
    account: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """The way in for a file, what its columns were said to mean, and every import so far."""
    last = find_id(before, "before")
    past = imports.listed(db, viewer, None if last is None else ImportId(last), _PAGE + 1)
    return render.page(
        request,
        "imports/page.html",
        homes=active_accounts(db, viewer),
        chosen=account,
        names={home.id: home.name for home in accounts.listed(db, viewer)},
        past=past[:_PAGE],
        next=past[_PAGE - 1].id if len(past) > _PAGE else None,
        limit=house.rules.upload_limit_bytes // 1_048_576,
        maps=mappings.listed(db, viewer),
        jobs=_open_jobs(db, viewer),
    )


@router.get("/imports/work")
def work(request: Request, db: Reading, viewer: CurrentViewer) -> HTMLResponse:
    """Long files that are being recorded now, and how far they are."""
    return render.partial(request, "dashboard/_work.html", jobs=_open_jobs(db, viewer))


@router.post("/imports/preview")
def preview(
    request: Request,
    house: HouseDep,
    viewer: CurrentViewer,
    account: FormId,
    file: UploadFile,
    password: FormSecret = "",
) -> HTMLResponse:
    """Take the file in; then the dry run, or first the question what its columns mean.

    Opening a statement takes seconds: the transaction begins only afterwards.
    """
    if not file.filename:
        raise Misuse("file", "was not chosen", cure="Choose a tradebook, a statement or any table")
    with house.database.reading() as db:
        home = accounts.account_of(db, viewer, AccountId(account))
    arrival = uploads.opened(house, viewer, file.filename, file.file.read(), Secret(password))
    with house.database.writing() as db:
        found = uploads.receive(db, house, viewer, arrival)
        if found.format == BOOK:
            return _book_page(request, db, house, viewer, home.id, found.sha256)
        if found.format == TABLE and not found.is_known:
            return _columns_page(request, db, viewer, home.id, found)
        return _preview_page(request, db, house, viewer, home.id, found.sha256)


@router.post("/imports/columns")
def columns(
    request: Request, db: Writing, house: HouseDep, viewer: CurrentViewer, said: Annotated[Columns, Form()]
) -> HTMLResponse:
    """Remember what the columns mean, for this file and every one like it; then the dry run."""
    found = uploads.detected(db, viewer, uploads.kept_of(db, viewer, said.sha256))
    if found.table is None:
        raise Misuse("file", f"is a {found.title}: its columns are known")
    uploads.remember(db, house, viewer, said.sha256, _map_of(said, found.table))
    return _preview_page(request, db, house, viewer, AccountId(said.account), said.sha256)


@router.post("/imports/columns/again")
def columns_again(
    request: Request, db: Writing, viewer: CurrentViewer, account: FormId, sha256: Digest
) -> HTMLResponse:
    """Say anew what the columns of a file mean."""
    found = uploads.detected(db, viewer, uploads.kept_of(db, viewer, sha256))
    return _columns_page(request, db, viewer, AccountId(account), found)


@router.post("/imports/columns/forget")
def forget(db: Writing, house: HouseDep, viewer: CurrentViewer, shape: Digest) -> Response:
    """Ask again the next time such a file comes."""
    uploads.forget_columns(db, house, viewer, shape)
    return go("/imports")


@router.post("/imports/rows")
def rows(
    request: Request,
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    account: FormId,
    sha256: Digest,
    fate: Fate = "",
    offset: Offset = 0,
) -> HTMLResponse:
    """The dry run again, with another part of its rows."""
    return _preview_page(request, db, house, viewer, AccountId(account), sha256, fate=fate, offset=offset)


@router.post("/imports/book")
def commit_book(
    db: Writing, house: HouseDep, viewer: CurrentViewer, account: FormId, sha256: Digest
) -> Response:
    """Record a text book, whole or not at all."""
    home = accounts.account_of(db, viewer, AccountId(account))
    bookfiles.record_book(db, house, viewer, uploads.kept_of(db, viewer, sha256), home.name)
    return go("/transactions")


@router.post("/imports")
def commit(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    account: FormId,
    sha256: Digest,
    total: Offset = 0,
) -> Response:
    """Record the file that was checked, whole or not at all; a long one in the background."""
    if total > deeds.LONG:
        deeds.ask_commit(db, house, viewer, AccountId(account), sha256)
        return go("/imports")
    done = deeds.commit(db, house, viewer, AccountId(account), sha256)
    return go(f"/imports#i-{done.id}")


@router.post("/imports/{id}/undo")
def undo(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take back what one import added."""
    deeds.undo(db, house, viewer, ImportId(id))
    return go("/imports")


def _preview_page(
    request: Request,
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    sha256: str,
    *,
    fate: str = "",
    offset: int = 0,
) -> HTMLResponse:
    seen, every = deeds.preview_with_rows(db, house, viewer, account, sha256, _fate(fate))
    return render.page(
        request,
        "imports/preview.html",
        preview=seen,
        rows=every[offset : offset + _ROWS],
        found=len(every),
        fate=fate,
        offset=offset,
        step=_ROWS,
        names={home.id: home.name for home in accounts.listed(db, viewer)},
        is_table=seen.format == TABLE,
    )


def _book_page(
    request: Request, db: WriteDb, house: House, viewer: Viewer, account: AccountId, sha256: str
) -> HTMLResponse:
    home = accounts.account_of(db, viewer, account)
    seen = bookfiles.preview_book(db, house, viewer, uploads.kept_of(db, viewer, sha256), home.name)
    return render.page(request, "imports/book.html", book=seen, account=home)


def _columns_page(
    request: Request, db: WriteDb, viewer: Viewer, account: AccountId, found: uploads.Detected
) -> HTMLResponse:
    if found.table is None or found.columns is None:
        raise Misuse("file", f"is a {found.title}: its columns are known")
    return render.page(
        request,
        "imports/columns.html",
        home=accounts.account_of(db, viewer, account),
        file=found,
        table=found.table,
        taken=_taken(found.columns),
        columns=found.columns,
        meanings=MEANINGS,
        orders=ORDERS,
        points=POINTS,
        exchanges=EXCHANGES,
        kinds={kind: RULES[kind].title for kind in MAPPED_KINDS},
    )


def _taken(columns: ColumnMap) -> dict[str, str]:
    """What each header is taken to mean, for the selects."""
    return {name: column.value for column, names in columns.columns.items() for name in names}


def _map_of(said: Columns, table: Table) -> dict[str, Any]:
    """The form as the map it stands for; raises Misuse when it is about another table."""
    if len(said.means) != len(table.header):
        raise Misuse("means", f"has {len(said.means)} entries for {len(table.header)} columns")
    chosen: dict[str, list[str]] = {}
    for name, meaning in zip(table.header, said.means, strict=True):
        if meaning and name:
            chosen.setdefault(meaning, []).append(name)
    words = {"buy": said.buy, "sell": said.sell, "dividend": said.dividend}
    return {
        "columns": chosen,
        "day_order": said.day_order.value,
        "point": said.point.value,
        "exchange": said.exchange,
        "currency": said.currency,
        "words": {kind: text.split(",") for kind, text in words.items() if text.strip()},
    }


def _open_jobs(db: ReadDb, viewer: Viewer) -> list[Job]:
    newest = jobs.page(db, viewer, None, 50)
    return [job for job in reversed(newest) if job.state in jobs.OPEN and job.kind == deeds.COMMIT]


def _fate(text: str) -> RowFate | None:
    if not text:
        return None
    try:
        return RowFate(text)
    except ValueError:
        raise Misuse("fate", f"{text!r} is unknown", cure=f"Known: {', '.join(RowFate)}") from None
