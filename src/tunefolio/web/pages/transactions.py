"""The ledger as a page: filter, record, take back, correct, tag; one fact or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, assert_never
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from pydantic import AfterValidator
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import AssetClass
from tunefolio.services import record as deeds
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views import TransactionRow, transaction_page
from tunefolio.store import accounts, transactions
from tunefolio.store.db import ReadDb
from tunefolio.store.transactions import TransactionFilter
from tunefolio.web import kinds, render
from tunefolio.web.api.answers import Cursor, after_day, clean
from tunefolio.web.api.lines import facts_of_lines, resolver, row_of
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages import entry
from tunefolio.web.pages.entry import Entry
from tunefolio.web.pages.filters import FILTERS, Chosen
from tunefolio.web.pages.forms import FormId, FormText, go

router = APIRouter()
_PAGE = 100
FormIds = Annotated[list[Annotated[int, Form(ge=1, le=MAX_ID)]], Form(max_length=1_000)]
FormLines = Annotated[str, AfterValidator(clean), Form(max_length=200_000)]


class Deed(StrEnum):
    """What is done with many facts at once."""

    TAG = "tag"
    UNTAG = "untag"
    REVERSE = "reverse"


@router.get("/transactions")
def ledger(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, chosen: Chosen, cursor: Cursor = ""
) -> HTMLResponse:
    """Facts, newest first, a page at a time. Block `ledger` answers the filters; "more" gets rows only."""
    after = after_day(cursor)
    before = None if after is None else (after[0], TransactionId(after[1]))
    view = transaction_page(db, house, viewer, chosen, before=before, limit=_PAGE)
    asked = [(name, word) for name, word in request.query_params.multi_items() if name in FILTERS and word]
    values: dict[str, Any] = {"view": view, "taken_back": _taken_back(db, viewer, chosen, before, view.rows)}
    values |= {"icons": kinds.ICONS, "title_of": kinds.title_of}
    if view.next is not None:
        values["more"] = f"/transactions?{urlencode([*asked, ('cursor', f'{view.next[0]}_{view.next[1]}')])}"
    if cursor and render.wants_fragment(request):
        return render.partial(request, "transactions/_rows.html", **values)
    homes = active_accounts(db, viewer)
    values |= entry.form_values(db, house, viewer=viewer, homes=homes)
    values |= {"accounts": accounts.listed(db, viewer), "chosen": chosen, "is_filtered": bool(asked)}
    values |= {"classes": list(AssetClass), "typed": {}}
    return render.page(request, "transactions/page.html", **values)


@router.post("/transactions")
def record(db: Writing, house: HouseDep, viewer: CurrentViewer, form: Entry) -> Response:
    """Record what the form says."""
    home = entry.home_of(db, viewer, form.account)
    fact = entry.fact_for(form, home, resolver(db, house, viewer))
    deeds.record(db, house, viewer, home.id, fact, form.words())
    return go("/transactions")


@router.post("/transactions/line")
def record_lines(
    db: Writing, house: HouseDep, viewer: CurrentViewer, account: FormId, text: FormLines
) -> Response:
    """Record lines of the notation, all or none; empty ones and those that begin with ; are left out."""
    home = accounts.account_of(db, viewer, AccountId(account))
    deeds.record_many(db, house, viewer, home.id, facts_of_lines(db, house, viewer, home, text))
    return go("/transactions")


@router.post("/transactions/many")
def change_many(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    id: FormIds,
    deed: Annotated[Deed, Form()],
    tag: FormText = "",
) -> Response:
    """Tag many facts, take words off them, or take them back: all or none."""
    ids = [TransactionId(one) for one in id]
    words = [word.lstrip("#") for word in tag.split()]
    if deed is not Deed.REVERSE and not words:
        raise Misuse("tag", "is missing", cure="Write a word, as core")
    match deed:
        case Deed.TAG:
            deeds.tag_many(db, house, viewer, ids, add=words)
        case Deed.UNTAG:
            deeds.tag_many(db, house, viewer, ids, remove=words)
        case Deed.REVERSE:
            deeds.take_back_many(db, house, viewer, ids)
        case _:
            assert_never(deed)
    return go("/transactions")


@router.get("/transactions/{id}")
def one(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> HTMLResponse:
    """One fact, to correct or to tag."""
    row = row_of(db, house, viewer, TransactionId(id))
    names = {one.id: f"{one.exchange}:{one.symbol}" for one in (row.instrument, row.other) if one is not None}
    values = entry.form_values(db, house, viewer=viewer, homes=active_accounts(db, viewer))
    values["typed"] = entry.typed(row.transaction, names, row.account.currency)
    return render.page(request, "transactions/one.html", row=row, **values)


@router.post("/transactions/{id}")
def correct(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, form: Entry) -> Response:
    """Take the fact back and put the form's in its place."""
    former = transactions.transaction_of(db, viewer, TransactionId(id))
    home = accounts.account_of(db, viewer, former.account)
    fact = entry.fact_for(form, home, resolver(db, house, viewer))
    deeds.correct(db, house, viewer, former.id, fact)
    return go("/transactions")


@router.post("/transactions/{id}/reverse")
def reverse(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take a fact back."""
    deeds.take_back(db, house, viewer, TransactionId(id))
    return go("/transactions")


@router.post("/transactions/{id}/tag")
def tag_one(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, tag: FormText) -> Response:
    deeds.tag_many(db, house, viewer, [TransactionId(id)], add=[tag.strip().lstrip("#")])
    return go(f"/transactions/{id}")


@router.post("/transactions/{id}/untag")
def untag_one(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, tag: FormText) -> Response:
    if tag not in transactions.transaction_of(db, viewer, TransactionId(id)).tags:
        raise NotFound("tag")
    deeds.tag_many(db, house, viewer, [TransactionId(id)], remove=[tag])
    return go(f"/transactions/{id}")


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
