"""What tests of services ask for by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.desks import Desk, seated
from tunefolio.store.schema import migrate


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database at head, to copy."""
    path = tmp_path_factory.mktemp("template") / "tunefolio.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database at head; the test runs once on each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "tunefolio.db")
        return f"sqlite:///{tmp_path / 'tunefolio.db'}"
    fresh: Callable[[str | None], str] = request.getfixturevalue("fresh_postgres")
    url = fresh(None)
    migrate(url)
    return url


@pytest.fixture
def desk(migrated_url: str) -> Iterator[Desk]:
    """One person's house on a Friday noon in session, on each kind of database."""
    with seated(migrated_url) as made:
        yield made
