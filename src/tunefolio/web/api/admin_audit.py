"""The audit log for programs: everything for admins, to each person her own part. It is only ever added
to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AuditId
from tunefolio.services import admin as house_admin
from tunefolio.services import audit
from tunefolio.services.admin import Refused
from tunefolio.services.audit import GROUPS, Act
from tunefolio.store.audit import AuditEntry, AuditFilter
from tunefolio.web.api.admin_accounts import owner_of
from tunefolio.web.api.answers import Cursor, Limit, after_id, ist, leaf
from tunefolio.web.deps import MAX_ID, AdminViewer, CurrentViewer, Reading

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
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    """The whole log, newest first; admins only."""
    chosen = AuditFilter(known_action(action), owner_of(person))
    found = audit.everyones(db, admin, chosen, _before(cursor), limit + 1)
    return leaf(found, limit, entry, last=lambda one: one.id)


@v1.get("/audit")
def mine(db: Reading, viewer: CurrentViewer, limit: Limit = 50, cursor: Cursor = "") -> Response:
    """What the viewer did, and what was done to what is hers, newest first."""
    found = audit.mine(db, viewer, _before(cursor), limit + 1)
    return leaf(found, limit, entry, last=lambda one: one.id)


@v1.delete("/admin/audit", status_code=204)
def delete(_admin: AdminViewer) -> Response:
    """Refused: 403 says why, and what to do instead."""
    house_admin.refuse(Refused.CHANGE_AUDIT)


def known_action(text: str) -> str:
    """An action or a group of them; raises Misuse for any other."""
    if text and text not in tuple(Act) and text not in GROUPS:
        raise Misuse(
            "action", f"{text[:40]!r} is not in the log", cure=f"Known: {', '.join([*GROUPS, *Act])}"
        )
    return text


def _before(cursor: str) -> AuditId | None:
    last = after_id(cursor)
    return None if last is None else AuditId(last)


def entry(one: AuditEntry) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": ist(one.at),
        "last_at": ist(one.last),
        "times": one.times,
        "action": one.action,
        "subject": one.subject,
        "person_id": one.owner,
        "actor_id": one.actor,
        "details": dict(one.details),
        "address": one.place.address or None,
        "device": one.place.device or None,
    }
