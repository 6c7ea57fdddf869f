"""Data health: sources, what is followed and how far, old prices, doubted bars and what becomes of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.market.gaps import Stretch
from tunefolio.market.instruments import Instrument
from tunefolio.services import health as deeds
from tunefolio.services.views import data_health as views
from tunefolio.services.views.data_health import Followed, Pile
from tunefolio.web.api.answers import Cursor, Limit, Text, after_id, ist, plain, reply
from tunefolio.web.api.strict import Body
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

v1 = APIRouter(tags=["data health"])


class HeapIn(Body):
    """Which doubted bars: all open ones of one instrument, source and reason."""

    instrument: int = Field(ge=1, le=MAX_ID)
    source: Text = Field(max_length=40)
    reason: Text = Field(max_length=40)


@v1.get("/data-health")
def overview(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """What concerns the viewer; of an admin everything."""
    view = views.data_health(db, house, viewer)
    return reply(
        {
            "as_of": ist(view.now),
            "is_everyones": view.is_everyones,
            "sources": [
                {
                    "name": one.name,
                    "rests_seconds": None if one.resting is None else int(one.resting.total_seconds()),
                    "problem": one.problem or None,
                    "spent": one.spent,
                    "budget": one.budget,
                }
                for one in view.sources
            ],
            "tracking": {state.value: count for state, count in view.counts.items()},
            "unknown": [followed(one) for one in view.unknown],
            "old_prices": [
                {
                    "instrument": instrument(one.instrument),
                    "as_of": ist(one.as_of),
                    "source": one.source or None,
                    "expected_since": ist(one.expected),
                }
                for one in view.old
            ],
            "doubted_count": len(view.piles),
            "files": [
                {
                    "source": one.source,
                    "day": one.day.iso(),
                    "state": one.state,
                    "rows": one.rows,
                    "kept": one.kept,
                    "tries": one.tries,
                    "note": one.note or None,
                    "fetched_at": ist(one.fetched),
                }
                for one in view.files
            ],
            "calendar_doubts": [
                {
                    "exchange": one.exchange,
                    "day": one.day.iso(),
                    "surprise": one.surprise,
                    "with_bar": one.count.with_bar,
                    "tracked": one.count.tracked,
                    "cure": one.cure,
                }
                for one in view.surprises
            ],
        }
    )


@v1.get("/data-health/tracking")
def listed(
    db: Reading, house: HouseDep, viewer: CurrentViewer, limit: Limit = 50, cursor: Cursor = ""
) -> Response:
    """What is followed, by instrument, with coverage and progress."""
    after = after_id(cursor)
    start = None if after is None else InstrumentId(after)
    rows = views.tracked(db, house, viewer, after=start, limit=limit + 1)
    body: dict[str, Any] = {"data": [followed(one) for one in rows[:limit]]}
    if len(rows) > limit:
        body["next"] = str(rows[limit - 1].instrument.id)
    return reply(body)


@v1.get("/data-health/quarantine")
def doubted(db: Reading, viewer: CurrentViewer, limit: Limit = 50, cursor: Cursor = "") -> Response:
    """Doubted bars that wait for a decision, newest first, by instrument, source and reason."""
    rows = views.piles(db, viewer, after=after_id(cursor), limit=limit + 1)
    body: dict[str, Any] = {"data": [pile(one) for one in rows[:limit]]}
    if len(rows) > limit:
        body["next"] = str(rows[limit - 1].heap.newest)
    return reply(body)


@v1.post("/data-health/quarantine/accept")
def accept(db: OwnWriting, house: HouseDep, admin: AdminViewer, wish: HeapIn) -> Response:
    """Keep them after all; admins only."""
    what = (InstrumentId(wish.instrument), wish.source, deeds.reason_of(wish.reason))
    return reply({"settled": deeds.accept(db, house, admin, *what)})


@v1.post("/data-health/quarantine/drop")
def drop(db: OwnWriting, house: HouseDep, admin: AdminViewer, wish: HeapIn) -> Response:
    """Leave them out for good; admins only."""
    what = (InstrumentId(wish.instrument), wish.source, deeds.reason_of(wish.reason))
    return reply({"settled": deeds.drop(db, house, admin, *what)})


@v1.post("/data-health/quarantine/replace")
def replace(house: HouseDep, admin: AdminViewer, wish: HeapIn) -> Response:
    """Take those days from another source; admins only."""
    what = (InstrumentId(wish.instrument), wish.source, deeds.reason_of(wish.reason))
    return reply({"settled": deeds.replace_from_another(house, admin, *what)})


@v1.get("/instruments/{id}/tracking")
def one(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """How far one instrument's past is: state, progress of its job, coverage. 404 for what the viewer neither
    held nor watches: what others do is not told. since: the first day that is wanted, a first of January."""
    found = views.tracking_of(db, house, viewer, InstrumentId(id))
    if found is None:
        raise NotFound("tracking")
    return reply(followed(found))


@v1.post("/instruments/{id}/tracking")
def again(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Ask for its past again, also for what no source knew before."""
    deeds.fetch_again(db, house, viewer, InstrumentId(id))
    return one(db, house, viewer, id)


def followed(one: Followed) -> dict[str, Any]:
    job = one.job
    return {
        "instrument": instrument(one.instrument),
        "state": one.row.state,
        "words": one.words,
        "reason": one.row.reason or None,
        "cure": one.row.cure or None,
        "since": one.since.iso(),
        "source": one.row.source or None,
        "coverage": {
            "wanted": one.coverage.wanted,
            "held": one.coverage.held,
            "first_day": None if one.coverage.since is None else one.coverage.since.iso(),
            "last_day": None if one.coverage.until is None else one.coverage.until.iso(),
            "holes": [_hole(hole) for hole in one.coverage.holes],
        },
        "progress": None
        if job is None or not one.is_busy
        else {
            "state": job.state,
            "stage": job.stage,
            "done": job.done,
            "total": job.total,
            "attempts": job.attempts,
            "problem": job.problem or None,
            "due_at": ist(job.due),
        },
        "defects": list(one.row.defects),
    }


def pile(one: Pile) -> dict[str, Any]:
    bar = one.example.bar
    return {
        "instrument": instrument(one.instrument),
        "source": one.heap.source,
        "reason": one.heap.reason,
        "count": one.heap.count,
        "first_day": one.heap.first.iso(),
        "last_day": one.heap.last.iso(),
        "example": {
            "day": bar.day.iso(),
            "close": plain(bar.close),
            "detail": one.example.detail,
            "cure": one.example.cure,
            "found_at": ist(one.example.found),
        },
    }


def instrument(one: Instrument) -> dict[str, Any]:
    return {"id": one.id, "exchange": one.exchange, "symbol": one.symbol, "name": one.name}


def _hole(hole: Stretch) -> dict[str, str]:
    return {"from": hole.first.iso(), "to": hole.end.iso()}
