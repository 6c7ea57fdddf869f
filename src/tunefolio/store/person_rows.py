"""The rows of one person from any table of owned rows, as they lie there: what an export reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Row, Table, select

from tunefolio.core.people import Viewer
from tunefolio.store.db import ReadDb
from tunefolio.store.tables import instruments, metadata, persons
from tunefolio.store.viewers import owned

_AT_ONCE = 1_000


def table_of(name: str) -> Table:
    """A table by its name."""
    return metadata.tables[name]


def columns_of(table: str, *, but: Collection[str] = ()) -> tuple[str, ...]:
    """Its columns in the order they are declared."""
    return tuple(str(column.name) for column in table_of(table).columns if column.name not in but)


def iter_rows(db: ReadDb, viewer: Viewer, table: str, *, but: Collection[str] = ()) -> Iterator[Row[Any]]:
    """The viewer's rows in the order of their key, without the columns `but`; streams, so memory is flat."""
    there = table_of(table)
    chosen = [there.c[name] for name in columns_of(table, but=but)]
    query = select(*chosen).where(owned(there, viewer)).order_by(*there.primary_key.columns)
    yield from db.execute(query.execution_options(yield_per=_AT_ONCE))


def named_instruments(db: ReadDb, viewer: Viewer) -> Iterator[Row[Any]]:
    """Every instrument that a row of the viewer's names, and her own; in the order of their ids."""
    found = set(
        db.execute(select(instruments.c.id).where(instruments.c.private_to == viewer.person)).scalars().all()
    )
    for table in metadata.sorted_tables:
        if "owner_id" not in table.c:
            continue
        for key in table.foreign_keys:
            if key.column is instruments.c.id:
                query = select(key.parent).where(owned(table, viewer), key.parent.is_not(None)).distinct()
                found.update(db.execute(query).scalars().all())
    wanted = sorted(found)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        yield from db.execute(
            select(instruments).where(instruments.c.id.in_(some)).order_by(instruments.c.id)
        )


def own_row(db: ReadDb, viewer: Viewer) -> Row[Any]:
    """What the house knows of the person herself, without the password's hash."""
    chosen = [persons.c[name] for name in columns_of("persons", but=("password_hash", "erased_at"))]
    return db.execute(select(*chosen).where(persons.c.id == viewer.person)).one()
