"""Frozen valuations: their history, the next ones, and one now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import SnapshotId
from tunefolio.services import snapshot
from tunefolio.services.views import latest_snapshots
from tunefolio.store import accounts, instruments, snapshots
from tunefolio.store.snapshots import SnapshotFilter
from tunefolio.web import render
from tunefolio.web.api.answers import Cursor, after_day, day_of
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import go

router = APIRouter()
_PAGE = 60
DayPath = Annotated[str, Path(max_length=10)]


@router.get("/snapshots")
def history(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, cursor: Cursor = ""
) -> HTMLResponse:
    """Newest first, missed and replaced ones included."""
    after = after_day(cursor)
    before = None if after is None else (after[0], SnapshotId(after[1]))
    rows = snapshots.page(db, viewer, filter=SnapshotFilter(), before=before, limit=_PAGE + 1)
    last = rows[_PAGE - 1] if len(rows) > _PAGE else None
    return render.page(
        request,
        "snapshots/page.html",
        view=latest_snapshots(db, house, viewer),
        rows=rows[:_PAGE],
        more=None if last is None else f"/snapshots?cursor={last.day}_{last.id}",
        names={home.id: home.name for home in accounts.listed(db, viewer)},
        here=render.address_of(request, "cursor"),
    )


@router.post("/snapshots")
def take(db: Writing, house: HouseDep, viewer: CurrentViewer) -> Response:
    """One of every active account, now."""
    snapshot.trigger(db, house, viewer)
    return go("/snapshots")


@router.get("/snapshots/{day}/{id}")
def one(request: Request, db: Reading, viewer: CurrentViewer, day: DayPath, id: RowId) -> HTMLResponse:
    """The lines of one snapshot; its day and id are its place in the history."""
    place = (day_of(day, "day"), SnapshotId(id + 1))
    found = snapshots.page(db, viewer, filter=SnapshotFilter(), before=place, limit=1)
    if not found or found[0].id != id:
        raise NotFound("snapshot")
    shown = found[0]
    lines = snapshots.lines(db, viewer, shown.id)
    return render.page(
        request,
        "snapshots/one.html",
        one=shown,
        name=accounts.account_of(db, viewer, shown.account).name,
        lines=lines,
        instruments=instruments.of_ids(db, [line.instrument for line in lines]),
    )
