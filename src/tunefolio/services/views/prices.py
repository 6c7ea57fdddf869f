"""How old a price may be before a page must say so."""

from __future__ import annotations

from tunefolio.core.time import Instant
from tunefolio.market.calendars import Calendar
from tunefolio.services.ages import expected_since
from tunefolio.services.views.shapes import Freshness


def freshness(calendar: Calendar, now: Instant, newest: Instant | None) -> Freshness:
    """The newest price's age as a person reads it; nothing to price is not stale."""
    if newest is None:
        return Freshness(None, is_stale=False)
    since = expected_since(calendar, now)
    if newest >= since:
        return Freshness(newest, is_stale=False)
    seen = newest.in_zone().strftime("%d %b %Y %H:%M")
    due = since.in_zone().strftime("%d %b %Y %H:%M")
    return Freshness(
        newest, is_stale=True, reason=f"Newest price is of {seen} IST; prices up to {due} IST exist"
    )
