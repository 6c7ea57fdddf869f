"""The way to a broker and back: begin a login, complete it, say how things stand, disconnect.

A login state is single use, ten minutes long, kept as a hash and bound to the browser session that began it.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry
from tunefolio.core.identity import AccountId, PortfolioId, SessionId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import calendar_date
from tunefolio.ledger.accounts import Account, AccountKind
from tunefolio.ledger.brokers import RedirectLogin
from tunefolio.services import audit, links, standings
from tunefolio.services.audit import Act
from tunefolio.services.brokers import (
    AppSource,
    BrokerStatus,
    app_keys,
    app_source,
    broker_named,
    line,
    login_path,
)
from tunefolio.services.house import House
from tunefolio.store import (
    accounts,
    broker_apps,
    connections,
    events,
    jobs,
    login_states,
    portfolios,
    unread_rows,
)
from tunefolio.store.connections import Connection, ConnectionState
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.jobs import Job, JobState
from tunefolio.store.login_states import LoginState

_log = logging.getLogger(__name__)
STATE_LIFE = timedelta(minutes=10)
_NEWEST = 100
"""So many of a person's jobs are looked through for their syncs."""
_AGAIN = "Press Connect and log in again"


def begin(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    session: SessionId,
    broker: str,
    portfolio: PortfolioId | None = None,
) -> str:
    """The broker's login address for this browser session. Raises Misuse without an API application."""
    viewer.must_write()
    standings.must_serve(db, house, broker)
    there = _by_redirect(house, broker)
    app = app_keys(db, house, viewer, broker)
    if portfolio is not None:
        portfolios.portfolio_of(db, viewer, portfolio)
    state, now = secrets.token_urlsafe(32), house.clock.now()
    audit.pass_over()  # the broker's page comes next; what stands is the login that comes back from it
    login_states.add(db, viewer, session, broker, _hashed(state), portfolio, now, now + STATE_LIFE)
    return there.login_url(app.api_key, state)


def complete(
    house: House, viewer: Viewer, session: SessionId, broker: str, answer: Mapping[str, str]
) -> Account:
    """Finish a login with the redirect's query: the account it belongs to, connected, its sync asked for.

    Steps: 1 use up the state, kept even if the rest fails; 2 exchange the answer at the broker, outside any
    transaction; 3 find or make the account, seal the token for its row, ask for a sync, all in one.
    Raises Rejected (codes "state", "cancelled") with the cure; Misuse, Retry, Rejected of the broker.
    """
    viewer.must_write()
    there = _by_redirect(house, broker)
    begun = _use_state(house, viewer, session, broker, answer)
    if answer.get("status", "success") != "success":
        title = house.brokers[broker].title
        raise Rejected(f"The login was cancelled at {title}. {_AGAIN}", code="cancelled")
    with house.database.reading() as db:
        standings.must_serve(db, house, broker)  # it may have been stopped since the login began
        app = app_keys(db, house, viewer, broker)
    try:
        opened = there.exchange(app, answer, house.clock.now())
    except Retry as away:  # the state is used up, so that loading the page again cannot help
        raise Retry(f"{away.reason}. {_AGAIN} in a minute", after=away.after) from None
    with house.database.writing() as db:
        account = links.account_for(db, house, viewer, broker, opened, begun.portfolio)
        links.keep_session(db, house, viewer, account, app.api_key, opened)
        links.note_linked(db, house, viewer, account)
        links.ask_first_sync(db, house, viewer, account.id)
    _log.info("broker connected", extra={"account": account.id, "broker": broker})
    return account


def disconnect(house: House, viewer: Viewer, account: AccountId) -> None:
    """End the session at the broker and destroy every secret of it, here even when the broker is away."""
    viewer.must_write()
    with house.database.reading() as db:
        home = accounts.account_of(db, viewer, account)
        try:
            open_line = line(db, house, viewer, home)
        except Reauth:
            open_line = None
    if open_line is not None:
        try:
            open_line.broker.logout(open_line.api_key, open_line.session)
        except (Reauth, Retry, Rejected) as problem:
            _log.warning("logout at the broker failed", extra={"account": account, "problem": str(problem)})
    with house.database.writing() as db:
        if connections.of_account(db, viewer, account) is not None:
            connections.unlink(db, viewer, account)
            told = {"name": home.name, "broker": home.broker}
            audit.note(db, house, viewer, Act.BROKER_UNLINKED, f"account:{account}", told)
            events.emit(db, house.bus, events.Event("connection", viewer.person, (account,)))


def save_app(
    db: WriteDb, house: House, viewer: Viewer, broker: str, api_key: str, api_secret: Secret
) -> None:
    """Keep the person's own API application, its secret sealed for its row; replaces a former one."""
    viewer.must_write()
    broker_named(house, broker)
    key = api_key.strip()
    if not (1 <= len(key) <= 100 and key.isalnum()):
        raise Misuse(
            "api_key",
            "must have 1 to 100 letters and digits",
            cure="Copy it from the broker's developer page",
        )
    if not 1 <= len(api_secret.reveal().strip()) <= 200:
        raise Misuse(
            "api_secret", "must have 1 to 200 characters", cure="Copy it from the broker's developer page"
        )
    secret = Secret(api_secret.reveal().strip())
    broker_apps.put(
        db,
        viewer,
        broker,
        key,
        lambda row: house.vault.seal(secret, "broker_apps", row, "api_secret"),
        house.clock.now(),
    )
    told = {"name": house.brokers[broker].title}
    audit.note(db, house, viewer, Act.APP_KEPT, f"broker:{broker}", told)


def forget_app(db: WriteDb, house: House, viewer: Viewer, broker: str) -> None:
    """Forget the person's own API application; sessions made with it live on until they expire."""
    viewer.must_write()
    broker_apps.delete(db, viewer, broker)
    title = house.brokers[broker].title if broker in house.brokers else broker
    audit.note(db, house, viewer, Act.APP_FORGOTTEN, f"broker:{broker}", {"name": title})


def status(db: ReadDb, house: House, viewer: Viewer) -> list[BrokerStatus]:
    """Each broker of the house with its accounts, or once alone when the viewer has none there; by name."""
    by_account = {connection.account: connection for connection in connections.listed(db, viewer)}
    newest = jobs.page(db, viewer, None, _NEWEST)
    running, unread = _sync_jobs(newest), unread_rows.counts(db, viewer)
    waiting = _open_today(newest, calendar_date(house.clock.now()))
    homes = [a for a in accounts.listed(db, viewer) if a.kind is AccountKind.BROKER and a.is_active]
    lines: list[BrokerStatus] = []
    for name, there in sorted(house.brokers.items()):
        app = app_source(db, house, viewer, name)
        mine = [home for home in homes if home.broker == name]
        lines += [
            _line_of(
                house,
                there.title,
                app,
                home,
                by_account.get(home.id),
                running.get(home.id),
                unread.get(home.id, 0),
                waiting.get(home.id, 0),
            )
            for home in mine
        ]
        if not mine:
            lines.append(_never(house, name, there.title, app))
    lines += [_gone(home) for home in homes if home.broker not in house.brokers]
    return lines


def _by_redirect(house: House, name: str) -> RedirectLogin:
    """A broker that people log in to on its own page; raises Misuse for any other."""
    there = broker_named(house, name)
    if not isinstance(there, RedirectLogin):
        raise Misuse("broker", f"{there.title} has no login page", cure="Fill in its form under Brokers")
    return there


def _use_state(
    house: House, viewer: Viewer, session: SessionId, broker: str, answer: Mapping[str, str]
) -> LoginState:
    with house.database.writing() as db:
        used = login_states.use(db, viewer, session, _hashed(answer.get("state", "")), house.clock.now())
    if used is None or used.broker != broker:
        _log.warning("login state refused", extra={"person": viewer.person, "broker": broker})
        reason = (
            f"This login was not begun in this browser, was used before, or took over ten minutes. {_AGAIN}"
        )
        raise Rejected(reason, code="state")
    return used


def _sync_jobs(newest: Sequence[Job]) -> dict[AccountId, Job]:
    """Open sync jobs by account."""
    return {
        AccountId(job.args["account"]): job
        for job in reversed(newest)
        if job.kind == "sync" and job.state in jobs.OPEN
    }


def _open_today(newest: Sequence[Job], today: date) -> dict[AccountId, int]:
    """Trades that wait for their position to be squared off, by account, as its newest sync found them."""
    waiting: dict[AccountId, int] = {}
    for job in newest:
        if job.kind == "sync" and job.state is JobState.DONE and job.result and job.finished is not None:
            told = int(job.result.get("open_today", 0)) if calendar_date(job.finished) == today else 0
            waiting.setdefault(AccountId(job.args["account"]), told)
    return waiting


def _line_of(
    house: House,
    title: str,
    app: AppSource,
    home: Account,
    connection: Connection | None,
    job: Job | None,
    unread: int,
    open_today: int,
) -> BrokerStatus:
    if connection is None:
        return _never(house, home.broker, title, app, home)
    state, problem, problem_at = connection.state, connection.problem, connection.problem_at
    well = state is ConnectionState.CONNECTED
    return BrokerStatus(
        home.broker,
        title,
        home,
        state,
        app,
        connection.connected,
        connection.synced,
        connection.expires,
        problem,
        problem_at,
        "" if well else f"Log in to {title}",
        "" if well else login_path(house, home.broker, home.id),
        None if job is None else job.id,
        connection.automatic_since,
        unread,
        login_path(house, home.broker, home.id),
        open_today,
        job.due if job is not None and job.attempts and job.state is JobState.QUEUED else None,
    )


def _gone(home: Account) -> BrokerStatus:
    """An account whose broker this installation no longer has: its books stand, nothing renews them."""
    problem = f"The adapter of {home.broker} is not installed any more; what is recorded stays"
    cure = "Ask who runs this house: `tunefolio doctor` says more"
    return BrokerStatus(
        home.broker,
        home.broker,
        home,
        ConnectionState.DISCONNECTED,
        AppSource.NONE,
        problem=problem,
        cure=cure,
    )


def _never(
    house: House, broker: str, title: str, app: AppSource, home: Account | None = None
) -> BrokerStatus:
    cure, link = f"Connect {title}", login_path(house, broker, home.id if home else None)
    if app is AppSource.NONE:
        cure, link = f"Enter your {title} API key and secret", "/brokers"
    begin = login_path(house, broker, home.id if home else None)
    return BrokerStatus(
        broker, title, home, ConnectionState.DISCONNECTED, app, cure=cure, cure_link=link, login_link=begin
    )


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
