"""kill −9 in mid-job: the next process runs the job again, and it is done once more and for good."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine import worker
from tests.nursery import Talker, talker
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.identity import JobId, PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.services import jobs
from tunefolio.settings import Settings
from tunefolio.store import jobs as rows
from tunefolio.store.jobs import Job, JobState

ADMIN = Viewer(PersonId(0), Role.ADMIN)


@pytest.fixture
def environ(migrated_url: str, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
    return kept | {
        "TUNEFOLIO_DATABASE_URL": migrated_url,
        "TUNEFOLIO_HOME": str(tmp_path / "home"),
        "TUNEFOLIO_JOB_LEASE_SECONDS": "1",
    }


@pytest.fixture
def runtime(environ: dict[str, str]) -> Iterator[Runtime]:
    """A house of our own on the same database, whose engine never starts."""
    runtime = build(Settings.from_env(environ))
    yield runtime
    runtime.close()


@contextmanager
def a_worker(environ: dict[str, str], seconds: float) -> Iterator[Talker]:
    process = talker("tests.engine.worker", [str(seconds)], environ)
    try:
        assert process.heard() == "ready"
        yield process
    finally:
        process.end()


def test_a_job_killed_in_mid_run_runs_again(
    runtime: Runtime, environ: dict[str, str], tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    with a_worker(environ, 60) as first:
        job = asked(runtime, marks)
        until(lambda: marks.exists() and "began" in marks.read_text())
        until(lambda: seen(runtime, job).done > 0)
        first.kill()
    left = seen(runtime, job)
    assert (left.state, left.attempts) == (JobState.RUNNING, 1)
    with a_worker(environ, 0.2) as second:
        until(lambda: seen(runtime, job).state is JobState.DONE)
        assert seen(runtime, job).result == {"by": second.pid}
    assert marks.read_text().splitlines() == [
        f"began {first.pid}",
        f"began {second.pid}",
        f"ended {second.pid}",
    ]
    assert seen(runtime, job).attempts == 2


def test_a_living_worker_keeps_its_job_beyond_the_lease(
    runtime: Runtime, environ: dict[str, str], tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    with a_worker(environ, 3) as first, a_worker(environ, 0.1):
        job = asked(runtime, marks)
        until(lambda: seen(runtime, job).state is JobState.DONE)
        begun = [line for line in marks.read_text().splitlines() if line.startswith("began")]
        assert len(begun) == 1
        assert first.child.poll() is None
    assert seen(runtime, job).attempts == 1


def test_a_stop_lets_a_running_job_finish(runtime: Runtime, environ: dict[str, str], tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    with a_worker(environ, 1):
        job = asked(runtime, marks)
        until(marks.exists)
    assert seen(runtime, job).state is JobState.DONE


def asked(runtime: Runtime, marks: Path) -> JobId:
    house = runtime.house
    with house.database.writing() as db:
        return jobs.ask(db, house, worker.KIND, {"marks": str(marks)}, owner=None)


def seen(runtime: Runtime, job: JobId) -> Job:
    with runtime.house.database.reading() as db:
        return next(one for one in rows.page_all(db, ADMIN, None, 50) if one.id == job)


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail when it does not within a minute."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)
