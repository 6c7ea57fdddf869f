"""Watchlists: several ordered lists of instruments, each row with its price, its year and a note."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.alerts import WatchlistId
from tunefolio.core.identity import InstrumentId
from tunefolio.services import watchlists as deeds
from tunefolio.services.watchlists import Line
from tunefolio.store import watchlists
from tunefolio.store.watchlists import Watchlist
from tunefolio.web.api.answers import Id, Name, Text, amount, ist, nothing, put, reply
from tunefolio.web.api.figures import ratio_json
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(prefix="/watchlists", tags=["watchlists"])
_NO_PRICE = "no price yet"
_NO_YEAR = "its history is still fetched"
_NO_CLOSE = "no previous close"


class NewList(Body):
    name: Name


class Order(Body):
    """Every id once, in the order wanted."""

    ids: list[Id] = Field(max_length=500)


class NewItem(Body):
    """instrument: EXCHANGE:SYMBOL, the number of an instrument, or `listing:` and the number of a listing."""

    instrument: Name
    note: Text = ""


class ItemChange(Body):
    """What is named changes; list_id moves it to another list."""

    note: Text | None = None
    list_id: int | None = Field(None, ge=1, le=MAX_ID)


@v1.get("")
def listed(db: Reading, viewer: CurrentViewer) -> Response:
    """All lists in their order."""
    sizes = watchlists.sizes(db, viewer)
    return reply({"data": [_list(one, sizes.get(one.id, 0)) for one in watchlists.listed(db, viewer)]})


@v1.post("", status_code=201)
def create(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: NewList) -> Response:
    """A new list behind the others."""
    return reply(_list(deeds.create(db, house, viewer, wish.name), 0), 201)


@v1.put("/order", status_code=204)
def arrange(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: Order) -> Response:
    """All lists in this order."""
    deeds.arrange(db, house, viewer, [WatchlistId(id) for id in wish.ids])
    return nothing()


@v1.get("/{id}")
def one(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """One list with its rows: at most 500, so they come at once."""
    found = watchlists.watchlist_of(db, viewer, WatchlistId(id))
    lines = deeds.lines(db, house, viewer, found.id)
    return reply(_list(found, len(lines)) | {"data": [_line(line) for line in lines]})


@v1.patch("/{id}", status_code=204)
def rename(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: NewList) -> Response:
    deeds.rename(db, house, viewer, WatchlistId(id), wish.name)
    return nothing()


@v1.delete("/{id}", status_code=204)
def delete(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """The list and what is on it."""
    deeds.forget(db, house, viewer, WatchlistId(id))
    return nothing()


@v1.put("/{id}/order", status_code=204)
def arrange_items(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Order) -> Response:
    """Everything on the list in this order."""
    deeds.arrange_items(db, house, viewer, WatchlistId(id), [InstrumentId(one) for one in wish.ids])
    return nothing()


@v1.post("/{id}/items", status_code=201)
def add(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: NewItem) -> Response:
    """Watch an instrument; twice is once. Its price and two years of history are fetched by themselves."""
    found = deeds.put(db, house, viewer, WatchlistId(id), wish.instrument, note=wish.note)
    return reply({"instrument_id": found}, 201)


@v1.patch("/{id}/items/{instrument}", status_code=204)
def change(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, instrument: RowId, wish: ItemChange
) -> Response:
    """Another note, another list, or both."""
    home, what = WatchlistId(id), InstrumentId(instrument)
    if wish.note is not None:
        deeds.set_note(db, house, viewer, home, what, wish.note)
    if wish.list_id is not None:
        deeds.move(db, house, viewer, home, what, WatchlistId(wish.list_id))
    return nothing()


@v1.delete("/{id}/items/{instrument}", status_code=204)
def drop(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, instrument: RowId) -> Response:
    """Off the list."""
    deeds.drop(db, house, viewer, WatchlistId(id), InstrumentId(instrument))
    return nothing()


def _list(one: Watchlist, size: int) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "position": one.position,
        "size": size,
        "created_at": ist(one.created),
    }


def _line(line: Line) -> dict[str, Any]:
    what, quote, year = line.instrument, line.quote, line.year
    row: dict[str, Any] = {
        "instrument": {
            "id": what.id,
            "exchange": what.exchange,
            "symbol": what.symbol,
            "name": what.name,
            "currency": what.currency,
        },
        "note": line.item.note,
        "position": line.item.position,
        "added_at": ist(line.item.added),
    }
    put(row, "price", None if quote is None else amount(quote.price), _NO_PRICE)
    put(row, "as_of", None if quote is None else ist(quote.as_of), _NO_PRICE)
    close = None if quote is None else quote.previous_close
    put(row, "previous_close", amount(close), _NO_CLOSE)
    put(row, "day_change_ratio", None if quote is None else ratio_json(quote.day_change_ratio()), _NO_CLOSE)
    put(row, "low_52w", None if year is None else amount(year.low), _NO_YEAR)
    put(row, "high_52w", None if year is None else amount(year.high), _NO_YEAR)
    return row
