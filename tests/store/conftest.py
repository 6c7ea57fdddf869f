"""A migrated database of each kind, open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tunefolio.store.db import Database, open_database


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    opened = open_database(migrated_url)
    yield opened
    opened.close()
