"""The activity: every deed that changes something, written in the deed's own transaction.

An entry stands in the part of the person it concerns. Where a deed comes from travels beside the call
(`request_from`, `done_from`), so that a deed need not know of requests. Rules: docs/spec/activity.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from tunefolio.core.identity import AuditId, InstrumentId, PersonId
from tunefolio.core.money import Money, Price, plain
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.services.acts import GROUPS as GROUPS
from tunefolio.services.acts import PRIVATE
from tunefolio.services.acts import Act as Act
from tunefolio.services.house import House
from tunefolio.store import audit as rows
from tunefolio.store import instruments, persons
from tunefolio.store.audit import EVERY, AuditEntry, AuditFilter, Place
from tunefolio.store.db import ReadDb, WriteDb

Plain = str | int | bool | None
GROUPED = timedelta(minutes=15)
"""Refused sign-ins of one person and address within this time are one entry with a count."""


CONSOLE = PersonId(0)
"""Whom the operator's command line acts as: nobody of the house, so its deeds have a place and no person."""
AT_CONSOLE = Place("", "the operator's command line")
AT_WORK = Place("", "the house's own work")
"""Where a job does what its owner asked for, or left to it."""


@dataclass(slots=True)
class _Request:
    """The request being served; spoken: whether a deed of its has been noted."""

    place: Place
    spoken: bool = field(default=False)


_request: ContextVar[_Request | None] = ContextVar("tunefolio_audit_request", default=None)
_is_part: ContextVar[bool] = ContextVar("tunefolio_audit_is_part", default=False)


def request_from(place: Place) -> None:
    """What follows in this context is done by a request from there."""
    _request.set(_Request(place))


@contextmanager
def done_from(place: Place) -> Iterator[None]:
    """What is done inside is done there: by a command, by a job."""
    former = _request.set(_Request(place))
    try:
        yield
    finally:
        _request.reset(former)


@contextmanager
def as_one() -> Iterator[None]:
    """What is done inside is part of one deed, which its caller notes afterwards; alone it leaves nothing."""
    former = _is_part.set(True)
    try:
        yield
    finally:
        _is_part.reset(former)


def pass_over() -> None:
    """What this request does changes nothing that anyone would ask after: not by its route either."""
    request = _request.get()
    if request is not None:
        request.spoken = True


def differing(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """Pairs of what was and what is, for names whose values differ; one that lacks is nothing."""
    names = dict.fromkeys([*before, *after])
    pairs = {name: (_plain(name, before.get(name)), _plain(name, after.get(name))) for name in names}
    told = {name: pair for name, pair in pairs.items() if (pair[0] or None) != (pair[1] or None)}
    return {f"{name}_{end}": pair[at] for name, pair in told.items() for at, end in enumerate(_ENDS)}


def note(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    act: Act,
    subject: str = "",
    details: Mapping[str, object] | None = None,
    *,
    about: PersonId | None = None,
) -> AuditId | None:
    """Keep a deed of the viewer in the transaction of the deed; None where it is part of a greater one.
    subject: `account:12`, `broker:zerodha`.

    details: what was and what is, as plain values; raises TypeError for a Secret or anything else.
    about: whose part it belongs to, when that is another person's. What is done on the command line in
    somebody's name is the operator's deed about her.
    """
    told = {name: _plain(name, value) for name, value in (details or {}).items()}
    request = _request.get()
    place = Place() if request is None else request.place
    if request is not None:
        request.spoken = True
    if _is_part.get():
        return None
    now = house.clock.now()
    if viewer.person == CONSOLE:
        return rows.add_about(db, about, None, act, subject, told, place=AT_CONSOLE, now=now)
    owner = viewer.person if about is None else about
    if place == AT_CONSOLE:
        return rows.add_about(db, owner, None, act, subject, told, place=place, now=now)
    if owner == viewer.person:
        return rows.add(db, viewer, act, subject, told, place=place, now=now)
    return rows.add_about(db, owner, viewer.person, act, subject, told, place=place, now=now)


def note_refused(db: WriteDb, house: House, person: PersonId | None, address: str) -> None:
    """A sign-in was refused; person None: nobody has that e-mail. The e-mail itself is not kept."""
    request = _request.get()
    device = "" if request is None else request.place.device
    now = house.clock.now()
    rows.add_refused(db, person, Place(address, device), now, now - GROUPED)


def note_unspoken(db: WriteDb, house: House, viewer: Viewer, act: Act, way: str) -> None:
    """A deed that no service has noted: at least which way it went, `POST /alerts/12/pause`."""
    request = _request.get()
    if request is None or not request.spoken:
        note(db, house, viewer, act, way[:200])


def mine(
    db: ReadDb, viewer: Viewer, before: AuditId | None, limit: int, chosen: AuditFilter = EVERY
) -> list[AuditEntry]:
    """What the viewer did and what was done to her, newest first; where others were is left out."""
    return [
        replace(one, place=Place()) if is_placeless(viewer, one.actor, one.place.device) else one
        for one in rows.page(db, viewer, before, limit, chosen)
    ]


def is_placeless(viewer: Viewer, actor: PersonId | None, device: str) -> bool:
    """Whether the doer is another person: her network address and browser are told to admins alone, or an
    offer that is merely declined would tell a stranger where she lives. Of strangers and jobs it stays."""
    return actor not in (None, viewer.person) and device != AT_WORK.device


def everyones(
    db: ReadDb, admin: Viewer, chosen: AuditFilter, before: AuditId | None, limit: int
) -> list[AuditEntry]:
    """The whole log, newest first; what deeds were about in another's books is left out (acts.PRIVATE).
    Raises Forbidden for all but admins."""
    return [_seen_by(admin, one) for one in rows.page_all(db, admin, chosen, before, limit)]


def still_there(db: ReadDb, viewer: Viewer, subjects: Iterable[str]) -> frozenset[str]:
    """Those subjects that name something the viewer still has, or may see: one query for each kind."""
    ids = _numbered(subjects)
    found = {kind: rows.still_owned(db, viewer, kind, some) for kind, some in ids.items()}
    if "audit" in ids:
        found["audit"] = ids["audit"]  # an entry is never removed
    if "instrument" in ids:
        found["instrument"] = set(
            instruments.visible(db, viewer, sorted(map(InstrumentId, ids["instrument"])))
        )
    return frozenset(f"{kind}:{id}" for kind, some in found.items() for id in some)


def _numbered(subjects: Iterable[str]) -> dict[str, set[int]]:
    """The numbers in them by kind: portfolio → {12}."""
    ids: dict[str, set[int]] = {}
    for kind, _, number in (subject.partition(":") for subject in subjects):
        if number.isdecimal() and len(number) < 19:
            ids.setdefault(kind, set()).add(int(number))
    return ids


def names_in(db: ReadDb, viewer: Viewer, entries: Iterable[AuditEntry]) -> dict[str, str]:
    """What the viewer's own things are called now that these entries know by number alone, by `portfolio:12`:
    one query for each kind. What is gone, and what is another's, is left out."""
    told = [one.subject for one in entries if "name" not in one.details]
    told += [f"portfolio:{one.details['portfolio']}" for one in entries if "portfolio" in one.details]
    found = {kind: rows.names_now(db, viewer, kind, ids) for kind, ids in _numbered(told).items()}
    return {f"{kind}:{id}": name for kind, names in found.items() for id, name in names.items()}


_OTHERS = ("to_person", "of_person")


def others_in(db: ReadDb, entries: Iterable[AuditEntry]) -> dict[int, str]:
    """Whom these deeds concerned beside their doer, by number: as they are called now, for a name is not kept
    with a deed and goes with its person."""
    told = (entry.details.get(name) for entry in entries for name in _OTHERS)
    return {id: persons.person_of(db, PersonId(id)).name for id in {id for id in told if isinstance(id, int)}}


def doers_in(db: ReadDb, viewer: Viewer, entries: Iterable[AuditEntry]) -> dict[PersonId, str]:
    """Who but the viewer did these deeds in her part, as she is told: by name, an admin as one."""
    others = {one.actor for one in entries if one.actor is not None} - {viewer.person}
    found = [persons.person_of(db, id) for id in sorted(others)]
    return {one.id: f"{one.name}, an admin" if one.role is Role.ADMIN else one.name for one in found}


def is_withheld(admin: Viewer, entry: AuditEntry) -> bool:
    """Whether lists keep from this admin what the deed was about; services.withheld opens one entry."""
    return entry.owner != admin.person and entry.action in PRIVATE


def _seen_by(admin: Viewer, entry: AuditEntry) -> AuditEntry:
    if not is_withheld(admin, entry):
        return entry
    subject = "" if entry.subject.startswith("instrument:") else entry.subject
    return replace(entry, subject=subject, details={})


_ENDS = ("before", "after")
_LONGEST = 500


def _plain(name: str, value: object) -> Plain:
    """As it is kept: numbers that must be exact as text, several as one text; raises TypeError."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value)[:_LONGEST]
        case Decimal():
            return plain(value)
        case Money() | Price():
            return f"{plain(value.amount)} {value.currency}"
        case TradingDay() | Instant():
            return value.iso()
        case tuple() | list() | set() | frozenset():
            return _several(name, value)
        case _:
            raise TypeError(f"{name}: the activity keeps plain values, not {type(value).__name__}")


def _several(name: str, values: Collection[object]) -> str:
    told = [str(_plain(name, one)) for one in values]
    return ", ".join(sorted(told) if isinstance(values, set | frozenset) else told)[:_LONGEST]
