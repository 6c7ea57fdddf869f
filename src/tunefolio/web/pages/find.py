"""Search over everything that can be held, from every page; and what their lists said of late."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.market.masters import ChangeKind
from tunefolio.services import masters as deeds
from tunefolio.store import masters
from tunefolio.store.search import search
from tunefolio.web import render
from tunefolio.web.api.answers import Cursor, QueryText, after_id
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, Writing
from tunefolio.web.pages.forms import FormId, go

router = APIRouter()
_FOUND = 12
_PAGE = 60
TITLES = {
    ChangeKind.NEW: "New",
    ChangeKind.RENAMED: "Renamed",
    ChangeKind.ISIN: "New ISIN",
    ChangeKind.SERIES: "Other series",
    ChangeKind.NAME: "New name",
    ChangeKind.GONE: "No longer listed",
    ChangeKind.BACK: "Listed again",
}


@router.get("/find")
def find(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, q: QueryText = ""
) -> HTMLResponse:
    """Block `found` is what the search box of every page shows."""
    return render.page(
        request,
        "find/page.html",
        q=q,
        found=search(db, q, _FOUND, viewer=viewer),
        is_listed=bool(masters.states(db)),
        today=TradingDay(calendar_date(house.clock.now())),
    )


@router.post("/find/pick")
def pick(db: Writing, house: HouseDep, viewer: CurrentViewer, listing: FormId) -> Response:
    """A listing becomes an instrument, and its page opens."""
    return go(f"/instruments/{deeds.take_up(db, house, viewer, listing)}")


@router.get("/instruments/changes")
def changes(
    request: Request, db: Reading, _viewer: CurrentViewer, cursor: Cursor = "", kind: QueryText = ""
) -> HTMLResponse:
    """What the lists said otherwise than the day before, newest first, and how each list stands."""
    wanted = _kind_of(kind)
    rows = masters.changes(db, _PAGE + 1, before=after_id(cursor), kind=wanted)
    more = f"/instruments/changes?kind={kind}&cursor={rows[_PAGE - 1].id}" if len(rows) > _PAGE else None
    return render.page(
        request,
        "find/changes.html",
        rows=rows[:_PAGE],
        more=more,
        kind=kind,
        titles=TITLES,
        states=list(masters.states(db).values()),
    )


def _kind_of(text: str) -> ChangeKind | None:
    if not text:
        return None
    try:
        return ChangeKind(text)
    except ValueError:
        known = ", ".join(ChangeKind)
        raise Misuse("kind", f"{text[:20]!r} is unknown", cure=f"Known: {known}") from None


@router.post("/instruments/refresh")
def refresh(db: Writing, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Read all lists now."""
    deeds.ask_refresh(db, house, viewer)
    return go("/instruments/changes")
