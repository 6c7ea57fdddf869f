"""Houses on both databases, cloned from one that was migrated once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.houses import join, opened, visitor
from tunefolio.services.house import House
from tunefolio.web import render


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_sqlite, tmp_path / "house.db")
    return f"sqlite:///{tmp_path / 'house.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        copied: str = request.getfixturevalue("sqlite_url")
        return copied
    fresh: Callable[[str | None], str] = request.getfixturevalue("fresh_postgres")
    return fresh(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def house(url: str) -> Iterator[House]:
    """On each database in turn."""
    with opened(url) as made:
        yield made


@pytest.fixture
def small_house(sqlite_url: str) -> Iterator[House]:
    """On SQLite only, for what does not touch the database's dialect."""
    with opened(sqlite_url) as made:
        yield made


@pytest.fixture
def stranger(small_house: House) -> TestClient:
    """Nobody the house knows."""
    return visitor(small_house)


@pytest.fixture
def asha(small_house: House) -> TestClient:
    """The first person, so its admin, signed in."""
    return join(visitor(small_house), "asha@example.org", "Asha")


@pytest.fixture
def built_assets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages name hashed files; where the front-end is not built, their plain names stand in."""
    if not (render.STATIC / "dist" / "manifest.json").exists():
        monkeypatch.setitem(render.environment().globals, "asset", lambda name: f"/static/dist/{name}")
