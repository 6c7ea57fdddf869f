"""The schema's versions: which one a database has, which one this program needs, and how to get there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, make_url, text

from tunefolio.core.errors import Misuse
from tunefolio.store.db import ReadDb, open_database

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0024"
"""The newest migration. Written here so that a start without anything to migrate need not import Alembic."""

MIGRATIONS = Path(__file__).parent / "migrations"


def head() -> str:
    """The version this program needs."""
    return HEAD


def current(url: str) -> str | None:
    """The version a database has; None for an empty or an absent one, which is not made."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not _is_there(parsed.database):
        return None
    database = open_database(url)
    try:
        with database.reading() as db:
            return version_of(db)
    finally:
        database.close()


def version_of(db: ReadDb) -> str | None:
    """The version of an open database; None for an empty one."""
    if not inspect(db.connection).has_table("alembic_version"):
        return None
    found = db.connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def migrate(url: str) -> None:
    """Bring a database to head, made if absent: whole or not at all, also when two processes start at once.

    Raises Misuse for a database that a newer program has migrated further.
    """
    present = current(url)
    if present == HEAD:
        return
    if present is not None and present > HEAD:
        raise Misuse(
            "database", f"has schema {present}, this program knows {HEAD}", cure="Install a newer TuneFolio"
        )
    from alembic import command  # slow, and rarely needed

    command.upgrade(configuration(url), "head")


def configuration(url: str) -> Config:
    """Alembic's configuration for a database, for migrate() and for whoever writes a migration."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def _is_there(path: str | None) -> bool:
    return bool(path) and Path(str(path)).exists()
