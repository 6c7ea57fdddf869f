"""The audit log: everything for admins, and for each person what she did and what was done to her."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from tunefolio.core.identity import AuditId
from tunefolio.core.people import Role
from tunefolio.services import admin as house_admin
from tunefolio.services import audit
from tunefolio.services.audit import GROUPS, Act
from tunefolio.store.audit import AuditFilter
from tunefolio.web import render
from tunefolio.web.api.admin_audit import known_action
from tunefolio.web.deps import AdminViewer, CurrentSession, HouseDep, Reading, SignedInPerson
from tunefolio.web.pages.admin import PAGE, admin_page
from tunefolio.web.pages.admin_accounts import address, owner_of
from tunefolio.web.pages.forms import QueryId, find_id

router = APIRouter()


@router.get("/admin/audit")
def everyones(
    request: Request,
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    session: CurrentSession,
    action: str = "",
    person: QueryId = "",
    before: QueryId = "",
) -> HTMLResponse:
    last = find_id(before, "before")
    chosen = AuditFilter(known_action(action), owner_of(person))
    found = audit.everyones(db, admin, chosen, None if last is None else AuditId(last), PAGE + 1)
    people = [id for one in found for id in (one.owner, one.actor) if id is not None]
    more = {"action": action, "person": person, "before": found[PAGE - 1].id if found[PAGE:] else ""}
    return admin_page(
        request,
        db,
        house,
        admin,
        session,
        "admin/audit.html",
        entries=found[:PAGE],
        names=house_admin.names(db, admin, people),
        groups=GROUPS,
        acts=[act.value for act in Act],
        chosen={"action": action, "person": person},
        more=address("/admin/audit", more) if found[PAGE:] else "",
    )


@router.get("/activity")
def mine(request: Request, db: Reading, person: SignedInPerson, before: QueryId = "") -> HTMLResponse:
    """What stands in the log in this person's part."""
    last = find_id(before, "before")
    found = audit.mine(db, person.viewer, None if last is None else AuditId(last), PAGE + 1)
    return render.page(
        request,
        "admin/activity.html",
        entries=found[:PAGE],
        is_admin=person.role is Role.ADMIN,
        more=f"/activity?before={found[PAGE - 1].id}" if found[PAGE:] else "",
    )
