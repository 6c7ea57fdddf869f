"""The activity: to each person what she did and what was done to her, to admins the whole log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from tunefolio.core.identity import AuditId, PersonId
from tunefolio.core.people import Role
from tunefolio.core.time import IST
from tunefolio.services import audit
from tunefolio.services.acts import GROUP_WORDS, Act, words_of
from tunefolio.store.audit import AuditEntry, AuditFilter
from tunefolio.store.standings import Standing
from tunefolio.web import render
from tunefolio.web.api.activity import after_day, known_action, known_group, since_day
from tunefolio.web.deps import Reading, SignedInPerson
from tunefolio.web.pages.admin import PAGE, AdminDesk, id_in, leaf
from tunefolio.web.pages.forms import QueryId, QueryWord
from tunefolio.web.pages.settings import device_words

router = APIRouter()

_PLACES = {
    "portfolio": "/portfolios#p-{}",
    "account": "/transactions?account={}",
    "transaction": "/transactions/{}",
    "import": "/transactions?imported={}",
    "instrument": "/instruments/{}",
    "watchlist": "/watchlists/{}",
    "alert": "/alerts",
    "channel": "/alerts/channels",
    "taxpayer": "/tax/told?taxpayer={}",
}
"""Where a person finds what a subject names, by its first word."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a deed made of something. name: of what, "" for the subject itself."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it is read: what was done, to what, where that is; what differs after it, what else was
    noted; the device in a person's words. is_bad: something was refused, or somebody shut out."""

    entry: AuditEntry
    words: str
    name: str
    href: str
    changes: tuple[Change, ...]
    notes: tuple[tuple[str, str], ...]
    device: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day in India, newest first."""

    date: date
    lines: tuple[Line, ...]


def line_of(entry: AuditEntry, called: Mapping[int, str], there: Collection[str] = ()) -> Line:
    """Details whose names end with before and after are read as pairs; a pair that is alike tells nothing.
    called: persons by number; there: subjects that can still be gone to."""
    said = {
        name.removesuffix("_person"): called.get(value, "somebody")
        if name.endswith("_person")
        else _words(value)
        for name, value in entry.details.items()
    }
    name = said.pop("name", "") or _unnamed(entry)
    pairs = [at.removesuffix("before") for at in said if at.endswith("before")]
    changes = [Change(_title(at), said[f"{at}before"], said.get(f"{at}after", "")) for at in pairs]
    paired = {f"{at}{end}" for at in pairs for end in ("before", "after")}
    notes = [(_title(at), text) for at, text in said.items() if text not in ("", "0") and at not in paired]
    return Line(
        entry,
        words_of(entry.action),
        name,
        _place(entry.subject) if entry.subject in there else "",
        tuple(one for one in changes if one.before != one.after),
        tuple(notes),
        device_words(entry.place.device) if entry.place.device else "",
        entry.action.endswith(("failed", "refused", "reused")) or entry.action == Act.DISABLED,
    )


def days_of(lines: Iterable[Line]) -> list[Day]:
    """Under the day in India on which they were."""
    return [
        Day(day, tuple(some)) for day, some in groupby(lines, lambda one: one.entry.at.in_zone(IST).date())
    ]


def _place(subject: str) -> str:
    kind, _, number = subject.partition(":")
    return _PLACES[kind].format(number) if kind in _PLACES else ""


def _unnamed(entry: AuditEntry) -> str:
    """An entry that has no name says its subject; a deed by its way alone says the way."""
    if entry.action in (Act.DEED, Act.ADMIN_DEED):
        return entry.subject
    if "after" in entry.details:
        return ""
    kind, _, rest = entry.subject.partition(":")
    return f"{kind} {rest}" if rest and kind not in ("session", "person", "link") else ""


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
    desk: AdminDesk,
    action: QueryWord = "",
    person: QueryId = "",
    since: QueryWord = "",
    until: QueryWord = "",
    before: QueryId = "",
) -> HTMLResponse:
    last, actor = id_in(before, "before", AuditId), id_in(person, "person", PersonId)
    wanted = AuditFilter(known_action(action), actor, since_day(since), after_day(until))
    found = audit.everyones(desk.db, desk.admin, wanted, last, PAGE + 1)
    chosen = {"action": action, "person": person, "since": since, "until": until}
    rows, more = leaf(found, "/admin/audit", chosen, last=lambda one: one.id)
    called = audit.others_in(desk.db, rows)
    return desk.page(
        "admin/audit.html",
        days=days_of(line_of(one, called) for one in rows),
        names=desk.names([actor, *(id for one in rows for id in (one.owner, one.actor))]),
        groups=GROUP_WORDS,
        acts=list(Act),
        chosen=chosen,
        more=more,
    )


@router.get("/activity")
def mine(
    request: Request,
    db: Reading,
    person: SignedInPerson,
    group: QueryWord = "",
    since: QueryWord = "",
    until: QueryWord = "",
    before: QueryId = "",
) -> HTMLResponse:
    """What stands in the log in this person's part."""
    wanted = AuditFilter(known_group(group), None, since_day(since), after_day(until))
    found = audit.mine(db, person.viewer, id_in(before, "before", AuditId), PAGE + 1, wanted)
    chosen = {"group": group, "since": since, "until": until}
    rows, more = leaf(found, "/activity", chosen, last=lambda one: one.id)
    there = audit.still_there(db, person.viewer, {one.subject for one in rows})
    called = audit.others_in(db, rows)
    return render.page(
        request,
        "admin/activity.html",
        days=days_of(line_of(one, called, there) for one in rows),
        groups=_own_groups(person.role),
        chosen=chosen,
        is_admin=person.role is Role.ADMIN,
        more=more,
    )


def _own_groups(role: Role) -> Sequence[tuple[str, str]]:
    """The groups that can stand in a person's part: those of the house's admins alone for admins."""
    house = {"admin.", "service.", "quarantine.", "calendar.", "invite."} if role is not Role.ADMIN else set()
    known = [(group, words) for group, words in GROUP_WORDS.items() if group not in house]
    return sorted(known, key=lambda one: one[1])
