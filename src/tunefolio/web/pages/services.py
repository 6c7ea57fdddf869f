"""Services: which processes live, what waits, what the clock asks for and what ran; for admins."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import JobId
from tunefolio.services import operations
from tunefolio.store.jobs import JobState
from tunefolio.web import render
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, Reading
from tunefolio.web.pages.forms import QueryId, find_id, go

router = APIRouter(prefix="/services")
_PAGE = 40
DutyName = Annotated[str, Path(max_length=40)]


@router.get("")
def page(
    request: Request,
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    kind: str = "",
    state: str = "",
    before: QueryId = "",
) -> HTMLResponse:
    """Everything an operator looks at in the morning."""
    last = find_id(before, "before")
    found = operations.history(
        db,
        admin,
        kind=kind,
        state=state,
        before=None if last is None else JobId(last),
        limit=_PAGE + 1,
    )
    more = {"kind": kind, "state": state, "before": found[_PAGE - 1].id} if len(found) > _PAGE else None
    return render.page(
        request,
        "services/page.html",
        overview=operations.overview(db, house, admin),
        jobs=found[:_PAGE],
        kind=kind,
        state=state,
        states=list(JobState),
        here=render.address_of(request, "kind", "state", "before"),
        more="/services?" + urlencode({name: value for name, value in more.items() if value}) if more else "",
    )


@router.post("/{name}/pause")
def pause(db: OwnWriting, house: HouseDep, admin: AdminViewer, name: DutyName) -> Response:
    operations.pause(db, house, admin, name)
    return go("/services")


@router.post("/{name}/resume")
def resume(db: OwnWriting, house: HouseDep, admin: AdminViewer, name: DutyName) -> Response:
    operations.resume(db, house, admin, name)
    return go("/services")


@router.post("/{name}/run")
def run(db: OwnWriting, house: HouseDep, admin: AdminViewer, name: DutyName) -> Response:
    operations.run_now(db, house, admin, name)
    return go("/services")
