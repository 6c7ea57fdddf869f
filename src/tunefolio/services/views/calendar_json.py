"""The calendar as JSON: the same words on the command line and in the API; moments in the exchange's zone."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from tunefolio.core.time import Instant
from tunefolio.market.calendars import Calendar
from tunefolio.market.sessions import Override
from tunefolio.market.standing import Standing, steps_of
from tunefolio.services.views.calendar import Day
from tunefolio.store.calendars import Said


def moment(at: Instant | None, zone: tzinfo) -> str | None:
    """To the second, with the exchange's own offset of that day."""
    return None if at is None else at.in_zone(zone).isoformat(timespec="seconds")


def day(calendar: Calendar, one: Day) -> dict[str, Any]:
    """One date with the phases of each segment."""
    return {
        "day": one.day.iso(),
        "weekday": one.day.date.strftime("%A"),
        "is_known": one.is_known,
        "is_session": one.is_session if one.is_known else None,
        "session": one.session,
        "name": one.name or None,
        "opens_at": moment(one.hours.open if one.hours else None, calendar.zone),
        "closes_at": moment(one.hours.close if one.hours else None, calendar.zone),
        "final_at": moment(one.eod, calendar.zone),
        "is_verified": one.is_verified,
        "is_overridden": one.override is not None,
        "doubt": one.doubt or None,
        "segments": phases(calendar, one),
    }


def phases(calendar: Calendar, one: Day) -> dict[str, list[dict[str, Any]]]:
    """The steps of each segment by the wall clock of the exchange; empty without a session."""
    if not one.is_session:
        return {}
    return {
        segment.value: [
            {
                "phase": step.phase,
                "step": step.name or None,
                "from": step.start.isoformat("minutes"),
                "to": step.end.isoformat("minutes"),
                "admits": sorted(step.admits),
            }
            for step in steps_of(calendar, one.day, segment)
        ]
        for segment in calendar.segments
    }


def now(calendar: Calendar, one: Standing) -> dict[str, Any]:
    """How things stand for one order type. until: as long as the answer holds; after a no, the next entry."""
    return {
        "exchange": one.exchange,
        "segment": one.segment,
        "order_type": one.order_type,
        "at": moment(one.at, calendar.zone),
        "day": one.day.iso(),
        "is_session": one.is_session,
        "session": one.session,
        "holiday": one.holiday,
        "phase": one.phase,
        "step": one.step or None,
        "may_enter": one.may_enter,
        "may_enter_reason": one.why_not or None,
        "until": moment(one.until or one.next_entry, calendar.zone),
        "until_latest": moment(one.until_latest or one.next_entry, calendar.zone),
        "is_verified": one.is_verified,
        "is_provisional": one.is_provisional,
        "note": one.note or None,
        "source": one.source or None,
    }


def override(one: Override) -> dict[str, Any]:
    """What an operator said of a day."""
    return {
        "exchange": one.exchange,
        "day": one.day.iso(),
        "kind": one.kind,
        "session": one.session,
        "windows": [f"{w.start:%H:%M}-{w.end:%H:%M}" for w in one.windows],
        "note": one.note,
    }


def said(one: Said, zone: tzinfo) -> dict[str, Any]:
    """One word of the history. by: null for the command line; ended_at: undone or replaced."""
    return {
        "id": one.id,
        **override(one.override),
        "by": one.by or None,
        "said_at": moment(one.at, zone),
        "ended_by": one.ended_by or None,
        "ended_at": moment(one.ended, zone),
    }
