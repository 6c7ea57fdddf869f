"""A person's books for whoever writes them out: some hundred facts at a time, however long a history is."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from sqlalchemy import ColumnElement, select, true

from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.transactions import Transaction
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb
from tunefolio.store.listing import facts_of, in_force
from tunefolio.store.tables import transactions
from tunefolio.store.transaction_rows import COLUMNS
from tunefolio.store.viewers import owned

_AT_ONCE = 250


class Depth(Enum):
    """standing: the facts in force, by day. history: every fact and every reversal, as they were recorded."""

    STANDING = "standing"
    HISTORY = "history"


def moves(db: ReadDb, viewer: Viewer, depth: Depth) -> list[tuple[AccountId, AccountId | None]]:
    """Every account with facts, and each account that something was moved to or from; None for nowhere."""
    pair = (transactions.c.account_id, transactions.c.counterpart_id)
    query = select(*pair).where(owned(transactions, viewer), *_deep(viewer, depth)).distinct()
    return [(AccountId(one), None if other is None else AccountId(other)) for one, other in db.execute(query)]


def named(db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId], depth: Depth) -> set[InstrumentId]:
    """Every instrument that a fact of these accounts is about, as first or as other one."""
    pair = (transactions.c.instrument_id, transactions.c.other_id)
    which = (among(db, transactions.c.account_id, accounts), *_deep(viewer, depth))
    query = select(*pair).where(owned(transactions, viewer), *which).distinct()
    return {InstrumentId(id) for row in db.execute(query) for id in row if id is not None}


def iter_facts(
    db: ReadDb, viewer: Viewer, account: AccountId, depth: Depth
) -> Iterator[Sequence[Transaction]]:
    """The facts of one account, some hundred at a time: those in force by day, or all as recorded. Holds
    eight bytes for each fact, and some hundred of them."""
    order = [transactions.c.id] if depth is Depth.HISTORY else [transactions.c.day, transactions.c.id]
    which = (transactions.c.account_id == account, *_deep(viewer, depth))
    query = select(transactions.c.id).where(owned(transactions, viewer), *which).order_by(*order)
    ids = array("q", db.execute(query.execution_options(yield_per=_AT_ONCE)).scalars())
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        these = select(*COLUMNS).where(owned(transactions, viewer), among(db, transactions.c.id, some))
        found = {fact.id: fact for fact in facts_of(these, db, viewer)}
        yield [found[TransactionId(id)] for id in some]


def keys(db: ReadDb, viewer: Viewer, ids: Iterable[TransactionId]) -> dict[TransactionId, str]:
    """What their sources call these facts."""
    query = select(transactions.c.id, transactions.c.source_key)
    query = query.where(owned(transactions, viewer), among(db, transactions.c.id, ids))
    return {TransactionId(id): key for id, key in db.execute(query)}


def _deep(viewer: Viewer, depth: Depth) -> tuple[ColumnElement[bool], ...]:
    standing = in_force(viewer) if depth is Depth.STANDING else true()
    return (transactions.c.book == Book.LIVE, standing)
