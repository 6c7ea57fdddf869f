"""Public links: whoever has one looks at one portfolio. The token itself is never kept, only its hash.

`find` is the one query that leads to a portfolio; it finds nothing of a link that is revoked or past its
date, nor of an owner who is shut out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PersonId, PortfolioId, SharedLinkId
from tunefolio.core.people import Viewer
from tunefolio.core.sharing import Amounts
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import persons, shared_links
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class SharedLink:
    """Leave for whoever has it. title: chosen by the owner. until: not from then on, None for no end.

    seen: how often it was looked at, last at seen_at; nothing is known of those who looked.
    """

    id: SharedLinkId
    owner: PersonId
    portfolio: PortfolioId
    title: str
    amounts: Amounts
    created: Instant
    until: Instant | None
    seen_at: Instant | None
    seen: int

    def is_over(self, now: Instant) -> bool:
        return self.until is not None and self.until <= now


def add(
    db: WriteDb,
    viewer: Viewer,
    portfolio: PortfolioId,
    title: str,
    amounts: Amounts,
    token_hash: str,
    *,
    until: Instant | None,
    now: Instant,
) -> SharedLink:
    """A new link of the viewer's."""
    row = {
        "owner_id": viewer.person,
        "portfolio_id": portfolio,
        "title": title,
        "amounts": amounts.value,
        "token_hash": token_hash,
        "created_at": now,
        "until_at": until,
    }
    return _link(db.execute(insert(shared_links).values(row).returning(*shared_links.c)).one())


def find(db: ReadDb, token_hash: str, now: Instant) -> SharedLink | None:
    """The link of this token while it holds; on uq_shared_links_token_hash."""
    query = (
        select(*shared_links.c)
        .join(persons, persons.c.id == shared_links.c.owner_id)
        .where(shared_links.c.token_hash == token_hash, shared_links.c.revoked_at.is_(None))
        .where(or_(shared_links.c.until_at.is_(None), shared_links.c.until_at > now))
        .where(persons.c.disabled_at.is_(None))
    )
    row = db.execute(query).one_or_none()
    return None if row is None else _link(row)


def mark_seen(db: WriteDb, token_hash: str, now: Instant) -> None:
    """It was looked at once more."""
    change = {"seen": shared_links.c.seen + 1, "seen_at": now}
    db.execute(update(shared_links).where(shared_links.c.token_hash == token_hash).values(change))


def listed(db: ReadDb, viewer: Viewer) -> list[SharedLink]:
    """The viewer's that are not revoked, those past their date too, newest first."""
    which = (owned(shared_links, viewer), shared_links.c.revoked_at.is_(None))
    query = select(shared_links).where(*which).order_by(shared_links.c.id.desc())
    return [_link(row) for row in db.execute(query)]


def count(db: ReadDb, viewer: Viewer) -> int:
    """How many of the viewer's are not revoked."""
    which = (owned(shared_links, viewer), shared_links.c.revoked_at.is_(None))
    return int(db.execute(select(func.count()).select_from(shared_links).where(*which)).scalar_one())


def revoke(db: WriteDb, viewer: Viewer, id: SharedLinkId, now: Instant) -> SharedLink:
    """It opens nothing any more; raises NotFound when there is none of the viewer's."""
    which = (owned(shared_links, viewer), shared_links.c.id == id, shared_links.c.revoked_at.is_(None))
    change = update(shared_links).where(*which).values(revoked_at=now)
    row = db.execute(change.returning(*shared_links.c)).one_or_none()
    if row is None:
        raise NotFound("link")
    return _link(row)


def _link(row: Row[Any]) -> SharedLink:
    return SharedLink(
        SharedLinkId(row.id),
        PersonId(row.owner_id),
        PortfolioId(row.portfolio_id),
        row.title,
        Amounts(row.amounts),
        row.created_at,
        row.until_at,
        row.seen_at,
        row.seen,
    )
