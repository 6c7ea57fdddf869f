"""What a person takes along, in the house that the test of viewer clauses looks at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tunefolio.core.identity import JobId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store import exports
from tunefolio.store.book_rows import Depth
from tunefolio.store.db import WriteDb

NOW = Instant(datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
JOB = JobId(7_100_001)


def taken_along(db: WriteDb, viewer: Viewer, name: str) -> dict[str, Any]:
    """An export in one piece."""
    made = exports.add(db, viewer, JobId(JOB + viewer.person), NOW)
    ends = NOW + timedelta(hours=24)
    exports.put(db, viewer, made, [name.encode()], sha256=f"{name}-sha", made=NOW, expires=ends)
    return {
        **dict.fromkeys(
            ("exports.export_of.id", "exports.put.id", "exports.part.id", "exports.forget.id"), made
        ),
        "exports.of_job.job": JobId(JOB + viewer.person),
        "exports.put.parts": [b"new"],
        "exports.put.made": NOW,
        "exports.put.expires": ends,
        "exports.part.number": 0,
        "erase": ends,
        "Depth": Depth.HISTORY,
        "person_rows.iter_rows.table": "tags",
        "person_rows.iter_rows.but": (),
    }
