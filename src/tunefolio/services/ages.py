"""How old the newest price may be at a moment, by the session calendar."""

from __future__ import annotations

from datetime import timedelta

from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.market.calendars import Calendar

FRESH_FOR = timedelta(minutes=15)
"""How far behind the market a price may be and still count as current."""


_LONGEST_BREAK = timedelta(days=5)


def expected_since(calendar: Calendar, now: Instant) -> Instant:
    """The oldest a newest price may be at `now`.

    In a session: a quarter of an hour ago. In its first quarter of an hour, and outside: a quarter of an
    hour before the last close, since the last trade of a quiet stock is earlier than the close itself.
    On days that the calendar does not know: five days, the longest the exchange has stayed closed.
    """
    today = TradingDay(calendar_date(now))
    if not calendar.known_from < today <= calendar.known_until:
        return now - _LONGEST_BREAK
    day = calendar.trading_day(now)
    hours = calendar.hours(day)
    if hours is None or now < hours.open + FRESH_FOR:
        hours = calendar.hours(calendar.previous(day))
    if hours is None:  # previous() is a session by its meaning
        return now - FRESH_FOR
    return min(hours.close, now) - FRESH_FOR
