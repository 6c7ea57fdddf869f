"""The one way facts leave the books: a whole account or portfolio that its owner deletes.

Triggers refuse to delete a fact unless its account stands in `deletions`; that row is written here, first,
and falls with the account, last: all in the caller's transaction.
"""

from __future__ import annotations

from sqlalchemy import Select, Table, delete, insert, select

from tunefolio.core.identity import AccountId, PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.store.db import WriteDb
from tunefolio.store.tables import (
    accounts,
    connections,
    deletions,
    holdings,
    imports,
    login_states,
    portfolios,
    snapshot_lines,
    snapshots,
    statements,
    taggings,
    transactions,
)
from tunefolio.store.viewers import owned

Ids = Select[int]

_LINES = (
    (taggings, "transaction_id", transactions),
    (holdings, "statement_id", statements),
    (snapshot_lines, "snapshot_id", snapshots),
)
_OF_ACCOUNT = (transactions, imports, statements, snapshots, connections)
"""Leaves before what they point at."""


def erase_account(db: WriteDb, viewer: Viewer, id: AccountId) -> None:
    """Every row of one account, and the account; nothing for a stranger's. Cost: its rows, by index."""
    _erase(db, viewer, select(accounts.c.id).where(owned(accounts, viewer), accounts.c.id == id))


def erase_portfolio(db: WriteDb, viewer: Viewer, id: PortfolioId) -> None:
    """Every row of a portfolio's accounts, the accounts and the portfolio; nothing for a stranger's."""
    _erase(db, viewer, select(accounts.c.id).where(owned(accounts, viewer), accounts.c.portfolio_id == id))
    db.execute(delete(login_states).where(owned(login_states, viewer), login_states.c.portfolio_id == id))
    db.execute(delete(portfolios).where(owned(portfolios, viewer), portfolios.c.id == id))


def _erase(db: WriteDb, viewer: Viewer, which: Ids) -> None:
    doomed = [AccountId(id) for id in db.execute(which.with_for_update()).scalars()]
    if not doomed:
        return
    db.execute_many(insert(deletions), [{"account_id": id} for id in doomed])
    for table, link, parent in _LINES:
        db.execute(
            delete(table).where(owned(table, viewer), table.c[link].in_(_rows(parent, viewer, doomed)))
        )
    for table in _OF_ACCOUNT:
        db.execute(delete(table).where(owned(table, viewer), table.c.account_id.in_(doomed)))
    db.execute(delete(accounts).where(owned(accounts, viewer), accounts.c.id.in_(doomed)))


def _rows(parent: Table, viewer: Viewer, doomed: list[AccountId]) -> Ids:
    return select(parent.c.id).where(owned(parent, viewer), parent.c.account_id.in_(doomed))
