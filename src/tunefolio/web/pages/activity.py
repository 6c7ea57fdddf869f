"""The activity: to each person what she did and what was done to her, to admins the whole log."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from types import MappingProxyType
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from tunefolio.core.identity import AuditId, PersonId
from tunefolio.core.people import Role
from tunefolio.core.time import IST, Instant
from tunefolio.services import audit, withheld
from tunefolio.services.acts import GROUP_WORDS, Act, words_of
from tunefolio.store.audit import AuditEntry, AuditFilter, Place
from tunefolio.store.standings import Standing
from tunefolio.web import render, security
from tunefolio.web.api.activity import after_day, known_action, known_group, since_day
from tunefolio.web.deps import (
    AdminViewer,
    CurrentSession,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
    SignedInPerson,
)
from tunefolio.web.filters import ist
from tunefolio.web.pages.admin import PAGE, AdminDesk, Desk, id_in, leaf
from tunefolio.web.pages.forms import QueryId, QueryWord
from tunefolio.web.pages.settings import device_words

router = APIRouter()
_LOG = "/admin/audit"

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


_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Change:
    """What a deed made of something. name: of what, "" for the subject itself."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and what she is told the others are called."""

    person: PersonId
    names: Mapping[PersonId, str]

    def called(self, id: PersonId | None) -> str:
        return "you" if id == self.person else "somebody" if id is None else self.names.get(id, "somebody")


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it is read: what was done, to what, where that is; what differs after it, what else was
    noted; whose doing it was, and whom it is about if not its doer; the device in a person's
    words. is_bad: something was refused, or somebody shut out; is_withheld: the reader may open it."""

    entry: AuditEntry
    words: str
    name: str
    href: str
    changes: tuple[Change, ...]
    notes: tuple[tuple[str, str], ...]
    by: str
    about: str
    device: str
    is_bad: bool
    is_withheld: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day in India, newest first."""

    date: date
    lines: tuple[Line, ...]


def line_of(
    entry: AuditEntry,
    reader: Reader,
    called: Mapping[int, str],
    *,
    there: Collection[str] = (),
    named: Mapping[str, str] = _NONE,
) -> Line:
    """Details whose names end with before and after are read as pairs; a pair that is alike tells nothing.
    called: persons by number; there: subjects that can still be gone to; named: the reader's own things that
    the entry knows by number alone, by `portfolio:12`."""
    said = {
        name.removesuffix("_person"): called.get(value, "somebody")
        if name.endswith("_person")
        else (named.get(f"{name}:{value}") if isinstance(value, int) else None) or _words(value)
        for name, value in entry.details.items()
    }
    name = said.pop("name", "") or _unnamed(entry, named)
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
        _doer(entry, reader),
        "" if entry.owner in (None, entry.actor) else reader.called(entry.owner),
        _device(entry.place),
        entry.action.endswith(("failed", "refused", "reused")) or entry.action == Act.DISABLED,
    )


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$")
_AT_HOME = (audit.AT_CONSOLE, audit.AT_WORK)


def _doer(entry: AuditEntry, reader: Reader) -> str:
    """Whose doing it was: a job does its owner's work, and the command line is whoever runs the house."""
    if entry.place == audit.AT_WORK:
        return f"the house, for {reader.called(entry.actor or entry.owner)}"
    if entry.actor is None:
        return "the operator" if entry.place == audit.AT_CONSOLE else "nobody who was signed in"
    return reader.called(entry.actor)


def _device(place: Place) -> str:
    """A browser in a person's words, a token by its name; "" where the doer has said it all."""
    if place in _AT_HOME or not place.device:
        return ""
    return place.device[:60] if place.device.startswith("token ") else device_words(place.device)


def days_of(lines: Iterable[Line]) -> list[Day]:
    """Under the day in India on which they were."""
    return [
        Day(day, tuple(some)) for day, some in groupby(lines, lambda one: one.entry.at.in_zone(IST).date())
    ]


def _place(subject: str) -> str:
    kind, _, number = subject.partition(":")
    if kind == "audit":
        return f"/activity?before={int(number) + 1}#entry-{number}"
    return _PLACES[kind].format(number) if kind in _PLACES else ""


def _unnamed(entry: AuditEntry, named: Mapping[str, str]) -> str:
    """An entry that has no name says what its subject is called now, or its number; a deed by its way alone
    says the way. A public link has been called that already, and a grant is known by its two sides."""
    if entry.action in (Act.DEED, Act.ADMIN_DEED):
        return entry.subject
    if "after" in entry.details:
        return ""
    if entry.subject in named:
        return named[entry.subject]
    kind, _, rest = entry.subject.partition(":")
    if kind == "link" and rest.isdecimal():
        return rest
    return f"{kind} {rest}" if rest and kind not in ("session", "person", "link", "grant") else ""


def _words(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str() if _MOMENT.match(value):
            return ist(Instant.parse(value))
        case _:
            return str(value).replace("_", " ") if value in tuple(Standing) else str(value)


def _title(name: str) -> str:
    return name.strip("_").replace("_", " ")


@router.get(_LOG)
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
    rows, more = leaf(found, _LOG, chosen, last=lambda one: one.id)
    names = desk.names([actor, *(id for one in rows for id in (one.owner, one.actor))])
    return desk.page(
        "admin/audit.html",
        days=days_of(_lines(desk, rows, names)),
        names=names,
        groups=GROUP_WORDS,
        acts=list(Act),
        chosen=chosen,
        more=more,
        newest=_newest(_LOG, chosen, before),
    )


@router.post(f"{_LOG}/{{id}}/open")
def open_one(
    request: Request, db: OwnWriting, house: HouseDep, admin: AdminViewer, session: CurrentSession, id: RowId
) -> HTMLResponse:
    """What was withheld is part of this one answer; to see it again is to open it again."""
    entry = withheld.read_entry(db, house, admin, AuditId(id))
    desk = Desk(request, db, house, admin, session)
    names = desk.names([entry.owner, entry.actor])
    line = line_of(entry, Reader(admin.person, names), audit.others_in(db, [entry]))
    came = security.sent_from(request)
    return desk.page(
        "admin/entry.html",
        days=days_of([line]),
        line=line,
        owner="" if entry.owner is None else names.get(entry.owner, ""),
        back=came if came.partition("?")[0] == _LOG else _LOG,
        more="",
        newest="",
    )


def _lines(desk: Desk, rows: Iterable[AuditEntry], names: Mapping[PersonId, str]) -> list[Line]:
    rows = list(rows)
    called, reader = audit.others_in(desk.db, rows), Reader(desk.admin.person, names)
    return [
        replace(line_of(one, reader, called), is_withheld=audit.is_withheld(desk.admin, one)) for one in rows
    ]


def _newest(path: str, chosen: Mapping[str, str], before: str) -> str:
    """The first page with the same filters; "" on it."""
    said = urlencode({name: text for name, text in chosen.items() if text})
    return "" if not before else f"{path}?{said}" if said else path


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
    called, named = audit.others_in(db, rows), audit.names_in(db, person.viewer, rows)
    reader = Reader(person.id, audit.doers_in(db, person.viewer, rows))
    return render.page(
        request,
        "admin/activity.html",
        days=days_of(line_of(one, reader, called, there=there, named=named) for one in rows),
        groups=_own_groups(person.role),
        chosen=chosen,
        is_admin=person.role is Role.ADMIN,
        more=more,
        newest=_newest("/activity", chosen, before),
    )


def _own_groups(role: Role) -> Sequence[tuple[str, str]]:
    """The groups that can stand in a person's part: those of the house's admins alone for admins."""
    house = {"admin.", "service.", "quarantine.", "calendar.", "invite."} if role is not Role.ADMIN else set()
    known = [(group, words) for group, words in GROUP_WORDS.items() if group not in house]
    return sorted(known, key=lambda one: one[1])
