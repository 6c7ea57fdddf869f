"""calendar: a month or a range of an exchange, what stands now, and what an operator says of a day."""

from __future__ import annotations

import argparse
from typing import Any

from tunefolio.bootstrap.runtime import Runtime
from tunefolio.cli import Exit
from tunefolio.cli.house import CONSOLE, open_house, show, table
from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay
from tunefolio.market.calendars import Calendar
from tunefolio.market.sessions import OrderType
from tunefolio.market.standing import Standing, standing
from tunefolio.services import calendars
from tunefolio.services.calendars import Wish, exchange_of
from tunefolio.services.views import calendar as views
from tunefolio.services.views import calendar_json as told
from tunefolio.services.views.calendar import Day

_KINDS = {"close": "closed", "open": "open", "extend": "known"}
_HISTORY = 200


def calendar(args: argparse.Namespace) -> int:
    """calendar [now|close|open|extend|undo|said] [DAY] [--exchange NSE] [--month | --from --to] …"""
    with open_house(args) as runtime:
        match args.deed:
            case None:
                return _list(args, runtime)
            case "now":
                return _now(args, runtime)
            case "said":
                return _said(args, runtime)
            case _:
                return _say(args, runtime)


def _list(args: argparse.Namespace, runtime: Runtime) -> int:
    found = runtime.house.calendars.of(exchange_of(args.exchange))
    start, end = _range(args, found.today(runtime.house.clock.now()))
    rows = list(views.days(found, start, end))
    lines = [_row(one) for one in rows if one.is_session or one.name or not one.is_known]
    columns = ("day", "weekday", "session", "hours", "name", "mark")
    sessions = sum(one.is_session for one in rows)
    text = f"{found.title}, {start} to {end.plus_days(-1)}: {sessions} sessions\n\n{table(lines, columns)}"
    value = {
        "exchange": found.exchange,
        "known_from": found.known_from.iso(),
        "known_until": found.known_until.iso(),
        "notes": found.notes,
        "sessions": sessions,
        "days": [told.day(found, one) for one in rows],
    }
    show(args, value, "\n".join([text, *(f"\n· {note}" for note in found.notes)]))
    return Exit.OK


def _range(args: argparse.Namespace, today: TradingDay) -> tuple[TradingDay, TradingDay]:
    if args.month and (args.since or args.until):
        raise Misuse("--month", "stands beside --from or --to", cure="Give the month, or the range")
    if args.since or args.until:
        start = TradingDay.parse(args.since) if args.since else today
        return start, TradingDay.parse(args.until) if args.until else start.plus_days(31)
    first = views.month_of(args.month or "", today)
    following = views.month_of(f"{first.plus_days(31).date:%Y-%m}", today)
    return first, following


def _row(one: Day) -> dict[str, Any]:
    return {
        "day": one.day,
        "weekday": f"{one.day.date:%a}",
        "session": one.session if one.is_session else "closed" if one.is_known else "unknown",
        "hours": one.span,
        "name": one.name,
        "mark": "by hand" if one.override else "" if one.is_verified else "provisional",
    }


def _now(args: argparse.Namespace, runtime: Runtime) -> int:
    house = runtime.house
    book, now = house.calendars.now(), house.clock.now()
    found = book.of(exchange_of(args.exchange))
    asked = views.segment_of(found, args.segment or "")
    rows = [standing(book, found.exchange, now=now, segment=asked, order_type=one) for one in OrderType]
    show(args, [told.now(found, one) for one in rows], _standing_text(found, rows))
    return Exit.OK


def _standing_text(found: Calendar, rows: list[Standing]) -> str:
    first = rows[0]
    state = f"{first.session} session" if first.is_session else f"no session ({first.holiday or 'weekend'})"
    step = f", {first.step}" if first.step else ""
    head = f"{found.title}, {first.segment}: {first.day}, {state}, now {first.phase}{step}"
    lines = [
        {
            "order": one.order_type,
            "enter": "yes" if one.may_enter else "no",
            "until": _clock(found, one.until),
            "next": _clock(found, one.next_entry),
            "why": one.why_not or ("provisional" if one.is_provisional else ""),
        }
        for one in rows
    ]
    notes = dict.fromkeys(one.note for one in rows if one.note)
    return "\n".join(
        [head, "", table(lines, ("order", "enter", "until", "next", "why")), "", *notes]
    ).rstrip()


def _clock(found: Calendar, at: Any) -> str:
    return "" if at is None else f"{at.in_zone(found.zone):%Y-%m-%d %H:%M}"


def _say(args: argparse.Namespace, runtime: Runtime) -> int:
    if args.day is None:
        raise Misuse("DAY", f"`calendar {args.deed}` needs a day", cure="Write YYYY-MM-DD after it")
    with runtime.house.database.writing() as db:
        if args.deed == "undo":
            undone = calendars.undo(db, runtime.house, CONSOLE, args.exchange, args.day)
            value: dict[str, Any] = {"undone": undone, "exchange": args.exchange.upper(), "day": args.day}
            text = f"{args.exchange.upper()} {args.day}: what was said ({undone}) is taken back"
        else:
            wish = Wish(
                args.exchange,
                args.day,
                _KINDS[args.deed],
                args.note or "",
                args.kind or "",
                args.windows or "",
            )
            said = calendars.say(db, runtime.house, CONSOLE, wish)
            value = told.override(said)
            text = f"{said.exchange} {said.day}: {said.kind}" + (f", {said.note}" if said.note else "")
    show(args, value, text)
    return Exit.OK


def _said(args: argparse.Namespace, runtime: Runtime) -> int:
    with runtime.house.database.reading() as db:
        rows = calendars.history(db, limit=_HISTORY)
    zone = runtime.house.calendar.zone
    values = [told.said(one, zone) for one in rows]
    columns = ("exchange", "day", "kind", "session", "note", "by", "said_at", "ended_at")
    show(args, values, table(values, columns) if values else "Nothing was said: the packaged calendar holds.")
    return Exit.OK
