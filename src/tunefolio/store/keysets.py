"""Pages by key: the newest rows first, each page beginning before the last id of the one before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Table, select

from tunefolio.store.db import ReadDb


def newest(
    db: ReadDb, table: Table, which: ColumnElement[bool], before: int | None, limit: int
) -> list[Row[Any]]:
    """Rows that meet the condition, newest first, from the one after `before`; on the index of the condition
    with the id, so that a late page costs what the first does."""
    query = select(table).where(which).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(table.c.id < before)
    return list(db.execute(query))
