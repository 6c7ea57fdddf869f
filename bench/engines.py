"""Empty jobs through each engine: how many a second when all come at once, and how soon one begins.

Embedded on SQLite and PostgreSQL, Celery with two worker processes on PostgreSQL and Redis; the jobs table is
the truth in all of them, so what is measured is mostly its transactions.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import func, select
from tests import postgres, redis_server

from bench.engine_worker import KIND
from bench.figures import Figure, percentile
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.services import jobs, processes
from tunefolio.settings import Settings
from tunefolio.store.tables import jobs as table

_SIZES = (500, 5_000)
_GENTLE = 200
_GENTLE_SECONDS = 0.02
_BATCH = 250


def figures() -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tf-", dir="/tmp")))
        cluster = postgres.shared(folder, "bench", os.getpid())
        stack.callback(postgres.stop, folder)
        stack.callback(redis_server.stop, folder)
        redis_url = redis_server.fresh_url(folder, "bench", os.getpid())
        return [
            *_measured("embedded, SQLite", {"TUNEFOLIO_HOME": str(folder / "one")}),
            *_measured(
                "embedded, PostgreSQL",
                {
                    "TUNEFOLIO_HOME": str(folder / "two"),
                    "TUNEFOLIO_DATABASE_URL": cluster.url(cluster.create()),
                },
            ),
            *_measured(
                "Celery, two workers",
                {
                    "TUNEFOLIO_HOME": str(folder / "three"),
                    "TUNEFOLIO_DATABASE_URL": cluster.url(cluster.create()),
                    "TUNEFOLIO_REDIS_URL": redis_url,
                },
                workers=2,
            ),
        ]


def _measured(name: str, environ: dict[str, str], *, workers: int = 0) -> list[Figure]:
    runtime = build(Settings.from_env(environ))
    with ExitStack() as stack:
        stack.callback(runtime.close)
        for _ in range(workers):
            stack.enter_context(_worker(environ))
        runtime.start()
        if workers:
            _until(lambda: _alive(runtime) == workers)
        found = []
        for size in _SIZES:
            seconds = _rush(runtime, size)
            found.append(Figure(f"{name}: {size:,} jobs at once", "jobs/s", (size / seconds,), digits=0))
        waits = _gentle(runtime)
        found.append(Figure(f"{name}: asked → begun, p50", "ms", (percentile(waits, 0.5),)))
        found.append(Figure(f"{name}: asked → begun, p99", "ms", (percentile(waits, 0.99),)))
        return found


def _rush(runtime: Runtime, size: int) -> float:
    """Seconds from the first asking to the last end."""
    before = _done(runtime)
    started = time.perf_counter()
    for _ in range(size // _BATCH):
        with runtime.house.database.writing() as db:
            for _ in range(_BATCH):
                jobs.ask(db, runtime.house, KIND, {}, owner=None)
    _until(lambda: _done(runtime) - before >= size)
    return time.perf_counter() - started


def _gentle(runtime: Runtime) -> list[float]:
    """Milliseconds from asking to beginning, one job each 20 ms, so that none waits for another."""
    before = _done(runtime)
    ids = []
    for _ in range(_GENTLE):
        with runtime.house.database.writing() as db:
            ids.append(jobs.ask(db, runtime.house, KIND, {}, owner=None))
        time.sleep(_GENTLE_SECONDS)
    _until(lambda: _done(runtime) - before >= _GENTLE)
    with runtime.house.database.reading() as db:
        query = select(table.c.created_at, table.c.started_at).where(table.c.id.in_(ids))
        return [(begun - asked).total_seconds() * 1_000 for asked, begun in db.execute(query)]


def _done(runtime: Runtime) -> int:
    with runtime.house.database.reading() as db:
        which = (table.c.kind == KIND, table.c.state == "done")
        return int(db.execute(select(func.count()).where(*which)).scalar_one())


def _alive(runtime: Runtime) -> int:
    with runtime.house.database.reading() as db:
        standing = processes.standings(db, runtime.house.clock.now())
    return sum(one.process.role == "worker" for one in standing)


def _until(is_so: object) -> None:
    assert callable(is_so)
    end = time.monotonic() + 300
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("the jobs were not done in five minutes")
        time.sleep(0.02)


@contextmanager
def _worker(environ: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.engine_worker", "4"],
        env=os.environ | environ | {"TUNEFOLIO_LOG_LEVEL": "warning"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
