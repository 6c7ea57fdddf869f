"""Column maps that people confirmed, by the shape of a table's header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select

from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.mapping_tables import mappings
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class KeptMap:
    """What one person says a kind of table means. title: the file it was first said of."""

    shape: str
    title: str
    columns: Mapping[str, Any]
    updated: Instant


def put(
    db: WriteDb, viewer: Viewer, shape: str, title: str, columns: Mapping[str, Any], now: Instant
) -> None:
    """Remember the map for every table of this shape; the newer one counts."""
    row = {
        "owner_id": viewer.person,
        "shape": shape,
        "title": title,
        "map": dict(columns),
        "updated_at": now,
    }
    newer = {"title": title, "map": dict(columns), "updated_at": now}
    statement = db.upsert(mappings).values(row)
    db.execute(statement.on_conflict_do_update(index_elements=["owner_id", "shape"], set_=newer))


def find(db: ReadDb, viewer: Viewer, shape: str) -> KeptMap | None:
    """The viewer's map of that shape; on uq_mappings_owner_id_shape."""
    query = select(mappings).where(owned(mappings, viewer), mappings.c.shape == shape)
    row = db.execute(query).one_or_none()
    return None if row is None else _kept(row)


def listed(db: ReadDb, viewer: Viewer) -> list[KeptMap]:
    """Every map of the viewer's, the newest first; they are few."""
    query = select(mappings).where(owned(mappings, viewer)).order_by(mappings.c.updated_at.desc())
    return [_kept(row) for row in db.execute(query)]


def drop(db: WriteDb, viewer: Viewer, shape: str) -> bool:
    """Forget one of the viewer's maps; whether it was there."""
    which = (owned(mappings, viewer), mappings.c.shape == shape)
    return db.execute(delete(mappings).where(*which)).rowcount > 0


def _kept(row: Row[Any]) -> KeptMap:
    return KeptMap(row.shape, row.title, row.map, row.updated_at)
