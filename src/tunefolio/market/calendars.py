"""When the exchanges trade: a calendar for each exchange code, with what an operator said worked in.

The parts: sessions (phases and windows), session_days (one calendar), exchanges (whose calendar is whose).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tunefolio.market.exchanges import EXCHANGES as EXCHANGES
from tunefolio.market.exchanges import calendar_of as calendar_of
from tunefolio.market.exchanges import packaged_calendar
from tunefolio.market.session_days import Calendar as Calendar
from tunefolio.market.session_days import overridden
from tunefolio.market.sessions import HoursRule as HoursRule
from tunefolio.market.sessions import Override
from tunefolio.market.sessions import Phase as Phase
from tunefolio.market.sessions import Segment as Segment
from tunefolio.market.sessions import SessionHours as SessionHours
from tunefolio.market.sessions import SessionKind as SessionKind
from tunefolio.market.sessions import SpecialSession as SpecialSession
from tunefolio.market.sessions import Window as Window


class CalendarBook(Protocol):
    """Whoever knows the calendar of an exchange."""

    def of(self, exchange: str) -> Calendar: ...


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendars of all exchanges at one moment. changed: those an operator's word has changed."""

    changed: Mapping[str, Calendar] = field(default_factory=dict)

    def of(self, exchange: str) -> Calendar:
        """The calendar of an exchange code; of an unlisted one: plain weekdays, never verified."""
        return self.changed.get(exchange) or packaged_calendar(exchange)


def calendars_with(overrides: Iterable[Override]) -> Calendars:
    """The packaged calendars as an operator has them.

    A word about an exchange holds for those that follow it too, unless they have one of their own: a holiday
    of NSE closes its futures and options, one of NYSE closes Nasdaq.
    """
    said: dict[str, list[Override]] = {}
    for one in overrides:
        said.setdefault(one.exchange, []).append(one)
    followers = {one.code: said[one.leader] for one in EXCHANGES if one.leader in said}
    codes = said.keys() | followers.keys()
    return Calendars(
        {
            code: overridden(packaged_calendar(code), [*followers.get(code, ()), *said.get(code, ())])
            for code in codes
        }
    )


def packaged() -> Calendar:
    """The calendar of the National Stock Exchange that ships with the product; read once."""
    return packaged_calendar("NSE")
