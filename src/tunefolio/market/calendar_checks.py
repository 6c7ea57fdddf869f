"""The self-check "no bar today": which session days look like holidays we do not know, and the reverse.

A closure announced yesterday stands in no packaged file; the bars that did not come are the first to say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.calendars import Calendar

_FEWEST_TRACKED = 3
"""With fewer instruments a silent day may be a suspended share."""
_SILENT_RATIO = 0.02
_SPOKEN_RATIO = 0.5


class Surprise(StrEnum):
    """looks_closed: a session without bars; looks_open: bars where the calendar has no session."""

    LOOKS_CLOSED = "looks_closed"
    LOOKS_OPEN = "looks_open"


@dataclass(frozen=True, slots=True)
class BarCount:
    """Of how many tracked instruments of the exchange a bar of that day is held."""

    with_bar: int
    tracked: int

    @property
    def ratio(self) -> float:
        return self.with_bar / self.tracked if self.tracked else 0.0


@dataclass(frozen=True, slots=True)
class Suspect:
    """A day on which the bars and the calendar contradict each other, and what to do about it.

    is_confirmed: bars of a later session arrived, so the source was not just away. is_verified: what the
    calendar says of that day was compared with an independent record.
    """

    exchange: str
    day: TradingDay
    surprise: Surprise
    count: BarCount
    is_confirmed: bool
    is_verified: bool
    cure: str


def suspects(calendar: Calendar, counts: Mapping[TradingDay, BarCount], now: Instant) -> list[Suspect]:
    """The days among `counts` that the calendar may have wrong, oldest first; pure.

    A session looks closed when its prices are final and at most 2 % of at least three tracked instruments
    have a bar, while half of them have one on some other session: bars do arrive. A day without a session
    looks open when at least half have a bar. Days the calendar does not know are passed over.
    """
    known = {day: count for day, count in sorted(counts.items()) if calendar.knows(day)}
    arrived = [day for day, count in known.items() if _is_spoken(count) and calendar.is_session(day)]
    found = []
    for day, count in known.items():
        if count.tracked < _FEWEST_TRACKED:
            continue
        if not calendar.is_session(day):
            if _is_spoken(count):
                found.append(_suspect(calendar, day, count, Surprise.LOOKS_OPEN, arrived))
        elif calendar.eod(day) <= now and count.ratio <= _SILENT_RATIO and arrived:
            found.append(_suspect(calendar, day, count, Surprise.LOOKS_CLOSED, arrived))
    return found


def _is_spoken(count: BarCount) -> bool:
    return count.tracked >= _FEWEST_TRACKED and count.ratio >= _SPOKEN_RATIO


def _suspect(
    calendar: Calendar, day: TradingDay, count: BarCount, surprise: Surprise, arrived: Sequence[TradingDay]
) -> Suspect:
    deed = "close" if surprise is Surprise.LOOKS_CLOSED else "open"
    return Suspect(
        calendar.exchange,
        day,
        surprise,
        count,
        is_confirmed=surprise is Surprise.LOOKS_OPEN or any(other > day for other in arrived),
        is_verified=calendar.is_verified(day),
        cure=f"If so: tunefolio calendar {deed} {day} --exchange {calendar.exchange} --note …",
    )
