"""Data health: sources, what is followed, old prices, doubted bars; and one instrument's progress."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Role
from tunefolio.market.validation import TITLES, Reason
from tunefolio.services import health as deeds
from tunefolio.services.views import data_health as views
from tunefolio.store.tracking import TrackState
from tunefolio.web import render
from tunefolio.web.api.answers import Text
from tunefolio.web.deps import (
    MAX_ID,
    AdminViewer,
    CurrentViewer,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
    Writing,
)
from tunefolio.web.pages.forms import QueryId, find_id, go

router = APIRouter()
_PAGE = 25


@router.get("/data-health")
def page(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, after: QueryId = ""
) -> HTMLResponse:
    """Block `health` is everything on it; block `followed` its list, page by page."""
    last = find_id(after, "after")
    rows = views.tracked(
        db, house, viewer, after=None if last is None else InstrumentId(last), limit=_PAGE + 1
    )
    return render.page(
        request,
        "health/page.html",
        health=views.data_health(db, house, viewer),
        rows=rows[:_PAGE],
        more=rows[_PAGE - 1].instrument.id if len(rows) > _PAGE else None,
        is_later=last is not None,
        is_admin=viewer.role is Role.ADMIN,
        titles=TITLES,
        states=list(TrackState),
        here=render.address_of(request, "after"),
    )


class Heap(BaseModel):
    """Doubted bars of one instrument from one source, for one reason: they are settled together."""

    instrument: int = Field(ge=1, le=MAX_ID)
    source: Text
    reason: Text

    @property
    def key(self) -> tuple[InstrumentId, str, Reason]:
        return InstrumentId(self.instrument), self.source, deeds.reason_of(self.reason)


Sent = Annotated[Heap, Form()]


@router.post("/data-health/accept")
def accept(db: OwnWriting, house: HouseDep, admin: AdminViewer, heap: Sent) -> Response:
    """Keep the doubted bars of one heap after all."""
    deeds.accept(db, house, admin, *heap.key)
    return go("/data-health")


@router.post("/data-health/drop")
def drop(db: OwnWriting, house: HouseDep, admin: AdminViewer, heap: Sent) -> Response:
    """Leave them out for good."""
    deeds.drop(db, house, admin, *heap.key)
    return go("/data-health")


@router.post("/data-health/replace")
def replace(house: HouseDep, admin: AdminViewer, heap: Sent) -> Response:
    """Take those days from another source."""
    deeds.replace_from_another(house, admin, *heap.key)
    return go("/data-health")


@router.post("/tracking/{id}/again")
def again(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Ask for one instrument's past again."""
    deeds.fetch_again(db, house, viewer, InstrumentId(id))
    return go("/data-health")


@router.get("/tracking")
def busy(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer) -> HTMLResponse:
    """A fragment: what of the viewer's is being fetched, each with its progress; empty when nothing is."""
    return render.partial(request, "tracking/_busy.html", rows=views.busy(db, house, viewer))


@router.get("/tracking/{id}")
def state(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> HTMLResponse:
    """A fragment: how far one instrument's past is; asks again by itself while more is to come."""
    found = views.tracking_of(db, house, viewer, InstrumentId(id))
    return render.partial(request, "tracking/_state.html", one=found, id=id)
