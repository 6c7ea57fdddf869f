"""What tests of services ask for by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.desks import Desk, seated


@pytest.fixture(scope="session")
def migrated_file(migrated_sqlite: Path) -> Path:
    """An SQLite database at head, to copy."""
    return migrated_sqlite


@pytest.fixture
def desk(migrated_url: str) -> Iterator[Desk]:
    """One person's house on a Friday noon in session, on each kind of database."""
    with seated(migrated_url) as made:
        yield made
