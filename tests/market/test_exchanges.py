"""The calendars of other exchanges: New York by rule and by an independent library, MCX, currency, crypto."""

from __future__ import annotations

import importlib
from datetime import date, timedelta
from itertools import pairwise

import pytest

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.calendars import (
    EXCHANGES,
    Calendars,
    Phase,
    Segment,
    SessionKind,
    calendars_with,
    packaged,
)
from tunefolio.market.sessions import Override, OverrideKind

BOOK = Calendars()


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def at(text: str) -> Instant:
    return Instant.parse(text)


@pytest.mark.parametrize("code", [one.code for one in EXCHANGES])
def test_the_rules_of_every_segment_follow_each_other_without_gap_or_overlap(code: str) -> None:
    calendar = BOOK.of(code)
    assert calendar.exchange == code
    for segment in calendar.segments:
        rules = [rule for rule in calendar.rules if rule.segment is segment]
        assert rules[0].start <= calendar.known_from.date
        assert rules[-1].end is None
        for earlier, later in pairwise(rules):
            assert earlier.end == later.start
        for rule in rules:
            assert rule.source
            assert all(one.end <= two.start for one, two in pairwise(rule.windows))


@pytest.mark.parametrize("code", [one.code for one in EXCHANGES])
def test_the_steps_of_a_phase_fill_it(code: str) -> None:
    calendar = BOOK.of(code)
    for first in {rule.start for rule in calendar.rules} | {rule.start for rule in calendar.steps_rules}:
        start = max(TradingDay(first), calendar.known_from)
        if not calendar.knows(start):
            continue
        session = start if calendar.is_session(start) else calendar.next(start)
        for segment in calendar.segments:
            for window in calendar.windows(session, segment):
                steps = calendar.steps(session, window, segment)
                if steps:
                    assert (steps[0].start, steps[-1].end) == (window.start, window.end)
                    assert all(one.end == two.start for one, two in pairwise(steps))


# New York ---------------------------------------------------------------------------------------


def new_york_holidays(year: int) -> set[date]:
    """By the exchange's rules, written anew for this test; closures of a day of their own aside."""
    floating = [
        nth(year, 1, 0, 3),
        nth(year, 2, 0, 3),
        easter(year) - timedelta(2),
        nth(year, 6, 0, 1) - timedelta(7),
        nth(year, 9, 0, 1),
        nth(year, 11, 3, 4),
    ]
    fixed = [date(year, 7, 4), date(year, 12, 25), *([date(year, 6, 19)] if year >= 2022 else [])]
    new_year = date(year, 1, 1)
    first = [] if new_year.weekday() == 5 else [observed(new_year)]
    return {*floating, *map(observed, fixed), *first}


def observed(holiday: date) -> date:
    return holiday + timedelta({5: -1, 6: 1}.get(holiday.weekday(), 0))


def nth(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (number - 1))


def easter(year: int) -> date:
    """Gauss's rule with its two exceptions, for 1900 to 2099."""
    a, b, c = year % 19, year % 4, year % 7
    d = (19 * a + 24) % 30
    e = (2 * b + 4 * c + 6 * d + 5) % 7
    later = 22 + d + e
    if d == 29 and e == 6:
        later = 50
    if d == 28 and e == 6 and a > 10:
        later = 49
    return date(year, 3, 1) + timedelta(later - 1)


ONCE = (
    "2001-09-11",
    "2001-09-12",
    "2001-09-13",
    "2001-09-14",
    "2004-06-11",
    "2007-01-02",
    "2012-10-29",
    "2012-10-30",
    "2018-12-05",
    "2025-01-09",
)


@pytest.mark.parametrize("year", range(2000, 2031))
def test_new_york_closes_by_its_rules_and_for_what_happened(year: int) -> None:
    once = {date.fromisoformat(text) for text in ONCE if text.startswith(str(year))}
    ours = {closed for closed in BOOK.of("NYSE").holidays if closed.year == year}
    assert ours == new_york_holidays(year) | once


@pytest.mark.parametrize(
    ("text", "closes"),
    [
        ("2000-07-03", "13:00-04:00"),
        ("2002-07-05", "13:00-04:00"),
        ("2002-07-03", "16:00-04:00"),
        ("2003-12-26", "13:00-05:00"),
        ("2013-07-03", "13:00-04:00"),
        ("2024-11-29", "13:00-05:00"),
        ("2026-11-27", "13:00-05:00"),
        ("2026-12-24", "13:00-05:00"),
        ("2027-12-23", "16:00-05:00"),
    ],
)
def test_new_york_closes_early_before_feasts(text: str, closes: str) -> None:
    calendar = BOOK.of("NYSE")
    hours = calendar.hours(day(text))
    assert hours is not None
    assert hours.close == at(f"{text}T{closes}")
    assert calendar.eod(day(text)) == hours.close
    assert (hours.kind is SessionKind.SHORT) == closes.startswith("13")


def test_new_york_keeps_its_wall_clock_when_daylight_saving_begins() -> None:
    calendar = BOOK.of("NYSE")
    opens = [calendar.hours(day(text)) for text in ("2026-03-06", "2026-03-09", "2026-11-02")]
    assert [one.open.iso()[11:16] for one in opens if one] == ["14:30", "13:30", "14:30"]


def test_the_trading_day_of_new_york_is_that_of_its_own_midnight() -> None:
    calendar = BOOK.of("NASDAQ")
    assert calendar.trading_day(at("2026-11-20T03:00:00+00:00")) == day("2026-11-19")
    assert calendar.trading_day(at("2026-11-20T05:00:00+00:00")) == day("2026-11-20")
    assert calendar.phase(at("2026-11-20T20:59:59+00:00")) is Phase.CONTINUOUS
    assert calendar.phase(at("2026-11-20T21:00:00+00:00")) is Phase.CLOSED


@pytest.mark.filterwarnings("ignore:.*values returning an ndarray")
def test_new_york_agrees_with_an_independent_library() -> None:
    """Oracle: exchange_calendars (XNYS), every session and every early close it knows since 2000."""
    library = pytest.importorskip("exchange_calendars")
    assert importlib.metadata.version("exchange_calendars")
    theirs = library.get_calendar("XNYS", start="2000-01-01", end="2026-11-20")
    closes = {
        stamp.date(): close.tz_convert("America/New_York").strftime("%H:%M")
        for stamp, close in theirs.schedule["close"].items()
    }
    calendar = BOOK.of("NYSE")
    ours = {}
    for session in calendar.sessions(day("2000-01-01"), day("2026-11-21")):
        hours = calendar.hours(session)
        assert hours is not None
        ours[session.date] = hours.close.in_zone(calendar.zone).strftime("%H:%M")
    assert ours == closes


# India ------------------------------------------------------------------------------------------


def test_both_exchanges_and_their_derivatives_share_their_days() -> None:
    nse = list(BOOK.of("NSE").sessions(day("2014-01-01"), day("2026-12-31")))
    for code in ("BSE", "NFO", "BFO"):
        assert list(BOOK.of(code).sessions(day("2014-01-01"), day("2026-12-31"))) == nse
    assert BOOK.of("NFO").eod(day("2026-08-03")) == at("2026-08-03T15:40:00+05:30")


def test_currency_rests_while_shares_trade() -> None:
    assert BOOK.of("NSE").is_session(day("2026-08-26"))
    assert BOOK.of("CDS").holiday(day("2026-08-26")) == "Id-E-Milad"
    hours = BOOK.of("BCD").hours(day("2026-08-27"))
    assert hours is not None
    assert hours.close == at("2026-08-27T17:00:00+05:30")


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("2026-01-01", "09:00", "17:00"),
        ("2026-03-03", "17:00", "23:30"),
        ("2026-10-30", "09:00", "23:30"),
        ("2026-11-02", "09:00", "23:55"),
        ("2026-11-24", "17:00", "23:55"),
    ],
)
def test_commodities_have_evenings_and_half_holidays(text: str, opens: str, closes: str) -> None:
    calendar = BOOK.of("MCX")
    hours = calendar.hours(day(text))
    assert hours is not None
    assert hours.open == at(f"{text}T{opens}:00+05:30")
    assert hours.close == at(f"{text}T{closes}:00+05:30")
    assert not calendar.is_verified(day(text))


def test_commodities_rest_all_day_on_four_holidays() -> None:
    closed = {d.isoformat() for d in BOOK.of("MCX").holidays}
    assert closed == {"2026-01-26", "2026-04-03", "2026-10-02", "2026-12-25"}


# What never closes, and what nobody knows ---------------------------------------------------------


def test_crypto_never_closes_and_its_day_is_that_of_utc() -> None:
    calendar = BOOK.of("CRYPTO")
    assert calendar.phase(at("2026-12-25T23:59:59.999999+00:00")) is Phase.CONTINUOUS
    assert calendar.trading_day(at("2026-11-22T05:00:00+05:30")) == day("2026-11-21")
    assert calendar.next(day("2026-11-21")) == day("2026-11-22")
    assert calendar.eod(day("2026-11-21")) == at("2026-11-22T00:00:00+00:00")
    assert calendar.is_verified(day("2026-11-21"))


def test_an_unlisted_exchange_is_plain_weekdays_and_says_so() -> None:
    calendar = BOOK.of("LSE")
    assert calendar.is_session(day("2026-12-25"))
    assert not calendar.is_session(day("2026-12-26"))
    assert not calendar.is_verified(day("2026-11-20"))
    assert "weekday" in calendar.notes[0]


def test_verified_are_the_days_that_were_compared() -> None:
    calendar = packaged()
    told = {text: calendar.is_verified(day(text)) for text in ("2013-12-31", "2014-01-01", "2026-08-21")}
    assert told == {"2013-12-31": False, "2014-01-01": True, "2026-08-21": True}
    for text in ("2026-08-22", "2026-02-01", "2026-08-17", "2026-08-18", "2026-11-20"):
        assert not calendar.is_verified(day(text))


# Overrides ----------------------------------------------------------------------------------------


def said(
    text: str, kind: OverrideKind, exchange: str = "NSE", session: SessionKind = SessionKind.SPECIAL
) -> Override:
    return Override(exchange, day(text), kind, session, (), "said")


def test_a_word_closes_opens_and_extends() -> None:
    book = calendars_with(
        [
            said("2026-12-04", OverrideKind.CLOSED),
            said("2026-12-05", OverrideKind.OPEN),
            said("2026-12-25", OverrideKind.OPEN, session=SessionKind.REGULAR),
            said("2027-06-30", OverrideKind.KNOWN),
        ]
    )
    calendar = book.of("NSE")
    assert calendar.holiday(day("2026-12-04")) == "said"
    assert calendar.is_session(day("2026-12-05"))
    assert calendar.hours(day("2026-12-25")) is not None
    assert calendar.is_session(day("2027-06-30"))
    assert calendar.is_verified(day("2026-12-05"))
    assert not calendar.is_verified(day("2027-06-30"))
    with pytest.raises(Misuse):
        calendar.is_session(day("2027-07-01"))
    assert packaged().is_session(day("2026-12-04"))


def test_a_closure_of_an_exchange_closes_those_that_follow_it() -> None:
    book = calendars_with([said("2026-12-04", OverrideKind.CLOSED)])
    assert not book.of("NFO").is_session(day("2026-12-04"))
    for code in ("BSE", "CDS", "MCX", "NYSE"):
        assert book.of(code).is_session(day("2026-12-04"))


def test_a_segment_an_exchange_does_not_have_is_refused() -> None:
    with pytest.raises(Misuse, match="commodity"):
        BOOK.of("NSE").windows(day("2026-11-20"), Segment.COMMODITY)
