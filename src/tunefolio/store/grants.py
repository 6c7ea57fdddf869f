"""Leave to look: given by an owner, accepted by a grantee, ended by either, or by its own date.

Two clauses say whose: `owned` for what a person has given, `_given_to` for what she was given. A grant shows
anything only while `_holds`; `in_force` is the one query that leads to another's books.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, insert, or_, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import GrantId, PersonId, PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.core.sharing import Amounts
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import grants, persons
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class Grant:
    """One person's leave for another. portfolio None: all of the owner's. until: not from then on, None for
    no end. accepted: by the grantee; ended: taken back, declined or left."""

    id: GrantId
    owner: PersonId
    grantee: PersonId
    portfolio: PortfolioId | None
    created: Instant
    until: Instant | None
    accepted: Instant | None
    ended: Instant | None
    amounts: Amounts = Amounts.SHOWN

    def is_over(self, now: Instant) -> bool:
        """Nothing will come of it any more."""
        return self.ended is not None or (self.until is not None and self.until <= now)


def add(
    db: WriteDb,
    viewer: Viewer,
    grantee: PersonId,
    portfolio: PortfolioId | None,
    until: Instant | None,
    now: Instant,
    *,
    amounts: Amounts = Amounts.SHOWN,
) -> Grant:
    """Offer leave to look at the viewer's own; raises Misuse while an equal one is open."""
    _end_expired(db, viewer, now)
    row = {
        "owner_id": viewer.person,
        "grantee_id": grantee,
        "portfolio_id": portfolio or 0,
        "created_at": now,
        "until_at": until,
        "amounts": amounts.value,
    }
    with db.unique("email", "was given this already", cure="Take the former one back first"):
        made = db.execute(insert(grants).values(row).returning(*grants.c)).one()
    return _grant(made)


def given(db: ReadDb, viewer: Viewer, limit: int) -> list[Grant]:
    """What the viewer gives and has not ended, newest first; on ix_grants_owner."""
    which = (owned(grants, viewer), grants.c.ended_at.is_(None))
    query = select(grants).where(*which).order_by(grants.c.id.desc()).limit(limit)
    return [_grant(row) for row in db.execute(query)]


def given_one(db: ReadDb, viewer: Viewer, id: GrantId) -> Grant:
    """One of what the viewer gives or gave; raises NotFound."""
    return _one(db, owned(grants, viewer), id)


def end(db: WriteDb, viewer: Viewer, id: GrantId, now: Instant) -> bool:
    """The owner takes it back; False when it is over already or another's."""
    which = (owned(grants, viewer), grants.c.id == id, grants.c.ended_at.is_(None))
    values = {"ended_at": now, "ended_by": viewer.person}
    return db.execute(update(grants).where(*which).values(values)).rowcount > 0


def received(db: ReadDb, grantee: Viewer, now: Instant, limit: int) -> list[Grant]:
    """What others give the grantee, accepted or not, newest first; on ix_grants_grantee."""
    which = and_(_given_to(grantee), _lasts(now))
    query = select(grants).where(which).order_by(grants.c.id.desc()).limit(limit)
    return [_grant(row) for row in db.execute(query)]


def received_one(db: ReadDb, grantee: Viewer, id: GrantId) -> Grant:
    """One of what others give or gave the grantee; raises NotFound."""
    return _one(db, _given_to(grantee), id)


def accept(db: WriteDb, grantee: Viewer, id: GrantId, now: Instant) -> bool:
    """The grantee takes what is offered; False when it is over, accepted already, or another's."""
    which = and_(_given_to(grantee), _lasts(now), grants.c.id == id, grants.c.accepted_at.is_(None))
    return db.execute(update(grants).where(which).values(accepted_at=now)).rowcount > 0


def leave(db: WriteDb, grantee: Viewer, id: GrantId, now: Instant) -> bool:
    """The grantee declines or gives it up; False when it is over already or another's."""
    which = and_(_given_to(grantee), grants.c.id == id, grants.c.ended_at.is_(None))
    values = {"ended_at": now, "ended_by": grantee.person}
    return db.execute(update(grants).where(which).values(values)).rowcount > 0


def in_force(db: ReadDb, grantee: Viewer, now: Instant, limit: int) -> list[Grant]:
    """What the grantee may look at now, oldest first: accepted, not ended, not past its date, of an owner who
    is not shut out. On ix_grants_grantee."""
    query = (
        select(*grants.c)
        .join(persons, persons.c.id == grants.c.owner_id)
        .where(_given_to(grantee), _holds(now), persons.c.disabled_at.is_(None))
        .order_by(grants.c.id)
        .limit(limit)
    )
    return [_grant(row) for row in db.execute(query)]


def _given_to(grantee: Viewer) -> ColumnElement[bool]:
    return grants.c.grantee_id == grantee.person


def _lasts(now: Instant) -> ColumnElement[bool]:
    return and_(grants.c.ended_at.is_(None), or_(grants.c.until_at.is_(None), grants.c.until_at > now))


def _holds(now: Instant) -> ColumnElement[bool]:
    return and_(_lasts(now), grants.c.accepted_at.is_not(None))


def _end_expired(db: WriteDb, viewer: Viewer, now: Instant) -> None:
    """What its date has ended makes room for an equal one."""
    over = (owned(grants, viewer), grants.c.ended_at.is_(None), grants.c.until_at <= now)
    db.execute(update(grants).where(*over).values(ended_at=grants.c.until_at))


def _one(db: ReadDb, whose: ColumnElement[bool], id: GrantId) -> Grant:
    row = db.execute(select(grants).where(whose, grants.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("grant")
    return _grant(row)


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        GrantId(row.id),
        PersonId(row.owner_id),
        PersonId(row.grantee_id),
        PortfolioId(row.portfolio_id) if row.portfolio_id else None,
        row.created_at,
        row.until_at,
        row.accepted_at,
        row.ended_at,
        Amounts(row.amounts),
    )
