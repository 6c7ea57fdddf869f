"""Runs migrations for Alembic: the URL comes from its configuration, everything in one transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, make_url, text

from tunefolio.core.errors import BrokenLaw
from tunefolio.store.db import Database, open_database
from tunefolio.store.tables import metadata

_LOCK = 7_305_211
"""PostgreSQL's advisory lock for migrations: any fixed number, ours alone in this database."""


def run(url: str) -> None:
    database = open_database(url)
    try:
        _run_on(database)
    finally:
        database.close()


def _run_on(database: Database) -> None:
    is_sqlite = database.dialect == "sqlite"
    with database.engine.connect() as connection:
        if is_sqlite:
            _without_foreign_keys(connection)
        with connection.begin():
            if not is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            context.configure(
                connection=connection,
                target_metadata=metadata,
                transactional_ddl=True,
                render_as_batch=is_sqlite,
                compare_type=True,
            )
            with context.begin_transaction():
                context.run_migrations()
            if is_sqlite:
                _must_point_somewhere(connection)


def _without_foreign_keys(connection: Connection) -> None:
    """A table is changed on SQLite by copying it; the pragma only works outside a transaction."""
    raw = connection.connection.driver_connection
    if raw is None:
        raise AssertionError("no driver connection")
    raw.execute("PRAGMA foreign_keys=OFF")


def _must_point_somewhere(connection: Connection) -> None:
    broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
    if broken:
        raise BrokenLaw("foreign keys", f"{len(broken)} rows point nowhere after the migration")


run(
    str(make_url(str(context.config.get_main_option("sqlalchemy.url"))).render_as_string(hide_password=False))
)
