"""Which session, which phase, may this order be entered now, until when, and if not, why not and when next.

The one answer for every face that takes orders. What the exchange's rules at hand do not say is answered
carefully and marked provisional, with a note; it is never made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.calendars import Calendar, CalendarBook, Phase, Segment, SessionKind, Window
from tunefolio.market.exchanges import INDIAN
from tunefolio.market.instruments import Listing
from tunefolio.market.sessions import OrderType, Step

_ANY = frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.SL, OrderType.SLM, OrderType.ICEBERG})
_PLAIN = frozenset({OrderType.MARKET, OrderType.LIMIT})
_SEARCH_SESSIONS = 3
"""How many sessions ahead the next entry is looked for; every order type is taken in each of them."""

_AMO_DOUBT = "Brokers keep such orders until the next session; each has hours of its own for taking them."
_SPECIAL_DOUBT = "The circular of a special session sets its phases; only its continuous trading is known."
_BROKER_DOUBT = "Stop-loss and iceberg orders may be kept by the broker, not by this exchange."
_RANDOM_DOUBT = "Order entry ends at a random moment of these minutes: it may have ended already."
_UNVERIFIED = "The day is provisional: it was not compared with an independent record."


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand on one exchange at one moment, for one order type.

    day:         the civil date at the exchange; is_session: whether it trades then at all.
    session:     of which kind the session is, None without one; holiday: what closes a weekday.
    phase, step: what the exchange does now; step "" where a phase has no parts.
    may_enter:   whether an order of this type may be entered now.
    until:       the last moment at which it surely may; None when it may not.
    until_latest: where entry ends at a random moment, the latest one; else the same as until.
    why_not:     a sentence when it may not; "" when it may.
    next_entry:  when it may next; None while it may, and beyond the known calendar.
    is_verified: the day was compared with an independent record, or said by an operator.
    is_provisional: the answer rests on something the facts at hand do not say; note says what.
    source:      the rule by which the hours hold.
    """

    exchange: str
    segment: Segment
    at: Instant
    order_type: OrderType
    day: TradingDay
    is_session: bool
    session: SessionKind | None
    holiday: str | None
    phase: Phase
    step: str
    may_enter: bool
    until: Instant | None
    until_latest: Instant | None
    why_not: str
    next_entry: Instant | None
    is_verified: bool
    is_provisional: bool
    note: str
    source: str


def standing(
    calendars: CalendarBook,
    where: str | Listing,
    *,
    now: Instant,
    segment: Segment | None = None,
    order_type: OrderType = OrderType.LIMIT,
) -> Standing:
    """How things stand for that order type. segment None: the exchange's own (shares, on NSE and BSE).

    Raises Misuse when the calendar does not know the day, or the exchange not the segment.
    """
    calendar = calendars.of(where if isinstance(where, str) else where.exchange)
    asked = segment or calendar.segments[0]
    day = calendar.today(now)
    steps = steps_of(calendar, day, asked)
    step = next((one for one in steps if _holds(calendar, day, one, now)), None)
    if order_type is OrderType.AMO:
        entry = _kept_overnight(calendar, asked, now, steps)
    else:
        entry = _entered(calendar, asked, now, order_type, steps, step)
    is_session, is_verified = calendar.is_session(day), calendar.is_verified(day)
    return Standing(
        exchange=calendar.exchange,
        segment=asked,
        at=now,
        order_type=order_type,
        day=day,
        is_session=is_session,
        session=calendar.kind(day) if is_session else None,
        holiday=calendar.holiday(day),
        phase=Phase.CLOSED if step is None else step.phase,
        step="" if step is None else step.name,
        may_enter=entry.may,
        until=entry.until,
        until_latest=entry.latest,
        why_not=entry.why_not,
        next_entry=entry.upcoming,
        is_verified=is_verified,
        is_provisional=bool(entry.doubts) or not is_verified,
        note=" ".join(entry.doubts if is_verified else (*entry.doubts, _UNVERIFIED)),
        source=(step.source if step else "") or (calendar.source(day, asked) if is_session else ""),
    )


def steps_of(calendar: Calendar, day: TradingDay, segment: Segment | None = None) -> tuple[Step, ...]:
    """Every step of order entry of a day in order; a phase without parts is one; () without a session."""
    asked = segment or calendar.segments[0]
    source = calendar.source(day, asked) if calendar.is_session(day) else ""
    return tuple(
        step
        for window in calendar.windows(day, asked)
        for step in calendar.steps(day, window, asked) or (_whole(window, source),)
    )


def _whole(window: Window, source: str) -> Step:
    admits = _ANY if window.phase is Phase.CONTINUOUS else _PLAIN
    doubt = "" if window.phase is Phase.CONTINUOUS else "Which order types this phase takes is not known."
    return Step(window.phase, "", window.start, window.end, admits, None, doubt, source)


def _holds(calendar: Calendar, day: TradingDay, step: Step, now: Instant) -> bool:
    window = step.window
    return window.opens(day, calendar.zone) <= now < window.closes(day, calendar.zone)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is to be said of the order itself; the fields of Standing."""

    may: bool
    until: Instant | None
    latest: Instant | None
    why_not: str
    upcoming: Instant | None
    doubts: tuple[str, ...]


def _entered(
    calendar: Calendar,
    segment: Segment,
    now: Instant,
    order_type: OrderType,
    steps: tuple[Step, ...],
    step: Step | None,
) -> _Entry:
    """An order that goes to the exchange at once."""
    day = calendar.today(now)
    doubts = _doubts(calendar, now, step, order_type)
    if step is not None and order_type in step.admits:
        until, latest = _ends(calendar, day, step, steps, order_type, now)
        return _Entry(True, until, latest, "", None, doubts)
    upcoming = _next_entry(calendar, segment, now, order_type)
    return _Entry(False, None, None, _why_not(calendar, day, step, order_type), upcoming, doubts)


def _kept_overnight(calendar: Calendar, segment: Segment, now: Instant, steps: tuple[Step, ...]) -> _Entry:
    """An order for the next session, which a broker keeps: taken outside the day's trading."""
    day = calendar.today(now)
    begins = [step.window.opens(day, calendar.zone) for step in steps]
    ends = [step.window.closes(day, calendar.zone) for step in steps]
    if steps and min(begins) <= now < max(ends):
        why_not = "an after-market order is for the hours outside a session: enter it as it is"
        return _Entry(False, None, None, why_not, max(ends), (_AMO_DOUBT,))
    until = _next_opening(calendar, segment, now)
    return _Entry(True, until, until, "", None, (_AMO_DOUBT,))


def _ends(
    calendar: Calendar,
    day: TradingDay,
    step: Step,
    steps: tuple[Step, ...],
    order_type: OrderType,
    now: Instant,
) -> tuple[Instant, Instant]:
    """Until when entry surely goes on, and at the latest: through the steps that follow without a gap."""
    last = step
    for following in steps:
        if following.start == last.end and last.random_from is None and order_type in following.admits:
            last = following
    latest = last.window.closes(day, calendar.zone)
    if last.random_from is None:
        return latest, latest
    return max(now, Instant.at(day, last.random_from, calendar.zone)), latest


def _why_not(calendar: Calendar, day: TradingDay, step: Step | None, order_type: OrderType) -> str:
    if not calendar.is_session(day):
        holiday = calendar.holiday(day)
        return f"{calendar.exchange} is closed: {holiday or 'no session on this day'}"
    if step is None:
        return f"{calendar.exchange} is between two phases or has closed for the day"
    where = step.phase.value.replace("_", " ") + (f", {step.name}" if step.name else "")
    if not step.admits:
        return f"no order may be entered in this step ({where})"
    taken = ", ".join(sorted(step.admits))
    return f"{order_type} orders are not taken now ({where}): only {taken}"


def _next_entry(calendar: Calendar, segment: Segment, now: Instant, order_type: OrderType) -> Instant | None:
    """When entry of that type next begins; None beyond the known calendar."""
    for day, step in _steps_after(calendar, segment, now):
        if order_type in step.admits:
            return step.window.opens(day, calendar.zone)
    return None


def _next_opening(calendar: Calendar, segment: Segment, now: Instant) -> Instant | None:
    """When the next session begins with whatever phase; None beyond the known calendar."""
    for day, step in _steps_after(calendar, segment, now):
        return step.window.opens(day, calendar.zone)
    return None


def _steps_after(calendar: Calendar, segment: Segment, now: Instant) -> Iterator[tuple[TradingDay, Step]]:
    """The steps that begin after `now`, in order, over the next sessions as far as the calendar knows."""
    day = calendar.today(now)
    found = 0
    while found <= _SEARCH_SESSIONS and calendar.knows(day):
        steps = steps_of(calendar, day, segment)
        found += bool(steps)
        for step in steps:
            if step.window.opens(day, calendar.zone) > now:
                yield day, step
        day = day.plus_days(1)


def _doubts(calendar: Calendar, now: Instant, step: Step | None, order_type: OrderType) -> tuple[str, ...]:
    day = calendar.today(now)
    special = calendar.specials.get(day.date)
    doubts = {
        step.doubt if step is not None else "": step is not None and bool(step.doubt),
        _RANDOM_DOUBT: step is not None and _may_have_ended(calendar, day, step, now),
        _SPECIAL_DOUBT: special is not None and bool(special.windows) and calendar.exchange in INDIAN,
        _BROKER_DOUBT: order_type not in _PLAIN and calendar.exchange not in INDIAN,
    }
    return tuple(words for words, holds in doubts.items() if holds)


def _may_have_ended(calendar: Calendar, day: TradingDay, step: Step, now: Instant) -> bool:
    return step.random_from is not None and now >= Instant.at(day, step.random_from, calendar.zone)
