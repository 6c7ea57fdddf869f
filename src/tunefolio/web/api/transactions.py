"""Facts of the ledger: read page by page, recorded, taken back, corrected, tagged. Money is text here."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, ImportId, InstrumentId, TransactionId
from tunefolio.core.money import Currency, Money, Price, currency_of
from tunefolio.ledger.transactions import MOVES_UNITS, Fact, Kind, trade
from tunefolio.services import record as deeds
from tunefolio.services.house import House
from tunefolio.services.views.history import transaction_page
from tunefolio.services.views.shapes import TransactionRow
from tunefolio.store import transactions
from tunefolio.store.accounts import account_of
from tunefolio.store.db import WriteDb
from tunefolio.store.transactions import TransactionFilter
from tunefolio.web.api.answers import (
    Cursor,
    Limit,
    Number,
    QueryText,
    Text,
    after_day,
    amount,
    day_of,
    ist,
    nothing,
    plain,
    reply,
)
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, PortfolioChoice, Reading, RowId, Writing

v1 = APIRouter(tags=["transactions"])
RowQuery = Annotated[int | None, Query(ge=1, le=MAX_ID)]


TagName = Annotated[Text, Path(min_length=1)]


class FactIn(BaseModel):
    """What happened. Trades need instrument, quantity and price, all else an amount."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "buy",
                "day": "2024-04-01",
                "instrument": "NSE:INFY",
                "quantity": "10",
                "price": "1500",
                "fees": "12.50",
                "tags": ["core"],
            }
        }
    )
    kind: Kind
    day: Text
    instrument: Text = ""
    quantity: Number | None = None
    price: Number | None = None
    amount: Number | None = None
    fees: Number | None = None
    currency: Text = ""
    note: Text = ""
    tags: list[Text] = []


class LineIn(BaseModel):
    """One fact in the notation."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"text": "2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #core"}}
    )
    text: Text


@v1.get("/transactions")
def listed(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    portfolio: PortfolioChoice,
    account: RowQuery = None,
    instrument: RowQuery = None,
    kind: Kind | None = None,
    tag: QueryText = "",
    text: QueryText = "",
    since: QueryText = "",
    until: QueryText = "",
    imported: RowQuery = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    """Facts in force, newest first. until: exclusive; text: in note, symbol or name; imported: by it."""
    chosen = TransactionFilter(
        account=None if account is None else AccountId(account),
        portfolio=portfolio,
        instrument=None if instrument is None else InstrumentId(instrument),
        kind=kind,
        tag=tag or None,
        text=text or None,
        since=day_of(since, "since") if since else None,
        until=day_of(until, "until") if until else None,
        import_id=None if imported is None else ImportId(imported),
    )
    after = after_day(cursor)
    before = None if after is None else (after[0], TransactionId(after[1]))
    view = transaction_page(db, house, viewer, chosen, before=before, limit=limit)
    body: dict[str, Any] = {"data": [transaction(row) for row in view.rows], "tags": view.tags}
    if view.next is not None:
        body["next"] = f"{view.next[0]}_{view.next[1]}"
    return reply(body)


@v1.post("/accounts/{id}/transactions", status_code=201)
def record(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: FactIn) -> Response:
    """Record a fact. 422 when it would sell more than is held."""
    home = account_of(db, viewer, AccountId(id))
    fact = fact_of(db, house, wish, home.currency)
    return reply({"id": deeds.record(db, house, viewer, home.id, fact, wish.tags)}, 201)


@v1.post("/accounts/{id}/transactions/line", status_code=201)
def record_line(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: LineIn) -> Response:
    """Record a fact written as one line."""
    return reply({"id": deeds.record_line(db, house, viewer, AccountId(id), wish.text)}, 201)


@v1.post("/transactions/{id}/reverse", status_code=204)
def reverse(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take a fact back; the ledger keeps both it and its reversal."""
    deeds.take_back(db, house, viewer, TransactionId(id))
    return nothing()


@v1.put("/transactions/{id}")
def correct(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: FactIn) -> Response:
    """Take a fact back and record another in its place, with the old one's tags."""
    former = transactions.transaction_of(db, viewer, TransactionId(id))
    fact = fact_of(db, house, wish, former.fact.amount.currency)
    return reply({"id": deeds.correct(db, house, viewer, former.id, fact)})


@v1.put("/transactions/{id}/tags/{name}", status_code=204)
def tag(db: Writing, viewer: CurrentViewer, id: RowId, name: TagName) -> Response:
    transactions.tag(db, viewer, TransactionId(id), name)
    return nothing()


@v1.delete("/transactions/{id}/tags/{name}", status_code=204)
def untag(db: Writing, viewer: CurrentViewer, id: RowId, name: TagName) -> Response:
    if not transactions.untag(db, viewer, TransactionId(id), name):
        raise NotFound("tag")
    return nothing()


def fact_of(db: WriteDb, house: House, wish: FactIn, currency: Currency) -> Fact:
    """The wish as a checked fact; raises Misuse naming the field."""
    money = currency_of(wish.currency) if wish.currency else currency
    fees = None if wish.fees is None else Money(Decimal(wish.fees), money)
    day = day_of(wish.day, "day")
    instrument = deeds.instrument_named(db, house, wish.instrument) if wish.instrument else None
    if wish.kind not in MOVES_UNITS:
        if wish.amount is None:
            raise Misuse("amount", f"a {wish.kind} needs an amount")
        return Fact(wish.kind, day, Money(Decimal(wish.amount), money), instrument, fees=fees, note=wish.note)
    if instrument is None or wish.quantity is None or wish.price is None:
        raise Misuse("price", f"a {wish.kind} needs instrument, quantity and price")
    price = Price(Decimal(wish.price), money)
    return trade(wish.kind, day, instrument, Decimal(wish.quantity), price, fees=fees, note=wish.note)


def transaction(row: TransactionRow) -> dict[str, Any]:
    """One fact with its line in the notation."""
    one, fact, instrument = row.transaction, row.transaction.fact, row.instrument
    named = None
    if instrument is not None:
        named = {
            "id": instrument.id,
            "symbol": instrument.symbol,
            "exchange": instrument.exchange,
            "isin": instrument.isin,
            "name": instrument.name,
        }
    return {
        "id": one.id,
        "account_id": row.account.id,
        "account": row.account.name,
        "kind": fact.kind,
        "day": fact.day.iso(),
        "instrument": named,
        "quantity": None if fact.quantity is None else plain(fact.quantity),
        "price": amount(fact.price),
        "amount": amount(fact.amount),
        "fees": amount(fact.charges),
        "currency": fact.amount.currency,
        "note": fact.note,
        "tags": one.tags,
        "source": one.source,
        "line": row.text,
        "recorded_at": ist(one.recorded),
    }
