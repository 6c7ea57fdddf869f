"""Partitions by year on PostgreSQL, made when a year is first written. SQLite has one table and needs none.

They live in a schema of their own, so that the model knows one table only. There is no default partition: it
would have to be locked against everyone and searched whenever a year is added. What lies before and after
the years that people keep has a partition each from the start.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select, text

from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import bar_chunks

SCHEMA = "bar_years"
FIRST, UNTIL = 1900, 2200
"""Years in between get a partition of their own."""
_WHOLE_ROW = 8_160
"""The longest row, in bytes, that PostgreSQL is told to leave in its page; the most it takes."""
_LOCK = 7_305_212
"""PostgreSQL's advisory lock for new partitions: any fixed number, ours alone in this database."""


def found(connection: Connection) -> None:
    """The schema and the two partitions of what lies beyond; for the migration."""
    connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    for name, start, end in (("before", "MINVALUE", str(FIRST)), ("after", str(UNTIL), "MAXVALUE")):
        connection.execute(
            text(
                f"CREATE TABLE {SCHEMA}.y_{name} PARTITION OF bar_chunks FOR VALUES FROM ({start}) TO ({end})"
            )
        )


def ensure(db: ReadDb, years: Iterable[int]) -> None:
    """A partition for each of these years; costs one small query when they are all there.

    One writer at a time makes new ones and the others wait for it. Two transactions that have both written
    instruments before may wait for each other: PostgreSQL then ends one, whose job is done again.
    """
    if db.dialect == "sqlite":
        return
    wanted = {year for year in years if FIRST <= year < UNTIL}
    if wanted <= _present(db.connection):
        return
    db.connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    for year in sorted(wanted - _present(db.connection)):
        make(db.connection, year)


def make(connection: Connection, year: int) -> None:
    """Attached, because that lets everyone read and write the other years meanwhile.

    Rows stay whole up to a page's size: what is longer than two kilobytes would else lie in a second table,
    with room between its pieces and a second search for each of them.
    """
    name = f"{SCHEMA}.y{int(year)}"
    storage = f"toast_tuple_target = {_WHOLE_ROW}"
    connection.execute(text(f"CREATE TABLE {name} (LIKE bar_chunks INCLUDING DEFAULTS) WITH ({storage})"))
    bounds = f"FOR VALUES FROM ({int(year)}) TO ({int(year) + 1})"
    connection.execute(text(f"ALTER TABLE bar_chunks ATTACH PARTITION {name} {bounds}"))


def drop(db: WriteDb, year: int) -> int:
    """Forget a year: its partition, or its rows. How many rows there were."""
    own = bar_chunks.c.year == year
    if db.dialect == "sqlite" or year not in _present(db.connection):
        return db.execute(delete(bar_chunks).where(own)).rowcount
    db.connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    name = f"{SCHEMA}.y{int(year)}"
    count = int(db.execute(select(func.count()).select_from(bar_chunks).where(own)).scalar_one())
    db.connection.execute(text(f"DROP TABLE {name}"))
    return count


def _present(connection: Connection) -> set[int]:
    query = text(
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE nspname = :schema AND relkind = 'r'"
    )
    names = connection.execute(query, {"schema": SCHEMA}).scalars()
    return {int(name[1:]) for name in names if name[1:].isdigit()}
