"""Everyone's jobs for programs of admins: looked through, asked again, stopped."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.core.identity import JobId
from tunefolio.services import admin as house_admin
from tunefolio.store.admin import JobFilter
from tunefolio.store.jobs import Job, JobState
from tunefolio.web.api import jobs
from tunefolio.web.api.admin_accounts import Owner, owner_of
from tunefolio.web.api.answers import Cursor, Limit, after_id, choice, leaf, nothing, reply
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, Reading, RowId

v1 = APIRouter(tags=["admin"])
Kind = Annotated[str, Query(max_length=60, description="Only jobs of this kind.")]
State = Annotated[str, Query(max_length=20, description="Only jobs in this state.")]


@v1.get("/admin/jobs")
def everyones(
    db: Reading,
    admin: AdminViewer,
    kind: Kind = "",
    state: State = "",
    owner: Owner = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    """Everyone's jobs without what they were about, newest first; admins only."""
    last = after_id(cursor)
    chosen = JobFilter(owner_of(owner), kind, choice(state, JobState, "state", "state of a job"))
    found = house_admin.job_history(db, admin, chosen, None if last is None else JobId(last), limit + 1)
    return leaf(found, limit, job, last=lambda one: one.id)


def job(one: Job) -> dict[str, Any]:
    return jobs.job(one) | {"owner_id": one.owner}


@v1.post("/admin/jobs/{id}/retry", status_code=201)
def retry(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    """Ask again for what failed or was cancelled: a new job, or the open one of the same key."""
    return reply({"id": house_admin.retry(db, house, admin, JobId(id))}, 201)


@v1.post("/admin/jobs/{id}/cancel", status_code=204)
def cancel(admin: AdminViewer, db: OwnWriting, house: HouseDep, id: RowId) -> Response:
    """Stop it now if it waits, at its next check if it runs, whosever it is."""
    house_admin.cancel(db, house, admin, JobId(id))
    return nothing()
