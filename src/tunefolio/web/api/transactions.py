"""Facts of the ledger: read page by page, recorded, taken back, corrected, tagged. Money is text here."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from starlette.responses import Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, ImportId, InstrumentId, TransactionId
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import AssetClass
from tunefolio.services import record as deeds
from tunefolio.services.views.history import transaction_page
from tunefolio.store import transactions
from tunefolio.store.accounts import account_of
from tunefolio.store.transactions import TransactionFilter
from tunefolio.web.api.answers import (
    Cursor,
    Limit,
    QueryText,
    Text,
    after_day,
    day_of,
    nothing,
    reply,
)
from tunefolio.web.api.facts import FactIn, Id, fact_of, transaction
from tunefolio.web.api.lines import Written, facts_of_lines, resolver, row_of
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, PortfolioChoice, Reading, RowId, Writing

v1 = APIRouter(tags=["transactions"])
RowQuery = Annotated[int | None, Query(ge=1, le=MAX_ID)]
KindsQuery = Annotated[list[Kind] | None, Query(max_length=len(Kind), description="Any of these.")]
SumQuery = Annotated[
    Decimal | None,
    Query(max_digits=23, decimal_places=8, allow_inf_nan=False, description="Amount, inclusive."),
]
TagName = Annotated[Text, Path(min_length=1)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=1_000)]


class NewFact(FactIn):
    """A fact and the account it belongs to."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "account_id": 2,
                "kind": "sell",
                "day": "2024-06-03",
                "instrument": "NSE:INFY",
                "quantity": "5",
                "price": "1600",
                "fees": "15",
                "picks": [{"lot": 91, "quantity": "5"}],
            }
        }
    )
    account_id: Id


class LineIn(Body):
    """One fact in the notation."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"text": "2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #core"}}
    )
    text: Text


class ManyFacts(Body):
    """Many facts of one account: as objects, as lines of the notation, or both; all are recorded or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "account_id": 2,
                "text": "2024-04-01 deposit 50000\n2024-04-02 buy 10 NSE:INFY @ 1500",
            }
        }
    )
    account_id: Id
    transactions: Annotated[list[FactIn], Field(max_length=1_000)] = Field(default=[])
    text: Annotated[str, Field(max_length=200_000, description="One fact a line.")] = ""


class ChosenFacts(Body):
    """Facts by their ids."""

    model_config = ConfigDict(json_schema_extra={"example": {"ids": [91, 92]}})
    ids: Ids


class TagChange(ChosenFacts):
    """Words to put on facts, and words to take off them."""

    model_config = ConfigDict(json_schema_extra={"example": {"ids": [91, 92], "add": ["core"], "remove": []}})
    add: Annotated[list[Text], Field(max_length=50)] = Field(default=[])
    remove: Annotated[list[Text], Field(max_length=50)] = Field(default=[])


@v1.get("/transactions")
def listed(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    portfolio: PortfolioChoice,
    account: RowQuery = None,
    instrument: RowQuery = None,
    kind: KindsQuery = None,
    tag: QueryText = "",
    text: QueryText = "",
    since: QueryText = "",
    until: QueryText = "",
    least: SumQuery = None,
    most: SumQuery = None,
    asset_class: AssetClass | None = None,
    imported: RowQuery = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    """Facts in force, newest first. until: exclusive; text: in note, symbol, name or tag; imported: by it."""
    chosen = TransactionFilter(
        account=None if account is None else AccountId(account),
        portfolio=portfolio,
        instrument=None if instrument is None else InstrumentId(instrument),
        kinds=frozenset(kind or ()),
        tag=tag or None,
        text=text or None,
        since=day_of(since, "since") if since else None,
        until=day_of(until, "until") if until else None,
        least=least,
        most=most,
        asset_class=asset_class,
        import_id=None if imported is None else ImportId(imported),
    )
    after = after_day(cursor)
    before = None if after is None else (after[0], TransactionId(after[1]))
    view = transaction_page(db, house, viewer, chosen, before=before, limit=limit)
    body: dict[str, Any] = {"data": [transaction(row) for row in view.rows], "tags": view.tags}
    if view.next is not None:
        body["next"] = f"{view.next[0]}_{view.next[1]}"
    return reply(body)


@v1.post("/transactions", status_code=201)
def record_new(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: NewFact) -> Response:
    """Record a fact of any kind. A transfer inside the books records both halves."""
    return record(db, house, viewer, wish.account_id, wish)


@v1.post("/accounts/{id}/transactions", status_code=201)
def record(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: FactIn) -> Response:
    """Record a fact. 422 when it would sell more than is held."""
    home = account_of(db, viewer, AccountId(id))
    fact = fact_of(wish, home.currency, resolver(db, house, viewer))
    return reply({"id": deeds.record(db, house, viewer, home.id, fact, wish.tags)}, 201)


@v1.post("/accounts/{id}/transactions/line", status_code=201)
def record_line(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: LineIn) -> Response:
    """Record a fact written as one line."""
    home = account_of(db, viewer, AccountId(id))
    facts = facts_of_lines(db, house, viewer, home, wish.text)
    return reply({"id": deeds.record_many(db, house, viewer, home.id, facts)[0]}, 201)


@v1.post("/transactions/bulk", status_code=201)
def record_many(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: ManyFacts) -> Response:
    """Record many facts of one account, all or none; their ids in the order given, lines last."""
    home = account_of(db, viewer, AccountId(wish.account_id))
    resolve = resolver(db, house, viewer)
    facts: Written = [(fact_of(one, home.currency, resolve), one.tags) for one in wish.transactions]
    if wish.text or not facts:
        facts += facts_of_lines(db, house, viewer, home, wish.text)
    return reply({"ids": deeds.record_many(db, house, viewer, home.id, facts)}, 201)


@v1.post("/transactions/take-back")
def take_back(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: ChosenFacts) -> Response:
    """Take many facts back, all or none; how many, the other halves of transfers among them."""
    ids = [TransactionId(id) for id in wish.ids]
    return reply({"reversed": deeds.take_back_many(db, house, viewer, ids)})


@v1.post("/transactions/tags")
def tag_many(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: TagChange) -> Response:
    """Put words on many facts, take others off; how many facts."""
    ids = [TransactionId(id) for id in wish.ids]
    return reply({"changed": deeds.tag_many(db, house, viewer, ids, add=wish.add, remove=wish.remove)})


@v1.get("/transactions/{id}")
def one(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """One fact, whether it stands or was taken back."""
    return reply(transaction(row_of(db, house, viewer, TransactionId(id))))


@v1.post("/transactions/{id}/reverse", status_code=204)
def reverse(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take a fact back; the ledger keeps both it and its reversal."""
    deeds.take_back(db, house, viewer, TransactionId(id))
    return nothing()


@v1.put("/transactions/{id}")
def correct(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: FactIn) -> Response:
    """Take a fact back and record another in its place, with the old one's tags."""
    former = transactions.transaction_of(db, viewer, TransactionId(id))
    home = account_of(db, viewer, former.account)
    fact = fact_of(wish, home.currency, resolver(db, house, viewer))
    return reply({"id": deeds.correct(db, house, viewer, former.id, fact)})


@v1.put("/transactions/{id}/tags/{name}", status_code=204)
def tag(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, name: TagName) -> Response:
    deeds.tag_many(db, house, viewer, [TransactionId(id)], add=[name])
    return nothing()


@v1.delete("/transactions/{id}/tags/{name}", status_code=204)
def untag(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, name: TagName) -> Response:
    if name not in transactions.transaction_of(db, viewer, TransactionId(id)).tags:
        raise NotFound("tag")
    deeds.tag_many(db, house, viewer, [TransactionId(id)], remove=[name])
    return nothing()
