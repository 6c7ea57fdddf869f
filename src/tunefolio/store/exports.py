"""Exports of all that is somebody's: a row that says how it stands, and the file in pieces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import JobId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.keysets import newest
from tunefolio.store.tables import export_parts, exports
from tunefolio.store.viewers import owned

PART_BYTES = 256 * 1024
"""Of every piece but the last."""


@dataclass(frozen=True, slots=True)
class Export:
    """One export of everything. made None: its job is not done. expires: not given out from then on.

    bytes, sha256: of the whole file, 0 and "" until it is made.
    """

    id: int
    job: JobId
    asked: Instant
    made: Instant | None
    expires: Instant | None
    bytes: int
    sha256: str

    def is_ready(self, now: Instant) -> bool:
        return self.expires is not None and now < self.expires


def add(db: WriteDb, viewer: Viewer, job: JobId, now: Instant) -> int:
    """One is wanted."""
    row = {"owner_id": viewer.person, "job_id": job, "asked_at": now}
    return int(db.execute(insert(exports).values(row).returning(exports.c.id)).scalar_one())


def listed(db: ReadDb, viewer: Viewer, limit: int) -> list[Export]:
    """The viewer's, newest first; on ix_exports_owner."""
    return [_export(row) for row in newest(db, exports, owned(exports, viewer), None, limit)]


def of_job(db: ReadDb, viewer: Viewer, job: JobId) -> Export | None:
    """The one that a job makes."""
    query = select(exports).where(owned(exports, viewer), exports.c.job_id == job)
    row = db.execute(query).one_or_none()
    return None if row is None else _export(row)


def export_of(db: ReadDb, viewer: Viewer, id: int) -> Export:
    """One of the viewer's; raises NotFound."""
    row = db.execute(select(exports).where(owned(exports, viewer), exports.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("export")
    return _export(row)


def put(
    db: WriteDb,
    viewer: Viewer,
    id: int,
    parts: Iterable[bytes],
    *,
    sha256: str,
    made: Instant,
    expires: Instant,
) -> None:
    """The file is whole; parts as PART_BYTES says. What a broken run left is replaced; raises NotFound."""
    export_of(db, viewer, id)
    db.execute(delete(export_parts).where(owned(export_parts, viewer), export_parts.c.export_id == id))
    size = 0
    for number, body in enumerate(parts):
        row = {"owner_id": viewer.person, "export_id": id, "number": number, "body": body}
        db.execute(insert(export_parts).values(row))
        size += len(body)
    values = {"made_at": made, "expires_at": expires, "bytes": size, "sha256": sha256}
    db.execute(update(exports).where(owned(exports, viewer), exports.c.id == id).values(values))


def part(db: ReadDb, viewer: Viewer, id: int, number: int) -> bytes:
    """One piece; raises NotFound. One look-up by primary key."""
    which = (owned(export_parts, viewer), export_parts.c.export_id == id, export_parts.c.number == number)
    body = db.execute(select(export_parts.c.body).where(*which)).scalar_one_or_none()
    if body is None:
        raise NotFound("export")
    return bytes(body)


def forget(db: WriteDb, viewer: Viewer, id: int) -> None:
    """Away with one of the viewer's; raises NotFound."""
    gone = db.execute(delete(exports).where(owned(exports, viewer), exports.c.id == id))
    if gone.rowcount == 0:
        raise NotFound("export")


def forget_expired(db: WriteDb, caretaker: Caretaker, asked: Instant) -> int:  # noqa: ARG001 — leave, not input
    """Away with all that were asked for before that moment; how many."""
    return db.execute(delete(exports).where(exports.c.asked_at < asked)).rowcount


def _export(row: Row[Any]) -> Export:
    return Export(
        row.id, JobId(row.job_id), row.asked_at, row.made_at, row.expires_at, row.bytes or 0, row.sha256 or ""
    )
