"""What tests ask for by name: a database, PostgreSQL itself, Redis, a browser."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests import commons, postgres, redis_server

# A busy machine is no fault of the code; the pipeline asks the same questions every time, a person new ones.
settings.register_profile(
    "house",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

CLUSTER = commons.CLUSTER
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_OF_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
CLUSTER_FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that leads the run names the place of its PostgreSQL; its workers inherit the name."""
    if hasattr(config, "workerinput"):
        return
    folder = Path(tempfile.mkdtemp(prefix="tunefolio-tests-", dir="/tmp"))  # a socket's path must be short
    config.stash[CLUSTER_FOLDER] = folder
    os.environ[CLUSTER] = f"{os.getpid()}:{folder}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """All workers have ended by now, however they did."""
    folder = config.stash.get(CLUSTER_FOLDER, None)
    if folder is not None:
        redis_server.stop(folder)
        postgres.stop(folder)


@pytest.fixture(scope="session")
def postgres_cluster() -> postgres.Cluster:
    """The run's PostgreSQL server."""
    leader, _, folder = os.environ[CLUSTER].partition(":")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    try:
        return postgres.shared(Path(folder), worker, int(leader))
    except postgres.PostgresMissing as missing:
        return absent(missing.__doc__ or "")


@pytest.fixture(scope="session")
def postgres_admin_url(postgres_cluster: postgres.Cluster) -> str:
    """The maintenance database, whose owner may create others."""
    return postgres_cluster.url("postgres")


@pytest.fixture
def fresh_postgres(postgres_cluster: postgres.Cluster) -> Iterator[Callable[[str | None], str]]:
    """fresh_postgres(template) → the URL of a new database, empty for None; removed after the test."""
    made: list[str] = []

    def fresh(template: str | None = None) -> str:
        made.append(postgres_cluster.create(template))
        return postgres_cluster.url(made[-1])

    yield fresh
    for name in made:
        postgres_cluster.drop(name)


@pytest.fixture
def redis_url() -> str:
    """An empty database of the run's Redis."""
    return commons.redis_url()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tunefolio.db'}"
    fresh: Callable[[str | None], str] = request.getfixturevalue("fresh_postgres")
    url: str = fresh(None)
    return url


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser of the journeys: $TUNEFOLIO_CHROMIUM, else the system's."""
    named = os.environ.get("TUNEFOLIO_CHROMIUM")
    paths: list[str | None] = [named] if named else [shutil.which(name) for name in BROWSERS]
    for path in [*paths, str(BROWSER_OF_MACOS)]:
        if path and os.access(path, os.X_OK):
            return path
    return absent("Chromium is not installed; `make test` says how to install it.")


def absent(message: str) -> NoReturn:
    """A failure in the pipeline; elsewhere a skip that the summary shows."""
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
