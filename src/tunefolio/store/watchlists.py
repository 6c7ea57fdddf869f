"""A person's watchlists: several, each an ordered row of instruments with notes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from tunefolio.core.alerts import WatchlistId
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.store import alerts
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import watchlist_items, watchlists
from tunefolio.store.viewers import owned

_TAKEN = ("name", "is already the name of a watchlist of yours")


@dataclass(frozen=True, slots=True)
class Watchlist:
    """One list. position: its place among the person's lists, from 0, perhaps with gaps."""

    id: WatchlistId
    owner: PersonId
    name: str
    position: int
    created: Instant


@dataclass(frozen=True, slots=True)
class Watched:
    """One instrument on a list."""

    list: WatchlistId
    instrument: InstrumentId
    position: int
    note: str
    added: Instant


def add(db: WriteDb, viewer: Viewer, name: str, now: Instant) -> Watchlist:
    """A new, empty list behind the others; raises Misuse when the viewer has one of that name."""
    last = select(func.coalesce(func.max(watchlists.c.position), -1)).where(owned(watchlists, viewer))
    position = int(db.execute(last).scalar_one()) + 1
    row = {"owner_id": viewer.person, "name": name, "position": position, "created_at": now}
    with db.unique(*_TAKEN):
        id = db.execute(insert(watchlists).values(row).returning(watchlists.c.id)).scalar_one()
    return Watchlist(WatchlistId(id), viewer.person, name, position, now)


def listed(db: ReadDb, viewer: Viewer) -> list[Watchlist]:
    """All of the viewer's lists in their order."""
    query = select(watchlists).where(owned(watchlists, viewer))
    rows = db.execute(query.order_by(watchlists.c.position, watchlists.c.id))
    return [
        Watchlist(WatchlistId(row.id), PersonId(row.owner_id), row.name, row.position, row.created_at)
        for row in rows
    ]


def watchlist_of(db: ReadDb, viewer: Viewer, id: WatchlistId) -> Watchlist:
    """One of the viewer's lists; raises NotFound."""
    found = [one for one in listed(db, viewer) if one.id == id]
    if not found:
        raise NotFound("watchlist")
    return found[0]


def rename(db: WriteDb, viewer: Viewer, id: WatchlistId, name: str) -> None:
    """Raises NotFound, or Misuse when the viewer has another of that name."""
    which = (owned(watchlists, viewer), watchlists.c.id == id)
    with db.unique(*_TAKEN):
        if db.execute(update(watchlists).where(*which).values(name=name)).rowcount == 0:
            raise NotFound("watchlist")


def arrange(db: WriteDb, viewer: Viewer, ids: Sequence[WatchlistId]) -> None:
    """The lists in this order; those not named keep their places."""
    for place, id in enumerate(ids):
        which = (owned(watchlists, viewer), watchlists.c.id == id)
        db.execute(update(watchlists).where(*which).values(position=place))


def forget(db: WriteDb, viewer: Viewer, id: WatchlistId) -> None:
    """Delete the list and all that is on it; raises NotFound."""
    which = (owned(watchlists, viewer), watchlists.c.id == id)
    if db.execute(delete(watchlists).where(*which)).rowcount == 0:
        raise NotFound("watchlist")


def items(db: ReadDb, viewer: Viewer, id: WatchlistId) -> list[Watched]:
    """What is on one of the viewer's lists, in its order; raises NotFound."""
    watchlist_of(db, viewer, id)
    query = select(watchlist_items).where(
        owned(watchlist_items, viewer), watchlist_items.c.watchlist_id == id
    )
    rows = db.execute(query.order_by(watchlist_items.c.position, watchlist_items.c.instrument_id))
    return [
        Watched(WatchlistId(row.watchlist_id), row.instrument_id, row.position, row.note, row.added_at)
        for row in rows
    ]


def sizes(db: ReadDb, viewer: Viewer) -> dict[WatchlistId, int]:
    """How many instruments stand on each list that has any."""
    query = select(watchlist_items.c.watchlist_id, func.count()).where(owned(watchlist_items, viewer))
    rows = db.execute(query.group_by(watchlist_items.c.watchlist_id))
    return {WatchlistId(id): int(number) for id, number in rows}


def holding(db: ReadDb, viewer: Viewer, instrument: InstrumentId) -> frozenset[WatchlistId]:
    """Which of the viewer's lists it stands on."""
    query = select(watchlist_items.c.watchlist_id).where(
        owned(watchlist_items, viewer), watchlist_items.c.instrument_id == instrument
    )
    return frozenset(WatchlistId(id) for id in db.execute(query).scalars())


def put_item(
    db: WriteDb, viewer: Viewer, id: WatchlistId, instrument: InstrumentId, note: str, now: Instant
) -> bool:
    """Behind the others of the list; False when it stands there already. Raises NotFound."""
    watchlist_of(db, viewer, id)
    last = select(func.coalesce(func.max(watchlist_items.c.position), -1)).where(
        owned(watchlist_items, viewer), watchlist_items.c.watchlist_id == id
    )
    row = {
        "owner_id": viewer.person,
        "watchlist_id": id,
        "instrument_id": instrument,
        "position": int(db.execute(last).scalar_one()) + 1,
        "note": note,
        "added_at": now,
    }
    statement = db.upsert(watchlist_items).values(row).on_conflict_do_nothing()
    return db.execute(statement).rowcount > 0


def set_note(db: WriteDb, viewer: Viewer, id: WatchlistId, instrument: InstrumentId, note: str) -> None:
    """Raises NotFound when it does not stand on that list of the viewer's."""
    which = (
        owned(watchlist_items, viewer),
        watchlist_items.c.watchlist_id == id,
        watchlist_items.c.instrument_id == instrument,
    )
    if db.execute(update(watchlist_items).where(*which).values(note=note)).rowcount == 0:
        raise NotFound("instrument")


def arrange_items(db: WriteDb, viewer: Viewer, id: WatchlistId, instruments: Sequence[InstrumentId]) -> None:
    """What is on the list in this order; those not named keep their places. Raises NotFound."""
    watchlist_of(db, viewer, id)
    for place, instrument in enumerate(instruments):
        which = (
            owned(watchlist_items, viewer),
            watchlist_items.c.watchlist_id == id,
            watchlist_items.c.instrument_id == instrument,
        )
        db.execute(update(watchlist_items).where(*which).values(position=place))


def drop_item(db: WriteDb, viewer: Viewer, id: WatchlistId, instrument: InstrumentId) -> None:
    """Raises NotFound when it does not stand on that list of the viewer's."""
    which = (
        owned(watchlist_items, viewer),
        watchlist_items.c.watchlist_id == id,
        watchlist_items.c.instrument_id == instrument,
    )
    if db.execute(delete(watchlist_items).where(*which)).rowcount == 0:
        raise NotFound("instrument")


def watchers(
    db: ReadDb,
    caretaker: Caretaker,  # noqa: ARG001 — leave, not input
    ids: Collection[InstrumentId],
) -> dict[InstrumentId, list[PersonId]]:
    """On whose lists these instruments stand, by owner; what stands on nobody's is left out."""
    items = watchlist_items.c
    query = select(items.instrument_id, items.owner_id).where(among(db, items.instrument_id, ids)).distinct()
    found: dict[InstrumentId, list[PersonId]] = {}
    for id, owner in db.execute(query.order_by(items.owner_id, items.instrument_id)):
        found.setdefault(InstrumentId(id), []).append(PersonId(owner))
    return found


def all_watched(db: ReadDb, caretaker: Caretaker) -> frozenset[InstrumentId]:
    """Every instrument on anybody's list or watched by anybody's alert."""
    query = select(watchlist_items.c.instrument_id).distinct()
    on_lists = {InstrumentId(id) for id in db.execute(query).scalars()}
    return frozenset(on_lists | alerts.all_watched(db, caretaker))
