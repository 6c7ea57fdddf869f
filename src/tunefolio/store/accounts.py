"""The accounts in a person's portfolios."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, PersonId, PortfolioId
from tunefolio.core.money import Currency
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account, AccountKind
from tunefolio.ledger.lots import Method
from tunefolio.store import erasure
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.portfolios import portfolio_of
from tunefolio.store.said import WHOSE, said
from tunefolio.store.tables import accounts, portfolios
from tunefolio.store.viewers import owned

_TAKEN = ("name", "is already the name of an account of yours")
_ONE = select(accounts).where(owned(accounts, WHOSE), accounts.c.id == bindparam("account"))
_HELD = _ONE.with_for_update()
_LISTED = select(accounts).where(owned(accounts, WHOSE)).order_by(accounts.c.name, accounts.c.id)
_METHODS = select(accounts.c.id, accounts.c.lot_method).where(owned(accounts, WHOSE)).order_by(accounts.c.id)


def add(
    db: WriteDb,
    viewer: Viewer,
    portfolio: PortfolioId,
    name: str,
    kind: AccountKind,
    currency: Currency,
    now: Instant,
    broker: str = "",
    broker_user: str = "",
) -> Account:
    """A new, empty account in a portfolio of the viewer's.

    Raises NotFound for another's portfolio, Misuse for a taken name or an account at a broker added twice.
    """
    portfolio_of(db, viewer, portfolio)
    row = {
        "owner_id": viewer.person,
        "portfolio_id": portfolio,
        "name": name,
        "kind": kind,
        "currency": currency,
        "broker": broker,
        "broker_user": broker_user,
        "created_at": now,
    }
    with db.unique(*_TAKEN):
        key = db.execute(insert(accounts).values(row).returning(accounts.c.id)).scalar_one()
    return Account(AccountId(key), viewer.person, portfolio, name, kind, currency, broker, broker_user, now)


def account_of(db: ReadDb, viewer: Viewer, id: AccountId) -> Account:
    """One of the viewer's accounts, archived or not; raises NotFound."""
    row = db.execute(_ONE, said(viewer, account=id)).one_or_none()
    if row is None:
        raise NotFound("account")
    return account(row)


def account_for_change(db: WriteDb, viewer: Viewer, id: AccountId) -> Account:
    """The same, held until the transaction ends: two changes of one account's facts wait for each other.

    A row lock on PostgreSQL; on SQLite the writer is alone already.
    """
    row = db.execute(_HELD, said(viewer, account=id)).one_or_none()
    if row is None:
        raise NotFound("account")
    return account(row)


def listed(db: ReadDb, viewer: Viewer, *, portfolio: PortfolioId | None = None) -> list[Account]:
    """The viewer's accounts (of one portfolio), archived ones too, by name; on uq_accounts_owner_id_name."""
    found = [account(row) for row in db.execute(_LISTED, said(viewer))]
    return found if portfolio is None else [home for home in found if home.portfolio == portfolio]


def find_broker(db: ReadDb, viewer: Viewer, broker: str, broker_user: str) -> Account | None:
    """The viewer's account of one user at one broker, archived or not; on uq_accounts_broker_user."""
    which = (owned(accounts, viewer), accounts.c.broker == broker, accounts.c.broker_user == broker_user)
    row = db.execute(select(accounts).where(*which, accounts.c.broker != "")).one_or_none()
    return None if row is None else account(row)


def rename(db: WriteDb, viewer: Viewer, id: AccountId, name: str) -> None:
    """Raises NotFound, or Misuse when the viewer has another of that name."""
    with db.unique(*_TAKEN):
        _change(db, viewer, id, name=name)


def move(db: WriteDb, viewer: Viewer, id: AccountId, portfolio: PortfolioId) -> None:
    """Into another portfolio of the viewer's; raises NotFound for either."""
    portfolio_of(db, viewer, portfolio)
    _change(db, viewer, id, portfolio_id=portfolio)


def archive(db: WriteDb, viewer: Viewer, id: AccountId, now: Instant) -> None:
    """No longer synced nor counted, since `now`; raises NotFound."""
    _change(db, viewer, id, archived_at=now)


def restore(db: WriteDb, viewer: Viewer, id: AccountId) -> None:
    """Synced and counted again; raises NotFound."""
    _change(db, viewer, id, archived_at=None)


def lot_methods(db: ReadDb, viewer: Viewer) -> dict[AccountId, Method]:
    """Which lots a sale takes, for each of the viewer's accounts; archived ones too."""
    return {AccountId(id): Method(word) for id, word in db.execute(_METHODS, said(viewer))}


def set_lot_method(db: WriteDb, viewer: Viewer, id: AccountId, method: Method) -> None:
    """From now on every sale of the account's history takes its lots so; raises NotFound."""
    _change(db, viewer, id, lot_method=method)


def delete(db: WriteDb, viewer: Viewer, id: AccountId) -> None:
    """Erase the account and every row of it. Not to be undone.

    Raises NotFound, and Misuse while transfers with another account stand.
    """
    account_of(db, viewer, id)
    erasure.erase_account(db, viewer, id)


def all_active(db: ReadDb, caretaker: Caretaker) -> list[Account]:  # noqa: ARG001 — leave, not input
    """Everyone's accounts that are neither archived nor in an archived portfolio, by owner."""
    query = (
        select(accounts)
        .join(portfolios, portfolios.c.id == accounts.c.portfolio_id)
        .where(accounts.c.archived_at.is_(None), portfolios.c.archived_at.is_(None))
        .order_by(accounts.c.owner_id, accounts.c.id)
    )
    return [account(row) for row in db.execute(query)]


def _change(db: WriteDb, viewer: Viewer, id: AccountId, **values: Any) -> None:
    which = (owned(accounts, viewer), accounts.c.id == id)
    if db.execute(update(accounts).where(*which).values(values)).rowcount == 0:
        raise NotFound("account")


def account(row: Row[Any]) -> Account:
    """A row of `accounts` as our value."""
    return Account(
        AccountId(row.id),
        PersonId(row.owner_id),
        PortfolioId(row.portfolio_id),
        row.name,
        AccountKind(row.kind),
        Currency(row.currency),
        row.broker,
        row.broker_user,
        row.created_at,
        row.archived_at,
    )
