"""What an operator says of sessions before a release does: close a day, open it, extend a calendar, undo.

An election or a storm is announced days ahead, a Muhurat hour weeks ahead. A word holds at once, in every
process; nothing is ever overwritten, so what was believed when can be seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from itertools import zip_longest

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.calendars import EXCHANGES, Calendar, Phase, SessionKind, Window
from tunefolio.market.sessions import Override, OverrideKind
from tunefolio.services import audit
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.store import calendars as rows
from tunefolio.store import events
from tunefolio.store.calendars import Said
from tunefolio.store.db import ReadDb, WriteDb

CODES = tuple(one.code for one in EXCHANGES)
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,15}")
_LONGEST_NOTE = 200
_MOST_WINDOWS = 4
_FURTHEST_YEARS = 2
"""How far beyond today a calendar may be extended: no exchange announces its holidays further ahead."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator typed. windows: `18:15-19:15`, several parted by commas; "" for regular hours.

    kind: "closed", "open" or "known"; "short" follows from windows. session: "" for the natural one.
    """

    exchange: str
    day: str
    kind: str
    note: str = ""
    session: str = ""
    windows: str = ""


def exchange_of(text: str) -> str:
    """An exchange code; unlisted ones are plain weekdays. Raises Misuse."""
    code = text.strip().upper()
    if not _CODE.fullmatch(code):
        raise Misuse(
            "exchange", f"{text.strip()[:20]!r} is no exchange code", cure=f"One of {', '.join(CODES)}"
        )
    return code


def say(db: WriteDb, house: House, admin: Viewer, wish: Wish) -> Override:
    """Say something of a day, in place of what was said of it before. Admins only; raises Misuse."""
    admin.must_administer()
    override = override_of(house, wish)
    was_said = rows.put(db, admin, override, house.clock.now())
    before = "another word of an admin" if was_said else "as packaged"
    told = {"before": before, "after": override.kind.value, "hours": wish.windows, "reason": override.note}
    audit.note(db, house, admin, Act.CALENDAR_SAID, f"calendar:{override.exchange} {override.day}", told)
    _told(db, house)
    return override


def undo(db: WriteDb, house: House, admin: Viewer, exchange: str, day: str) -> OverrideKind:
    """Take back what was said of a day; the packaged calendar holds again. Raises NotFound."""
    admin.must_administer()
    code, meant = exchange_of(exchange), TradingDay.parse(day)
    undone = rows.end(db, admin, code, meant, house.clock.now())
    if undone is None:
        raise NotFound(f"override of {code} on {meant}")
    told = {"before": undone.value, "after": "as packaged"}
    audit.note(db, house, admin, Act.CALENDAR_UNDONE, f"calendar:{code} {meant}", told)
    _told(db, house)
    return undone


def history(
    db: ReadDb, *, exchange: str | None = None, before: int | None = None, limit: int = 50
) -> list[Said]:
    """Everything operators said, newest first; for everyone to see, because it moves everyone's figures."""
    return rows.said(db, exchange=exchange, before=before, limit=limit)


def override_of(house: House, wish: Wish) -> Override:
    """A checked word. Raises Misuse with the field that is wrong."""
    code = exchange_of(wish.exchange)
    calendar = house.calendars.of(code)
    day = TradingDay.parse(wish.day)
    note = " ".join(wish.note.split())
    if len(note) > _LONGEST_NOTE:
        raise Misuse("note", f"is longer than {_LONGEST_NOTE} characters", cure="A few words suffice")
    windows = windows_of(wish.windows)
    kind = _kind(wish.kind, windows)
    _must_fit(house, calendar, day, kind)
    if kind is OverrideKind.CLOSED and not note:
        raise Misuse("note", "a closure needs its reason", cure="Name the holiday, or quote the circular")
    return Override(code, day, kind, _session(wish.session, calendar, day, windows), windows, note)


def windows_of(text: str) -> tuple[Window, ...]:
    """`09:15-10:00,11:30-12:30`: continuous trading by the exchange's wall clock. Raises Misuse."""
    found = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        start, dash, end = part.replace("–", "-").partition("-")
        try:
            window = Window(
                Phase.CONTINUOUS, time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
            )
        except ValueError:
            dash = ""
            window = None
        if not dash or window is None or window.start.tzinfo or window.end.tzinfo:
            raise Misuse("windows", f"{part[:20]!r} is no span of time", cure="Write 18:15-19:15")
        found.append(window)
    if len(found) > _MOST_WINDOWS:
        raise Misuse("windows", f"are more than {_MOST_WINDOWS} sittings", cure="Join those without a break")
    for one, following in zip_longest(found, found[1:]):
        if one.start >= one.end or (following is not None and following.start < one.end):
            raise Misuse(
                "windows", "do not follow each other", cure="Earlier sittings first, none overlapping"
            )
    return tuple(found)


def _kind(text: str, windows: tuple[Window, ...]) -> OverrideKind:
    word = text.strip().lower()
    if word == OverrideKind.OPEN and windows:
        return OverrideKind.SHORT
    try:
        kind = OverrideKind(word)
    except ValueError:
        raise Misuse("kind", f"{text[:20]!r} is unknown", cure="closed, open, short or known") from None
    if kind is OverrideKind.SHORT and not windows:
        raise Misuse("windows", "a short session needs its hours", cure="Write 18:15-19:15")
    if windows and kind is not OverrideKind.SHORT:
        raise Misuse("windows", f"a {kind.value} day has no hours of its own", cure="Leave them out")
    return kind


def _session(text: str, calendar: Calendar, day: TradingDay, windows: tuple[Window, ...]) -> SessionKind:
    word = text.strip().lower()
    if not word:
        is_plain = not windows and day.date.weekday() in calendar.weekdays
        return SessionKind.REGULAR if is_plain else SessionKind.SPECIAL
    try:
        return SessionKind(word)
    except ValueError:
        kinds = ", ".join(SessionKind)
        raise Misuse("session", f"{text[:20]!r} is unknown", cure=f"One of {kinds}") from None


def _must_fit(house: House, calendar: Calendar, day: TradingDay, kind: OverrideKind) -> None:
    if kind is not OverrideKind.KNOWN:
        if not calendar.knows(day):
            cure = f"It reaches from {calendar.known_from} to {calendar.known_until}; extend it first"
            raise Misuse("day", f"{day} is beyond the calendar of {calendar.exchange}", cure=cure)
        return
    today = calendar.today(house.clock.now())
    if not calendar.known_until < day <= today.plus_days(366 * _FURTHEST_YEARS):
        cure = f"A day after {calendar.known_until}, at most {_FURTHEST_YEARS} years ahead"
        raise Misuse("day", f"the calendar of {calendar.exchange} cannot be extended to {day}", cure=cure)


def _told(db: WriteDb, house: House) -> None:
    """Everybody hears of it once it is kept; this process without waiting for the bus."""
    db.after_commit(house.calendars.forget)
    events.emit(db, house.bus, events.Event("calendar"))
