"""Everyone's jobs for admins: looked through by kind, state and owner; asked again; stopped."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import JobId
from tunefolio.services import admin as house_admin
from tunefolio.services.jobs import DEEDS
from tunefolio.store.admin import JobFilter
from tunefolio.store.jobs import JobState
from tunefolio.web.deps import AdminViewer, CurrentSession, HouseDep, OwnWriting, Reading, RowId
from tunefolio.web.pages.admin import PAGE, admin_page
from tunefolio.web.pages.admin_accounts import address, owner_of
from tunefolio.web.pages.forms import QueryId, find_id, go

router = APIRouter(prefix="/admin/jobs")


@router.get("")
def jobs(
    request: Request,
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    session: CurrentSession,
    kind: str = "",
    state: str = "",
    owner: QueryId = "",
    before: QueryId = "",
) -> HTMLResponse:
    last = find_id(before, "before")
    chosen = JobFilter(owner_of(owner), kind[:60], job_state(state))
    found = house_admin.job_history(db, admin, chosen, None if last is None else JobId(last), PAGE + 1)
    more = {
        "kind": kind,
        "state": state,
        "owner": owner,
        "before": found[PAGE - 1].id if found[PAGE:] else "",
    }
    return admin_page(
        request,
        db,
        house,
        admin,
        session,
        "admin/jobs.html",
        jobs=found[:PAGE],
        names=house_admin.names(db, admin, [one.owner for one in found if one.owner is not None]),
        kinds=DEEDS.names(),
        states=[each.value for each in JobState],
        chosen={"kind": kind, "state": state, "owner": owner},
        more=address("/admin/jobs", more) if found[PAGE:] else "",
    )


@router.post("/{id}/retry")
def retry(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    house_admin.retry(db, house, admin, JobId(id))
    return go("/admin/jobs")


@router.post("/{id}/cancel")
def cancel(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    house_admin.cancel(db, house, admin, JobId(id))
    return go("/admin/jobs")


def job_state(text: str) -> JobState | None:
    """The state a filter names; raises Misuse."""
    if not text:
        return None
    if text not in tuple(JobState):
        known = ", ".join(JobState)
        raise Misuse("state", f"{text[:40]!r} is no state of a job", cure=f"Known: {known}")
    return JobState(text)
