"""What the house does by the clock. A duty only asks for jobs; the pages show this table.

One function per duty says when it comes next, so what is shown is what happens. A duty that fell due while
the house was away is performed once at the start; the deed itself knows whether it is too late.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta

from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.people import Caretaker
from tunefolio.core.time import IST, Instant, TradingDay, calendar_date
from tunefolio.market.calendars import Calendar
from tunefolio.services import jobs, mornings
from tunefolio.services.house import House
from tunefolio.store import duties

_log = logging.getLogger(__name__)
_SETTLING = timedelta(minutes=5)
_PUBLISHING = timedelta(minutes=30)
_FAILURES_EVERY = timedelta(minutes=15)
_SESSIONS_AHEAD = 5
"""How many sessions are looked at for one long enough: some are an hour long."""
_SUNDAY = 6

Next = Callable[[House, Instant], Instant | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable.

    when: in words, IST. next: the first time after a moment, None when the calendar knows no more.
    asks: the kind of job it asks for, the house's own, without arguments.
    """

    name: str
    title: str
    when: str
    next: Next
    asks: str


@dataclass(frozen=True, slots=True)
class Duty:
    """An entry as the pages show it. last_run: when it was last asked for, by the clock or by hand, or why
    that is not known. paused: since when it is not asked for; None while it runs."""

    name: str
    title: str
    when: str
    next_run: Instant | None
    last_run: Instant | Missing
    paused: Instant | None = None


# When -------------------------------------------------------------------------------------------


def daily(wall: time) -> Next:
    """Every day at that IST time."""

    def following(_house: House, after: Instant) -> Instant:
        moment = Instant.at(TradingDay(calendar_date(after)), wall)
        return moment if moment > after else Instant.at(TradingDay(calendar_date(after)).plus_days(1), wall)

    return following


def weekly(weekday: int, wall: time) -> Next:
    """Every week on that day (Monday is 0) at that IST time."""

    def following(_house: House, after: Instant) -> Instant:
        today = TradingDay(calendar_date(after))
        moment = Instant.at(today.plus_days((weekday - today.date.weekday()) % 7), wall)
        return moment if moment > after else moment + timedelta(days=7)

    return following


def on_sessions(moment: Callable[[Calendar, TradingDay], Instant]) -> Next:
    """On every session of the exchange, at the moment the calendar gives for it."""

    def following(house: House, after: Instant) -> Instant | None:
        try:
            day = house.calendar.trading_day(after)
            while (due := moment(house.calendar, day)) <= after:
                day = house.calendar.next(day)
        except Misuse:  # beyond the known calendar: nothing is due until a release brings the next year
            return None
        return due

    return following


def every_so_often(rehearsal: timedelta) -> Next:
    """Again and again as the operator says: some market is always open, and the deed asks for those alone. In
    a rehearsal, whose prices never rest, at a pace of its own."""

    def following(house: House, after: Instant) -> Instant:
        return after + (rehearsal if house.rules.rehearsal else house.rules.refresh_every)

    return following


def while_trading(house: House, after: Instant) -> Instant | None:
    """Again and again, as the operator says, while an exchange of the brokers trades: first one interval
    after its open. None where the operator wants none, or beyond the known calendars."""
    every = house.rules.sync_every
    if not every:
        return None
    found = [
        due
        for exchange in sorted({mornings.exchange_of(one) for one in house.brokers.values()} or {"NSE"})
        if (due := _within(house.calendars.of(exchange), after, every)) is not None
    ]
    return min(found, key=lambda moment: moment.utc, default=None)


def _within(calendar: Calendar, after: Instant, every: timedelta) -> Instant | None:
    """`every` later than `after`, or than the next open; within a session always."""
    try:
        day = calendar.trading_day(after)
        for _ in range(_SESSIONS_AHEAD):
            hours = calendar.hours(day)
            if hours is not None:
                due = max(hours.open, after, key=lambda moment: moment.utc) + every
                if due < hours.close:
                    return due
            day = calendar.next(day)
    except Misuse:
        return None
    return None


def _morning(_calendar: Calendar, day: TradingDay) -> Instant:
    return Instant.at(day, mornings.SYNC_AT)


def _announcing(_calendar: Calendar, day: TradingDay) -> Instant:
    return Instant.at(day, mornings.TELL_AT)


def _failures(_house: House, after: Instant) -> Instant:
    return after + _FAILURES_EVERY


def _sod(_calendar: Calendar, day: TradingDay) -> Instant:
    return Instant.at(day, time(9, 0))


def _eod(calendar: Calendar, day: TradingDay) -> Instant:
    return calendar.eod(day)


def _published(calendar: Calendar, day: TradingDay) -> Instant:
    return calendar.eod(day) + _PUBLISHING


def _after_eod(calendar: Calendar, day: TradingDay) -> Instant:
    return calendar.eod(day) + _SETTLING


# What -------------------------------------------------------------------------------------------


DUTIES: tuple[Entry, ...] = (
    Entry(
        "snapshot_missed",
        "Note snapshots nobody took",
        "00:10 every day, and after a pause",
        daily(time(0, 10)),
        "snapshot_missed",
    ),
    Entry(
        "recompute",
        "Work out days that lag behind their facts",
        "02:30 every day",
        daily(time(2, 30)),
        "recompute_stale",
    ),
    Entry("check", "Check the books against their laws", "03:00 every day", daily(time(3, 0)), "check"),
    Entry(
        "forget",
        "Forget files never imported and old job history",
        "03:30 every day",
        daily(time(3, 30)),
        "forget",
    ),
    Entry(
        "forget_notices",
        "Forget notices seen long ago and the jobs that judged and carried them",
        "03:40 every day",
        daily(time(3, 40)),
        "forget_notices",
    ),
    Entry(
        "erase_leavers",
        "Erase accounts whose time of grace is over, and exports a day old",
        "03:50 every day",
        daily(time(3, 50)),
        "erase_leavers",
    ),
    Entry("enrich", "Look up missing sectors", "07:30 every day", daily(time(7, 30)), "enrich_all"),
    Entry("track", "Find what lacks of past prices", "06:45 every day", daily(time(6, 45)), "track"),
    Entry("rates", "Fetch exchange rates", "06:50 every day", daily(time(6, 50)), "rates"),
    Entry(
        "untrack",
        "Let go what nobody holds or watches",
        "04:00 every day",
        daily(time(4, 0)),
        "untrack",
    ),
    Entry(
        "refresh_masters",
        "Read what the exchanges list",
        "08:15 every day",
        daily(time(8, 15)),
        "refresh_masters",
    ),
    Entry(
        "actions",
        "Look for corporate actions told late or corrected",
        "05:30 on Sundays",
        weekly(_SUNDAY, time(5, 30)),
        "actions",
    ),
    Entry(
        "compare_sources",
        "Compare two sources of past prices",
        "06:00 on Sundays",
        weekly(_SUNDAY, time(6, 0)),
        "compare_sources",
    ),
    Entry(
        "sync_morning",
        "Fetch every broker's statement before the session",
        "08:30 on session days",
        on_sessions(_morning),
        "sync_all",
    ),
    Entry(
        "login_due",
        "Tell who has to log in at a broker",
        "08:50 on session days",
        on_sessions(_announcing),
        mornings.ANNOUNCE,
    ),
    Entry(
        "sync_session",
        "Fetch brokers' statements while their exchange trades",
        "every hour of a session, or as TUNEFOLIO_SYNC_MINUTES says",
        while_trading,
        "sync_trading",
    ),
    Entry(
        "tell_failures",
        "Tell admins which jobs failed for good",
        "every 15 minutes",
        _failures,
        "tell_failures",
    ),
    Entry(
        "snapshot_sod",
        "Snapshot before the session",
        "09:00 on session days",
        on_sessions(_sod),
        "snapshot_sod",
    ),
    Entry(
        "refresh_quotes",
        "Newest prices",
        "every 15 minutes, or as TUNEFOLIO_REFRESH_MINUTES says; every 20 seconds in a rehearsal",
        every_so_often(timedelta(seconds=20)),
        "refresh_quotes",
    ),
    Entry(
        "complete_day",
        "Complete the day from the exchanges' files",
        "30 minutes after prices are final, and every 30 minutes until they are published",
        on_sessions(_published),
        "complete_day",
    ),
    Entry(
        "sync_close",
        "Fetch every broker's statement",
        "when prices are final on session days",
        on_sessions(_eod),
        "sync_all",
    ),
    Entry(
        "snapshot_eod",
        "Snapshot after the session",
        "5 minutes after prices are final",
        on_sessions(_after_eod),
        "snapshot_eod",
    ),
)


# The table --------------------------------------------------------------------------------------


def entry_of(name: str) -> Entry:
    """The entry of that name; raises Misuse."""
    for entry in DUTIES:
        if entry.name == name:
            return entry
    raise Misuse("duty", f"{name!r} is unknown", cure=f"Known: {', '.join(one.name for one in DUTIES)}")


def following(house: House, name: str, previous: Instant | None) -> Instant | None:
    """When the duty comes next after `previous`, or after its last run; the past if it fell due meanwhile."""
    if previous is None:
        with house.database.reading() as db:
            previous = duties.last_run(db, name)
    return entry_of(name).next(house, previous or house.clock.now())


def perform(house: House, name: str) -> bool:
    """Ask for the duty's job if it is due, and remember the time; False when another process did, or while it
    is paused."""
    entry = entry_of(name)
    now = house.clock.now()
    with house.database.writing() as db:
        if duties.is_paused(db, name):
            return False
        last = duties.last_run(db, name)
        if last is not None:
            due = entry.next(house, last)
            if due is None or due > now:
                return False
        duties.set_run(db, name, now)
        jobs.ask(db, house, entry.asks, {}, owner=None, dedupe_key=duties.key_of(name))
    _log.debug("duty performed", extra={"duty": name})
    return True


def perform_due(house: House) -> list[str]:
    """Perform every entry that is due and not paused; which were. One look at the table when none is."""
    now = house.clock.now()
    with house.database.reading() as db:
        kept = duties.all_kept(db)
    due = [
        entry.name
        for entry in DUTIES
        if entry.name in kept
        and kept[entry.name].paused is None
        and (moment := entry.next(house, kept[entry.name].last_run)) is not None
        and moment <= now
    ]
    return [name for name in due if perform(house, name)]


def begin(house: House) -> None:
    """Note the start for entries that never ran, so that a first start owes nothing from the past."""
    now = house.clock.now()
    with house.database.writing() as db:
        for entry in DUTIES:
            if duties.last_run(db, entry.name) is None:
                duties.set_run(db, entry.name, now)


def entries(house: House, now: Instant) -> list[Duty]:
    """The timetable for the pages: what, when, next and last, and what is paused."""
    with house.database.reading() as db:
        kept = duties.all_kept(db)
        asked = duties.last_asked(db, Caretaker("timetable"))
    return [_shown(house, entry, kept.get(entry.name), asked.get(entry.name), now) for entry in DUTIES]


def _shown(house: House, entry: Entry, kept: duties.Duty | None, asked: Instant | None, now: Instant) -> Duty:
    counted, paused = (None, None) if kept is None else (kept.last_run, kept.paused)
    coming = None if paused is not None else entry.next(house, counted or now)
    return Duty(entry.name, entry.title, entry.when, coming, asked or unasked(counted), paused)


def unasked(since: Instant | None) -> Missing:
    """Why nobody knows when a duty was last asked for. since: from when the clock counts for it, None before
    any clock has run."""
    if since is None:
        return Missing("never yet: no clock has run here", "Start one: tunefolio up, or tunefolio beat")
    told = f"{since.in_zone(IST):%-d %b %Y, %H:%M} IST"
    return Missing(f"never yet since the clock began to count, {told}", "It comes when it is due")
