"""A session becomes an account's line: account found or made, token sealed, sync asked for."""

from __future__ import annotations

from tunefolio.core.identity import AccountId, JobId, PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account, AccountKind
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.services import audit, standings
from tunefolio.services import portfolios as shelves
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.jobs import ask
from tunefolio.store import accounts, connections, events, portfolios
from tunefolio.store.db import WriteDb


def account_for(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    broker: str,
    opened: BrokerSession,
    portfolio: PortfolioId | None,
) -> Account:
    """The viewer's account of that broker user; made, or brought back from the archive, where it must be."""
    found = accounts.find_broker(db, viewer, broker, opened.broker_user)
    if found is not None:
        if not found.is_active:
            shelves.restore_account(db, house, viewer, found.id)
        return accounts.account_of(db, viewer, found.id)
    standings.must_take_links(db, house, broker)
    home = (
        portfolios.portfolio_of(db, viewer, portfolio)
        if portfolio
        else shelves.first_portfolio(db, house, viewer)
    )
    name = shelves.free_account_name(db, viewer, f"{house.brokers[broker].title} {opened.broker_user}"[:76])
    return accounts.add(
        db,
        viewer,
        home.id,
        name,
        AccountKind.BROKER,
        home.currency,
        house.clock.now(),
        broker,
        opened.broker_user,
    )


def keep_session(
    db: WriteDb, house: House, viewer: Viewer, account: Account, api_key: str, opened: BrokerSession
) -> None:
    """Connected with that session, its token sealed for its row; told to whoever looks."""
    connections.put(
        db,
        viewer,
        account.id,
        account.broker,
        api_key,
        lambda row: house.vault.seal(opened.token, "connections", row, "token"),
        expires=opened.expires,
        now=house.clock.now(),
    )
    events.emit(db, house.bus, events.Event("connection", viewer.person, (account.id,)))


def note_linked(db: WriteDb, house: House, viewer: Viewer, account: Account) -> None:
    """Into the audit log: a person has connected this account, the first time or again."""
    audit.note(db, house, viewer, Act.BROKER_LINKED, f"account:{account.id}", _named(account))


def _named(account: Account) -> dict[str, object]:
    return {"name": account.name, "broker": account.broker}


def ask_first_sync(db: WriteDb, house: House, viewer: Viewer, account: AccountId) -> JobId:
    """Ask for the sync that follows a login; one that waits already is returned."""
    return ask(db, house, "sync", {"account": account}, owner=viewer.person, dedupe_key=f"sync:{account}")
