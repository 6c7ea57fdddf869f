"""What can be held: found as one types, described by all lists, made an instrument here; what changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, ConfigDict
from starlette.responses import Response

from tunefolio.core.identity import InstrumentId
from tunefolio.market.instruments import AssetClass, exchange_of
from tunefolio.market.masters import ChangeKind, Spell
from tunefolio.services import masters as deeds
from tunefolio.services.views.listed import ListedView, listed
from tunefolio.store import masters, search
from tunefolio.store.masters import Listed, Told
from tunefolio.store.search import MOST, Found
from tunefolio.store.search_hits import Position
from tunefolio.web.api.answers import Cursor, Limit, QueryText, after_id, clean, ist, plain, reply
from tunefolio.web.api.facts import Id
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(prefix="/instruments", tags=["instruments"])
Classes = Annotated[
    list[AssetClass] | None, Query(alias="class", max_length=len(AssetClass), description="Any of these.")
]
Kind = Annotated[ChangeKind | None, Query(description="Only such changes.")]
Most = Annotated[int, Query(ge=1, le=MOST, description="Most rows to answer.")]
Place = Annotated[
    str,
    AfterValidator(clean),
    Query(max_length=200, description="`next` of the page before; empty for the first page."),
]


class Choice(Body):
    """A listing that search found and nobody here has met."""

    model_config = ConfigDict(json_schema_extra={"example": {"listing_id": 1594}})
    listing_id: Id


@v1.get("")
def found(
    db: Reading,
    viewer: CurrentViewer,
    q: QueryText = "",
    classes: Classes = None,
    exchange: QueryText = "",
    limit: Most = 20,
    cursor: Place = "",
) -> Response:
    """What `q` may mean among everything listed: symbols that begin with it first, then words of names.

    `next` leads on while there is more, for the same question. `id` is null for what nobody here has met yet.
    """
    there = exchange_of(exchange) if exchange.strip() else ""
    after = Position.parse(cursor) if cursor else None
    page = search.page(db, q, limit, after=after, viewer=viewer, classes=classes or (), exchange=there)
    body: dict[str, Any] = {"data": [one(row) for row in page.found]}
    if page.next is not None:
        body["next"] = page.next.text
    return reply(body)


@v1.post("", status_code=201)
def picked(db: Writing, house: HouseDep, viewer: CurrentViewer, choice: Choice) -> Response:
    """A listing becomes an instrument, with what all lists say of it; twice is the same one."""
    return reply({"id": deeds.take_up(db, house, viewer, choice.listing_id)}, 201)


@v1.get("/changes")
def changes(
    db: Reading, _viewer: CurrentViewer, kind: Kind = None, limit: Limit = 50, cursor: Cursor = ""
) -> Response:
    """What the lists said otherwise than the day before, newest first; contracts are left out."""
    rows = masters.changes(db, limit + 1, before=after_id(cursor), kind=kind)
    body: dict[str, Any] = {
        "data": [change(row) for row in rows[:limit]],
        "sources": [
            {
                "source": state.source,
                "refreshed_at": ist(state.refreshed),
                "listed": state.listed,
                "problem": state.problem,
            }
            for state in masters.states(db).values()
        ],
    }
    if len(rows) > limit:
        body["next"] = str(rows[limit - 1].id)
    return reply(body)


@v1.post("/refresh", status_code=202)
def refresh(db: Writing, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Read all lists now; one that runs is returned."""
    return reply({"job_id": deeds.ask_refresh(db, house, viewer)}, 202)


@v1.get("/{id}")
def whole(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """One instrument: its names over time, what each source calls it, its tick and lot, whether it trades."""
    return reply(described(listed(db, house, viewer, InstrumentId(id))))


def one(row: Found) -> dict[str, Any]:
    """Something found."""
    return {
        "id": row.instrument,
        "listing_id": row.listing_id,
        "key": row.key,
        "exchange": row.listing.exchange,
        "symbol": row.listing.symbol,
        "series": row.listing.series,
        "isin": row.isin,
        "name": row.name,
        "class": row.asset_class,
        "currency": row.currency,
        "expiry": None if row.expiry is None else row.expiry.iso(),
        "is_listed": not row.is_gone,
    }


def described(view: ListedView) -> dict[str, Any]:
    """An instrument with everything that lists say of it."""
    it = view.instrument
    return {
        "id": it.id,
        "exchange": it.exchange,
        "symbol": it.symbol,
        "series": it.listing.series,
        "isin": it.isin,
        "name": it.name,
        "class": it.asset_class,
        "currency": it.currency,
        "status": view.status,
        "listed_until": None if view.until is None else view.until.plus_days(-1).iso(),
        "spells": [spell(one) for one in view.spells],
        "listings": [listing(one) for one in view.listings],
    }


def spell(one: Spell) -> dict[str, Any]:
    """since and until are null where the spell has no known beginning or no end; until is not part of it."""
    return {
        "symbol": one.listing.symbol,
        "isin": one.isin,
        "since": None if one.since is None else one.since.iso(),
        "until": None if one.until is None else one.until.iso(),
    }


def listing(row: Listed) -> dict[str, Any]:
    """What one source says of it today, or said last. tick and strike are text, exact."""
    said = row.row
    return {
        "source": row.source,
        "series": said.claim.listing.series,
        "token": said.token,
        "tick": None if said.tick is None else plain(said.tick),
        "lot": None if said.lot is None else plain(said.lot),
        "expiry": None if said.expiry is None else said.expiry.iso(),
        "strike": None if said.strike is None else plain(said.strike),
        "first_seen": row.first_seen.iso(),
        "gone": None if row.gone is None else row.gone.iso(),
        "reason": row.reason,
    }


def change(row: Told) -> dict[str, Any]:
    """One difference between two editions of a list."""
    return {
        "id": row.id,
        "source": row.source,
        "day": row.day.iso(),
        "kind": row.change.kind,
        "exchange": row.change.listing.exchange,
        "symbol": row.change.listing.symbol,
        "series": row.change.listing.series,
        "before": row.change.before,
        "after": row.change.after,
    }
