"""Settings: appearance, the own name, own sectors, jobs and the timetable."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId, JobId
from tunefolio.ledger.accounts import name_of
from tunefolio.services import timetable
from tunefolio.services.jobs import ask_cancel
from tunefolio.services.views import portfolio as valued_portfolio
from tunefolio.store import instruments, jobs, persons, sectors
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
_THEMES = ("system", "light", "dark")
ThemeForm = Annotated[str, Form(max_length=10)]


@router.get("/settings")
def appearance(request: Request, person: SignedInPerson) -> HTMLResponse:
    return render.page(request, "settings/page.html", person=person)


@router.post("/settings/appearance")
def choose_theme(db: OwnWriting, person: SignedInPerson, theme: ThemeForm) -> Response:
    """Light, dark or as the system; kept with the person, so every device paints it first."""
    if theme not in _THEMES:
        raise Misuse("theme", f"{theme!r} is unknown", cure=f"Choose one of {', '.join(_THEMES)}")
    persons.set_preferences(db, person.viewer, {**person.preferences, "theme": theme})
    return go("/settings")


@router.post("/settings/name")
def rename(db: OwnWriting, viewer: CurrentViewer, name: FormText) -> Response:
    persons.rename(db, viewer, name_of(name))
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
    id = InstrumentId(instrument)
    if id not in instruments.visible(db, viewer, [id]):
        raise NotFound("instrument")
    words = name_of(industry, "industry") if industry.strip() else ""
    sectors.set_override(db, viewer, id, name_of(sector, "sector"), words, house.clock.now())
    return go("/settings/sectors")


@router.post("/settings/sectors/{instrument}/clear")
def clear_sector(db: Writing, viewer: CurrentViewer, instrument: RowId) -> Response:
    sectors.clear_override(db, viewer, InstrumentId(instrument))
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
