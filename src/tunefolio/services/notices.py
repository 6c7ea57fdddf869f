"""What a person was told: seen, listed with how far each telling came; how long it is kept: retention.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunefolio.core.alerts import AlertId
from tunefolio.core.notice import ChannelId, NoticeId
from tunefolio.core.people import Viewer
from tunefolio.services import audit
from tunefolio.services.house import House
from tunefolio.store import channels, events
from tunefolio.store import notices as rows
from tunefolio.store.channels import Channel
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.notices import Delivery, Told


@dataclass(frozen=True, slots=True)
class Page:
    """Some notices, newest first, their deliveries, and the id the next page begins before."""

    told: tuple[Told, ...]
    deliveries: Mapping[NoticeId, list[Delivery]]
    channels: Mapping[ChannelId, Channel]
    next: NoticeId | None


def page(
    db: ReadDb, viewer: Viewer, before: NoticeId | None, limit: int, *, alert: AlertId | None = None
) -> Page:
    """The viewer's notices from the one after `before`; alert: of that one alone."""
    told = rows.page(db, viewer, before, limit + 1, alert)
    shown = told[:limit]
    ways = {one.id: one for one in channels.listed(db, viewer)}
    sent = rows.deliveries_by_notice(db, viewer, [one.id for one in shown])
    return Page(tuple(shown), sent, ways, shown[-1].id if len(told) > limit else None)


def mark_read(db: WriteDb, house: House, viewer: Viewer, id: NoticeId) -> None:
    """Seen; raises NotFound."""
    rows.mark_read(db, viewer, id, house.clock.now())
    audit.pass_over()
    events.emit(db, house.bus, events.Event("notices", viewer.person, (id,)))


def mark_all_read(db: WriteDb, house: House, viewer: Viewer) -> int:
    """All of them; how many were new."""
    audit.pass_over()
    count = rows.mark_all_read(db, viewer, house.clock.now())
    events.emit(db, house.bus, events.Event("notices", viewer.person, ()))
    return count
