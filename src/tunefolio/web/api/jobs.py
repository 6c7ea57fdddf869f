"""Work in the background: what runs, how far it is, how it ended; and what the clock will ask for."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunefolio.core.identity import JobId
from tunefolio.core.missing import Missing
from tunefolio.services import jobs as deeds
from tunefolio.services import timetable
from tunefolio.services.timetable import Duty
from tunefolio.store import jobs
from tunefolio.store.jobs import Job
from tunefolio.web.api.answers import Cursor, Limit, after_id, ist, nothing, put, reply
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(tags=["jobs"])


@v1.get("/jobs")
def listed(db: Reading, viewer: CurrentViewer, limit: Limit = 50, cursor: Cursor = "") -> Response:
    """The viewer's jobs, newest first."""
    return page(jobs.page(db, viewer, _before(cursor), limit + 1), limit)


@v1.get("/jobs/{id}")
def one(db: Reading, viewer: CurrentViewer, id: RowId) -> Response:
    return reply({**job(found := jobs.job_of(db, viewer, JobId(id))), "result": found.result})


@v1.post("/jobs/{id}/cancel", status_code=204)
def cancel(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Stop it now if it waits, at its next check if it runs."""
    deeds.ask_cancel(db, house, viewer, JobId(id))
    return nothing()


@v1.get("/timetable")
def duties(house: HouseDep, _viewer: CurrentViewer) -> Response:
    """What the house does by the clock, when it last did and when it will."""
    return reply({"data": [_duty(one) for one in timetable.entries(house, house.clock.now())]})


def _duty(duty: Duty) -> dict[str, Any]:
    """A moment that is not known is null, with its reason beside it."""
    row: dict[str, Any] = {
        "name": duty.name,
        "title": duty.title,
        "when": duty.when,
        "next_run_at": ist(duty.next_run),
    }
    if isinstance(duty.last_run, Missing):
        put(row, "last_run_at", None, duty.last_run.reason)
    else:
        put(row, "last_run_at", ist(duty.last_run), "")
    return row


def _before(cursor: str) -> JobId | None:
    id = after_id(cursor)
    return None if id is None else JobId(id)


def page(found: list[Job], limit: int) -> Response:
    body: dict[str, Any] = {"data": [job(one) for one in found[:limit]]}
    if len(found) > limit:
        body["next"] = str(found[limit - 1].id)
    return reply(body)


def job(one: Job) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "state": one.state,
        "stage": one.stage,
        "done": one.done,
        "total": one.total,
        "attempts": one.attempts,
        "problem": one.problem or None,
        "due_at": ist(one.due),
        "created_at": ist(one.created),
        "started_at": ist(one.started),
        "finished_at": ist(one.finished),
    }
