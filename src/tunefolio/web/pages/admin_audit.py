"""The audit log: everything for admins, and for each person what she did and what was done to her."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from tunefolio.core.identity import AuditId, PersonId
from tunefolio.core.people import Role
from tunefolio.services import audit
from tunefolio.services.audit import GROUPS, Act
from tunefolio.store.audit import AuditEntry, AuditFilter
from tunefolio.store.standings import Standing
from tunefolio.web import render
from tunefolio.web.api.admin_audit import known_action
from tunefolio.web.deps import Reading, SignedInPerson
from tunefolio.web.pages.admin import PAGE, AdminDesk, id_in, leaf
from tunefolio.web.pages.forms import QueryId, QueryWord
from tunefolio.web.pages.settings import device_words

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Change:
    """What a deed made of something. name: of what, "" for the subject itself."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it is read: what differs after it, what else was noted, the device in a person's words."""

    entry: AuditEntry
    changes: tuple[Change, ...]
    notes: tuple[tuple[str, str], ...]
    device: str


def line_of(entry: AuditEntry) -> Line:
    """Details whose names end with before and after are read as pairs; a pair that is alike tells nothing."""
    said = {name: _words(value) for name, value in entry.details.items()}
    pairs = [name.removesuffix("before") for name in said if name.endswith("before")]
    changes = [Change(_title(at), said[f"{at}before"], said.get(f"{at}after", "")) for at in pairs]
    paired = {f"{at}{end}" for at in pairs for end in ("before", "after")}
    notes = [(_title(name), text) for name, text in said.items() if text and name not in paired]
    device = device_words(entry.place.device) if entry.place.device else ""
    return Line(entry, tuple(one for one in changes if one.before != one.after), tuple(notes), device)


def _words(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value).replace("_", " ") if value in tuple(Standing) else str(value)


def _title(name: str) -> str:
    return name.strip("_").replace("_", " ")


@router.get("/admin/audit")
def everyones(
    desk: AdminDesk, action: QueryWord = "", person: QueryId = "", before: QueryId = ""
) -> HTMLResponse:
    last, actor = id_in(before, "before", AuditId), id_in(person, "person", PersonId)
    wanted = AuditFilter(known_action(action), actor)
    found = audit.everyones(desk.db, desk.admin, wanted, last, PAGE + 1)
    chosen = {"action": action, "person": person}
    rows, more = leaf(found, "/admin/audit", chosen, last=lambda one: one.id)
    return desk.page(
        "admin/audit.html",
        lines=[line_of(one) for one in rows],
        names=desk.names([actor, *(id for one in rows for id in (one.owner, one.actor))]),
        groups=GROUPS,
        acts=[act.value for act in Act],
        chosen=chosen,
        more=more,
    )


@router.get("/activity")
def mine(request: Request, db: Reading, person: SignedInPerson, before: QueryId = "") -> HTMLResponse:
    """What stands in the log in this person's part."""
    found = audit.mine(db, person.viewer, id_in(before, "before", AuditId), PAGE + 1)
    rows, more = leaf(found, "/activity", {}, last=lambda one: one.id)
    lines, is_admin = [line_of(one) for one in rows], person.role is Role.ADMIN
    return render.page(request, "admin/activity.html", lines=lines, is_admin=is_admin, more=more)
