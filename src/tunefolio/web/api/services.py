"""Services of the house for programs of its admins: processes, queue, timetable, history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from tunefolio.core.identity import JobId
from tunefolio.core.missing import Missing
from tunefolio.services import operations
from tunefolio.services.operations import Clock, Overview
from tunefolio.services.processes import Standing
from tunefolio.web.api import jobs
from tunefolio.web.api.answers import Cursor, Limit, after_id, ist, nothing, put, reply
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, Reading

v1 = APIRouter(tags=["services"])
_NO_JOB = "no job of its kind is kept"
DutyName = Annotated[
    str, Path(max_length=40, description="An entry of the timetable, such as refresh_quotes.")
]
Kind = Annotated[str, Query(max_length=60, description="Only jobs of this kind.")]
State = Annotated[str, Query(max_length=20, description="Only jobs in this state.")]


@v1.get("/services")
def overview(db: Reading, house: HouseDep, admin: AdminViewer) -> Response:
    """Which processes live, how much waits, and the timetable with its pauses; admins only."""
    return reply(_overview(operations.overview(db, house, admin)))


@v1.get("/services/history")
def history(
    db: Reading,
    admin: AdminViewer,
    kind: Kind = "",
    state: State = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    """Everyone's jobs without what they were about, newest first; admins only."""
    last = after_id(cursor)
    before = None if last is None else JobId(last)
    found = operations.history(db, admin, kind=kind, state=state, before=before, limit=limit + 1)
    return jobs.page(found, limit)


@v1.post("/services/{name}/pause", status_code=204)
def pause(db: OwnWriting, house: HouseDep, admin: AdminViewer, name: DutyName) -> Response:
    """Ask for it no more until it is resumed; what runs goes on."""
    operations.pause(db, house, admin, name)
    return nothing()


@v1.post("/services/{name}/resume", status_code=204)
def resume(db: OwnWriting, house: HouseDep, admin: AdminViewer, name: DutyName) -> Response:
    """Ask for it again, from now on."""
    operations.resume(db, house, admin, name)
    return nothing()


@v1.post("/services/{name}/run", status_code=202)
def run(db: OwnWriting, house: HouseDep, admin: AdminViewer, name: DutyName) -> Response:
    """Ask for its job at once; asked twice it is one job."""
    return reply({"job_id": operations.run_now(db, house, admin, name)}, 202)


def _overview(seen: Overview) -> dict[str, Any]:
    waiting = seen.waiting
    return {
        "processes": [_process(one) for one in seen.processes],
        "queue": {
            "ready": waiting.ready,
            "oldest_ready_since": ist(waiting.oldest),
            "later": waiting.later,
            "running": waiting.running,
            "finished_in_a_day": waiting.finished,
            "failed_in_a_day": waiting.failed,
            "has_worker": seen.has_worker,
        },
        "timetable": [_duty(one) for one in seen.clock],
    }


def _process(one: Standing) -> dict[str, Any]:
    process = one.process
    return {
        "name": process.name,
        "role": process.role,
        "health": one.health.value,
        "host": process.host,
        "pid": process.pid,
        "version": process.version,
        "started_at": ist(process.started),
        "seen_at": ist(process.seen),
        "left_at": ist(process.left),
    }


def _duty(one: Clock) -> dict[str, Any]:
    """A moment that is not known is null, with its reason beside it."""
    row: dict[str, Any] = {"name": one.name, "title": one.title, "when": one.when}
    for name, moment in (("next_run_at", one.next), ("last_run_at", one.asked)):
        if isinstance(moment, Missing):
            put(row, name, None, moment.reason)
        else:
            put(row, name, ist(moment), "")
    row["paused_at"] = ist(one.paused)
    last = None
    if one.last is not None:
        last = {"id": one.last.id, "state": one.last.state, "problem": one.last.problem or None}
    put(row, "last_job", last, _NO_JOB)
    return row
