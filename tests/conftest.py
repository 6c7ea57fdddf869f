"""What tests ask for by name: a database, PostgreSQL itself, Redis, a browser."""

from __future__ import annotations

import inspect
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import httpx2
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.testclient import TestClient

from tests import commons, failures, postgres, redis_server, scheduling
from tunefolio.services import passwords
from tunefolio.store import schema

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

MEMORY = Path("/dev/shm")
DISK = "/tmp"
ROOM = 2 * 2**30
"""What a run may need for its databases, in bytes; each is removed after its test."""


def quick_disk() -> str:
    """Where the run's PostgreSQL lies; a socket's path must be short.

    A new database is some three hundred files: half a second on a disk, a fiftieth of it in memory.
    """
    is_there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)
    return str(MEMORY) if is_there and shutil.disk_usage(MEMORY).free >= ROOM else DISK


def pytest_configure(config: pytest.Config) -> None:
    """The process that leads the run names the place of its PostgreSQL, which its workers inherit, and tells
    of every failure when it happens."""
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(failures.ToldAtOnce(config), "told at once")
    folder = Path(tempfile.mkdtemp(prefix="tunefolio-tests-", dir=quick_disk()))
    config.stash[CLUSTER_FOLDER] = folder
    os.environ[CLUSTER] = f"{os.getpid()}:{folder}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> scheduling.WholeFiles | None:
    """`--dist loadfile` in this house's manner."""
    return scheduling.WholeFiles(config, log) if config.getoption("dist") == "loadfile" else None


OTHER_DEPLOYMENTS = ("postgresql", "many processes")
"""The values of parameters that put a test beside PostgreSQL and Redis."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first. What is marked as no matter of the deployment goes to `make prove` in all of them but
    the first."""
    items.sort(key=lambda item: scheduling.rank(item.nodeid.partition("::")[0]))
    for item in items:
        if item.get_closest_marker("on_both") or not item.get_closest_marker("one_is_enough"):
            continue
        if set(OTHER_DEPLOYMENTS) & set(map(str, parameters_of(item))):
            item.add_marker(pytest.mark.prove)


def parameters_of(item: pytest.Item) -> list[object]:
    """The values that a test runs with, those of its fixtures too."""
    callspec = getattr(item, "callspec", None)
    return [] if callspec is None else list(callspec.params.values())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Beside the longest tests, the longest files: they decide when a run ends."""
    count = terminalreporter.config.getoption("durations")
    if not count:
        return
    reports = [one for several in terminalreporter.stats.values() for one in several]
    durations = [(one.nodeid, one.duration) for one in reports if isinstance(one, pytest.TestReport)]
    terminalreporter.write_sep("=", f"slowest {count} files")
    for file, seconds in scheduling.longest(durations, count):
        terminalreporter.write_line(f"{seconds:.1f}s {file}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """All workers have ended by now, however they did."""
    folder = config.stash.get(CLUSTER_FOLDER, None)
    if folder is not None:
        redis_server.stop(folder)
        postgres.stop(folder)


@pytest.fixture(scope="session", autouse=True)
def the_products_hasher() -> Iterator[PasswordHash]:
    """How the product keeps passwords, a fifth of a second each: what one test proves, and all would pay for
    (tests/services/test_identity.py). So within the tests' own process argon2id is as cheap as it can be."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    ours = passwords._HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", cheap)
        yield ours


@pytest.fixture(scope="session", autouse=True)
def one_loop() -> Iterator[None]:
    """Requests within the tests' own process share an event loop and its threads, as those to a server do.
    Starlette's client would open both for each of them, which costs as much as many an answer."""
    with start_blocking_portal("asyncio") as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


@pytest.fixture(scope="session", autouse=True)
def patient_clients() -> Iterator[None]:
    """The tests' own questions over HTTP wait a minute for their answer, not the library's five seconds: what
    else the machine does at that moment is no fault of the answer's."""
    usual = inspect.signature(httpx2.Client).parameters["timeout"].default
    with pytest.MonkeyPatch.context() as patch:
        for part in ("connect", "read", "write", "pool"):
            patch.setattr(usual, part, 60.0)
        assert httpx2.Client().timeout.read == 60.0
        yield


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


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "tunefolio.db"
    schema.migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_cluster: postgres.Cluster) -> str:
    """The name of a migrated, empty database to copy."""
    name = postgres_cluster.create()
    schema.migrate(postgres_cluster.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database at head, a copy; the test runs once on each kind."""
    return at_head(request, tmp_path)


def at_head(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database at head, of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        path = tmp_path / "tunefolio.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    fresh: Callable[[str | None], str] = request.getfixturevalue("fresh_postgres")
    return fresh(request.getfixturevalue("migrated_postgres"))


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
