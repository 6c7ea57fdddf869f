"""How far the books of a person go: what whoever remembers something worked out of them asks each time."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import and_, bindparam, func, select

from tunefolio.core.identity import AccountId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.lots import Method
from tunefolio.store.db import ReadDb
from tunefolio.store.said import WHOSE, said
from tunefolio.store.tables import accounts, statements, transactions
from tunefolio.store.viewers import owned


class Head(NamedTuple):
    """Names the state of one account's book: the newest fact, how many there are, the newest statement (0 for
    none), and which lots a sale takes."""

    newest: int
    number: int
    statement: int
    method: Method


_NEWEST_STATEMENT = (
    select(func.max(statements.c.id))
    .where(owned(statements, WHOSE), statements.c.account_id == accounts.c.id)
    .correlate(accounts)
    .scalar_subquery()
)
_FACTS = and_(
    transactions.c.account_id == accounts.c.id,
    transactions.c.book == bindparam("book"),
    owned(transactions, WHOSE),
)
_HEADS = (
    select(
        accounts.c.id,
        accounts.c.lot_method,
        func.coalesce(func.max(transactions.c.id), 0),
        func.count(transactions.c.id),
        func.coalesce(_NEWEST_STATEMENT, 0),
    )
    .outerjoin_from(accounts, transactions, _FACTS)
    .where(owned(accounts, WHOSE))
    .group_by(accounts.c.id)
    .order_by(accounts.c.id)
)


def heads(db: ReadDb, viewer: Viewer, *, book: Book = Book.LIVE) -> dict[AccountId, Head]:
    """Of every account of the viewer's, archived ones too. Facts are append-only, so newest and number name
    a state; the number is needed because on PostgreSQL a lower id may be committed after a higher one.

    One query on ix_transactions_account_day and ix_statements_account.
    """
    rows = db.execute(_HEADS, said(viewer, book=book))
    return {
        AccountId(id): Head(newest, number, statement, Method(word))
        for id, word, newest, number, statement in rows
    }
