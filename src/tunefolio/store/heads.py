"""How far the books of a person go: what whoever remembers something worked out of them asks each time."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, func, select

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
_ACCOUNTS = select(accounts.c.id, accounts.c.lot_method, func.coalesce(_NEWEST_STATEMENT, 0)).where(
    owned(accounts, WHOSE)
)


_FACTS = (
    select(transactions.c.account_id, func.max(transactions.c.id), func.count())
    .where(owned(transactions, WHOSE), transactions.c.account_id.in_(bindparam("accounts", expanding=True)))
    .where(transactions.c.book == bindparam("book"))
    .group_by(transactions.c.account_id)
)
"""Apart from the accounts: joined with these, SQLite goes over all facts of their owner for each of them."""


def heads(db: ReadDb, viewer: Viewer, *, book: Book = Book.LIVE) -> dict[AccountId, Head]:
    """Of every account of the viewer's, archived ones too. Facts are append-only, so newest and number name
    a state; the number is needed because on PostgreSQL a lower id may be committed after a higher one.

    Two queries, by ix_statements_account and over the owner's facts.
    """
    homes = db.execute(_ACCOUNTS, said(viewer)).all()
    asked = said(viewer, book=book, accounts=[id for id, _, _ in homes])
    facts = {id: (newest, number) for id, newest, number in db.execute(_FACTS, asked)}
    return {
        AccountId(id): Head(*facts.get(id, (0, 0)), statement, Method(word)) for id, word, statement in homes
    }
