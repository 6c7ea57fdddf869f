"""Settings: appearance, own sectors, jobs and the timetable."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import InstrumentId, JobId
from tunefolio.services import own_sectors as deeds
from tunefolio.services import profile, timetable
from tunefolio.services.jobs import ask_cancel
from tunefolio.services.views import portfolio as valued_portfolio
from tunefolio.store import instruments, jobs, sectors
from tunefolio.web import render
from tunefolio.web.deps import (
    CurrentViewer,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
    SignedInPerson,
    Writing,
)
from tunefolio.web.pages.forms import FormId, FormText, QueryId, find_id, go
from tunefolio.web.pages.security import device_words as device_words

router = APIRouter()
_PAGE = 60
ThemeForm = Annotated[str, Form(max_length=10)]


@router.get("/settings")
def appearance(request: Request, person: SignedInPerson) -> HTMLResponse:
    return render.page(request, "settings/page.html", person=person)


@router.post("/settings/appearance")
def choose_theme(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, theme: ThemeForm) -> Response:
    profile.choose_theme(db, house, viewer, theme)
    return go("/settings")


@router.get("/settings/sectors")
def own_sectors(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, instrument: QueryId = ""
) -> HTMLResponse:
    """The viewer's own word on instruments, before every other source."""
    own = sectors.overrides(db, viewer)
    view = valued_portfolio(db, house, viewer)
    named = instruments.of_ids(db, list(own))
    held = {row.instrument.id: row.instrument for row in view.rows}
    return render.page(
        request,
        "settings/sectors.html",
        overrides=[{"instrument": named[id], "claim": claim} for id, claim in own.items()],
        held=sorted(held.values(), key=lambda listed: listed.symbol),
        sectors=sorted({row.sector for row in view.sectors}),
        chosen=find_id(instrument, "instrument"),
    )


@router.post("/settings/sectors")
def set_sector(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    instrument: FormId,
    sector: FormText,
    industry: FormText = "",
) -> Response:
    deeds.put(db, house, viewer, InstrumentId(instrument), sector, industry)
    return go("/settings/sectors")


@router.post("/settings/sectors/{instrument}/clear")
def clear_sector(db: Writing, house: HouseDep, viewer: CurrentViewer, instrument: RowId) -> Response:
    deeds.clear(db, house, viewer, InstrumentId(instrument))
    return go("/settings/sectors")


@router.get("/settings/jobs")
def work(
    request: Request, db: Reading, house: HouseDep, person: SignedInPerson, before: QueryId = ""
) -> HTMLResponse:
    """One's own jobs with their progress and history, and the timetable. Everyone's are under /admin/jobs."""
    last = find_id(before, "before")
    after = None if last is None else JobId(last)
    found = jobs.page(db, person.viewer, after, _PAGE + 1)
    return render.page(
        request,
        "settings/jobs.html",
        jobs=found[:_PAGE],
        more=f"/settings/jobs?before={found[_PAGE - 1].id}" if len(found) > _PAGE else None,
        duties=timetable.entries(house, house.clock.now()),
    )


@router.post("/settings/jobs/{id}/cancel")
def cancel(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    ask_cancel(db, house, viewer, JobId(id))
    return go("/settings/jobs")
