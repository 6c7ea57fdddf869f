"""Portfolios and accounts: made, named, moved, put away, and deleted only with their export in hand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, PortfolioId
from tunefolio.core.money import INR, Currency
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account, AccountKind, Portfolio, name_of
from tunefolio.ledger.lots import Method
from tunefolio.services import audit, export, grants
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.recompute import forget_days
from tunefolio.store import accounts, connections, events, imports, portfolios
from tunefolio.store import grants as store_grants
from tunefolio.store import shared_links as store_links
from tunefolio.store.connections import ConnectionState
from tunefolio.store.db import ReadDb, WriteDb

FIRST_NAME = "My portfolio"
_NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Farewell:
    """What a deletion leaves behind: the export, handed to the person and kept among the uploads
    under `sha256` until those are forgotten, should the download fail."""

    filename: str
    content: bytes
    sha256: str


def create_portfolio(
    db: WriteDb, house: House, viewer: Viewer, name: str, currency: Currency = INR
) -> Portfolio:
    """A new portfolio; raises Misuse for a bad or taken name."""
    viewer.must_write()
    free = _free_portfolio_name(db, viewer, name)
    made = portfolios.add(db, viewer, free, currency, house.clock.now())
    _note(db, house, viewer, Act.PORTFOLIO_MADE, made)
    _changed(db, house, viewer)
    return made


def first_portfolio(db: WriteDb, house: House, viewer: Viewer) -> Portfolio:
    """The viewer's oldest active portfolio, made when there is none."""
    for portfolio in sorted(portfolios.listed(db, viewer), key=lambda p: p.id):
        if portfolio.archived is None:
            return portfolio
    taken = {portfolio.name for portfolio in portfolios.listed(db, viewer)}
    return create_portfolio(db, house, viewer, _untaken(FIRST_NAME, taken))


def rename_portfolio(db: WriteDb, house: House, viewer: Viewer, portfolio: PortfolioId, name: str) -> None:
    viewer.must_write()
    former = portfolios.portfolio_of(db, viewer, portfolio)
    audit.pass_over()
    if former.name != name_of(name):
        portfolios.rename(db, viewer, portfolio, _free_portfolio_name(db, viewer, name))
        told = {"before": former.name, "after": name_of(name)}
        audit.note(db, house, viewer, Act.PORTFOLIO_RENAMED, f"portfolio:{portfolio}", told)
        _changed(db, house, viewer)


def archive_portfolio(db: WriteDb, house: House, viewer: Viewer, portfolio: PortfolioId) -> None:
    """Put away: its accounts are neither synced nor counted; nothing is lost."""
    viewer.must_write()
    portfolios.archive(db, viewer, portfolio, house.clock.now())
    _note(db, house, viewer, Act.PORTFOLIO_ARCHIVED, portfolios.portfolio_of(db, viewer, portfolio))
    _changed(db, house, viewer)


def restore_portfolio(db: WriteDb, house: House, viewer: Viewer, portfolio: PortfolioId) -> None:
    viewer.must_write()
    portfolios.restore(db, viewer, portfolio)
    _note(db, house, viewer, Act.PORTFOLIO_RESTORED, portfolios.portfolio_of(db, viewer, portfolio))
    _changed(db, house, viewer)


def delete_portfolio(
    db: WriteDb, house: House, viewer: Viewer, portfolio: PortfolioId, *, confirm_name: str
) -> Farewell:
    """Delete a portfolio with its accounts and all their facts, and hand back their export.

    The export is made in the same transaction, so there is no deletion without it. Raises Misuse unless
    `confirm_name` is the portfolio's name, or while one of its accounts is connected to a broker.
    """
    viewer.must_write()
    gone = portfolios.portfolio_of(db, viewer, portfolio)
    _must_confirm(gone.name, confirm_name)
    for account in accounts.listed(db, viewer, portfolio=portfolio):
        _must_be_disconnected(db, viewer, account)
    farewell = _farewell(db, house, viewer, gone.name, export.export_portfolio(db, house, viewer, portfolio))
    _end_sharing(db, house, viewer, portfolio)
    portfolios.delete(db, viewer, portfolio)
    _note(db, house, viewer, Act.PORTFOLIO_DELETED, gone)
    _changed(db, house, viewer)
    return farewell


def _end_sharing(db: WriteDb, house: House, viewer: Viewer, portfolio: PortfolioId) -> None:
    """Whom it was shown to is told, and no link stands that leads to nothing."""
    now = house.clock.now()
    for grant in store_grants.given(db, viewer, grants.MOST):
        if grant.portfolio == portfolio and not grant.is_over(now):
            grants.revoke(db, house, viewer, grant.id)
    for link in store_links.listed(db, viewer):
        if link.portfolio == portfolio:
            store_links.revoke(db, viewer, link.id, now)
            audit.note(db, house, viewer, Act.LINK_REVOKED, f"link:{link.id}", {"seen": link.seen})


def create_account(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    portfolio: PortfolioId,
    name: str,
    currency: Currency | None = None,
) -> Account:
    """A new account kept by hand and by files, in the portfolio's currency unless another is named."""
    viewer.must_write()
    home = portfolios.portfolio_of(db, viewer, portfolio)
    if home.archived is not None:
        raise Misuse("portfolio", f"{home.name} is archived", cure="Restore it first")
    free = _free_account_name(db, viewer, name)
    made = accounts.add(
        db, viewer, portfolio, free, AccountKind.MANUAL, currency or home.currency, house.clock.now()
    )
    _note(db, house, viewer, Act.ACCOUNT_MADE, made)
    _changed(db, house, viewer)
    return made


def rename_account(db: WriteDb, house: House, viewer: Viewer, account: AccountId, name: str) -> None:
    viewer.must_write()
    former = accounts.account_of(db, viewer, account)
    audit.pass_over()
    if former.name != name_of(name):
        accounts.rename(db, viewer, account, _free_account_name(db, viewer, name))
        told = {"before": former.name, "after": name_of(name)}
        audit.note(db, house, viewer, Act.ACCOUNT_RENAMED, f"account:{account}", told)
        _changed(db, house, viewer)


def move_account(
    db: WriteDb, house: House, viewer: Viewer, account: AccountId, portfolio: PortfolioId
) -> None:
    """Into another of the viewer's portfolios; its facts go with it."""
    viewer.must_write()
    there = portfolios.portfolio_of(db, viewer, portfolio)
    home = accounts.account_of(db, viewer, account)
    if home.portfolio == portfolio:
        audit.pass_over()
        return
    accounts.move(db, viewer, account, portfolio)
    told = {"before": portfolios.portfolio_of(db, viewer, home.portfolio).name, "after": there.name}
    _note(db, house, viewer, Act.ACCOUNT_MOVED, home, told)
    _changed(db, house, viewer)


def set_lot_method(db: WriteDb, house: House, viewer: Viewer, account: AccountId, method: Method) -> None:
    """Which lots sales of this account take, all its history through; its days are recomputed.

    Raises Misuse when the account is archived.
    """
    viewer.must_write()
    home = accounts.account_for_change(db, viewer, account)
    if not home.is_active:
        raise Misuse("account", f"{home.name} is archived", cure="Restore it first")
    former = accounts.lot_methods(db, viewer).get(account, Method.FIFO)
    if former is method:
        audit.pass_over()
        return
    accounts.set_lot_method(db, viewer, account, method)
    _note(db, house, viewer, Act.ACCOUNT_METHOD, home, {"before": former.value, "after": method.value})
    forget_days(db, house, viewer, account)
    _changed(db, house, viewer)


def archive_account(db: WriteDb, house: House, viewer: Viewer, account: AccountId) -> None:
    viewer.must_write()
    accounts.archive(db, viewer, account, house.clock.now())
    _note(db, house, viewer, Act.ACCOUNT_ARCHIVED, accounts.account_of(db, viewer, account))
    _changed(db, house, viewer)


def restore_account(db: WriteDb, house: House, viewer: Viewer, account: AccountId) -> None:
    viewer.must_write()
    accounts.restore(db, viewer, account)
    _note(db, house, viewer, Act.ACCOUNT_RESTORED, accounts.account_of(db, viewer, account))
    _changed(db, house, viewer)


def delete_account(
    db: WriteDb, house: House, viewer: Viewer, account: AccountId, *, confirm_name: str
) -> Farewell:
    """Delete one account with all its facts, and hand back its export; as delete_portfolio."""
    viewer.must_write()
    gone = accounts.account_of(db, viewer, account)
    _must_confirm(gone.name, confirm_name)
    _must_be_disconnected(db, viewer, gone)
    farewell = _farewell(db, house, viewer, gone.name, export.export_account(db, house, viewer, account))
    accounts.delete(db, viewer, account)
    _note(db, house, viewer, Act.ACCOUNT_DELETED, gone)
    _changed(db, house, viewer)
    return farewell


def active_accounts(db: ReadDb, viewer: Viewer, portfolio: PortfolioId | None = None) -> tuple[Account, ...]:
    """What counts: active accounts of active portfolios, or of one named portfolio; raises NotFound."""
    if portfolio is not None:
        portfolios.portfolio_of(db, viewer, portfolio)
        return tuple(a for a in accounts.listed(db, viewer, portfolio=portfolio) if a.is_active)
    away = {p.id for p in portfolios.listed(db, viewer) if p.archived is not None}
    return tuple(a for a in accounts.listed(db, viewer) if a.is_active and a.portfolio not in away)


def free_account_name(db: ReadDb, viewer: Viewer, wish: str) -> str:
    """`wish`, or the first of "wish 2", "wish 3" … that the viewer has not used."""
    return _untaken(wish, {account.name for account in accounts.listed(db, viewer)})


def _untaken(wish: str, taken: set[str]) -> str:
    name, count = wish, 1
    while name in taken:
        count += 1
        name = f"{wish} {count}"
    return name


def _free_portfolio_name(db: ReadDb, viewer: Viewer, text: str) -> str:
    name = name_of(text)
    if any(portfolio.name == name for portfolio in portfolios.listed(db, viewer)):
        raise Misuse("name", f"you already have a portfolio called {name}", cure="Choose another name")
    return name


def _free_account_name(db: ReadDb, viewer: Viewer, text: str) -> str:
    name = name_of(text)
    if any(account.name == name for account in accounts.listed(db, viewer)):
        raise Misuse("name", f"you already have an account called {name}", cure="Choose another name")
    return name


def _must_confirm(name: str, confirmed: str) -> None:
    if " ".join(confirmed.split()) != name:
        raise Misuse("confirm_name", "does not match", cure=f"Type {name} to delete it for good")


def _must_be_disconnected(db: ReadDb, viewer: Viewer, account: Account) -> None:
    connection = connections.of_account(db, viewer, account.id)
    if connection is not None and connection.state is ConnectionState.CONNECTED:
        raise Misuse("account", f"{account.name} is connected to its broker", cure="Disconnect it first")


def _farewell(db: WriteDb, house: House, viewer: Viewer, name: str, content: bytes) -> Farewell:
    now = house.clock.now()
    filename = export.filename(name, now)
    sha256 = hashlib.sha256(content).hexdigest()
    imports.keep(db, viewer, filename, sha256, content, now)
    return Farewell(filename, content, sha256)


def _note(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    act: Act,
    one: Portfolio | Account,
    told: Mapping[str, object] = _NOTHING,
) -> None:
    """Into the activity, by number and by the name it had then."""
    noun = "portfolio" if isinstance(one, Portfolio) else "account"
    audit.note(db, house, viewer, act, f"{noun}:{one.id}", {"name": one.name, **told})


def _changed(db: WriteDb, house: House, viewer: Viewer) -> None:
    """Accounts and portfolios change what every figure covers, as new facts do: one topic serves both."""
    events.emit(db, house.bus, events.Event("transactions", viewer.person, ()))
