"""Notices: what was told and how far it came; seen ones are marked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunefolio.core.notice import NoticeId
from tunefolio.services import notices
from tunefolio.services.notices import Page
from tunefolio.store import notices as rows
from tunefolio.store.notices import Told
from tunefolio.web.api.answers import Cursor, Limit, after_id, ist, nothing, reply
from tunefolio.web.deps import CurrentViewer, HouseDep, OwnWriting, Reading, RowId

v1 = APIRouter(prefix="/notices", tags=["notices"])


@v1.get("")
def listed(db: Reading, viewer: CurrentViewer, limit: Limit = 100, cursor: Cursor = "") -> Response:
    """Newest first, with the deliveries of each; `unread` counts them all."""
    before = after_id(cursor)
    page = notices.page(db, viewer, None if before is None else NoticeId(before), limit)
    body: dict[str, Any] = {
        "unread": rows.unread(db, viewer),
        "data": [_notice(told, page) for told in page.told],
    }
    return reply(body | ({} if page.next is None else {"next": str(page.next)}))


@v1.post("/read")
def read_all(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    """All of them are seen; how many were new."""
    return reply({"marked": notices.mark_all_read(db, house, viewer)})


@v1.post("/{id}/read", status_code=204)
def read(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """One is seen."""
    notices.mark_read(db, house, viewer, NoticeId(id))
    return nothing()


def _notice(told: Told, page: Page) -> dict[str, Any]:
    said = told.notice
    return {
        "id": told.id,
        "kind": told.kind,
        "urgency": said.urgency,
        "title": said.title,
        "text": said.text,
        "link": said.link,
        "event": said.key,
        "alert_id": told.alert,
        "at": ist(said.at),
        "read_at": ist(told.read),
        "deliveries": [
            {
                "channel_id": one.channel,
                "state": one.state,
                "attempts": one.attempts,
                "problem": one.problem,
                "sent_at": ist(one.sent),
            }
            for one in page.deliveries.get(told.id, ())
        ],
    }
