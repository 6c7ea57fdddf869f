"""The audit log: who did what, when, from where. Rows are added, never changed; a refused sign-in alone
counts up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AuditId, PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.keysets import newest
from tunefolio.store.tables import (
    accounts,
    alerts,
    audit,
    channels,
    imports,
    portfolios,
    shared_links,
    taxpayers,
    transactions,
    watchlists,
)
from tunefolio.store.viewers import owned

REFUSED = "sign_in.failed"
"""The one action that is counted instead of repeated; the trigger of migration 0013 knows it too."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came from. address: of the network; device: as the browser names itself."""

    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. owner: in whose own part it stands; actor: who did it, None for a stranger or the house.

    times, last: of a refused sign-in how often, and when last; else 1 and `at`.
    """

    id: AuditId
    owner: PersonId | None
    actor: PersonId | None
    at: Instant
    last: Instant
    times: int
    action: str
    subject: str
    details: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: of one action, or of the deeds of that group (`sign_in.`); by one actor; from `since`,
    before `until`."""

    action: str = ""
    actor: PersonId | None = None
    since: Instant | None = None
    until: Instant | None = None


EVERY = AuditFilter()


def add(
    db: WriteDb,
    viewer: Viewer,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    *,
    place: Place,
    now: Instant,
) -> AuditId:
    """The viewer's own deed about what is her own."""
    row = _row(viewer.person, viewer.person, action, subject, details, place, now)
    return AuditId(db.execute(insert(audit).values(row).returning(audit.c.id)).scalar_one())


def add_about(
    db: WriteDb,
    owner: PersonId | None,
    actor: PersonId | None,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    *,
    place: Place,
    now: Instant,
) -> AuditId:
    """A deed of one person, or of the operator's command line (None), that concerns another: it stands in the
    other's part, or in nobody's."""
    row = _row(owner, actor, action, subject, details, place, now)
    return AuditId(db.execute(insert(audit).values(row).returning(audit.c.id)).scalar_one())


def add_refused(db: WriteDb, owner: PersonId | None, place: Place, now: Instant, since: Instant) -> AuditId:
    """A refused sign-in: counted on the entry of the same person and address that began after `since`, else a
    new one. owner None: no such person; all such guesses of one address are one entry."""
    mine = audit.c.owner_id.is_(None) if owner is None else audit.c.owner_id == owner
    alike = and_(mine, audit.c.action == REFUSED, audit.c.address == place.address, audit.c.at > since)
    query = select(audit.c.id).where(alike).order_by(audit.c.id.desc()).limit(1)
    standing = db.execute(query).scalar_one_or_none()
    if standing is None:
        row = _row(owner, None, REFUSED, "sign-in", {}, place, now)
        return AuditId(db.execute(insert(audit).values(row).returning(audit.c.id)).scalar_one())
    counted = {"times": audit.c.times + 1, "last_at": now}
    db.execute(update(audit).where(audit.c.id == standing).values(counted))
    return AuditId(standing)


def page(
    db: ReadDb, viewer: Viewer, before: AuditId | None, limit: int, chosen: AuditFilter = EVERY
) -> list[AuditEntry]:
    """What the viewer did and what was done to her, newest first; keyset on ix_audit_owner."""
    which = and_(owned(audit, viewer), *_chosen(chosen))
    return [_entry(row) for row in newest(db, audit, which, before, limit)]


def page_all(
    db: ReadDb, admin: Viewer, chosen: AuditFilter, before: AuditId | None, limit: int
) -> list[AuditEntry]:
    """Everyone's entries, newest first; raises Forbidden for all but admins. Keyset on the primary key, or on
    ix_audit_action and ix_audit_actor."""
    admin.must_administer()
    which = and_(audit.c.id > 0, *_chosen(chosen))
    return [_entry(row) for row in newest(db, audit, which, before, limit)]


def entry_of(db: ReadDb, admin: Viewer, id: AuditId) -> AuditEntry:
    """Anybody's entry; raises Forbidden for all but admins, NotFound."""
    admin.must_administer()
    row = db.execute(select(audit).where(audit.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("entry")
    return _entry(row)


_OWNED: Mapping[str, Table] = {
    "portfolio": portfolios,
    "account": accounts,
    "transaction": transactions,
    "import": imports,
    "watchlist": watchlists,
    "alert": alerts,
    "channel": channels,
    "taxpayer": taxpayers,
}


def still_owned(db: ReadDb, viewer: Viewer, noun: str, numbers: Collection[int]) -> set[int]:
    """Which of the viewer's things of that kind are still there; none of a kind that nobody owns."""
    if noun not in _OWNED:
        return set()
    table = _OWNED[noun]
    query = select(table.c.id).where(owned(table, viewer), table.c.id.in_(sorted(numbers)))
    return set(db.execute(query).scalars())


_NAMED: Mapping[str, tuple[Table, ColumnElement[str]]] = {
    "portfolio": (portfolios, portfolios.c.name),
    "account": (accounts, accounts.c.name),
    "link": (shared_links, shared_links.c.title),
}


def names_now(db: ReadDb, viewer: Viewer, noun: str, numbers: Collection[int]) -> dict[int, str]:
    """What the viewer calls her things of that kind now, by number; what is gone is left out."""
    if noun not in _NAMED:
        return {}
    table, name = _NAMED[noun]
    query = select(table.c.id, name).where(owned(table, viewer), table.c.id.in_(sorted(numbers)))
    return {row[0]: row[1] for row in db.execute(query)}


def _chosen(chosen: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if chosen.action.endswith("."):
        yield audit.c.action.startswith(chosen.action, autoescape=True)
    elif chosen.action:
        yield audit.c.action == chosen.action
    if chosen.actor is not None:
        yield audit.c.actor_id == chosen.actor
    if chosen.since is not None:
        yield audit.c.at >= chosen.since
    if chosen.until is not None:
        yield audit.c.at < chosen.until


def _row(
    owner: PersonId | None,
    actor: PersonId | None,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    place: Place,
    now: Instant,
) -> dict[str, Any]:
    return {
        "owner_id": owner,
        "actor_id": actor,
        "at": now,
        "last_at": now,
        "action": action,
        "subject": subject,
        "details": dict(details),
        "address": place.address[:64],
        "device": place.device[:200],
    }


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        AuditId(row.id),
        None if row.owner_id is None else PersonId(row.owner_id),
        None if row.actor_id is None else PersonId(row.actor_id),
        row.at,
        row.last_at,
        row.times,
        row.action,
        row.subject,
        row.details,
        Place(row.address, row.device),
    )
