"""The calendar page: a month of an exchange, the phases of its day, what may be entered, words of admins."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.people import Role
from tunefolio.market.calendars import EXCHANGES
from tunefolio.services import calendars
from tunefolio.services.calendars import Wish, exchange_of
from tunefolio.services.views import calendar as views
from tunefolio.web import render
from tunefolio.web.deps import AdminViewer, HouseDep, Reading, SignedInPerson, Writing
from tunefolio.web.pages.forms import FormText, go

router = APIRouter()
_FEW = 12
Short = Annotated[str, Query(max_length=40)]
OptionalText = Annotated[str, Form(max_length=200)]


@router.get("/calendar")
def month(
    request: Request,
    db: Reading,
    house: HouseDep,
    person: SignedInPerson,
    exchange: Short = "NSE",
    month: Short = "",
    segment: Short = "",
) -> HTMLResponse:
    """One month of one exchange; the newest words of operators about it beside."""
    code = exchange_of(exchange)
    view = views.view(house.calendars.now(), house.clock.now(), exchange=code, month=month, segment=segment)
    return render.page(
        request,
        "calendar/page.html",
        view=view,
        exchanges=EXCHANGES,
        said=calendars.history(db, exchange=code, limit=_FEW),
        may_say=person.role is Role.ADMIN,
    )


@router.post("/calendar/overrides")
def say(
    db: Writing,
    house: HouseDep,
    admin: AdminViewer,
    day: FormText,
    kind: FormText,
    exchange: FormText = "NSE",
    session: OptionalText = "",
    windows: OptionalText = "",
    note: OptionalText = "",
) -> Response:
    """Close a day, open it, give it hours, or extend the calendar; admins only."""
    said = calendars.say(db, house, admin, Wish(exchange, day, kind, note, session, windows))
    return go(_place(said.exchange, said.day.iso()))


@router.post("/calendar/overrides/undo")
def undo(
    db: Writing, house: HouseDep, admin: AdminViewer, day: FormText, exchange: FormText = "NSE"
) -> Response:
    """Take back what was said of a day; admins only."""
    calendars.undo(db, house, admin, exchange, day)
    return go(_place(exchange_of(exchange), day))


def _place(exchange: str, day: str) -> str:
    return f"/calendar?{urlencode({'exchange': exchange, 'month': day[:7]})}"
