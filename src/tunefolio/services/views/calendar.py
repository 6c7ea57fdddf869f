"""The calendar of one exchange as people look at it: a month of days, a day of phases, what stands now."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.calendars import Calendar, CalendarBook, Phase, Segment, SessionHours, SessionKind
from tunefolio.market.sessions import OrderType, Override, Step
from tunefolio.market.standing import Standing, standing, steps_of

MOST_DAYS = 800
"""Of one question: two years and a little."""
_AHEAD_DAYS = 120
_FEW = 6


@dataclass(frozen=True, slots=True)
class Day:
    """One date of an exchange.

    is_known:    the calendar answers for it; everything else is empty where it does not.
    name:        the holiday, or what is special about the session; "" for ordinary days.
    span:        continuous trading by the exchange's wall clock, `09:15–15:30`; "" without a session.
    doubt:       why the day could not be confirmed, "" where nothing is known against it.
    """

    day: TradingDay
    is_known: bool
    is_session: bool
    session: SessionKind | None
    name: str
    hours: SessionHours | None
    span: str
    eod: Instant | None
    is_verified: bool
    override: Override | None
    doubt: str

    @property
    def has_own_hours(self) -> bool:
        return self.session not in (None, SessionKind.REGULAR)


@dataclass(frozen=True, slots=True)
class Span:
    """One step of a drawn day. left, width: where in the drawing, as `12.5%`; takes: the order types."""

    phase: Phase
    name: str
    start: time
    end: time
    left: str
    width: str
    takes: tuple[OrderType, ...]
    doubt: str
    is_now: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """The phases of one segment on the drawn day, and by which rule they hold."""

    segment: Segment
    spans: tuple[Span, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A day of phases. ticks: place and hour. now: where the present moment stands, None outside that day."""

    day: TradingDay
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[str, str], ...]
    now: str | None
    clock: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Whether an order type may be entered now, in words; moments by the exchange's wall clock."""

    standing: Standing
    until: str
    next_entry: str


@dataclass(frozen=True, slots=True)
class CalendarView:
    """Everything the page shows. weeks: of the month, Monday first, with the days beside it."""

    calendar: Calendar
    first: TradingDay
    title: str
    weeks: tuple[tuple[Day, ...], ...]
    today: TradingDay
    before: str | None
    after: str | None
    sessions: int
    drawing: Drawing | None
    lane: Lane | None
    segment: Segment
    orders: tuple[OrderLine, ...]
    next_session: Day | None
    ahead: tuple[Day, ...]


def month_of(text: str, today: TradingDay) -> TradingDay:
    """The first day of `2026-11`; of this month for "". Raises Misuse."""
    if not text:
        return TradingDay(today.date.replace(day=1))
    try:
        return TradingDay(date.fromisoformat(f"{text.strip()}-01"))
    except ValueError:
        raise Misuse("month", f"{text[:12]!r} is no month", cure="Write YYYY-MM") from None


def segment_of(calendar: Calendar, text: str) -> Segment:
    """A segment of that exchange; its own for "". Raises Misuse."""
    if not text:
        return calendar.segments[0]
    if text not in calendar.segments:
        there = ", ".join(calendar.segments)
        raise Misuse("segment", f"{calendar.exchange} has no {text[:40]!r}", cure=f"One of {there}")
    return Segment(text)


def day_of(calendar: Calendar, day: TradingDay) -> Day:
    """What the calendar says of one date."""
    override = calendar.overrides.get(day.date)
    if not calendar.knows(day):
        return Day(day, False, False, None, "", None, "", None, False, override, "")
    hours = calendar.hours(day)
    is_session = calendar.is_session(day)
    special = calendar.specials.get(day.date)
    return Day(
        day,
        True,
        is_session,
        calendar.kind(day) if is_session else None,
        (special.note or f"{special.kind} session") if special else calendar.holiday(day) or "",
        hours,
        "" if hours is None else f"{_wall(calendar, hours.open)}–{_wall(calendar, hours.close)}",
        calendar.eod(day) if is_session else None,
        calendar.is_verified(day),
        override,
        calendar.doubtful.get(day.date, ""),
    )


def days(calendar: Calendar, start: TradingDay, end: TradingDay) -> Iterator[Day]:
    """Every date in [start, end); raises Misuse for more than MOST_DAYS."""
    if not 0 < end - start <= MOST_DAYS:
        raise Misuse(
            "to", f"{start} to {end} is no range of days", cure=f"1 to {MOST_DAYS} days, `to` excluded"
        )
    for number in range(end - start):
        yield day_of(calendar, start.plus_days(number))


def view(
    book: CalendarBook, now: Instant, *, exchange: str, month: str = "", segment: str = ""
) -> CalendarView:
    """A month of an exchange, the phases of its day, what may be entered now. Raises Misuse."""
    calendar = book.of(exchange)
    asked = segment_of(calendar, segment)
    today = calendar.today(now)
    first = month_of(month, today)
    last = TradingDay(first.date.replace(day=months.monthrange(first.date.year, first.date.month)[1]))
    weeks = tuple(_weeks(calendar, first, last))
    following = _next_session(calendar, today)
    drawn = _drawn(calendar, today, following)
    phases = None if drawn is None else drawing(calendar, drawn, now)
    return CalendarView(
        calendar=calendar,
        first=first,
        title=f"{first.date:%B %Y}",
        weeks=weeks,
        today=today,
        before=_month_name(calendar, first.plus_days(-1)),
        after=_month_name(calendar, last.plus_days(1)),
        sessions=sum(1 for week in weeks for one in week if one.is_session and first <= one.day <= last),
        drawing=phases,
        lane=next((one for one in phases.lanes if one.segment is asked), None) if phases else None,
        segment=asked,
        orders=tuple(_orders(book, calendar, asked, now, today)),
        next_session=following,
        ahead=tuple(_ahead(calendar, today)),
    )


def drawing(calendar: Calendar, day: TradingDay, now: Instant) -> Drawing:
    """The phases of a session side by side, from the full hour of the first to that after the last."""
    by_segment = {segment: steps_of(calendar, day, segment) for segment in calendar.segments}
    every = [step for steps in by_segment.values() for step in steps]
    first = min(_minutes(step.start) for step in every) // 60 * 60
    last = -(-max(_end(step) for step in every) // 60) * 60
    wall = now.in_zone(calendar.zone).time() if calendar.today(now) == day else None
    lanes = tuple(
        Lane(segment, tuple(_span(step, first, last, wall) for step in steps), calendar.source(day, segment))
        for segment, steps in by_segment.items()
    )
    hours = range(first, last, 60 * max(1, (last - first) // 60 // 8))
    ticks = tuple((_share(at, first, last), f"{at // 60:02d}:00") for at in hours)
    if wall is None or not first <= _minutes(wall) < last:
        return Drawing(day, lanes, ticks, None, "")
    return Drawing(day, lanes, ticks, _share(_minutes(wall), first, last), f"{wall:%H:%M}")


def _span(step: Step, first: int, last: int, wall: time | None) -> Span:
    return Span(
        step.phase,
        step.name,
        step.start,
        step.end,
        left=_share(_minutes(step.start), first, last),
        width=_share(_end(step) - _minutes(step.start) + first, first, last),
        takes=tuple(one for one in OrderType if one in step.admits),
        doubt=step.doubt,
        is_now=wall is not None and step.window.holds(wall),
    )


def _share(minutes: int, first: int, last: int) -> str:
    return f"{(minutes - first) * 100 / (last - first):.2f}%"


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute


def _end(step: Step) -> int:
    return _minutes(step.end) or 24 * 60


def _weeks(calendar: Calendar, first: TradingDay, last: TradingDay) -> Iterator[tuple[Day, ...]]:
    monday = first.plus_days(-first.date.weekday())
    while monday <= last:
        yield tuple(day_of(calendar, monday.plus_days(number)) for number in range(7))
        monday = monday.plus_days(7)


def _month_name(calendar: Calendar, day: TradingDay) -> str | None:
    return f"{day.date:%Y-%m}" if calendar.knows(day) else None


def _next_session(calendar: Calendar, today: TradingDay) -> Day | None:
    try:
        return day_of(calendar, calendar.next(today))
    except Misuse:  # beyond the known calendar
        return None


def _drawn(calendar: Calendar, today: TradingDay, following: Day | None) -> TradingDay | None:
    if calendar.knows(today) and calendar.is_session(today):
        return today
    return None if following is None else following.day


def _orders(
    book: CalendarBook, calendar: Calendar, segment: Segment, now: Instant, today: TradingDay
) -> Iterator[OrderLine]:
    if not calendar.knows(today):
        return
    for order_type in OrderType:
        one = standing(book, calendar.exchange, now=now, segment=segment, order_type=order_type)
        yield OrderLine(one, _words(calendar, one.until, today), _words(calendar, one.next_entry, today))


def _words(calendar: Calendar, at: Instant | None, today: TradingDay) -> str:
    """`15:30` today, `Mon 23 Nov, 09:15` on another day."""
    if at is None:
        return ""
    local = at.in_zone(calendar.zone)
    return f"{local:%H:%M}" if local.date() == today.date else f"{local:%a %d %b, %H:%M}"


def _wall(calendar: Calendar, at: Instant) -> str:
    return f"{at.in_zone(calendar.zone):%H:%M}"


def _ahead(calendar: Calendar, today: TradingDay) -> Iterator[Day]:
    """The next days that are not like the others: holidays and sessions with a reason of their own."""
    found = 0
    for number in range(_AHEAD_DAYS):
        one = day_of(calendar, today.plus_days(number))
        if one.is_known and one.name and (found := found + 1) <= _FEW:
            yield one
