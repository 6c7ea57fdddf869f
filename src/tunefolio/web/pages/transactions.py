"""The ledger as a page: filter, record, take back, correct, tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, ImportId, InstrumentId, TransactionId
from tunefolio.core.money import decimal_of
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.transactions import Kind
from tunefolio.services import record as deeds
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views import TransactionRow, transaction_page
from tunefolio.store import accounts, instruments, transactions
from tunefolio.store.db import ReadDb
from tunefolio.store.transactions import TransactionFilter
from tunefolio.web import render
from tunefolio.web.api.answers import Cursor, QueryText, after_day, plain
from tunefolio.web.api.transactions import FactIn, fact_of
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormId, FormText, QueryId, find_id, go

router = APIRouter()
_PAGE = 100
_KINDS = (Kind.BUY, Kind.SELL, Kind.OPENING, Kind.DIVIDEND, Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.FEE)
_FILTERS = ("text", "account", "kind", "tag", "instrument", "import", "reversed")
KindQuery = Annotated[str, Query(max_length=20)]
ImportQuery = Annotated[str, Query(alias="import", max_length=20)]
FormKind = Annotated[Kind, Form()]


@router.get("/transactions")
def ledger(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    text: QueryText = "",
    account: QueryId = "",
    kind: KindQuery = "",
    tag: QueryText = "",
    instrument: QueryId = "",
    imported: ImportQuery = "",
    reversed: KindQuery = "",
    cursor: Cursor = "",
) -> HTMLResponse:
    """Facts, newest first, a page at a time. Block `ledger` answers the filters; "more" gets rows only."""
    chosen = _chosen(text, account, kind, tag, instrument, imported, reversed)
    after = after_day(cursor)
    before = None if after is None else (after[0], TransactionId(after[1]))
    view = transaction_page(db, house, viewer, chosen, before=before, limit=_PAGE)
    filters = {name: value for name, value in request.query_params.items() if name in _FILTERS and value}
    values: dict[str, Any] = {"view": view, "taken_back": _taken_back(db, viewer, chosen, before, view.rows)}
    if view.next is not None:
        values["more"] = f"/transactions?{urlencode(filters | {'cursor': f'{view.next[0]}_{view.next[1]}'})}"
    if cursor and render.wants_fragment(request):
        return render.partial(request, "transactions/_rows.html", **values)
    homes = active_accounts(db, viewer)
    values |= _form_values(db, house, viewer=viewer, homes=homes)
    values |= {"accounts": accounts.listed(db, viewer), "chosen": chosen, "is_filtered": bool(filters)}
    return render.page(request, "transactions/page.html", **values)


def wish_of_form(
    kind: FormKind,
    day: FormText,
    instrument: FormText = "",
    quantity: FormText = "",
    price: FormText = "",
    amount: FormText = "",
    fees: FormText = "",
    note: FormText = "",
) -> FactIn:
    """The fields a kind has; the others of the form are ignored, as the form hides them."""
    is_trade = kind in (Kind.BUY, Kind.SELL, Kind.OPENING)
    has_instrument = is_trade or kind is Kind.DIVIDEND
    has_fees = kind in (Kind.BUY, Kind.SELL, Kind.DIVIDEND)
    return FactIn(
        kind=kind,
        day=day,
        instrument=instrument if has_instrument else "",
        quantity=_number(quantity, "quantity") if is_trade else None,
        price=_number(price, "price") if is_trade else None,
        amount=None if is_trade else _number(amount, "amount"),
        fees=_number(fees, "fees") if has_fees and fees.strip() else None,
        note=note,
    )


Wish = Annotated[FactIn, Depends(wish_of_form)]


@router.post("/transactions")
def record(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    account: FormId,
    wish: Wish,
    tags: FormText = "",
) -> Response:
    """Record what the form says."""
    home = accounts.account_of(db, viewer, AccountId(account))
    words = [word.lstrip("#") for word in tags.split() if word.lstrip("#")]
    deeds.record(db, house, viewer, home.id, fact_of(db, house, wish, home.currency), words)
    return go("/transactions")


@router.post("/transactions/line")
def record_line(
    db: Writing, house: HouseDep, viewer: CurrentViewer, account: FormId, text: FormText
) -> Response:
    """Record one line of the notation."""
    deeds.record_line(db, house, viewer, AccountId(account), text)
    return go("/transactions")


@router.get("/transactions/{id}")
def one(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> HTMLResponse:
    """One fact, to correct or to tag."""
    row = _row(db, house, viewer=viewer, id=TransactionId(id))
    named = "" if row.instrument is None else f"{row.instrument.exchange}:{row.instrument.symbol}"
    values = _form_values(db, house, viewer=viewer, homes=())
    return render.page(request, "transactions/one.html", row=row, named=named, **values)


@router.post("/transactions/{id}")
def correct(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Wish) -> Response:
    """Take the fact back and put the form's in its place."""
    former = transactions.transaction_of(db, viewer, TransactionId(id))
    deeds.correct(db, house, viewer, former.id, fact_of(db, house, wish, former.fact.amount.currency))
    return go("/transactions")


@router.post("/transactions/{id}/reverse")
def reverse(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take a fact back."""
    deeds.take_back(db, house, viewer, TransactionId(id))
    return go("/transactions")


@router.post("/transactions/{id}/tag")
def tag_one(db: Writing, viewer: CurrentViewer, id: RowId, tag: FormText) -> Response:
    transactions.tag(db, viewer, TransactionId(id), tag.strip().lstrip("#"))
    return go(f"/transactions/{id}")


@router.post("/transactions/{id}/untag")
def untag_one(db: Writing, viewer: CurrentViewer, id: RowId, tag: FormText) -> Response:
    if not transactions.untag(db, viewer, TransactionId(id), tag):
        raise NotFound("tag")
    return go(f"/transactions/{id}")


def _chosen(
    text: str, account: str, kind: str, tag: str, instrument: str, imported: str, reversed: str
) -> TransactionFilter:
    if kind and kind not in _KINDS:
        raise Misuse("kind", f"{kind!r} is unknown", cure="Choose one of the list")
    home, held, file = (
        find_id(account, "account"),
        find_id(instrument, "instrument"),
        find_id(imported, "import"),
    )
    return TransactionFilter(
        account=None if home is None else AccountId(home),
        instrument=None if held is None else InstrumentId(held),
        kind=Kind(kind) if kind else None,
        tag=tag or None,
        text=text.strip() or None,
        import_id=None if file is None else ImportId(file),
        with_reversed=bool(reversed),
    )


def _number(text: str, field: str) -> str:
    """A decimal as people type it, with or without grouping; raises Misuse."""
    if not text.strip():
        raise Misuse(field, "is missing")
    value = decimal_of(text.replace(",", "").replace("₹", ""), field)
    if abs(value) >= 10**15:
        raise Misuse(field, "is too large")
    return plain(value)


def _row(db: ReadDb, house: House, *, viewer: Viewer, id: TransactionId) -> TransactionRow:
    """The fact with its line; raises NotFound. Its neighbours of the day are read with it, for its line."""
    fact = transactions.transaction_of(db, viewer, id)
    chosen = TransactionFilter(account=fact.account, with_reversed=True)
    view = transaction_page(db, house, viewer, chosen, before=(fact.fact.day, TransactionId(id + 1)), limit=1)
    for row in view.rows:
        if row.transaction.id == id:
            return row
    raise NotFound("transaction")


def _form_values(db: ReadDb, house: House, *, viewer: Viewer, homes: Sequence[Account]) -> dict[str, Any]:
    """What the form of a fact offers: accounts, kinds, instruments known from the viewer's own facts."""
    newest = transactions.page(db, viewer, filter=TransactionFilter(), before=None, limit=300)
    ids = {fact.fact.instrument for fact in newest if fact.fact.instrument is not None}
    known = instruments.of_ids(db, ids).values()
    return {
        "homes": homes,
        "kinds": [kind.value for kind in _KINDS],
        "today": TradingDay(calendar_date(house.clock.now())).iso(),
        "instruments": sorted(f"{listed.exchange}:{listed.symbol}" for listed in known),
    }


def _taken_back(
    db: ReadDb,
    viewer: Viewer,
    chosen: TransactionFilter,
    before: tuple[TradingDay, TransactionId] | None,
    rows: Sequence[TransactionRow],
) -> frozenset[TransactionId]:
    """Which facts of this page no longer stand, wherever their reversals are.

    As many standing facts from the same place reach at least as far back as the page does: what is on the
    page, is no reversal and is not among them was taken back.
    """
    if not chosen.with_reversed:
        return frozenset()
    standing = transactions.page(
        db, viewer, filter=replace(chosen, with_reversed=False), before=before, limit=_PAGE
    )
    stands = {fact.id for fact in standing}
    shown = (row.transaction for row in rows)
    return frozenset(fact.id for fact in shown if fact.reverses is None and fact.id not in stands)
