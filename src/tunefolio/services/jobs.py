"""Work that outlives a request. The jobs table is the truth; an engine only rings `run(id)`.

A run leases its row and keeps the lease by a heartbeat; when the process dies the lease lapses and the
sweeper rings again. So every deed may run twice and must come to the same end. Orders are never jobs.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.identity import JobId, PersonId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.registry import Registry
from tunefolio.core.time import Instant
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.house import Doorbell, House
from tunefolio.services.pulse import Pulse
from tunefolio.store import events, persons
from tunefolio.store import jobs as rows
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.jobs import Job
from tunefolio.telemetry import metrics, tagged

__all__ = ["DEEDS", "Cancelled", "Deed", "Doorbell", "Work", "ask", "ask_cancel", "deed", "run", "sweep"]

_log = logging.getLogger(__name__)
_chance = random.Random()
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=15)
_SWEEP_LIMIT = 2_000


class Cancelled(TunefolioError):
    """The job's owner asked it to stop, or was shut out."""


class _LeaseLost(TunefolioError):
    """Another worker has taken the job over; this one stops without a word."""


class _LaneFull(TunefolioError):
    """As many jobs of this lane run here as may: the lease is given back as if it had never been taken."""


@dataclass(frozen=True, slots=True)
class Work:
    """One run of a job, as its deed sees it. viewer: its owner, or None for the house's own upkeep."""

    job: Job
    args: Mapping[str, Any]
    viewer: Viewer | None
    pulse: Pulse

    @property
    def owner(self) -> Viewer:
        """The viewer of a job that must have one; raises Rejected for the house's own."""
        if self.viewer is None:
            raise Rejected("this job needs an owner")
        return self.viewer

    def progress(self, done: int, total: int | None = None, stage: str = "") -> None:
        """Say how far it is; cheap, may be called for every row. Never waits for the database."""
        self.pulse.report(done, total, stage)

    def check(self) -> None:
        """Raises Cancelled when the owner asked to stop or was shut out; call it between steps that can be
        undone."""
        if self.pulse.beat is rows.Beat.CANCEL:
            raise Cancelled()
        if self.pulse.beat is rows.Beat.LOST:
            raise _LeaseLost()

    def must_hold(self, db: WriteDb) -> None:
        """Make the lease a condition of what `db` has written: call it last in the transaction.

        A process that stood still beyond its lease has been replaced without knowing it. Here it learns so
        and raises, and what it wrote is rolled back.
        """
        if self.pulse.hold(db) is rows.Beat.LOST:
            raise _LeaseLost()

    def finish(self, db: WriteDb, result: Mapping[str, Any]) -> None:
        """Done, in the very transaction that keeps the work: killed at any moment the job is either all to do
        or all done. Call it last; raises where another worker has the job, and all is rolled back."""
        if not self.pulse.settle(db, result):
            raise _LeaseLost()


Run = Callable[[House, Work], Mapping[str, Any] | None]
LaneOf = Callable[[ReadDb, Job], str]
"""Whom a job will ask outside, by name; "" for nobody. Must not raise."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a kind of job does. run returns what the history keeps as its result (JSON), opens its own
    transactions, and comes to the same end when run twice. lease None: the house's own. lane: of jobs with
    one name only some run at once in a process (HouseRules.syncs_per_broker)."""

    kind: str
    run: Run
    max_attempts: int = 5
    lease: timedelta | None = None
    lane: LaneOf | None = None


DEEDS: Registry[Deed] = Registry("kind of job")


def deed(
    kind: str, *, max_attempts: int = 5, lease: timedelta | None = None, lane: LaneOf | None = None
) -> Callable[[Run], Run]:
    """Decorator: this function is what jobs of `kind` do."""

    def put(run: Run) -> Run:
        DEEDS.register(kind)(Deed(kind, run, max_attempts, lease, lane))
        return run

    return put


def ask(
    db: WriteDb,
    house: House,
    kind: str,
    args: Mapping[str, Any],
    *,
    owner: PersonId | None,
    dedupe_key: str | None = None,
    due: Instant | None = None,
) -> JobId:
    """Write the job in the caller's transaction and ring once that is kept.

    An open job of the same dedupe_key is returned instead of a second one.
    """
    job_id, is_new = rows.add(
        db,
        owner,
        kind,
        args,
        now=house.clock.now(),
        due=due,
        dedupe_key=dedupe_key,
        max_attempts=DEEDS.of(kind).max_attempts,
    )
    if is_new:
        _tell(db, house, owner, job_id)
    if due is None:
        db.after_commit(lambda: house.doorbell.ring(job_id))
    return job_id


def ask_cancel(db: WriteDb, house: House, viewer: Viewer, job_id: JobId) -> None:
    """Stop a queued job now and a running one at its next check; a finished one stays; raises NotFound."""
    viewer.must_write()
    job = rows.job_of(db, viewer, job_id)
    told = {"name": job.kind.replace("_", " ")}
    audit.note(db, house, viewer, Act.JOB_STOPPED, f"job:{job_id}", told)
    rows.request_cancel(db, viewer, job_id, house.clock.now())
    _tell(db, house, job.owner, job_id)


def sweep(house: House) -> int:
    """Ring for every job that is due or whose lease has run out; how many."""
    with house.database.reading() as db:
        limit = _SWEEP_LIMIT + house.lanes.waiting()  # who stands in line must not hide who could run
        due = rows.due(db, Caretaker("sweep"), house.clock.now(), limit)
    for job_id in due:
        house.doorbell.ring(job_id)
    return len(due)


def run(house: House, job_id: JobId, *, chance: random.Random = _chance) -> None:
    """Do one job now, if it is due and nobody else does: the only thing an engine ever calls.

    Steps: 1 lease the row, or leave; where its lane is full it waits in line and holds nothing; 2 run its
    deed under a heartbeat; 3 write how it ended; 4 ring for who waits in line behind it.
    """
    if house.lanes.must_wait(job_id):
        return
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    with tagged(job=job_id), _place(house, job_id) as place:
        job = _lease(house, job_id, holder, place)
        if job is not None:
            _run(house, job, holder, chance)


def _run(house: House, job: Job, holder: str, chance: random.Random) -> None:
    """What the deed raises decides: Retry and the unknown come back after a wait, everything else named is
    final."""
    begun = time.perf_counter()
    outcome = "failed"
    try:
        result, is_settled = _perform(house, job, holder)
    except _LeaseLost:
        outcome = "lost"
        _log.warning("the lease was lost; another worker has the job", extra={"kind": job.kind})
    except Cancelled:
        outcome = "cancelled"
        _end(house, job, lambda db, now: rows.cancelled(db, job.id, holder, now), "cancelled")
    except Retry as busy:
        outcome = "retried"
        _again(house, job, holder, busy.reason, max(busy.after or _NO_WAIT, wait(job.attempts, chance)))
    except TunefolioError as problem:
        _fail(house, job, holder, str(problem))
    except Exception as problem:  # noqa: BLE001 — the job door: no fault of ours may end the engine
        outcome = "broke"
        _log.exception("job broke", extra={"kind": job.kind, "attempt": job.attempts})
        _again(house, job, holder, f"unexpected: {type(problem).__name__}", wait(job.attempts, chance))
    else:
        outcome = "done"
        if not is_settled:
            _end(house, job, lambda db, now: rows.finish(db, job.id, holder, result, now), "done")
    finally:
        metrics.ran(job.kind, outcome, time.perf_counter() - begun)


_NO_WAIT = timedelta(0)


def wait(attempt: int, chance: random.Random) -> timedelta:
    """How long until try attempt + 1: 2 s doubled each time, at most 15 min, ± a fifth to part crowds."""
    doublings = min(attempt - 1, 20)
    full = min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)
    return full * chance.uniform(0.8, 1.2)


@dataclass(slots=True)
class _Place:
    """The place this run has taken in a lane, if it has."""

    is_taken: bool = False


@contextmanager
def _place(house: House, job_id: JobId) -> Iterator[_Place]:
    """Gives the place back at the end, however it comes, and rings for who waits for it."""
    place = _Place()
    try:
        yield place
    finally:
        following = house.lanes.leave(job_id) if place.is_taken else None
        if following is not None:
            house.doorbell.ring(following)


def _lease(house: House, job_id: JobId, holder: str, place: _Place) -> Job | None:
    now = house.clock.now()
    try:
        with house.database.writing() as db:
            job = rows.lease(db, job_id, holder, now, now + house.rules.job_lease)
            if job is None:
                house.lanes.forget(job_id)
            else:
                _enter(db, house, job, place)
                _tell(db, house, job.owner, job.id)
    except _LaneFull:
        return None
    if job is not None and job.attempts > job.max_attempts:
        _fail(house, job, holder, f"given up: the process ended {job.max_attempts} times while it ran")
        return None
    return job


def _enter(db: ReadDb, house: House, job: Job, place: _Place) -> None:
    """Take a place in the job's lane; raises _LaneFull, which undoes the lease and its attempt."""
    chosen = DEEDS.of(job.kind) if job.kind in DEEDS else None
    lane = "" if chosen is None or chosen.lane is None else chosen.lane(db, job)
    if not lane:
        return
    if not house.lanes.enter(f"{job.kind}:{lane}", job.id, house.rules.syncs_per_broker):
        raise _LaneFull()
    place.is_taken = True


def _perform(house: House, job: Job, holder: str) -> tuple[Mapping[str, Any] | None, bool]:
    """What the deed returns, and whether it has written its end itself."""
    chosen = DEEDS.of(job.kind)
    viewer = None if job.owner is None else _viewer(house, job.owner)
    lease = chosen.lease or house.rules.job_lease
    with audit.done_from(audit.AT_WORK), Pulse(house, job, holder, lease) as pulse:
        return chosen.run(house, Work(job, job.args, viewer, pulse)), pulse.is_settled


def _viewer(house: House, owner: PersonId) -> Viewer:
    with house.database.reading() as db:
        person = persons.person_of(db, owner)
    if person.disabled is not None:
        raise Rejected("the owner of this job is disabled")
    return person.viewer


def _again(house: House, job: Job, holder: str, problem: str, after: timedelta) -> None:
    if job.attempts >= job.max_attempts:
        _fail(house, job, holder, f"{problem} (given up after {job.attempts} attempts)")
        return
    due = house.clock.now() + after
    _end(house, job, lambda db, _: rows.retry_at(db, job.id, holder, due, problem), "comes back", problem)


def _fail(house: House, job: Job, holder: str, problem: str) -> None:
    _end(house, job, lambda db, now: rows.fail(db, job.id, holder, problem, now), "failed", problem)


def _end(
    house: House, job: Job, write: Callable[[WriteDb, Instant], object], outcome: str, problem: str = ""
) -> None:
    """Write how the run ended, and tell; rows of another holder stay as they are."""
    with house.database.writing() as db:
        write(db, house.clock.now())
        _tell(db, house, job.owner, job.id)
    extra = {"kind": job.kind, "attempt": job.attempts} | ({"problem": problem} if problem else {})
    _log.log(logging.WARNING if problem else logging.DEBUG, "job %s", outcome, extra=extra)


def _tell(db: WriteDb, house: House, owner: PersonId | None, job_id: JobId) -> None:
    """A person's jobs are told to her alone; the house's own are news of its services."""
    events.emit(db, house.bus, events.Event("jobs" if owner else "services", owner, (job_id,)))
