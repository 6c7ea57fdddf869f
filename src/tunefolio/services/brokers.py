"""An account's line to its broker: whose keys, which session, and what happens when the session ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from tunefolio.core.errors import Misuse, Reauth
from tunefolio.core.identity import AccountId, JobId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.brokers import AppKeys, Broker, BrokerSession, FormLogin
from tunefolio.services.house import House
from tunefolio.services.jobs import ask
from tunefolio.store import broker_apps, connections, events
from tunefolio.store.connections import ConnectionState
from tunefolio.store.db import ReadDb

_log = logging.getLogger(__name__)


class AppSource(StrEnum):
    """Whose API application a login at a broker would use."""

    OWN = "own"
    OPERATOR = "operator"
    NONE = "none"
    NEEDLESS = "needless"
    """One logs in with credentials of one's own; there is no application to set up."""


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """One broker, or one account at it. account None: never connected; state is then DISCONNECTED.

    cure: what to press, in words; cure_link: where it leads, a path of the web app; "" when all is well.
    sync_job: the running or waiting sync, whose progress can be followed. automatic_since: the house logs in
    by itself. unread: lines of the newest statement that could not be understood. login_link: where a login
    at this broker begins, for this account. open_today: trades of today that are recorded once their position
    is squared off, as the newest sync of today found them. sync_due: when a sync that failed is tried again.
    """

    broker: str
    title: str
    account: Account | None
    state: ConnectionState
    app: AppSource
    connected: Instant | None = None
    synced: Instant | None = None
    expires: Instant | None = None
    problem: str = ""
    problem_at: Instant | None = None
    cure: str = ""
    cure_link: str = ""
    sync_job: JobId | None = None
    automatic_since: Instant | None = None
    unread: int = 0
    login_link: str = ""
    open_today: int = 0
    sync_due: Instant | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Leave to speak with one account's broker until session.expires, or until the broker ends it.

    connected: when this session was made; a newer one is another line.
    """

    broker: Broker
    api_key: str
    session: BrokerSession
    connected: Instant | None


def login_path(house: House, broker: str, account: AccountId | None = None) -> str:
    """The page of the web app that begins a login: the broker's form here, or the way to its own page."""
    if isinstance(house.brokers.get(broker), FormLogin):
        return f"/brokers/{broker}/login" + (f"?account={account}" if account else "")
    return f"/auth/{broker}/login"


def broker_named(house: House, name: str) -> Broker:
    """A broker of this house; raises Misuse naming the known ones."""
    if name not in house.brokers:
        known = ", ".join(sorted(house.brokers)) or "none"
        raise Misuse("broker", f"{name!r} is unknown", cure=f"Known: {known}")
    return house.brokers[name]


def app_source(db: ReadDb, house: House, viewer: Viewer, broker: str) -> AppSource:
    """Whose application a login would use: the person's own goes before the operator's."""
    if isinstance(house.brokers.get(broker), FormLogin):
        return AppSource.NEEDLESS
    if broker_apps.app_of(db, viewer, broker) is not None:
        return AppSource.OWN
    return AppSource.OPERATOR if broker in house.rules.operator_apps else AppSource.NONE


def app_keys(db: ReadDb, house: House, viewer: Viewer, broker: str) -> AppKeys:
    """The keys of that application; raises Misuse when there is none."""
    own = broker_apps.app_of(db, viewer, broker)
    if own is not None:
        try:
            return AppKeys(own.api_key, house.vault.open(own.sealed, "broker_apps", own.id, "api_secret"))
        except Misuse:
            raise Misuse(
                "api_secret",
                "was sealed with another key of this house",
                cure="Enter your API key and secret again under Brokers",
            ) from None
    if broker in house.rules.operator_apps:
        return house.rules.operator_apps[broker]
    title = broker_named(house, broker).title
    raise Misuse(
        "api_key", f"no {title} application is set up", cure="Enter your API key and secret under Brokers"
    )


def line(db: ReadDb, house: House, viewer: Viewer, account: Account) -> Line:
    """The open line of an account; raises Reauth when there is none. Whether the session still lives, its
    broker's next answer tells: the time it was given for is shown, and decides nothing."""
    connection = connections.of_account(db, viewer, account.id)
    broker = broker_named(house, account.broker)
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        raise Reauth(f"{broker.title} is not connected. Log in to refresh.", broker=account.broker)
    if connection.state is ConnectionState.NEEDS_LOGIN:
        raise Reauth(connection.problem or ended(broker.title, None), broker=account.broker)
    sealed = connections.sealed_token(db, viewer, account.id)
    if sealed is None or connection.expires is None:
        raise Reauth(ended(broker.title, connection.expires), broker=account.broker)
    try:
        token = house.vault.open(sealed, "connections", connection.id, "token")
    except Misuse as unreadable:
        _log.warning("token cannot be opened", extra={"account": account.id, "problem": str(unreadable)})
        reason = f"The key of this house does not open its {broker.title} session. Log in again to refresh."
        raise Reauth(reason, broker=account.broker) from None
    session = BrokerSession(account.broker_user, "", token, connection.expires)
    return Line(broker, connection.api_key, session, connection.connected)


def needs_login(
    house: House, viewer: Viewer, account: AccountId, problem: str, *, since: Instant | None = None
) -> None:
    """Record that the broker ended the session, forget its dead token, and tell; said and logged once.

    since: when the refused session was made. A login made in the meantime is another session and stays.
    """
    now = house.clock.now()
    with house.database.writing() as db:
        connection = connections.of_account(db, viewer, account)
        if connection is None or connection.state is not ConnectionState.CONNECTED:
            return
        if since is not None and connection.connected != since:
            return
        connections.set_problem(db, viewer, account, problem, now)
        connections.set_state(db, viewer, account, ConnectionState.NEEDS_LOGIN)
        if connection.automatic_since is not None:  # its sync logs in by itself
            args = {"account": account}
            ask(db, house, "sync", args, owner=viewer.person, dedupe_key=f"sync:{account}")
        events.emit(db, house.bus, events.Event("connection", viewer.person, (account,)))
    _log.warning("broker session ended", extra={"account": account, "broker": connection.broker})


def ended(title: str, expires: Instant | None) -> str:
    """The sentence for a session that is over."""
    if expires is None:
        return f"{title} has ended the session. Log in again to refresh."
    at = f"{expires.in_zone():%d %b %H:%M} IST"
    return f"The session with {title} ended on {at}. Log in again to refresh."
