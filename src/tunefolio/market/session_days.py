"""The session days of one exchange: the one bridge between an Instant and a TradingDay.

Facts are dated rows of packaged files; a day outside what a file knows is an error, never a guess. What an
operator says of a day goes before the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta, tzinfo
from types import MappingProxyType

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, Instant, TradingDay, calendar_date
from tunefolio.market.sessions import (
    HoursRule,
    Override,
    OverrideKind,
    Phase,
    Segment,
    SessionHours,
    SessionKind,
    SpecialSession,
    Step,
    StepsRule,
    Window,
)

WEEKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))
_SHARES = (Segment.EQUITY, Segment.EQUITY_WITH_DERIVATIVES)
_LONGEST_SILENCE_DAYS = 30
"""No exchange here has stayed closed so long; a walk that finds nothing for as long is lost."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The sessions of one exchange between two known days, both included. Raises Misuse beyond them.

    weekdays:   on which days of the week it trades, Monday 0.
    segments:   whose hours it knows; the first is meant where none is named.
    checked:    the days in [first, last] were compared with an independent record; None: nothing was.
    doubtful:   days inside that could not be confirmed.
    overrides:  what an operator said, by day; already worked into everything else.
    """

    known_from: TradingDay
    known_until: TradingDay
    rules: tuple[HoursRule, ...]
    specials: Mapping[date, SpecialSession]
    holidays: Mapping[date, str]
    short_session_settles_after: timedelta
    exchange: str = "NSE"
    title: str = ""
    zone: tzinfo = IST
    weekdays: frozenset[int] = WEEKDAYS
    segments: tuple[Segment, ...] = (Segment.EQUITY,)
    steps_rules: tuple[StepsRule, ...] = ()
    checked: tuple[TradingDay, TradingDay] | None = None
    doubtful: Mapping[date, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    overrides: Mapping[date, Override] = field(default_factory=dict)

    def is_session(self, day: TradingDay) -> bool:
        """Does the exchange trade on that day, however briefly?"""
        self._must_know(day)
        if day.date in self.specials:
            return True
        return day.date.weekday() in self.weekdays and day.date not in self.holidays

    def is_verified(self, day: TradingDay) -> bool:
        """Was that day compared with an independent record, or said by an operator? Otherwise provisional."""
        if day.date in self.overrides:
            return True
        if self.checked is None or day.date in self.doubtful:
            return False
        return self.checked[0] <= day <= self.checked[1]

    def knows(self, day: TradingDay) -> bool:
        """Whether questions about that day are answered."""
        return self.known_from <= day <= self.known_until

    def holiday(self, day: TradingDay) -> str | None:
        """The name of the holiday that closes a weekday; None on sessions and plain weekends."""
        self._must_know(day)
        return None if day.date in self.specials else self.holidays.get(day.date)

    def hours(self, day: TradingDay) -> SessionHours | None:
        """When ordinary instruments of the exchange trade continuously; None when there is no session."""
        if not self.is_session(day):
            return None
        windows = [w for w in self.windows(day) if w.phase is Phase.CONTINUOUS]
        opens, closes = windows[0].opens(day, self.zone), windows[-1].closes(day, self.zone)
        return SessionHours(opens, closes, self.kind(day))

    def kind(self, day: TradingDay) -> SessionKind:
        """Of which kind the session of that day is; REGULAR also where there is none."""
        special = self.specials.get(day.date)
        return special.kind if special else SessionKind.REGULAR

    def eod(self, day: TradingDay) -> Instant:
        """When every price of the day is final: after auction and post-close. Raises Misuse on other days."""
        if not self.is_session(day):
            raise Misuse("day", f"{day} is no session of the exchange", cure="Ask previous(day) or next(day)")
        shares = [segment for segment in _SHARES if segment in self.segments] or self.segments
        last = max(w.closes(day, self.zone) for segment in shares for w in self.windows(day, segment))
        is_short = bool(self._special_windows(day))
        return last + (self.short_session_settles_after if is_short else timedelta())

    def phase(self, now: Instant, segment: Segment | None = None) -> Phase:
        """What the exchange is doing at this moment for that segment."""
        local = now.in_zone(self.zone)
        wall = local.time()
        for window in self.windows(TradingDay(local.date()), segment):
            if window.holds(wall):
                return window.phase
        return Phase.CLOSED

    def windows(self, day: TradingDay, segment: Segment | None = None) -> tuple[Window, ...]:
        """Every phase of a session day in order; empty when there is no session."""
        if not self.is_session(day):
            return ()
        return self._special_windows(day) or self._rule(day, segment or self.segments[0]).windows

    def source(self, day: TradingDay, segment: Segment | None = None) -> str:
        """By which rule the hours of that day hold."""
        special = self.specials.get(day.date)
        if special and special.windows:
            return special.note or f"{special.kind} session with hours of its own"
        return self._rule(day, segment or self.segments[0]).source

    def steps(self, day: TradingDay, window: Window, segment: Segment | None = None) -> tuple[Step, ...]:
        """How that phase is divided on that day; empty where the exchange gives it no parts of its own."""
        if self._special_windows(day):
            return ()
        asked = segment or self.segments[0]
        for rule in self.steps_rules:
            if rule.covers(day.date, asked, window.phase):
                return rule.steps
        return ()

    def trading_day(self, now: Instant) -> TradingDay:
        """The session `now` belongs to: a session day from its local midnight on, else the last before."""
        today = self.today(now)
        return today if self.is_session(today) else self.previous(today)

    def today(self, now: Instant) -> TradingDay:
        """The civil date where the exchange is; a session or not."""
        return TradingDay(calendar_date(now, self.zone))

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
        for _ in range(_LONGEST_SILENCE_DAYS):
            day = day.plus_days(step)
            if self.is_session(day):
                return day
        raise Misuse("day", f"{self.exchange} has no session for {_LONGEST_SILENCE_DAYS} days up to {day}")

    def _special_windows(self, day: TradingDay) -> tuple[Window, ...]:
        special = self.specials.get(day.date)
        return special.windows if special else ()

    def _rule(self, day: TradingDay, segment: Segment) -> HoursRule:
        for rule in self.rules:
            if rule.segment is segment and rule.covers(day.date):
                return rule
        raise Misuse("day", f"no hours of {self.exchange} are known for {segment} on {day}")

    def _must_know(self, day: TradingDay) -> None:
        if not self.known_from <= day <= self.known_until:
            raise Misuse(
                "day",
                f"{day} is outside the known calendar ({self.known_from} to {self.known_until})",
                cure=f"`tunefolio calendar extend DAY --exchange {self.exchange}` goes on with plain weekdays"
                if day > self.known_until
                else "No record at hand reaches so far back",
            )


def overridden(calendar: Calendar, overrides: Iterable[Override]) -> Calendar:
    """The calendar as the operator has it; of several words about one day the last holds."""
    said: dict[date, Override] = {}
    until = calendar.known_until
    for one in overrides:
        if one.kind is OverrideKind.KNOWN:
            until = max(until, one.day)
        else:
            said[one.day.date] = one
    specials, holidays = dict(calendar.specials), dict(calendar.holidays)
    for day, one in said.items():
        specials.pop(day, None)
        holidays.pop(day, None)
        if one.kind is OverrideKind.CLOSED:
            holidays[day] = one.note
        elif one.windows or one.session is not SessionKind.REGULAR or day.weekday() not in calendar.weekdays:
            specials[day] = SpecialSession(one.session, one.windows, one.note)
    return replace(
        calendar,
        known_until=until,
        specials=MappingProxyType(specials),
        holidays=MappingProxyType(holidays),
        overrides=MappingProxyType(said),
    )
