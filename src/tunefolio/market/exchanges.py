"""Which exchanges are known, whose calendar each follows, and that calendar as the product ships it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, time, timedelta, tzinfo
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from tunefolio.core.time import IST, TradingDay
from tunefolio.market.session_days import EVERY_DAY, WEEKDAYS, Calendar
from tunefolio.market.sessions import (
    HoursRule,
    OrderType,
    Phase,
    Segment,
    SessionKind,
    SpecialSession,
    Step,
    StepsRule,
    Window,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange code as listings write it.

    document: the packaged file; segments: the first is its own; leader: whose closures and special sessions,
    where an operator announces them, are its own as well.
    """

    code: str
    title: str
    document: str
    segments: tuple[Segment, ...]
    leader: str = ""


_CASH = (Segment.EQUITY, Segment.EQUITY_WITH_DERIVATIVES)
_OPTIONS = (Segment.DERIVATIVES, Segment.EXPIRING_INDEX_DERIVATIVES)
_US = (Segment.EQUITY,)
EXCHANGES = (
    Exchange("NSE", "National Stock Exchange of India", "nse", _CASH + _OPTIONS),
    Exchange("BSE", "BSE", "nse", _CASH + _OPTIONS),
    Exchange("NFO", "NSE futures and options", "nse", _OPTIONS, "NSE"),
    Exchange("BFO", "BSE futures and options", "nse", _OPTIONS, "BSE"),
    Exchange("CDS", "NSE currency derivatives", "currency", (Segment.CURRENCY,)),
    Exchange("BCD", "BSE currency derivatives", "currency", (Segment.CURRENCY,), "CDS"),
    Exchange("MCX", "Multi Commodity Exchange of India", "mcx", (Segment.COMMODITY,)),
    Exchange("NYSE", "New York Stock Exchange", "nyse", _US),
    Exchange("NASDAQ", "Nasdaq", "nyse", _US, "NYSE"),
    Exchange("AMEX", "NYSE American", "nyse", _US, "NYSE"),
    Exchange("ARCA", "NYSE Arca", "nyse", _US, "NYSE"),
    Exchange("BATS", "Cboe BZX", "nyse", _US, "NYSE"),
    Exchange("CRYPTO", "Crypto-assets", "crypto", (Segment.CRYPTO,)),
)
_BY_CODE = {one.code: one for one in EXCHANGES}
INDIAN = frozenset({"NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX"})
_IN_INDIA = frozenset({"MF", "NCO", "NCDEX"})
"""Unlisted here, but their day is India's."""

_FIRST, _LAST = TradingDay(date(1990, 1, 1)), TradingDay(date(2099, 12, 31))
_UNLISTED = (
    "no calendar of this exchange is at hand: every weekday counts as a session, at every hour",
    "no holiday, no hours and no phase is known",
)


def leader_of(code: str) -> str:
    """The exchange whose announcements that code follows; "" for one that follows none."""
    exchange = _BY_CODE.get(code)
    return "" if exchange is None else exchange.leader


@cache
def packaged_calendar(code: str) -> Calendar:
    """The calendar an exchange code follows; an unlisted one: plain weekdays, never verified. Read once."""
    exchange = _BY_CODE.get(code)
    if exchange is None:
        return _weekdays(code)
    found = calendar_of(_document(exchange.document))
    return replace(
        found,
        exchange=code,
        title=exchange.title,
        segments=exchange.segments,
        rules=tuple(rule for rule in found.rules if rule.segment in exchange.segments),
    )


def _weekdays(code: str) -> Calendar:
    window = Window(Phase.CONTINUOUS, time(0), time(0))
    rule = HoursRule(Segment.EQUITY, _FIRST.date, None, (window,), "plain weekdays: nothing better is known")
    return Calendar(
        known_from=_FIRST,
        known_until=_LAST,
        rules=(rule,),
        specials={},
        holidays={},
        short_session_settles_after=timedelta(),
        exchange=code,
        title=code,
        zone=IST if code in _IN_INDIA else UTC,
        notes=_UNLISTED,
    )


@cache
def _document(name: str) -> Mapping[str, Any]:
    path = resources.files("tunefolio.market.data").joinpath(f"{name}_calendar.json")
    found: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def calendar_of(document: Mapping[str, Any]) -> Calendar:
    """A calendar from its document; the shape is that of market/data/nse_calendar.json."""
    rules = tuple(_rule(Segment(name), row) for name, rows in document["rules"].items() for row in rows)
    checked = document.get("checked")
    return Calendar(
        known_from=TradingDay.parse(document["known_from"]),
        known_until=TradingDay.parse(document["known_until"]),
        rules=rules,
        specials={date.fromisoformat(row["day"]): _special(row) for row in document["special_sessions"]},
        holidays=_dated(document["holidays"]),
        short_session_settles_after=timedelta(minutes=document["settle_minutes_after_short_session"]),
        exchange=document["exchange"],
        title=document["exchange"],
        zone=_zone(document["timezone"]),
        weekdays=EVERY_DAY if document.get("trades") == "every day" else WEEKDAYS,
        segments=tuple(dict.fromkeys(rule.segment for rule in rules)),
        steps_rules=tuple(_steps_rule(row) for row in document.get("steps", ())),
        checked=None if checked is None else (TradingDay.parse(checked[0]), TradingDay.parse(checked[1])),
        doubtful=_dated(document.get("doubtful", {})),
        notes=tuple(document.get("notes", ())),
    )


def _zone(name: str) -> tzinfo:
    """Fixed offsets where they are exact: they cost a tenth of a zone with daylight saving."""
    match name:
        case "Asia/Kolkata":
            return IST
        case "UTC":
            return UTC
        case _:
            return ZoneInfo(name)


def _dated(rows: Mapping[str, str]) -> dict[date, str]:
    return {date.fromisoformat(day): words for day, words in rows.items()}


def _rule(segment: Segment, row: Mapping[str, Any]) -> HoursRule:
    windows = tuple(_window(phase, row[phase]) for phase in Phase if phase in row)
    return HoursRule(segment, date.fromisoformat(row["from"]), _until(row), windows, row["source"])


def _until(row: Mapping[str, Any]) -> date | None:
    return None if row["until"] is None else date.fromisoformat(row["until"])


def _steps_rule(row: Mapping[str, Any]) -> StepsRule:
    phase = Phase(row["phase"])
    steps = tuple(_step(phase, step, row["source"]) for step in row["steps"])
    segments = frozenset(Segment(name) for name in row["segments"])
    return StepsRule(segments, phase, date.fromisoformat(row["from"]), _until(row), steps)


def _step(phase: Phase, row: Mapping[str, Any], source: str) -> Step:
    random_from = row.get("random_from")
    return Step(
        phase,
        row["name"],
        time.fromisoformat(row["start"]),
        time.fromisoformat(row["end"]),
        frozenset(OrderType(name) for name in row["admits"]),
        None if random_from is None else time.fromisoformat(random_from),
        row.get("doubt", ""),
        source,
    )


def _special(row: Mapping[str, Any]) -> SpecialSession:
    windows = tuple(_window(Phase.CONTINUOUS, pair) for pair in row.get("windows", ()))
    return SpecialSession(SessionKind(row["kind"]), windows, row.get("note", ""))


def _window(phase: Phase, pair: tuple[str, str]) -> Window:
    return Window(phase, time.fromisoformat(pair[0]), time.fromisoformat(pair[1]))
