"""Notices: what was told, how far it came, and the bell that counts the new ones."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.notice import NoticeId
from tunefolio.services import notices
from tunefolio.store import notices as rows
from tunefolio.web import render
from tunefolio.web.api.answers import Cursor, after_id
from tunefolio.web.deps import CurrentViewer, HouseDep, OwnWriting, Reading, RowId
from tunefolio.web.pages.forms import go

router = APIRouter()
_PAGE = 50


@router.get("/notices")
def listed(request: Request, db: Reading, viewer: CurrentViewer, cursor: Cursor = "") -> HTMLResponse:
    before = after_id(cursor)
    view = notices.page(db, viewer, None if before is None else NoticeId(before), _PAGE)
    return render.page(request, "notices/page.html", view=view, unread=rows.unread(db, viewer), cursor=cursor)


@router.get("/notices/bell")
def bell(request: Request, db: Reading, viewer: CurrentViewer) -> HTMLResponse:
    """How many are new, for the bell on every page."""
    return render.partial(request, "notices/_bell.html", unread=rows.unread(db, viewer))


@router.post("/notices/read")
def read_all(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    notices.mark_all_read(db, house, viewer)
    return go("/notices")


@router.post("/notices/{id}/read")
def read(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Seen; leads to what it is about, if that has a page."""
    told = rows.notice_of(db, viewer, NoticeId(id))
    notices.mark_read(db, house, viewer, NoticeId(id))
    return go(told.notice.link or "/notices")
