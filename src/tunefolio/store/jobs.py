"""The table of work: the truth about every job. An engine only learns ids from it.

A holder owns a running job while its lease lasts; whoever writes names its holder and writes nothing
when the lease has gone to another. Every change of state is one UPDATE that names the state it leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Row, Update, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import JobId, PersonId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb, upserting
from tunefolio.store.keysets import newest
from tunefolio.store.said import WHOSE, said
from tunefolio.store.tables import jobs, persons
from tunefolio.store.viewers import owned


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobState.QUEUED, JobState.RUNNING)


class Beat(Enum):
    """What a heartbeat learns: the lease is kept, kept but the job is to stop since its owner wants that or
    was shut out, or lost."""

    KEPT = "kept"
    CANCEL = "cancel"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work and how far it is. owner: None for the house's own; total: None while unknown.

    attempts: runs begun, this one included. due: not before. problem: of the last run that failed.
    """

    id: JobId
    owner: PersonId | None
    kind: str
    args: Mapping[str, Any]
    state: JobState
    due: Instant
    attempts: int
    max_attempts: int
    lease_holder: str | None
    lease_until: Instant | None
    done: int
    total: int | None
    stage: str
    cancel_requested: Instant | None
    result: Mapping[str, Any] | None
    problem: str
    created: Instant
    started: Instant | None
    finished: Instant | None
    dedupe_key: str | None


def add(
    db: WriteDb,
    owner: PersonId | None,
    kind: str,
    args: Mapping[str, Any],
    *,
    now: Instant,
    due: Instant | None = None,
    dedupe_key: str | None = None,
    max_attempts: int = 5,
) -> tuple[JobId, bool]:
    """Queue a job: its id, and whether it is new. An open job of the same key is given instead of a second.

    A race for one key is decided by uq_jobs_open_dedupe_key: both callers get the winner's id.
    """
    row = {
        "owner_id": owner,
        "kind": kind,
        "args": dict(args),
        "dedupe_key": dedupe_key,
        "state": JobState.QUEUED,
        "due_at": due or now,
        "attempts": 0,
        "max_attempts": max_attempts,
        "done": 0,
        "created_at": now,
    }
    while True:
        added = db.execute(_adding(db.dialect), row).scalar_one_or_none()
        if added is not None:
            return JobId(added), True
        standing = _open_of_key(db, dedupe_key)
        if standing is not None:
            return standing, False


@cache
def _adding(dialect: str) -> ReturningInsert[Any]:
    return upserting(dialect, jobs).on_conflict_do_nothing().returning(jobs.c.id)


_OPEN_OF_KEY = select(jobs.c.id).where(jobs.c.dedupe_key == bindparam("key"), jobs.c.state.in_(OPEN))


def _open_of_key(db: WriteDb, key: str | None) -> JobId | None:
    found = db.execute(_OPEN_OF_KEY, {"key": key}).scalar_one_or_none()
    return None if found is None else JobId(found)


_IS_READY = or_(
    and_(jobs.c.state == JobState.QUEUED, jobs.c.due_at <= bindparam("now")),
    and_(jobs.c.state == JobState.RUNNING, jobs.c.lease_until <= bindparam("now")),
)
_LEASE = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), _IS_READY)
    .values(attempts=jobs.c.attempts + 1)
    .returning(*jobs.c)
)
"""The rest of what it sets is said when it runs."""


def lease(db: WriteDb, id: JobId, holder: str, now: Instant, until: Instant) -> Job | None:
    """Take a job that is due, or whose holder let its lease lapse; None when it is another's or over.

    One UPDATE: of any number that try, one gets it. Counts as an attempt.
    """
    taken = {
        "state": JobState.RUNNING,
        "lease_holder": holder,
        "lease_until": until,
        "started_at": now,
        "done": 0,
        "total": None,
        "stage": "",
    }
    row = db.execute(_LEASE, {"job": id, "now": now, **taken}).one_or_none()
    return None if row is None else of_row(row)


_HELD = and_(
    jobs.c.id == bindparam("job"),
    jobs.c.state == JobState.RUNNING,
    jobs.c.lease_holder == bindparam("holder"),
)
_SHUT_OUT = select(persons.c.disabled_at).where(persons.c.id == jobs.c.owner_id).correlate(jobs)
_BEAT = (
    update(jobs)
    .where(_HELD)
    .returning(func.coalesce(jobs.c.cancel_requested_at, _SHUT_OUT.scalar_subquery()).label("stop"))
)
_CHANGE: Update = update(jobs).where(_HELD)
"""Of a job under the lease of `holder`; what it sets is said when it runs."""


def heartbeat(db: WriteDb, id: JobId, holder: str, until: Instant) -> Beat:
    """Hold the lease until then; tells whether it is still ours and whether to stop."""
    row = db.execute(_BEAT, {"job": id, "holder": holder, "lease_until": until}).one_or_none()
    if row is None:
        return Beat.LOST
    return Beat.KEPT if row.stop is None else Beat.CANCEL


def progress(db: WriteDb, id: JobId, holder: str, done: int, total: int | None, stage: str) -> bool:
    """How far it is; False, and nothing written, when the lease is another's."""
    return _write(db, id, holder, done=done, total=total, stage=stage)


def finish(db: WriteDb, id: JobId, holder: str, result: Mapping[str, Any] | None, now: Instant) -> bool:
    """Done, with what the history keeps of it; False when the lease is another's."""
    kept = None if result is None else dict(result)
    return _write(db, id, holder, state=JobState.DONE, result=kept, problem="", finished_at=now, **_RELEASED)


def fail(db: WriteDb, id: JobId, holder: str, problem: str, now: Instant) -> bool:
    """Failed for good, and why; False when the lease is another's."""
    return _write(db, id, holder, state=JobState.FAILED, problem=problem, finished_at=now, **_RELEASED)


def cancelled(db: WriteDb, id: JobId, holder: str, now: Instant) -> bool:
    """Stopped as its owner asked; False when the lease is another's."""
    return _write(db, id, holder, state=JobState.CANCELLED, finished_at=now, **_RELEASED)


def retry_at(db: WriteDb, id: JobId, holder: str, due: Instant, problem: str) -> bool:
    """Back into the queue, not before `due`; False when the lease is another's."""
    return _write(db, id, holder, state=JobState.QUEUED, due_at=due, problem=problem, **_RELEASED)


_RELEASED = {"lease_holder": None, "lease_until": None}


def _write(db: WriteDb, id: JobId, holder: str, **values: Any) -> bool:
    return db.execute(_CHANGE, {"job": id, "holder": holder, **values}).rowcount > 0


def due(db: ReadDb, caretaker: Caretaker, now: Instant, limit: int) -> list[JobId]:  # noqa: ARG001
    """Jobs to ring for: queued and due, or under a lapsed lease; longest due first; on ix_jobs_due."""
    query = select(jobs.c.id).where(_IS_READY).order_by(jobs.c.due_at, jobs.c.id).limit(limit)
    return [JobId(id) for id in db.execute(query, {"now": now}).scalars()]


def failed_since(db: ReadDb, caretaker: Caretaker, since: Instant, limit: int = 5_000) -> list[Job]:  # noqa: ARG001
    """Everyone's jobs that failed for good at `since` or later, newest first."""
    which = (jobs.c.state == JobState.FAILED, jobs.c.finished_at >= since)
    query = select(jobs).where(*which).order_by(jobs.c.id.desc()).limit(limit)
    return [of_row(row) for row in db.execute(query)]


def counts(db: ReadDb, caretaker: Caretaker) -> dict[str, int]:  # noqa: ARG001 — leave, not input
    """How many jobs are kept in each state, everyone's."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    found: dict[str, int] = {state.value: 0 for state in JobState}
    found.update((state, number) for state, number in db.execute(query))
    return found


def request_cancel(db: WriteDb, viewer: Viewer, id: JobId, now: Instant) -> bool:
    """Stop a queued job at once and ask a running one to stop; False for a finished or a stranger's one."""
    which = (owned(jobs, viewer), jobs.c.id == id)
    queued = update(jobs).where(*which, jobs.c.state == JobState.QUEUED)
    stopped = {"state": JobState.CANCELLED, "cancel_requested_at": now, "finished_at": now}
    if db.execute(queued.values(stopped)).rowcount > 0:
        return True
    running = update(jobs).where(*which, jobs.c.state == JobState.RUNNING)
    return db.execute(running.values(cancel_requested_at=now)).rowcount > 0


_ONE = select(jobs).where(owned(jobs, WHOSE), jobs.c.id == bindparam("job"))


def job_of(db: ReadDb, viewer: Viewer, id: JobId) -> Job:
    """One of the viewer's jobs; raises NotFound."""
    row = db.execute(_ONE, said(viewer, job=id)).one_or_none()
    if row is None:
        raise NotFound("job")
    return of_row(row)


def page(db: ReadDb, viewer: Viewer, before: JobId | None, limit: int) -> list[Job]:
    """The viewer's jobs, newest first, from the one after `before`; keyset on ix_jobs_owner."""
    return [of_row(row) for row in newest(db, jobs, owned(jobs, viewer), before, limit)]


def page_all(
    db: ReadDb,
    admin: Viewer,
    before: JobId | None,
    limit: int,
    *,
    kind: str = "",
    state: JobState | None = None,
) -> list[Job]:
    """Everyone's jobs and the house's own, newest first, of one kind or state where given; raises Forbidden
    for all but admins."""
    admin.must_administer()
    which = jobs.c.id > 0
    if kind:
        which = and_(which, jobs.c.kind == kind)
    if state is not None:
        which = and_(which, jobs.c.state == state)
    return [of_row(row) for row in newest(db, jobs, which, before, limit)]


def ready(db: ReadDb, admin: Viewer, now: Instant) -> tuple[int, Instant | None]:
    """How many jobs are due and wait, and since when the oldest is; raises Forbidden for all but admins."""
    admin.must_administer()
    waiting = and_(jobs.c.state == JobState.QUEUED, jobs.c.due_at <= now)
    row = db.execute(select(func.count(), func.min(jobs.c.due_at)).where(waiting)).one()
    return row[0], row[1]


def counts_since(db: ReadDb, admin: Viewer, since: Instant) -> dict[JobState, int]:
    """Jobs by state: every open one, and those that ended since; raises Forbidden for all but admins."""
    admin.must_administer()
    recent = or_(jobs.c.state.in_(OPEN), jobs.c.finished_at >= since)
    query = select(jobs.c.state, func.count()).where(recent).group_by(jobs.c.state)
    return {JobState(state): number for state, number in db.execute(query)}


def newest_of_house(db: ReadDb, admin: Viewer, kinds: Iterable[str]) -> dict[str, Job]:
    """The newest of the house's own jobs of each kind; raises Forbidden for all but admins."""
    admin.must_administer()
    mine = and_(jobs.c.owner_id.is_(None), jobs.c.kind.in_(sorted(kinds)))
    newest = select(func.max(jobs.c.id)).where(mine).group_by(jobs.c.kind)
    query = select(jobs).where(jobs.c.id.in_(newest))
    return {row.kind: of_row(row) for row in db.execute(query)}


def forget_before(
    db: WriteDb,
    caretaker: Caretaker,  # noqa: ARG001 — leave, not input
    instant: Instant,
    *,
    kind: str | None = None,
) -> int:
    """Forget everyone's jobs that finished before `instant`, of one kind or all; how many. Open ones stay."""
    old = (jobs.c.finished_at < instant, jobs.c.state.not_in([JobState.QUEUED, JobState.RUNNING]))
    which = old if kind is None else (*old, jobs.c.kind == kind)
    return db.execute(delete(jobs).where(*which)).rowcount


def forget_done_before(
    db: WriteDb,
    caretaker: Caretaker,  # noqa: ARG001 — leave, not input
    instant: Instant,
    kinds: Iterable[str],
) -> int:
    """Forget everyone's jobs of these kinds that did their work before `instant`; how many. Failures stay."""
    which = (jobs.c.kind.in_(sorted(kinds)), jobs.c.state == JobState.DONE, jobs.c.finished_at < instant)
    return db.execute(delete(jobs).where(*which)).rowcount


def of_row(row: Row[Any]) -> Job:
    """A row of `jobs` as our value."""
    return Job(
        id=JobId(row.id),
        owner=None if row.owner_id is None else PersonId(row.owner_id),
        kind=row.kind,
        args=row.args,
        state=JobState(row.state),
        due=row.due_at,
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        lease_holder=row.lease_holder,
        lease_until=row.lease_until,
        done=row.done,
        total=row.total,
        stage=row.stage,
        cancel_requested=row.cancel_requested_at,
        result=row.result,
        problem=row.problem,
        created=row.created_at,
        started=row.started_at,
        finished=row.finished_at,
        dedupe_key=row.dedupe_key,
    )
