"""What an admin sees of everyone's: that people, portfolios, accounts and jobs are there, how many facts, how
their links stand. Never a name that a person gave, never what anyone holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, JobId, PersonId, PortfolioId
from tunefolio.core.people import Person, Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import AccountKind
from tunefolio.store.connections import ConnectionState
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.jobs import Job, JobState, of_row
from tunefolio.store.keysets import newest
from tunefolio.store.persons import person
from tunefolio.store.tables import (
    accounts,
    connections,
    jobs,
    personal_tokens,
    persons,
    portfolios,
    sessions,
    transactions,
)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the list of users shows her. seen: her last request, None for none that is kept.

    sessions: devices that are signed in now; tokens: personal ones that still open something.
    """

    person: Person
    portfolios: int
    accounts: int
    sessions: int
    tokens: int
    seen: Instant | None


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One portfolio: whose, and how much is in it, without its name."""

    id: PortfolioId
    owner: PersonId
    currency: str
    created: Instant
    archived: Instant | None
    accounts: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account: whose, where, how many facts, and how its link stands; without its name or user at the
    broker.

    state None: nothing was ever linked. problem: what the broker or the sync said last, "" for nothing.
    """

    id: AccountId
    owner: PersonId
    portfolio: PortfolioId
    kind: AccountKind
    broker: str
    currency: str
    created: Instant
    archived: Instant | None
    facts: int
    state: ConnectionState | None
    synced: Instant | None
    expires: Instant | None
    automatic_since: Instant | None
    problem: str


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts: of one owner, at one broker, with a link in that state."""

    owner: PersonId | None = None
    broker: str = ""
    state: ConnectionState | None = None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs: of one owner, kind, state. Everyone's and the house's own where nothing is said."""

    owner: PersonId | None = None
    kind: str = ""
    state: JobState | None = None


def people(db: ReadDb, admin: Viewer, now: Instant, after: PersonId | None, limit: int) -> list[PersonRow]:
    """Everybody in the order they came, with counts; keyset on the primary key. Raises Forbidden."""
    admin.must_administer()
    open_now = and_(sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
    lasts = or_(personal_tokens.c.expires_at.is_(None), personal_tokens.c.expires_at > now)
    opens = and_(personal_tokens.c.revoked_at.is_(None), lasts)
    tokens = _count(personal_tokens, personal_tokens.c.owner_id).where(opens)
    query = select(
        persons,
        _count(portfolios, portfolios.c.owner_id).scalar_subquery().label("portfolios"),
        _count(accounts, accounts.c.owner_id).scalar_subquery().label("accounts"),
        _count(sessions, sessions.c.owner_id).where(open_now).scalar_subquery().label("sessions_open"),
        tokens.scalar_subquery().label("tokens_open"),
        select(func.max(sessions.c.seen_at))
        .where(sessions.c.owner_id == persons.c.id)
        .scalar_subquery()
        .label("seen_at"),
    ).where(persons.c.erased_at.is_(None))
    if after is not None:
        query = query.where(persons.c.id > after)
    return [
        PersonRow(person(row), row.portfolios, row.accounts, row.sessions_open, row.tokens_open, row.seen_at)
        for row in db.execute(query.order_by(persons.c.id).limit(limit))
    ]


def _count(table: Any, owner: Any) -> Select[Any]:
    return select(func.count()).select_from(table).where(owner == persons.c.id)


def names(db: ReadDb, admin: Viewer, ids: list[PersonId]) -> dict[PersonId, str]:
    """What these people are called; raises Forbidden for all but admins."""
    admin.must_administer()
    query = select(persons.c.id, persons.c.name).where(persons.c.id.in_(sorted(set(ids))))
    return {PersonId(row.id): row.name for row in db.execute(query)}


def all_portfolios(
    db: ReadDb, admin: Viewer, owner: PersonId | None, before: PortfolioId | None, limit: int
) -> list[PortfolioRow]:
    """Everyone's portfolios, or one owner's, newest first; keyset on the primary key. Raises Forbidden."""
    admin.must_administer()
    held = select(func.count()).where(accounts.c.portfolio_id == portfolios.c.id).scalar_subquery()
    query = select(portfolios, held.label("held")).order_by(portfolios.c.id.desc()).limit(limit)
    if owner is not None:
        query = query.where(portfolios.c.owner_id == owner)
    if before is not None:
        query = query.where(portfolios.c.id < before)
    return [
        PortfolioRow(
            PortfolioId(row.id),
            PersonId(row.owner_id),
            row.currency,
            row.created_at,
            row.archived_at,
            row.held,
        )
        for row in db.execute(query)
    ]


def all_accounts(
    db: ReadDb, admin: Viewer, chosen: AccountFilter, before: AccountId | None, limit: int
) -> list[AccountRow]:
    """Everyone's accounts with their links, newest first; keyset on the primary key. Raises Forbidden."""
    admin.must_administer()
    facts = select(func.count()).where(transactions.c.account_id == accounts.c.id).scalar_subquery()
    link = connections
    query = (
        select(
            *accounts.c,
            facts.label("facts"),
            link.c.state.label("link_state"),
            link.c.synced_at,
            link.c.expires_at,
            link.c.automatic_since,
            link.c.problem,
        )
        .outerjoin(link, link.c.account_id == accounts.c.id)
        .order_by(accounts.c.id.desc())
        .limit(limit)
    )
    if chosen.owner is not None:
        query = query.where(accounts.c.owner_id == chosen.owner)
    if chosen.broker:
        query = query.where(accounts.c.broker == chosen.broker)
    if chosen.state is not None:
        query = query.where(link.c.state == chosen.state)
    if before is not None:
        query = query.where(accounts.c.id < before)
    return [_account(row) for row in db.execute(query)]


def links_by_broker(db: ReadDb, admin: Viewer) -> dict[str, dict[str, int]]:
    """How many links of each broker are in which state; raises Forbidden for all but admins."""
    admin.must_administer()
    query = select(connections.c.broker, connections.c.state, func.count()).group_by(
        connections.c.broker, connections.c.state
    )
    found: dict[str, dict[str, int]] = {}
    for broker, state, number in db.execute(query):
        found.setdefault(broker, {})[state] = number
    return found


def all_jobs(db: ReadDb, admin: Viewer, chosen: JobFilter, before: JobId | None, limit: int) -> list[Job]:
    """Everyone's jobs and the house's own, newest first; raises Forbidden for all but admins."""
    admin.must_administer()
    which = jobs.c.id > 0
    if chosen.owner is not None:
        which = and_(which, jobs.c.owner_id == chosen.owner)
    if chosen.kind:
        which = and_(which, jobs.c.kind == chosen.kind)
    if chosen.state is not None:
        which = and_(which, jobs.c.state == chosen.state)
    return [of_row(row) for row in newest(db, jobs, which, before, limit)]


def job_of(db: ReadDb, admin: Viewer, id: JobId) -> Job:
    """Anyone's job; raises Forbidden for all but admins, NotFound."""
    admin.must_administer()
    row = db.execute(select(jobs).where(jobs.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("job")
    return of_row(row)


def request_cancel(db: WriteDb, admin: Viewer, id: JobId, now: Instant) -> bool:
    """Stop a waiting job at once and ask a running one to stop, whosever it is; False for one that is
    over."""
    admin.must_administer()
    stopped = {"state": JobState.CANCELLED, "cancel_requested_at": now, "finished_at": now}
    waiting = update(jobs).where(jobs.c.id == id, jobs.c.state == JobState.QUEUED).values(stopped)
    if db.execute(waiting).rowcount > 0:
        return True
    running = update(jobs).where(jobs.c.id == id, jobs.c.state == JobState.RUNNING)
    return db.execute(running.values(cancel_requested_at=now)).rowcount > 0


def _account(row: Row[Any]) -> AccountRow:
    return AccountRow(
        AccountId(row.id),
        PersonId(row.owner_id),
        PortfolioId(row.portfolio_id),
        AccountKind(row.kind),
        row.broker,
        row.currency,
        row.created_at,
        row.archived_at,
        row.facts,
        None if row.link_state is None else ConnectionState(row.link_state),
        row.synced_at,
        row.expires_at,
        row.automatic_since,
        row.problem or "",
    )
