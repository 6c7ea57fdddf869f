"""Real Celery workers and beat on a real Redis: each job once, kill −9 loses nothing, a lost queue heals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import redis

from tests.engine import celery_worker
from tests.engine.deployment import Deployment, until
from tests.nursery import born
from tests.ports import free_port
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import JobId, PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.services import jobs, operations, processes
from tunefolio.settings import Settings
from tunefolio.store import jobs as rows
from tunefolio.store.jobs import Job, JobState

ADMIN = Viewer(PersonId(0), Role.ADMIN)


@pytest.fixture
def environ(
    fresh_postgres: Callable[[str | None], str], migrated_postgres: str, redis_url: str, tmp_path: Path
) -> dict[str, str]:
    return {
        "TUNEFOLIO_DATABASE_URL": fresh_postgres(migrated_postgres),
        "TUNEFOLIO_REDIS_URL": redis_url,
        "TUNEFOLIO_HOME": str(tmp_path / "home"),
        "TUNEFOLIO_JOB_LEASE_SECONDS": "1",
        "TUNEFOLIO_SOURCES": "yahoo",
    }


@pytest.fixture
def runtime(environ: dict[str, str]) -> Iterator[Runtime]:
    """A house of ours that asks for work and does none."""
    runtime = build(Settings.from_env(environ))
    yield runtime
    runtime.close()


@pytest.fixture
def deployment(environ: dict[str, str], tmp_path: Path) -> Iterator[Deployment]:
    """Its parts begin as they do for people, in fresh processes."""
    with Deployment(environ, tmp_path) as parts:
        yield parts


@pytest.fixture
def quick(environ: dict[str, str], tmp_path: Path) -> Iterator[Deployment]:
    """Its parts are forked from one process that has loaded the product."""
    with Deployment(environ, tmp_path, born) as parts:
        yield parts


def test_two_workers_share_the_jobs_and_do_each_once(
    runtime: Runtime, quick: Deployment, tmp_path: Path
) -> None:
    for _ in range(2):
        quick.start("1", module="tests.engine.celery_worker")
    until(lambda: workers(runtime) == 2, words=quick.words)
    marks = tmp_path / "marks"
    asked = [ask(runtime, marks, 0.1, key=f"step {number}") for number in range(12)]
    until(lambda: all(seen(runtime, job).state is JobState.DONE for job in asked), words=quick.words)
    lines = marks.read_text().splitlines()
    assert len([line for line in lines if line.startswith("began")]) == 12
    assert len({line for line in lines if line.startswith("ended")}) == 2, "both workers took their part"
    assert all(seen(runtime, job).attempts == 1 for job in asked)


def test_a_worker_killed_in_mid_job_loses_nothing(
    runtime: Runtime, quick: Deployment, tmp_path: Path
) -> None:
    first = quick.start("1", module="tests.engine.celery_worker")
    until(lambda: workers(runtime) == 1, words=quick.words)
    marks = tmp_path / "marks"
    job = ask(runtime, marks, 30, key="long")
    until(lambda: seen(runtime, job).done > 0, words=quick.words)
    first.kill()
    left = seen(runtime, job)
    assert (left.state, left.attempts) == (JobState.RUNNING, 1)
    with runtime.house.database.writing() as db:
        db.connection.exec_driver_sql("UPDATE jobs SET args = jsonb_set(args::jsonb, '{seconds}', '0.1')")
    quick.start("1", module="tests.engine.celery_worker")
    quick.start("beat")
    until(lambda: seen(runtime, job).state is JobState.DONE, words=quick.words)
    assert seen(runtime, job).attempts == 2
    assert len([line for line in marks.read_text().splitlines() if line.startswith("ended")]) == 1
    with runtime.house.database.reading() as db:
        roles = {one.process.role for one in operations.overview(db, runtime.house, ADMIN).processes}
    assert roles == {"worker", "beat"}


def test_beat_asks_for_what_is_due_by_the_clock(runtime: Runtime, deployment: Deployment) -> None:
    deployment.start("worker", "--concurrency", "1")
    deployment.start("beat")

    def has_recomputed() -> bool:
        with runtime.house.database.reading() as db:
            found = rows.page_all(db, ADMIN, None, 50, kind="recompute_stale", state=JobState.DONE)
        return bool(found)

    until(has_recomputed, words=deployment.words)


def test_bells_that_redis_lost_are_rung_again(
    runtime: Runtime, quick: Deployment, redis_url: str, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    job = ask(runtime, marks, 0.1, key="lost")
    client = redis.Redis.from_url(redis_url)
    client.flushdb()  # a Redis that restarted without its memory: the queue and the bells are gone
    client.close()
    quick.start("1", module="tests.engine.celery_worker")
    quick.start("beat")
    until(lambda: seen(runtime, job).state is JobState.DONE, words=quick.words)
    assert marks.read_text().count("ended") == 1


def test_without_redis_a_bell_waits_and_nothing_is_raised(
    fresh_postgres: Callable[[str | None], str], migrated_postgres: str, tmp_path: Path
) -> None:
    environ = {
        "TUNEFOLIO_DATABASE_URL": fresh_postgres(migrated_postgres),
        "TUNEFOLIO_REDIS_URL": "redis://127.0.0.1:9/0",
        "TUNEFOLIO_HOME": str(tmp_path / "home"),
    }
    runtime = build(Settings.from_env(environ))
    job = ask(runtime, tmp_path / "marks", 0.1, key="later")
    assert seen(runtime, job).state is JobState.QUEUED
    assert not runtime.commons.answers()
    runtime.close()


def test_a_worker_without_redis_says_what_to_set(tmp_path: Path) -> None:
    environ = dict(os.environ) | {"TUNEFOLIO_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tunefolio", "worker"], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "TUNEFOLIO_REDIS_URL" in done.stderr


def test_redis_beside_sqlite_is_refused(tmp_path: Path) -> None:
    environ = {"TUNEFOLIO_REDIS_URL": "redis://127.0.0.1:6379/0", "TUNEFOLIO_HOME": str(tmp_path)}
    with pytest.raises(Misuse, match="TUNEFOLIO_REDIS_URL"):
        Settings.from_env(environ)


def test_celerys_own_tools_find_the_workers(environ: dict[str, str], deployment: Deployment) -> None:
    deployment.start("worker", "--concurrency", "1")
    words = [sys.executable, "-m", "celery", "-A", "tunefolio.bootstrap.celery:app", "inspect", "registered"]

    def are_told() -> bool:
        done = subprocess.run(
            [*words, "--timeout", "2"],
            env=dict(os.environ) | environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return "tunefolio.run" in done.stdout and "folio-" in done.stdout

    until(are_told, words=deployment.words)


def test_flower_shows_the_queue(environ: dict[str, str], deployment: Deployment) -> None:
    port = free_port()
    deployment.start("flower", "--port", str(port))

    def answers() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthcheck", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError):
            return False

    until(answers, words=deployment.words)
    with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        assert b"Flower" in answer.read()


def ask(runtime: Runtime, marks: Path, seconds: float, *, key: str) -> JobId:
    args = {"marks": str(marks), "seconds": seconds}
    with runtime.house.database.writing() as db:
        return jobs.ask(db, runtime.house, celery_worker.KIND, args, owner=None, dedupe_key=key)


def seen(runtime: Runtime, job: JobId) -> Job:
    with runtime.house.database.reading() as db:
        found = rows.page_all(db, ADMIN, JobId(job + 1), 1)
    return found[0]


def workers(runtime: Runtime) -> int:
    with runtime.house.database.reading() as db:
        standing = processes.standings(db, runtime.house.clock.now())
    return sum(one.process.role == "worker" and one.health is processes.Health.ALIVE for one in standing)
