"""Two kinds of time, never mixed: the Instant something occurred, the TradingDay it belongs to.

Only a market calendar turns one into the other. This file alone may ask the wall clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Protocol, overload

from tunefolio.core.errors import Misuse

IST = timezone(timedelta(hours=5, minutes=30), "IST")
"""India has had no daylight saving since 1945: a fixed offset is exact."""


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment, held as an aware UTC datetime; ordered; shown in a zone only at the faces."""

    utc: datetime

    def __post_init__(self) -> None:
        if self.utc.tzinfo is None:
            raise Misuse("instant", f"{self.utc} has no time zone", cure="Pass an aware datetime")
        object.__setattr__(self, "utc", self.utc.astimezone(UTC))

    @classmethod
    def parse(cls, text: str, zone: tzinfo | None = None) -> Instant:
        """ISO 8601; a text without an offset is read in `zone`, and refused when none is given."""
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise Misuse("instant", f"{text!r} is not an ISO 8601 time") from None
        if moment.tzinfo is None and zone is not None:
            moment = moment.replace(tzinfo=zone)
        return cls(moment)

    @classmethod
    def at(cls, day: TradingDay, clock_time: time, zone: tzinfo = IST) -> Instant:
        """The wall time `clock_time` in `zone` on the calendar date of `day`."""
        return cls(datetime.combine(day.date, clock_time, zone))

    def iso(self, zone: tzinfo = UTC) -> str:
        return self.utc.astimezone(zone).isoformat()

    def in_zone(self, zone: tzinfo = IST) -> datetime:
        return self.utc.astimezone(zone)

    def __add__(self, span: timedelta) -> Instant:
        return Instant(self.utc + span)

    @overload
    def __sub__(self, other: Instant) -> timedelta: ...
    @overload
    def __sub__(self, other: timedelta) -> Instant: ...
    def __sub__(self, other: Instant | timedelta) -> timedelta | Instant:
        if isinstance(other, Instant):
            return self.utc - other.utc
        return Instant(self.utc - other)

    def __str__(self) -> str:
        return self.iso()


@dataclass(frozen=True, slots=True, order=True)
class TradingDay:
    """The exchange session date a fact belongs to. Days add as calendar days; sessions are the calendar's."""

    date: date

    def __post_init__(self) -> None:
        if isinstance(self.date, datetime):
            raise Misuse("day", f"{self.date} is a moment, not a date")

    @classmethod
    def parse(cls, text: str) -> TradingDay:
        """YYYY-MM-DD only."""
        text = text.strip()
        try:
            if len(text) != 10:
                raise ValueError
            return cls(date.fromisoformat(text))
        except ValueError:
            raise Misuse("day", f"{text!r} is not a date", cure="Write YYYY-MM-DD") from None

    def iso(self) -> str:
        return self.date.isoformat()

    def plus_days(self, days: int) -> TradingDay:
        return TradingDay(self.date + timedelta(days=days))

    def __sub__(self, other: TradingDay) -> int:
        """Calendar days between, signed."""
        return (self.date - other.date).days

    def __str__(self) -> str:
        return self.iso()


class Clock(Protocol):
    """Where "now" comes from; passed in, never imported."""

    def now(self) -> Instant: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        return Instant(datetime.now(UTC))


class FixedClock:
    """A clock that stands still until it is set or moved; for tests, replays and rehearsals."""

    def __init__(self, start: Instant) -> None:
        self._now = start

    def now(self) -> Instant:
        return self._now

    def set(self, moment: Instant) -> None:
        self._now = moment

    def advance(self, span: timedelta) -> None:
        self._now = self._now + span


def calendar_date(moment: Instant, zone: tzinfo = IST) -> date:
    """The civil date on the wall in `zone`; not a trading day until a calendar says so."""
    return moment.utc.astimezone(zone).date()
