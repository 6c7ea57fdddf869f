"""What people were told, and how far each telling came: notices, and their deliveries to channels.

A notice is one event: its owner and event_key are unique, so that telling twice tells once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update

from tunefolio.core.alerts import AlertId
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PersonId
from tunefolio.core.notice import ChannelId, DeliveryId, Notice, NoticeId, Urgency
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.batches import among, batches
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.keysets import newest
from tunefolio.store.tables import deliveries, notices
from tunefolio.store.viewers import owned

_AT_ONCE = 500


class DeliveryState(StrEnum):
    """queued: waits; sending: handed over, its end not yet known; failed: refused for good; given_up: tried
    too often."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given_up"


OPEN = (DeliveryState.QUEUED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice about to be told. kind: what it is about, in one word; alert: which one spoke, if one did."""

    notice: Notice
    kind: str
    alert: AlertId | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as it is kept. read: when its owner saw it."""

    id: NoticeId
    kind: str
    notice: Notice
    alert: AlertId | None
    read: Instant | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one channel. attempts: begun so far; problem: of the last one that failed."""

    id: DeliveryId
    notice: NoticeId
    channel: ChannelId
    state: DeliveryState
    attempts: int
    due: Instant
    problem: str
    sent: Instant | None


def put(db: WriteDb, caretaker: Caretaker, drafts: Sequence[Draft]) -> list[tuple[NoticeId, Draft]]:  # noqa: ARG001
    """Keep each unless its event has been told to its owner before; those that are new, with their ids."""
    by_key = {(draft.notice.person, draft.notice.key): draft for draft in drafts}
    found: list[tuple[NoticeId, Draft]] = []
    for batch in batches(by_key, _AT_ONCE):
        rows = [_row(by_key[key]) for key in sorted(batch)]
        added = db.upsert(notices).values(rows).on_conflict_do_nothing()
        told = added.returning(notices.c.id, notices.c.owner_id, notices.c.event_key)
        for id, owner, key in db.execute(told).all():
            found.append((NoticeId(id), by_key[PersonId(owner), key]))
    return sorted(found, key=lambda one: one[0])


def page(
    db: ReadDb, viewer: Viewer, before: NoticeId | None, limit: int, alert: AlertId | None = None
) -> list[Told]:
    """The viewer's notices, newest first, from the one after `before`; alert: of that one alone."""
    which = owned(notices, viewer)
    if alert is not None:
        which = and_(which, notices.c.alert_id == alert)
    return [_told(row) for row in newest(db, notices, which, before, limit)]


def notice_of(db: ReadDb, viewer: Viewer, id: NoticeId) -> Told:
    """One of the viewer's notices; raises NotFound."""
    row = db.execute(select(notices).where(owned(notices, viewer), notices.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("notice")
    return _told(row)


def unread(db: ReadDb, viewer: Viewer) -> int:
    """How many the viewer has not seen; on ix_notices_unread."""
    query = select(func.count()).where(owned(notices, viewer), notices.c.read_at.is_(None))
    return int(db.execute(query).scalar_one())


def mark_read(db: WriteDb, viewer: Viewer, id: NoticeId, now: Instant) -> None:
    """Seen; once is for good. Raises NotFound."""
    notice_of(db, viewer, id)
    which = (owned(notices, viewer), notices.c.id == id, notices.c.read_at.is_(None))
    db.execute(update(notices).where(*which).values(read_at=now))


def mark_all_read(db: WriteDb, viewer: Viewer, now: Instant) -> int:
    """Every notice of the viewer is seen; how many were not before."""
    which = (owned(notices, viewer), notices.c.read_at.is_(None))
    return db.execute(update(notices).where(*which).values(read_at=now)).rowcount


def forget_before(
    db: WriteDb,
    caretaker: Caretaker,  # noqa: ARG001 — leave, not input
    *,
    seen: Instant,
    unseen: Instant,
    limit: int,
) -> int:
    """Forget everyone's notices told before `seen`, unseen ones told before `unseen`, oldest first, with how
    far they came; how many. One that is still on its way stays."""
    is_on_its_way = (
        select(deliveries.c.id)
        .where(deliveries.c.notice_id == notices.c.id, deliveries.c.state.in_(OPEN))
        .exists()
    )
    is_old = or_(
        and_(notices.c.read_at.is_not(None), notices.c.created_at < seen), notices.c.created_at < unseen
    )
    oldest = select(notices.c.id).where(is_old, ~is_on_its_way).order_by(notices.c.id).limit(limit)
    return db.execute(delete(notices).where(notices.c.id.in_(oldest))).rowcount


# Deliveries --------------------------------------------------------------------------------------


def queue(
    db: WriteDb,
    caretaker: Caretaker,  # noqa: ARG001
    wanted: Sequence[tuple[PersonId, NoticeId, ChannelId]],
    now: Instant,
) -> dict[PersonId, list[DeliveryId]]:
    """A delivery for each pair of notice and channel that has none yet; the new ones by owner."""
    found: dict[PersonId, list[DeliveryId]] = {}
    for batch in batches(wanted, _AT_ONCE):
        rows = [_queued(owner, notice, channel, now) for owner, notice, channel in batch]
        added = db.upsert(deliveries).values(rows).on_conflict_do_nothing()
        for id, owner in db.execute(added.returning(deliveries.c.id, deliveries.c.owner_id)).all():
            found.setdefault(PersonId(owner), []).append(DeliveryId(id))
    return found


def deliveries_of(db: ReadDb, viewer: Viewer, ids: Collection[DeliveryId]) -> list[Delivery]:
    """Those of the viewer's deliveries, by id."""
    query = select(deliveries).where(owned(deliveries, viewer), among(db, deliveries.c.id, ids))
    return [_delivery(row) for row in db.execute(query.order_by(deliveries.c.id))]


def deliveries_by_notice(
    db: ReadDb, viewer: Viewer, ids: Collection[NoticeId]
) -> dict[NoticeId, list[Delivery]]:
    """How far each of these notices came, by notice."""
    query = select(deliveries).where(owned(deliveries, viewer), among(db, deliveries.c.notice_id, ids))
    found: dict[NoticeId, list[Delivery]] = {}
    for row in db.execute(query.order_by(deliveries.c.id)):
        one = _delivery(row)
        found.setdefault(one.notice, []).append(one)
    return found


def add_delivery(
    db: WriteDb, viewer: Viewer, notice: NoticeId, channel: ChannelId, now: Instant
) -> DeliveryId:
    """A delivery of one of the viewer's notices to one channel, asked for by hand; raises NotFound."""
    notice_of(db, viewer, notice)
    row = _queued(viewer.person, notice, channel, now)
    return DeliveryId(db.execute(insert(deliveries).values(row).returning(deliveries.c.id)).scalar_one())


def begin(db: WriteDb, viewer: Viewer, id: DeliveryId) -> bool:
    """Count an attempt before it is made; False when the delivery is over, or another's."""
    which = (owned(deliveries, viewer), deliveries.c.id == id, deliveries.c.state.in_(OPEN))
    values = {"state": DeliveryState.SENDING, "attempts": deliveries.c.attempts + 1}
    return db.execute(update(deliveries).where(*which).values(values)).rowcount > 0


def settle(
    db: WriteDb, viewer: Viewer, id: DeliveryId, state: DeliveryState, now: Instant, problem: str = ""
) -> None:
    """How an attempt ended. now: of its end, or when the next one is due for a queued one."""
    which = (owned(deliveries, viewer), deliveries.c.id == id)
    values: dict[str, Any] = {"state": state, "problem": problem}
    values |= {"sent_at": now} if state is DeliveryState.SENT else {"due_at": now}
    db.execute(update(deliveries).where(*which).values(values))


def _queued(owner: PersonId, notice: NoticeId, channel: ChannelId, now: Instant) -> dict[str, Any]:
    return {
        "owner_id": owner,
        "notice_id": notice,
        "channel_id": channel,
        "state": DeliveryState.QUEUED,
        "attempts": 0,
        "due_at": now,
    }


def _row(draft: Draft) -> dict[str, Any]:
    notice = draft.notice
    return {
        "owner_id": notice.person,
        "kind": draft.kind,
        "urgency": notice.urgency,
        "title": notice.title,
        "body": notice.text,
        "link": notice.link,
        "event_key": notice.key,
        "alert_id": draft.alert,
        "created_at": notice.at,
    }


def _told(row: Row[Any]) -> Told:
    notice = Notice(
        PersonId(row.owner_id),
        Urgency(row.urgency),
        row.title,
        row.body,
        row.created_at,
        row.link,
        row.event_key,
    )
    alert = None if row.alert_id is None else AlertId(row.alert_id)
    return Told(NoticeId(row.id), row.kind, notice, alert, row.read_at)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        DeliveryId(row.id),
        NoticeId(row.notice_id),
        ChannelId(row.channel_id),
        DeliveryState(row.state),
        row.attempts,
        row.due_at,
        row.problem,
        row.sent_at,
    )
