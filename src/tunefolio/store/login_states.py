"""Attempts to log in at a broker: each good once, for minutes, and only in the browser that began it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PersonId, PortfolioId, SessionId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import WriteDb
from tunefolio.store.portfolios import portfolio_of
from tunefolio.store.tables import login_states, sessions
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class LoginState:
    """What a login was begun for; portfolio None: the person's first."""

    id: int
    owner: PersonId
    session: SessionId
    broker: str
    portfolio: PortfolioId | None
    created: Instant
    expires: Instant


def add(
    db: WriteDb,
    viewer: Viewer,
    session: SessionId,
    broker: str,
    state_hash: str,
    portfolio: PortfolioId | None,
    now: Instant,
    expires: Instant,
) -> int:
    """Begin an attempt in a session of the viewer's; raises NotFound for another's session or portfolio."""
    own = select(sessions.c.id).where(owned(sessions, viewer), sessions.c.id == session)
    if db.execute(own).one_or_none() is None:
        raise NotFound("session")
    if portfolio is not None:
        portfolio_of(db, viewer, portfolio)
    row = {
        "owner_id": viewer.person,
        "state_hash": state_hash,
        "session_id": session,
        "broker": broker,
        "portfolio_id": portfolio,
        "created_at": now,
        "expires_at": expires,
    }
    return int(db.execute(insert(login_states).values(row).returning(login_states.c.id)).scalar_one())


def use(db: WriteDb, viewer: Viewer, session: SessionId, state_hash: str, now: Instant) -> LoginState | None:
    """Use an attempt up: None when it is unknown, used, expired or another session's. One UPDATE."""
    statement = (
        update(login_states)
        .where(owned(login_states, viewer), login_states.c.state_hash == state_hash)
        .where(login_states.c.session_id == session, login_states.c.used_at.is_(None))
        .where(login_states.c.expires_at > now)
        .values(used_at=now)
    )
    row = db.execute(statement.returning(*login_states.c)).one_or_none()
    if row is None:
        return None
    return LoginState(
        row.id,
        PersonId(row.owner_id),
        SessionId(row.session_id),
        row.broker,
        None if row.portfolio_id is None else PortfolioId(row.portfolio_id),
        row.created_at,
        row.expires_at,
    )


def forget_before(db: WriteDb, caretaker: Caretaker, instant: Instant) -> int:  # noqa: ARG001 — leave, not input
    """Forget everyone's attempts that expired before `instant`; how many. Scans the table, which is short."""
    return db.execute(delete(login_states).where(login_states.c.expires_at < instant)).rowcount
