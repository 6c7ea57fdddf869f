"""Everyone's jobs for admins: looked through by kind, state and owner; asked again; stopped."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import JobId, PersonId
from tunefolio.services import admin as house_admin
from tunefolio.services.jobs import DEEDS
from tunefolio.store.admin import JobFilter
from tunefolio.store.jobs import JobState
from tunefolio.web import render
from tunefolio.web.api.answers import choice
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, RowId
from tunefolio.web.pages.admin import PAGE, AdminDesk, back, id_in, leaf
from tunefolio.web.pages.forms import QueryId, QueryWord

_HOME = "/admin/jobs"
router = APIRouter(prefix=_HOME)


@router.get("")
def jobs(
    desk: AdminDesk, kind: QueryWord = "", state: QueryWord = "", owner: QueryId = "", before: QueryId = ""
) -> HTMLResponse:
    last, whose = id_in(before, "before", JobId), id_in(owner, "owner", PersonId)
    wanted = JobFilter(whose, kind, choice(state, JobState, "state", "state of a job"))
    found = house_admin.job_history(desk.db, desk.admin, wanted, last, PAGE + 1)
    chosen = {"kind": kind, "state": state, "owner": owner}
    rows, more = leaf(found, "/admin/jobs", chosen, last=lambda one: one.id)
    return desk.page(
        "admin/jobs.html",
        jobs=rows,
        names=desk.names([whose, *(one.owner for one in rows)]),
        kinds=DEEDS.names(),
        states=[each.value for each in JobState],
        chosen=chosen,
        here=render.address_of(desk.request, "kind", "state", "owner", "before"),
        more=more,
    )


@router.post("/{id}/retry")
def retry(request: Request, db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    house_admin.retry(db, house, admin, JobId(id))
    return back(request, _HOME)


@router.post("/{id}/cancel")
def cancel(request: Request, db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    house_admin.cancel(db, house, admin, JobId(id))
    return back(request, _HOME)
