"""The session calendar: days of an exchange, what may be entered now, and what operators said of days."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST
from tunefolio.market.sessions import OrderType
from tunefolio.market.standing import standing
from tunefolio.services import calendars
from tunefolio.services.calendars import Wish, exchange_of
from tunefolio.services.views import calendar as views
from tunefolio.services.views import calendar_json as told
from tunefolio.web.api.answers import Cursor, Limit, Text, after_id, day_of, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import AdminViewer, CurrentViewer, HouseDep, Reading, Writing

v1 = APIRouter(prefix="/calendar", tags=["calendar"])
ExchangeCode = Annotated[
    str, Query(max_length=20, description="NSE, BSE, NFO, BFO, CDS, BCD, MCX, NYSE, NASDAQ, CRYPTO, …")
]
Date = Annotated[str, Query(max_length=10)]


@v1.get("")
def listed(
    house: HouseDep,
    _viewer: CurrentViewer,
    exchange: ExchangeCode = "NSE",
    since: Annotated[str, Query(alias="from", max_length=10, description="First day; else today.")] = "",
    until: Annotated[str, Query(alias="to", max_length=10, description="Excluded; else 31 days on.")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    """Every date of [from, to), sessions or not, with phases by segment; at most 800 days."""
    found = house.calendars.of(exchange_of(exchange))
    start = day_of(since, "from") if since else found.today(house.clock.now())
    end = day_of(until, "to") if until else start.plus_days(31)
    rows = views.days(found, start, end)
    after = day_of(cursor, "cursor") if cursor else None
    shown = [one for one in rows if after is None or one.day > after][: limit + 1]
    body = {
        "exchange": found.exchange,
        "title": found.title,
        "known_from": found.known_from.iso(),
        "known_until": found.known_until.iso(),
        "notes": list(found.notes),
        "data": [told.day(found, one) for one in shown[:limit]],
    }
    return reply(body | ({"next": shown[limit - 1].day.iso()} if len(shown) > limit else {}))


@v1.get("/now")
def present(
    house: HouseDep,
    _viewer: CurrentViewer,
    exchange: ExchangeCode = "NSE",
    segment: Annotated[str, Query(max_length=40, description="equity, derivatives, …; else its own.")] = "",
    order_type: Annotated[str, Query(max_length=10, description="One of the types; else all of them.")] = "",
) -> Response:
    """Which session, which phase, may an order be entered now, until when, and if not why and when next."""
    book = house.calendars.now()
    found = book.of(exchange_of(exchange))
    asked = views.segment_of(found, segment)
    types = [_order_type(order_type)] if order_type else list(OrderType)
    now = house.clock.now()
    rows = [standing(book, found.exchange, now=now, segment=asked, order_type=one) for one in types]
    return reply({"data": [told.now(found, one) for one in rows]})


def _order_type(text: str) -> OrderType:
    try:
        return OrderType(text.upper())
    except ValueError:
        cure = f"One of {', '.join(OrderType)}"
        raise Misuse("order_type", f"{text!r} is unknown", cure=cure) from None


@v1.get("/overrides")
def history(
    db: Reading, _viewer: CurrentViewer, exchange: ExchangeCode = "", limit: Limit = 50, cursor: Cursor = ""
) -> Response:
    """What operators said of days, newest first, with what was undone or replaced."""
    code = exchange_of(exchange) if exchange else None
    rows = calendars.history(db, exchange=code, before=after_id(cursor), limit=limit + 1)
    body: dict[str, object] = {"data": [told.said(one, IST) for one in rows[:limit]]}
    if len(rows) > limit:
        body["next"] = str(rows[limit - 1].id)
    return reply(body)


class NewOverride(Body):
    """What is said of a day. kind: closed, open, short, known; windows: `18:15-19:15`, by the wall clock."""

    exchange: Text = "NSE"
    day: Annotated[Text, Field(max_length=10)]
    kind: Annotated[Text, Field(max_length=10)]
    session: Annotated[Text, Field(max_length=10)] = ""
    windows: Annotated[Text, Field(max_length=60)] = ""
    note: Text = ""


@v1.post("/overrides", status_code=201)
def say(db: Writing, house: HouseDep, admin: AdminViewer, wish: NewOverride) -> Response:
    """Close a day, open it, give it hours of its own, or extend the calendar; admins only, at once."""
    said = calendars.say(
        db,
        house,
        admin,
        Wish(wish.exchange, wish.day, wish.kind, wish.note, wish.session, wish.windows),
    )
    return reply(told.override(said), 201)


@v1.delete("/overrides", status_code=204)
def undo(
    db: Writing, house: HouseDep, admin: AdminViewer, day: Date, exchange: ExchangeCode = "NSE"
) -> Response:
    """Take back what was said of a day: the packaged calendar holds again; admins only."""
    calendars.undo(db, house, admin, exchange, day_of(day, "day").iso())
    return nothing()
