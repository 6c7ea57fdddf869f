"""When the simulated exchange trades: by the exchange calendar, or at every hour for demonstrations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from tunefolio.core.time import IST, Instant, TradingDay, calendar_date
from tunefolio.market.calendars import Calendar, Phase, Segment

MINUTE = timedelta(minutes=1)


class Hours(StrEnum):
    """calendar: prices move inside sessions only. always: today is a session of 24 hours."""

    CALENDAR = "calendar"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Window:
    """One session: prices move in [open, end), stand still in [end, final), then are the close."""

    open: Instant
    end: Instant
    final: Instant

    @property
    def minutes(self) -> int:
        return max(1, int((self.end - self.open) / MINUTE))


class Sessions(Protocol):
    """The days on which the simulated exchange trades, and their hours."""

    def current(self, now: Instant) -> TradingDay:
        """The newest session that has opened by `now`."""
        ...

    def before(self, day: TradingDay) -> TradingDay: ...

    def between(self, start: TradingDay, end: TradingDay, now: Instant) -> Iterator[TradingDay]:
        """Sessions in [start, end) that have opened by `now`, oldest first."""
        ...

    def regular(self, day: TradingDay) -> Window:
        """Hours of what has no derivatives."""
        ...

    def with_auction(self, day: TradingDay) -> Window:
        """Hours of what has derivatives, whose close is found in the closing auction since 2026-08-03."""
        ...


class Almanac:
    """The exchange calendar, continued by plain weekdays beyond what it knows: a rehearsal goes on."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    def is_session(self, day: TradingDay) -> bool:
        if self._is_unknown(day):
            return day.date.weekday() < 5
        return self._calendar.is_session(day)

    def before(self, day: TradingDay) -> TradingDay:
        day = day.plus_days(-1)
        while not self.is_session(day):
            day = day.plus_days(-1)
        return day

    @lru_cache(maxsize=4096)  # noqa: B019  (one almanac lives as long as its sandbox)
    def regular(self, day: TradingDay) -> Window:
        if self._is_unknown(day):
            end = Instant.at(day, time(15, 30))
            return Window(Instant.at(day, time(9, 15)), end, end)
        hours = self._calendar.hours(day)
        if hours is None:
            raise ValueError(f"{day} is no session")
        return Window(hours.open, hours.close, hours.close)

    @lru_cache(maxsize=4096)  # noqa: B019  (as above)
    def with_auction(self, day: TradingDay) -> Window:
        regular = self.regular(day)
        if self._is_unknown(day):
            return regular
        for window in self._calendar.windows(day, Segment.EQUITY_WITH_DERIVATIVES):
            if window.phase is Phase.CLOSING_AUCTION:
                return Window(regular.open, Instant.at(day, window.start), Instant.at(day, window.end))
        return regular

    def _is_unknown(self, day: TradingDay) -> bool:
        return not self._calendar.known_from <= day <= self._calendar.known_until


class CalendarSessions:
    """Trades when the exchange trades."""

    def __init__(self, almanac: Almanac) -> None:
        self._almanac = almanac

    def current(self, now: Instant) -> TradingDay:
        day = TradingDay(calendar_date(now))
        if self._almanac.is_session(day) and self._almanac.regular(day).open <= now:
            return day
        return self._almanac.before(day)

    def before(self, day: TradingDay) -> TradingDay:
        return self._almanac.before(day)

    def between(self, start: TradingDay, end: TradingDay, now: Instant) -> Iterator[TradingDay]:
        last = self.current(now)
        for day in _days(start, end):
            if day <= last and self._almanac.is_session(day):
                yield day

    def regular(self, day: TradingDay) -> Window:
        return self._almanac.regular(day)

    def with_auction(self, day: TradingDay) -> Window:
        return self._almanac.with_auction(day)


class AlwaysSessions:
    """Trades now, whenever now is: today is a session of 24 hours; the past keeps the calendar's days."""

    def __init__(self, almanac: Almanac) -> None:
        self._almanac = almanac

    def current(self, now: Instant) -> TradingDay:
        return TradingDay(calendar_date(now))

    def before(self, day: TradingDay) -> TradingDay:
        return self._almanac.before(day)

    def between(self, start: TradingDay, end: TradingDay, now: Instant) -> Iterator[TradingDay]:
        today = self.current(now)
        for day in _days(start, end):
            if day == today or (day < today and self._almanac.is_session(day)):
                yield day

    def regular(self, day: TradingDay) -> Window:
        midnight = Instant.at(day, time(0))
        return Window(midnight, midnight + timedelta(days=1), midnight + timedelta(days=1))

    def with_auction(self, day: TradingDay) -> Window:
        return self.regular(day)


def sessions_of(hours: Hours, calendar: Calendar) -> Sessions:
    almanac = Almanac(calendar)
    return CalendarSessions(almanac) if hours is Hours.CALENDAR else AlwaysSessions(almanac)


def ist(moment: Instant) -> str:
    """`yyyy-mm-dd hh:mm:ss` on India's wall, as its brokers write it."""
    return moment.in_zone(IST).strftime("%Y-%m-%d %H:%M:%S")


def _days(start: TradingDay, end: TradingDay) -> Iterator[TradingDay]:
    for ordinal in range(start.date.toordinal(), end.date.toordinal()):
        yield TradingDay(date.fromordinal(ordinal))
