"""Which publisher's file of which session came, and what of it was kept: one row each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from tunefolio.core.time import Instant, TradingDay
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import source_files


class FileState(StrEnum):
    """kept: what is followed stands in the store; repeated: another day's file was served again;
    awaited: not published yet; missing: given up."""

    KEPT = "kept"
    REPEATED = "repeated"
    AWAITED = "awaited"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """rows: lines of the file; kept: bars taken from it; tries: how often it was asked for."""

    source: str
    day: TradingDay
    state: FileState
    fetched: Instant
    digest: str = ""
    rows: int = 0
    kept: int = 0
    tries: int = 0
    note: str = ""


_REST = ("state", "digest", "rows", "kept", "tries", "note", "fetched_at")


def put(db: WriteDb, file: SourceFile) -> None:
    """What became of that file; the newest word stands."""
    row = {
        "source": file.source,
        "day": file.day,
        "state": str(file.state),
        "digest": file.digest,
        "rows": file.rows,
        "kept": file.kept,
        "tries": file.tries,
        "note": file.note,
        "fetched_at": file.fetched,
    }
    statement = db.upsert(source_files).values(row)
    fill = {name: statement.excluded[name] for name in _REST}
    db.execute(statement.on_conflict_do_update(index_elements=["source", "day"], set_=fill))


def of_days(db: ReadDb, days: Collection[TradingDay]) -> dict[tuple[str, TradingDay], SourceFile]:
    """What came of these days, by source and day."""
    rows = db.execute(select(source_files).where(source_files.c.day.in_(list(days))))
    return {(row.source, row.day): SourceFile(
        row.source, row.day, FileState(row.state), row.fetched_at, row.digest, row.rows, row.kept,
        row.tries, row.note,
    ) for row in rows}  # fmt: skip


def same_digest(db: ReadDb, source: str, digest: str) -> TradingDay | None:
    """The day whose file of that source said the very same; None for news."""
    query = select(source_files.c.day).where(
        source_files.c.source == source,
        source_files.c.digest == digest,
        source_files.c.state == FileState.KEPT,
    )
    found: TradingDay | None = db.execute(query.order_by(source_files.c.day.desc()).limit(1)).scalar()
    return found
