"""The one way facts leave the books: a whole account or portfolio that its owner deletes.

Triggers refuse to delete a fact unless its account stands in `deletions`; that row is written here, first,
and falls with the account, last: all in the caller's transaction.
"""

from __future__ import annotations

from sqlalchemy import Select, Table, delete, exists, insert, select

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.store.db import WriteDb
from tunefolio.store.tables import (
    accounts,
    action_decisions,
    connections,
    day_rows,
    day_states,
    deletions,
    holdings,
    imports,
    login_states,
    portfolios,
    snapshot_lines,
    snapshots,
    statements,
    taggings,
    targets,
    tax_deeds,
    taxpayer_accounts,
    transactions,
    unread_rows,
)
from tunefolio.store.viewers import owned

Ids = Select[int]

_LINES = (
    (taggings, "transaction_id", transactions),
    (tax_deeds, "transaction_id", transactions),
    (holdings, "statement_id", statements),
    (snapshot_lines, "snapshot_id", snapshots),
)
_OF_ACCOUNT = (
    transactions,
    imports,
    statements,
    snapshots,
    connections,
    day_rows,
    day_states,
    action_decisions,
    unread_rows,
    taxpayer_accounts,
)
"""Leaves before what they point at."""

OF_BOOKS = frozenset({accounts, *_OF_ACCOUNT, *(table for table, _, _ in _LINES)})
"""Tables whose rows go with their account alone."""


def erase_account(db: WriteDb, viewer: Viewer, id: AccountId) -> None:
    """Every row of one account, and the account; nothing for a stranger's. Cost: its rows, by index."""
    _erase(db, viewer, select(accounts.c.id).where(owned(accounts, viewer), accounts.c.id == id))


def erase_portfolio(db: WriteDb, viewer: Viewer, id: PortfolioId) -> None:
    """Every row of a portfolio's accounts, the accounts and the portfolio; nothing for a stranger's."""
    _erase(db, viewer, select(accounts.c.id).where(owned(accounts, viewer), accounts.c.portfolio_id == id))
    db.execute(delete(login_states).where(owned(login_states, viewer), login_states.c.portfolio_id == id))
    db.execute(delete(targets).where(owned(targets, viewer), targets.c.portfolio_id == id))
    db.execute(delete(portfolios).where(owned(portfolios, viewer), portfolios.c.id == id))


def erase_books(db: WriteDb, viewer: Viewer) -> None:
    """Every account of the viewer with all its rows; her portfolios stay, empty."""
    _erase(db, viewer, select(accounts.c.id).where(owned(accounts, viewer)))


def _erase(db: WriteDb, viewer: Viewer, which: Ids) -> None:
    doomed = [AccountId(id) for id in db.execute(which.with_for_update()).scalars()]
    if not doomed:
        return
    _must_leave_no_half(db, viewer, doomed)
    db.execute_many(insert(deletions), [{"account_id": id} for id in doomed])
    for table, link, parent in _LINES:
        db.execute(
            delete(table).where(owned(table, viewer), table.c[link].in_(_rows(parent, viewer, doomed)))
        )
    for table in _OF_ACCOUNT:
        db.execute(delete(table).where(owned(table, viewer), table.c.account_id.in_(doomed)))
    db.execute(delete(accounts).where(owned(accounts, viewer), accounts.c.id.in_(doomed)))


_reversals = transactions.alias("reversals")


def _must_leave_no_half(db: WriteDb, viewer: Viewer, doomed: list[AccountId]) -> None:
    """Lots that came from an account keep their history there: it cannot go while the transfer stands."""
    halves = transactions.alias("halves")
    taken_back = exists().where(_reversals.c.reverses == halves.c.id, owned(_reversals, viewer))
    query = (
        select(accounts.c.name)
        .join(halves, halves.c.account_id == accounts.c.id)
        .where(owned(accounts, viewer), owned(halves, viewer), halves.c.counterpart_id.in_(doomed))
        .where(halves.c.account_id.not_in(doomed), halves.c.reverses.is_(None), ~taken_back)
    )
    name = db.execute(query.limit(1)).scalar()
    if name is not None:
        cure = "Take those transfers back first, or delete both accounts with their portfolio"
        raise Misuse("account", f"has transfers with {name}, whose lots came from them", cure=cure)


def _rows(parent: Table, viewer: Viewer, doomed: list[AccountId]) -> Ids:
    return select(parent.c.id).where(owned(parent, viewer), parent.c.account_id.in_(doomed))
