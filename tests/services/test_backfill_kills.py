"""kill −9 in the middle of a backfill: what was kept stays, and the next process fetches the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from tests.services.backfill_worker import past
from tests.services.desks import Desk
from tests.services.histories import HistoryBoard
from tests.services.test_backfill import any_job, row_of
from tunefolio.core.identity import JobId
from tunefolio.core.people import Caretaker
from tunefolio.services import jobs
from tunefolio.store import bars, tracking
from tunefolio.store import jobs as kept_jobs
from tunefolio.store.jobs import JobState
from tunefolio.store.tracking import TrackState

ROOT = Path(__file__).parents[2]


def backfill_of(desk: Desk, symbol: str) -> int:
    id = desk.instrument(symbol)
    with desk.database.reading() as db:
        due = kept_jobs.due(db, Caretaker("test"), desk.clock.now(), 100)
    return next(one for one in due if any_job(desk, one).args.get("instrument") == id)


def held(desk: Desk) -> list[str]:
    id = desk.instrument("INFY")
    with desk.database.reading() as db:
        kept = bars.of(db, [id]).get(id)
    return [] if kept is None else [kept.day(place).iso() for place in range(len(kept))]


def test_a_backfill_killed_in_mid_run_goes_on_with_what_lacks(desk: Desk) -> None:
    desk.write_down("2023-01-02 buy 10 NSE:INFY @ 1000")
    job = backfill_of(desk, "INFY")
    url = desk.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.services.backfill_worker", url, str(job)]
    with subprocess.Popen(
        command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        asked = [worker.stdout.readline().strip() for _ in range(3)]
        os.kill(worker.pid, signal.SIGKILL)
    assert asked == ["asked 2025-12-18", "asked 2024-12-18", "asked 2023-12-18"]
    before = held(desk)
    assert (before[0], before[-1]) == ("2025-01-01", "2026-11-19")
    assert row_of(desk).state is TrackState.FETCHING
    assert any_job(desk, job).state is JobState.RUNNING

    board = HistoryBoard(closes={"INFY": past()})
    desk.use(board)
    desk.clock.advance(timedelta(minutes=1))
    assert jobs.sweep(desk.house) > 0
    jobs.run(desk.house, JobId(job))
    assert any_job(desk, job).state is JobState.DONE
    assert [since for _, since, _ in board.asked] == ["2023-12-18", "2022-12-18", "2021-12-20"]
    assert held(desk) == sorted(past())
    assert len(held(desk)) == len(set(held(desk)))
    id = desk.instrument("INFY")
    with desk.database.reading() as db:
        row = tracking.of_ids(db, [id])[id]
    assert (row.state, len(row.covered)) == (TrackState.READY, 1)
