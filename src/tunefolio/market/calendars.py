"""When the Indian exchanges trade: the one bridge between an Instant and a TradingDay.

Facts are dated rows of a packaged file; a day outside what the file knows is an error, never a guess.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, Instant, TradingDay, calendar_date


class Segment(StrEnum):
    """Whose hours: shares without derivatives, shares with derivatives (closing auction), the derivatives."""

    EQUITY = "equity"
    EQUITY_WITH_DERIVATIVES = "equity_with_derivatives"
    DERIVATIVES = "derivatives"


class Phase(StrEnum):
    """What the exchange is doing. CLOSED also covers the gaps between two phases of one day."""

    CLOSED = "closed"
    PRE_OPEN = "pre_open"
    CONTINUOUS = "continuous"
    CLOSING_AUCTION = "closing_auction"
    POST_CLOSE = "post_close"


class SessionKind(StrEnum):
    """regular; muhurat: the Diwali hour; special: budget days, Saturdays, tests of the second site."""

    REGULAR = "regular"
    MUHURAT = "muhurat"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Window:
    """One phase by the wall clock of the exchange; half-open."""

    phase: Phase
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class HoursRule:
    """The windows of one segment on ordinary sessions in [start, end); end None: until further notice."""

    segment: Segment
    start: date
    end: date | None
    windows: tuple[Window, ...]
    source: str

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class SpecialSession:
    """A session with a reason of its own. windows: its continuous trading; empty where hours are regular."""

    kind: SessionKind
    windows: tuple[Window, ...]
    note: str


@dataclass(frozen=True, slots=True)
class SessionHours:
    """Continuous trading of ordinary equities: first open, last close; a day of two sittings has a break."""

    open: Instant
    close: Instant
    kind: SessionKind


@dataclass(frozen=True, slots=True)
class Calendar:
    """The sessions of one exchange between two known days, both included. Raises Misuse beyond them."""

    known_from: TradingDay
    known_until: TradingDay
    rules: tuple[HoursRule, ...]
    specials: Mapping[date, SpecialSession]
    holidays: Mapping[date, str]
    short_session_settles_after: timedelta

    def is_session(self, day: TradingDay) -> bool:
        """Does the exchange trade on that day, however briefly?"""
        self._must_know(day)
        if day.date in self.specials:
            return True
        return day.date.weekday() < 5 and day.date not in self.holidays

    def holiday(self, day: TradingDay) -> str | None:
        """The name of the holiday that closes a weekday; None on sessions and plain weekends."""
        self._must_know(day)
        return None if day.date in self.specials else self.holidays.get(day.date)

    def hours(self, day: TradingDay) -> SessionHours | None:
        """When ordinary equities trade continuously; None when there is no session."""
        if not self.is_session(day):
            return None
        special = self.specials.get(day.date)
        windows = [w for w in self.windows(day, Segment.EQUITY) if w.phase is Phase.CONTINUOUS]
        kind = special.kind if special else SessionKind.REGULAR
        return SessionHours(Instant.at(day, windows[0].start), Instant.at(day, windows[-1].end), kind)

    def eod(self, day: TradingDay) -> Instant:
        """When every equity price is final: after auction and post-close. Raises Misuse without a session."""
        if not self.is_session(day):
            raise Misuse("day", f"{day} is no session of the exchange", cure="Ask previous(day) or next(day)")
        shares = (Segment.EQUITY, Segment.EQUITY_WITH_DERIVATIVES)
        last = max(window.end for segment in shares for window in self.windows(day, segment))
        is_short = bool(self._special_windows(day))
        return Instant.at(day, last) + (self.short_session_settles_after if is_short else timedelta())

    def phase(self, now: Instant, segment: Segment = Segment.EQUITY) -> Phase:
        """What the exchange is doing at this moment for that segment."""
        day = TradingDay(calendar_date(now))
        if not self.is_session(day):
            return Phase.CLOSED
        wall = now.in_zone(IST).time()
        for window in self.windows(day, segment):
            if window.start <= wall < window.end:
                return window.phase
        return Phase.CLOSED

    def windows(self, day: TradingDay, segment: Segment) -> tuple[Window, ...]:
        """Every phase of a session day in order; empty when there is no session."""
        if not self.is_session(day):
            return ()
        return self._special_windows(day) or self._rule(day, segment).windows

    def trading_day(self, now: Instant) -> TradingDay:
        """The session `now` belongs to: on a session day its own from midnight IST, else the last before."""
        today = TradingDay(calendar_date(now))
        return today if self.is_session(today) else self.previous(today)

    def previous(self, day: TradingDay) -> TradingDay:
        """The last session before that day."""
        return self._walk(day, -1)

    def next(self, day: TradingDay) -> TradingDay:
        """The first session after that day."""
        return self._walk(day, 1)

    def sessions(self, start: TradingDay, end: TradingDay) -> Iterator[TradingDay]:
        """Every session in [start, end), oldest first; streams."""
        day = start
        while day < end:
            if self.is_session(day):
                yield day
            day = day.plus_days(1)

    def _walk(self, day: TradingDay, step: int) -> TradingDay:
        day = day.plus_days(step)
        while not self.is_session(day):
            day = day.plus_days(step)
        return day

    def _special_windows(self, day: TradingDay) -> tuple[Window, ...]:
        special = self.specials.get(day.date)
        return special.windows if special else ()

    def _rule(self, day: TradingDay, segment: Segment) -> HoursRule:
        for rule in self.rules:
            if rule.segment is segment and rule.covers(day.date):
                return rule
        raise Misuse("day", f"no hours are known for {segment} on {day}")

    def _must_know(self, day: TradingDay) -> None:
        if not self.known_from <= day <= self.known_until:
            raise Misuse(
                "day",
                f"{day} is outside the known calendar ({self.known_from} to {self.known_until})",
                cure="A newer release carries the next year's holidays",
            )


@cache
def packaged() -> Calendar:
    """The calendar that ships with the product; read once."""
    text = resources.files("tunefolio.market.data").joinpath("nse_calendar.json").read_text("utf-8")
    return calendar_of(json.loads(text))


def calendar_of(document: Mapping[str, Any]) -> Calendar:
    """A calendar from its document; the shape is that of market/data/nse_calendar.json."""
    rules = tuple(_rule(Segment(name), row) for name, rows in document["rules"].items() for row in rows)
    specials = {date.fromisoformat(row["day"]): _special(row) for row in document["special_sessions"]}
    holidays = {date.fromisoformat(day): name for day, name in document["holidays"].items()}
    return Calendar(
        known_from=TradingDay.parse(document["known_from"]),
        known_until=TradingDay.parse(document["known_until"]),
        rules=rules,
        specials=specials,
        holidays=holidays,
        short_session_settles_after=timedelta(minutes=document["settle_minutes_after_short_session"]),
    )


def _rule(segment: Segment, row: Mapping[str, Any]) -> HoursRule:
    windows = tuple(_window(phase, row[phase]) for phase in Phase if phase in row)
    until = row["until"]
    end = None if until is None else date.fromisoformat(until)
    return HoursRule(segment, date.fromisoformat(row["from"]), end, windows, row["source"])


def _special(row: Mapping[str, Any]) -> SpecialSession:
    windows = tuple(_window(Phase.CONTINUOUS, pair) for pair in row.get("windows", ()))
    return SpecialSession(SessionKind(row["kind"]), windows, row.get("note", ""))


def _window(phase: Phase, pair: tuple[str, str]) -> Window:
    return Window(phase, time.fromisoformat(pair[0]), time.fromisoformat(pair[1]))
