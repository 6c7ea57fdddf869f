"""The whole activity for programs of admins. It is only ever added to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.core.identity import AuditId
from tunefolio.core.people import Viewer
from tunefolio.services import admin as house_admin
from tunefolio.services import audit, withheld
from tunefolio.services.admin import Refused
from tunefolio.store.audit import AuditEntry, AuditFilter
from tunefolio.web.api.activity import Since, Until, after_day, before_of, entry, known_action, since_day
from tunefolio.web.api.admin_accounts import owner_of
from tunefolio.web.api.answers import Cursor, Limit, leaf, reply
from tunefolio.web.deps import MAX_ID, AdminViewer, HouseDep, OwnWriting, Reading, RowId

v1 = APIRouter(tags=["admin"])
Action = Annotated[
    str, Query(max_length=60, description="Only this action, `broker.linked`, or its group, `broker.`")
]
Actor = Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only what this person did.")]


@v1.get("/admin/audit")
def everyones(
    db: Reading,
    admin: AdminViewer,
    action: Action = "",
    person: Actor = None,
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    """The whole log, newest first; admins only. What deeds were about in another's books is withheld."""
    chosen = AuditFilter(known_action(action), owner_of(person), since_day(since), after_day(until))
    found = audit.everyones(db, admin, chosen, before_of(cursor), limit + 1)
    return leaf(found, limit, lambda one: _told(admin, one), last=lambda one: one.id)


def _told(admin: Viewer, one: AuditEntry) -> dict[str, Any]:
    return entry(one) | {"withheld": audit.is_withheld(admin, one)}


@v1.post("/admin/audit/{id}/open")
def open_one(db: OwnWriting, house: HouseDep, admin: AdminViewer, id: RowId) -> Response:
    """What a withheld deed was about. Each opening stands in its person's activity, and she is told."""
    return reply(entry(withheld.read_entry(db, house, admin, AuditId(id))) | {"withheld": False})


@v1.delete("/admin/audit", status_code=204)
def delete(_admin: AdminViewer) -> Response:
    """Refused: 403 says why, and what to do instead."""
    house_admin.refuse(Refused.CHANGE_AUDIT)
