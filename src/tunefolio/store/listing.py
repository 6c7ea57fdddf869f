"""The list of facts: filtered, newest day first, page by page; and how facts are read with their tags.

A page is cut from ids alone, then its rows are read: what a filter passes over is never read whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, tuple_

from tunefolio.core.identity import AccountId, ImportId, InstrumentId, PortfolioId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import AssetClass
from tunefolio.store.batches import batches
from tunefolio.store.columns import Day, Id
from tunefolio.store.db import ReadDb
from tunefolio.store.labels import labelling, labels_in
from tunefolio.store.planning import unindexed
from tunefolio.store.tables import accounts, instruments, taggings, transactions
from tunefolio.store.tables import tags as words
from tunefolio.store.transaction_rows import COLUMNS, transaction
from tunefolio.store.viewers import owned

reversals = transactions.alias("reversals")
_RARE = 1_000


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """Which of the viewer's facts to show; None and the empty set: any. All that is given must hold.

    kinds, accounts: any of several; `kind` and `account` are one more of them.
    until:       exclusive.
    least, most: bounds of the amount, both inclusive.
    text:        in any case in note, symbol, name or tag; or the source's own key, exactly.
    """

    account: AccountId | None = None
    portfolio: PortfolioId | None = None
    instrument: InstrumentId | None = None
    kind: Kind | None = None
    tag: str | None = None
    text: str | None = None
    since: TradingDay | None = None
    until: TradingDay | None = None
    import_id: ImportId | None = None
    book: Book = Book.LIVE
    with_reversed: bool = False
    accounts: frozenset[AccountId] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    least: Decimal | None = None
    most: Decimal | None = None
    asset_class: AssetClass | None = None


def page(
    db: ReadDb,
    viewer: Viewer,
    *,
    filter: TransactionFilter,
    before: tuple[TradingDay, TransactionId] | None,
    limit: int,
) -> list[Transaction]:
    """The viewer's facts, newest day first, from the one after `before`; only those in force unless asked.

    Keyset: a page deep in the list costs what the first one does.
    """
    query = select(*COLUMNS).where(owned(transactions, viewer), *_conditions(db, viewer, filter))
    if before is not None:
        query = query.where(
            tuple_(transactions.c.day, transactions.c.id) < tuple_(*before, types=(Day(), Id))
        )
    query = query.order_by(transactions.c.day.desc(), transactions.c.id.desc()).limit(limit)
    return facts_of(query, db, viewer)


def _conditions(db: ReadDb, viewer: Viewer, wanted: TransactionFilter) -> Iterator[ColumnElement[bool]]:
    facts = transactions.c
    yield facts.book == wanted.book
    if not wanted.with_reversed:
        yield in_force(viewer)
    if wanted.since is not None:
        yield facts.day >= wanted.since
    if wanted.until is not None:
        yield facts.day < wanted.until
    if wanted.import_id is not None:
        yield facts.import_id == wanted.import_id
    if wanted.least is not None:
        yield facts.amount >= wanted.least
    if wanted.most is not None:
        yield facts.amount <= wanted.most
    if kinds := wanted.kinds | ({wanted.kind} if wanted.kind else set()):
        yield facts.kind.in_(sorted(kinds))
    yield from _places(viewer, wanted)
    if wanted.tag is not None:
        yield _has_tag(db, viewer, wanted.tag)
    if wanted.text:
        yield _holds(viewer, wanted.text)


def _places(viewer: Viewer, wanted: TransactionFilter) -> Iterator[ColumnElement[bool]]:
    """Where the fact is, and what it is about."""
    facts = transactions.c
    if homes := wanted.accounts | ({wanted.account} if wanted.account is not None else set()):
        yield facts.account_id.in_(sorted(homes))
    if wanted.portfolio is not None:
        inside = select(accounts.c.id).where(
            owned(accounts, viewer), accounts.c.portfolio_id == wanted.portfolio
        )
        yield facts.account_id.in_(inside)
    if wanted.instrument is not None:
        yield facts.instrument_id == wanted.instrument
    if wanted.asset_class is not None:
        ids = select(instruments.c.id).where(instruments.c.asset_class == wanted.asset_class)
        yield facts.instrument_id.in_(ids)


def _has_tag(db: ReadDb, viewer: Viewer, name: str) -> ColumnElement[bool]:
    """A rare tag's facts are named one by one, or PostgreSQL tries every fact of the list against them."""
    query = _tagged(viewer, words.c.name == name)
    few = db.execute(query.limit(_RARE + 1)).scalars().all()
    return transactions.c.id.in_(query if len(few) > _RARE else few)


def _tagged(viewer: Viewer, which: ColumnElement[bool]) -> Select[int]:
    return (
        select(taggings.c.transaction_id)
        .join(words, and_(words.c.id == taggings.c.tag_id, owned(words, viewer)))
        .where(owned(taggings, viewer), which)
    )


def _holds(viewer: Viewer, text: str) -> ColumnElement[bool]:
    symbol, name = instruments.c.symbol, instruments.c.name
    named = or_(symbol.icontains(text, autoescape=True), name.icontains(text, autoescape=True))
    ids = select(instruments.c.id).where(named)
    return or_(
        transactions.c.instrument_id.in_(ids),
        transactions.c.other_id.in_(ids),
        transactions.c.source_key == text,
        and_(transactions.c.note != "", transactions.c.note.icontains(text, autoescape=True)),
        transactions.c.id.in_(_tagged(viewer, words.c.name.icontains(text, autoescape=True))),
    )


def in_force(viewer: Viewer) -> ColumnElement[bool]:
    """Neither a reversal nor reversed; one probe of uq_transactions_reverses a row."""
    taken_back = exists().where(reversals.c.reverses == transactions.c.id, owned(reversals, viewer))
    return and_(unindexed(transactions.c.reverses).is_(None), ~taken_back)


def facts_of(query: Select[Any], db: ReadDb, viewer: Viewer) -> list[Transaction]:
    """What a query of COLUMNS finds, in its order, with tags."""
    rows = db.execute(query).all()
    labels: dict[int, tuple[str, ...]] = {}
    for batch in batches(row.id for row in rows):
        labels |= labels_of(transactions.c.id.in_(batch), db, viewer)
    return [transaction(row, labels.get(row.id, ())) for row in rows]


def labels_of(which: ColumnElement[bool], db: ReadDb, viewer: Viewer) -> dict[int, tuple[str, ...]]:
    """Tag names in order, by fact; from the viewer's taggings, which are few."""
    return labels_in(db.execute(labelling(which, viewer)))
