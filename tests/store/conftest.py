"""A migrated database of each kind, and a person with books to fill it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import postgres
from tunefolio.store import schema
from tunefolio.store.db import Database, open_database


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "tunefolio.db"
    schema.migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_cluster: postgres.Cluster) -> str:
    """The name of a migrated database to copy."""
    name = postgres_cluster.create()
    schema.migrate(postgres_cluster.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database at head; the test runs once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "tunefolio.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    fresh: Callable[[str | None], str] = request.getfixturevalue("fresh_postgres")
    return fresh(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    opened = open_database(migrated_url)
    yield opened
    opened.close()
