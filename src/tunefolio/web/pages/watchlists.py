"""Watchlists: lists in tabs, one table with moving prices, the year's range and a spark line."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.alerts import WatchlistId
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.services import watchlists as deeds
from tunefolio.services.house import House
from tunefolio.services.watchlists import Line
from tunefolio.store import watchlists
from tunefolio.store.db import ReadDb
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormId, FormText, find_id, go

router = APIRouter()
FormPlaces = Annotated[int, Form(ge=-500, le=500)]
Offset = Annotated[int, Query(ge=0, le=500)]
_PAGE = 100
_WIDTH, _HEIGHT = 96, 28


@router.get("/watchlists")
def first(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer) -> HTMLResponse:
    """The first of the viewer's lists; without any, how to begin."""
    lists = watchlists.listed(db, viewer)
    return _page(request, db, house, viewer, lists[0].id if lists else None, 0)


@router.post("/watchlists")
def create(db: Writing, house: HouseDep, viewer: CurrentViewer, name: FormText) -> Response:
    return go(f"/watchlists/{deeds.create(db, house, viewer, name).id}")


@router.post("/watchlists/watch")
def watch(
    db: Writing, house: HouseDep, viewer: CurrentViewer, instrument: FormId, watchlist: FormText = ""
) -> Response:
    """From the page of an instrument: onto that list, or the first."""
    chosen = find_id(watchlist, "watchlist")
    id = deeds.watch(
        db, house, viewer, InstrumentId(instrument), None if chosen is None else WatchlistId(chosen)
    )
    return go(f"/watchlists/{id}")


@router.get("/watchlists/{id}")
def one(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId, start: Offset = 0
) -> HTMLResponse:
    return _page(request, db, house, viewer, WatchlistId(id), start)


@router.post("/watchlists/{id}/rename")
def rename(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, name: FormText) -> Response:
    deeds.rename(db, house, viewer, WatchlistId(id), name)
    return go(f"/watchlists/{id}")


@router.post("/watchlists/{id}/lift")
def lift(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, by: FormPlaces) -> Response:
    """The list so many places to the left among the others."""
    order = [one.id for one in watchlists.listed(db, viewer)]
    watchlists.watchlist_of(db, viewer, WatchlistId(id))
    place = order.index(WatchlistId(id))
    order.insert(max(0, place - by), order.pop(place))
    deeds.arrange(db, house, viewer, order)
    return go(f"/watchlists/{id}")


@router.post("/watchlists/{id}/delete")
def delete(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    deeds.forget(db, house, viewer, WatchlistId(id))
    return go("/watchlists")


@router.post("/watchlists/{id}/items")
def put(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    id: RowId,
    instrument: FormText,
    choice: FormText = "",
) -> Response:
    """choice: what was picked of the search, "" where the box was only typed into."""
    deeds.put(db, house, viewer, WatchlistId(id), choice or instrument)
    return go(f"/watchlists/{id}")


@router.post("/watchlists/{id}/items/{instrument}/note")
def note(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, instrument: RowId, note: FormText = ""
) -> Response:
    deeds.set_note(db, house, viewer, WatchlistId(id), InstrumentId(instrument), note)
    return go(f"/watchlists/{id}")


@router.post("/watchlists/{id}/items/{instrument}/lift")
def lift_item(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, instrument: RowId, by: FormPlaces
) -> Response:
    """So many places up, or down when negative."""
    deeds.lift(db, house, viewer, WatchlistId(id), InstrumentId(instrument), by)
    return go(f"/watchlists/{id}")


@router.post("/watchlists/{id}/items/{instrument}/move")
def move(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, instrument: RowId, to: FormId
) -> Response:
    deeds.move(db, house, viewer, WatchlistId(id), InstrumentId(instrument), WatchlistId(to))
    return go(f"/watchlists/{id}")


@router.post("/watchlists/{id}/items/{instrument}/delete")
def drop(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, instrument: RowId) -> Response:
    deeds.drop(db, house, viewer, WatchlistId(id), InstrumentId(instrument))
    return go(f"/watchlists/{id}")


def _page(
    request: Request, db: ReadDb, house: House, viewer: Viewer, id: WatchlistId | None, start: int
) -> HTMLResponse:
    chosen = None if id is None else watchlists.watchlist_of(db, viewer, id)
    lines = [] if id is None else deeds.lines(db, house, viewer, id)
    here = "/watchlists" if id is None else f"/watchlists/{id}"
    more = f"{here}?{urlencode({'start': start + _PAGE})}" if len(lines) > start + _PAGE else ""
    return render.page(
        request,
        "watchlists/page.html",
        lists=watchlists.listed(db, viewer),
        sizes=watchlists.sizes(db, viewer),
        chosen=chosen,
        lines=lines[start : start + _PAGE],
        total=len(lines),
        start=start,
        more=more,
        here=here if not start else f"{here}?{urlencode({'start': start})}",
        points=points,
        last_point=last_point,
    )


def points(line: Line) -> str:
    """The spark as `x,y` pairs of an SVG of 96 × 28; newest at the right, dear above."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in _places(line))


def last_point(line: Line) -> tuple[str, str]:
    """Where the newest close stands in it."""
    x, y = _places(line)[-1]
    return f"{x:.1f}", f"{y:.1f}"


def _places(line: Line) -> list[tuple[Decimal, Decimal]]:
    low, high = min(line.spark), max(line.spark)
    span = high - low or Decimal(1)
    across = Decimal(_WIDTH - 6) / max(1, len(line.spark) - 1)
    return [
        (3 + place * across, _HEIGHT - 4 - (close - low) / span * (_HEIGHT - 8))
        for place, close in enumerate(line.spark)
    ]
