"""Settings, Your data: everything to take along, and the end of the account."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound
from tunefolio.services import export_person, leaving, proofs
from tunefolio.services.house import House
from tunefolio.store import jobs
from tunefolio.store.db import ReadDb
from tunefolio.web import render
from tunefolio.web.api.leaving import download
from tunefolio.web.deps import (
    CurrentSession,
    CurrentViewer,
    CurrentVisit,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
    SignedInPerson,
    Visit,
)
from tunefolio.web.errors import FAREWELL
from tunefolio.web.pages.forms import FormText, go
from tunefolio.web.proved import PROVED

router = APIRouter()
DATA = "/settings/data"


@router.get(DATA)
def data(request: Request, db: Reading, house: HouseDep, visit: CurrentVisit) -> HTMLResponse:
    return _page(request, db, house, visit)


def _page(request: Request, db: ReadDb, house: House, visit: Visit) -> HTMLResponse:
    grace_days = house.rules.grace.days
    return render.page(request, "settings/data.html", grace_days=grace_days, **_export(db, house, visit))


def _export(db: ReadDb, house: House, visit: Visit) -> dict[str, Any]:
    """The last export as both pages show it, and whether she may have it."""
    viewer = visit.person.viewer
    export = export_person.newest(db, viewer)
    try:
        job = None if export is None else jobs.job_of(db, viewer, export.job)
    except NotFound:
        job = None
    return {
        "export": export,
        "is_ready": export is not None and export.is_ready(house.clock.now()),
        "job": job,
        "proved": proofs.until(db, house, viewer, visit.session.id),
    }


@router.post("/settings/data/export")
def ask_export(db: OwnWriting, house: HouseDep, person: SignedInPerson) -> Response:
    leaving.must_be_free_to_export(db, person)
    export_person.ask_export(db, house, person.viewer)
    return go(DATA if person.leaving is None else FAREWELL)


@router.get("/settings/data/exports/{id}/file")
def file(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, session: CurrentSession, id: RowId
) -> Response:
    """The zip, or a stretch of it."""
    return download(request, house, viewer, export_person.may_download(db, house, viewer, session.id, id))


@router.post("/settings/data/delete", dependencies=PROVED)
def leave(
    db: OwnWriting, house: HouseDep, viewer: CurrentViewer, session: CurrentSession, email: FormText
) -> Response:
    """This session stays open, so that what follows can be read and taken back."""
    leaving.leave(db, house, viewer, typed=email, but=session.id)
    return go(FAREWELL)


@router.get("/leaving")
def farewell(request: Request, db: Reading, house: HouseDep, visit: CurrentVisit) -> Response:
    """All that somebody sees who has deleted her account."""
    if visit.person.leaving is None:
        return go("/dashboard")
    return render.page(
        request,
        "settings/leaving.html",
        erased=visit.person.leaving,
        is_dismissed=leaving.asked_by(db, visit.person.viewer) is leaving.AskedBy.OPERATOR,
        **_export(db, house, visit),
    )


@router.post("/leaving/stay")
def stay(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    leaving.stay(db, house, viewer)
    return go("/dashboard")
