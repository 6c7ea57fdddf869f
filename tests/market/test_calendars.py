"""Sessions, hours and phases against the exchange's own dates."""

from __future__ import annotations

import os
from datetime import date, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.calendars import Calendar, Phase, Segment, SessionKind, packaged

CAS = Segment.EQUITY_WITH_DERIVATIVES
OPTIONS = Segment.DERIVATIVES
SHARES = Segment.EQUITY


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def at(text: str) -> Instant:
    """'2026-08-03 15:20' on the wall in India."""
    return Instant.parse(f"{text}+05:30")


@pytest.fixture
def calendar() -> Calendar:
    return packaged()


SHORT = [
    ("2011-10-26", "16:45", "18:00", "muhurat"),
    ("2012-11-13", "15:45", "17:00", "muhurat"),
    ("2013-11-03", "18:15", "19:30", "muhurat"),
    ("2014-03-22", "11:15", "12:45", "special"),
    ("2014-10-23", "18:30", "19:30", "muhurat"),
    ("2015-11-11", "17:45", "18:45", "muhurat"),
    ("2016-10-30", "18:30", "19:30", "muhurat"),
    ("2017-10-19", "18:30", "19:30", "muhurat"),
    ("2018-11-07", "17:30", "18:30", "muhurat"),
    ("2019-10-27", "18:15", "19:15", "muhurat"),
    ("2020-11-14", "18:15", "19:15", "muhurat"),
    ("2021-11-04", "18:15", "19:15", "muhurat"),
    ("2022-10-24", "18:15", "19:15", "muhurat"),
    ("2023-11-12", "18:15", "19:15", "muhurat"),
    ("2024-03-02", "09:15", "12:30", "special"),
    ("2024-05-18", "09:15", "12:40", "special"),
    ("2024-11-01", "18:00", "19:00", "muhurat"),
    ("2025-10-21", "13:45", "14:45", "muhurat"),
    ("2026-11-08", "18:15", "19:15", "muhurat"),
]
FULL = ["2015-02-28", "2020-02-01", "2024-01-20", "2025-02-01", "2026-02-01"]


@pytest.mark.parametrize(("text", "opens", "closes", "kind"), SHORT)
def test_a_short_session_has_its_own_hours(
    calendar: Calendar, text: str, opens: str, closes: str, kind: str
) -> None:
    hours = calendar.hours(day(text))
    assert hours is not None
    assert hours.open == at(f"{text} {opens}")
    assert hours.close == at(f"{text} {closes}")
    assert hours.kind is SessionKind(kind)
    assert calendar.holiday(day(text)) is None
    assert calendar.eod(day(text)) == hours.close + timedelta(minutes=30)
    for segment in calendar.segments:
        assert calendar.phase(hours.open, segment) is Phase.CONTINUOUS
        assert calendar.phase(hours.close, segment) is Phase.CLOSED


@pytest.mark.parametrize("text", FULL)
def test_a_weekend_session_with_regular_hours(calendar: Calendar, text: str) -> None:
    assert day(text).date.weekday() >= 5
    hours = calendar.hours(day(text))
    assert hours is not None
    assert (hours.open, hours.close, hours.kind) == (
        at(f"{text} 09:15"),
        at(f"{text} 15:30"),
        SessionKind.SPECIAL,
    )
    assert calendar.eod(day(text)) == at(f"{text} 16:00")


def test_every_special_session_is_listed_above(calendar: Calendar) -> None:
    assert sorted(d.isoformat() for d in calendar.specials) == sorted([row[0] for row in SHORT] + FULL)


def test_between_two_sittings_the_exchange_is_closed(calendar: Calendar) -> None:
    assert calendar.phase(at("2024-03-02 09:59")) is Phase.CONTINUOUS
    assert calendar.phase(at("2024-03-02 10:00")) is Phase.CLOSED
    assert calendar.phase(at("2024-03-02 11:30")) is Phase.CONTINUOUS


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2024-01-22", "Ram"),
        ("2025-10-22", "Balipratipada"),
        ("2026-01-15", "Election"),
        ("2026-03-03", "Holi"),
        ("2026-11-24", "Nanak"),
        ("2026-12-25", "Christmas"),
        ("2013-11-15", "Muharram"),
    ],
)
def test_a_holiday_has_a_name_and_no_session(calendar: Calendar, text: str, name: str) -> None:
    assert name in (calendar.holiday(day(text)) or "")
    assert not calendar.is_session(day(text))
    assert calendar.hours(day(text)) is None
    assert calendar.windows(day(text), SHARES) == ()
    assert calendar.phase(at(f"{text} 11:00")) is Phase.CLOSED
    with pytest.raises(Misuse, match="no session"):
        calendar.eod(day(text))


def test_every_holiday_is_a_named_weekday(calendar: Calendar) -> None:
    assert len(calendar.holidays) == 228
    for closed, name in calendar.holidays.items():
        assert closed.weekday() < 5
        assert name.strip()
        assert closed not in calendar.specials


def test_a_plain_weekend_is_no_holiday(calendar: Calendar) -> None:
    assert calendar.holiday(day("2026-11-21")) is None
    assert not calendar.is_session(day("2026-11-21"))


PHASES = [
    # before the closing auction
    (SHARES, "2026-07-31", "08:59", Phase.CLOSED),
    (SHARES, "2026-07-31", "09:00", Phase.PRE_OPEN),
    (SHARES, "2026-07-31", "09:08", Phase.CLOSED),
    (SHARES, "2026-07-31", "09:15", Phase.CONTINUOUS),
    (SHARES, "2026-07-31", "15:29", Phase.CONTINUOUS),
    (SHARES, "2026-07-31", "15:30", Phase.CLOSED),
    (SHARES, "2026-07-31", "15:40", Phase.POST_CLOSE),
    (SHARES, "2026-07-31", "16:00", Phase.CLOSED),
    (CAS, "2026-07-31", "15:20", Phase.CONTINUOUS),
    (CAS, "2026-07-31", "15:45", Phase.POST_CLOSE),
    (OPTIONS, "2026-07-31", "15:29", Phase.CONTINUOUS),
    (OPTIONS, "2026-07-31", "15:30", Phase.CLOSED),
    (OPTIONS, "2026-07-31", "09:05", Phase.CLOSED),
    # the closing auction of 2026-08-03
    (SHARES, "2026-08-03", "15:20", Phase.CONTINUOUS),
    (SHARES, "2026-08-03", "15:45", Phase.CLOSED),
    (SHARES, "2026-08-03", "15:50", Phase.POST_CLOSE),
    (CAS, "2026-08-03", "15:14", Phase.CONTINUOUS),
    (CAS, "2026-08-03", "15:15", Phase.CLOSING_AUCTION),
    (CAS, "2026-08-03", "15:34", Phase.CLOSING_AUCTION),
    (CAS, "2026-08-03", "15:35", Phase.CLOSED),
    (CAS, "2026-08-03", "15:50", Phase.POST_CLOSE),
    (OPTIONS, "2026-08-03", "15:39", Phase.CONTINUOUS),
    (OPTIONS, "2026-08-03", "15:40", Phase.CLOSED),
    # the longer pre-open of 2026-09-07
    (SHARES, "2026-09-04", "09:10", Phase.CLOSED),
    (CAS, "2026-09-04", "09:10", Phase.CLOSED),
    (SHARES, "2026-09-07", "09:10", Phase.PRE_OPEN),
    (CAS, "2026-09-07", "09:14", Phase.PRE_OPEN),
    (SHARES, "2026-09-07", "09:15", Phase.CONTINUOUS),
    (CAS, "2026-09-07", "15:15", Phase.CLOSING_AUCTION),
    # the later auction of 2026-12-07
    (CAS, "2026-12-04", "15:20", Phase.CLOSING_AUCTION),
    (CAS, "2026-12-07", "15:20", Phase.CONTINUOUS),
    (CAS, "2026-12-07", "15:30", Phase.CLOSING_AUCTION),
    (CAS, "2026-12-07", "15:40", Phase.CLOSED),
    (CAS, "2026-12-07", "15:55", Phase.POST_CLOSE),
    (SHARES, "2026-12-07", "15:30", Phase.CLOSED),
    (OPTIONS, "2026-12-04", "15:42", Phase.CLOSED),
    (OPTIONS, "2026-12-07", "15:42", Phase.CONTINUOUS),
    (OPTIONS, "2026-12-07", "15:45", Phase.CLOSED),
]


@pytest.mark.parametrize(("segment", "text", "wall", "phase"), PHASES)
def test_phases_change_with_date_and_segment(
    calendar: Calendar, segment: Segment, text: str, wall: str, phase: Phase
) -> None:
    assert calendar.phase(at(f"{text} {wall}"), segment) is phase


def test_the_rules_of_a_segment_follow_each_other_without_gap_or_overlap(calendar: Calendar) -> None:
    for segment in calendar.segments:
        rules = [rule for rule in calendar.rules if rule.segment is segment]
        assert rules[0].start <= calendar.known_from.date
        assert rules[-1].end is None
        for earlier, later in pairwise(rules):
            assert earlier.end == later.start
        for rule in rules:
            ends = [time(0), *(window.end for window in rule.windows)]
            assert all(end <= window.start for end, window in zip(ends, rule.windows, strict=False))
            assert rule.source


def test_eod_waits_for_the_last_equity_price(calendar: Calendar) -> None:
    for text in ("2011-06-01", "2026-07-31", "2026-08-03", "2026-09-07", "2026-12-07"):
        assert calendar.eod(day(text)) == at(f"{text} 16:00")


def test_the_trading_day_of_a_moment(calendar: Calendar) -> None:
    assert calendar.trading_day(at("2026-11-20 00:00")) == day("2026-11-20")
    assert calendar.trading_day(at("2026-11-20 23:59")) == day("2026-11-20")
    assert calendar.trading_day(at("2026-11-21 10:00")) == day("2026-11-20")
    assert calendar.trading_day(Instant.parse("2026-11-19T18:30:00Z")) == day("2026-11-20")
    assert calendar.trading_day(at("2026-11-08 10:00")) == day("2026-11-08")
    assert calendar.trading_day(at("2026-11-24 12:00")) == day("2026-11-23")


def test_the_neighbours_of_a_day(calendar: Calendar) -> None:
    assert calendar.previous(day("2026-11-23")) == day("2026-11-20")
    assert calendar.next(day("2026-11-23")) == day("2026-11-25")
    assert calendar.next(day("2026-01-30")) == day("2026-02-01")
    assert calendar.previous(day("2024-01-23")) == day("2024-01-20")


def test_sessions_are_half_open(calendar: Calendar) -> None:
    found = [d.iso() for d in calendar.sessions(day("2026-11-06"), day("2026-11-12"))]
    assert found == ["2026-11-06", "2026-11-08", "2026-11-09", "2026-11-11"]
    assert list(calendar.sessions(day("2026-11-06"), day("2026-11-06"))) == []
    whole = list(calendar.sessions(calendar.known_from, calendar.known_until.plus_days(1)))
    assert len(whole) == len(set(whole)) > 3_900


@pytest.mark.parametrize("text", ["2010-12-31", "2027-01-01"])
def test_beyond_the_known_range_the_calendar_refuses(calendar: Calendar, text: str) -> None:
    for question in (calendar.is_session, calendar.hours, calendar.holiday, calendar.eod):
        with pytest.raises(Misuse, match="outside the known calendar") as caught:
            question(day(text))
        assert caught.value.cure
    with pytest.raises(Misuse):
        calendar.phase(at(f"{text} 12:00"))
    with pytest.raises(Misuse):
        calendar.trading_day(at(f"{text} 12:00"))


def test_there_is_no_next_session_after_the_last_known(calendar: Calendar) -> None:
    assert calendar.is_session(calendar.known_until)
    with pytest.raises(Misuse):
        calendar.next(calendar.known_until)
    with pytest.raises(Misuse):
        list(calendar.sessions(day("2026-12-31"), day("2027-01-02")))


def test_it_is_read_once() -> None:
    assert packaged() is packaged()


def test_it_agrees_with_the_dates_of_the_price_files(calendar: Calendar) -> None:
    """Oracle: dates of NSE's daily files, which lack two August days of 2026 (a gap of that source)."""
    folder = os.environ.get("TUNEFOLIO_DATA")
    if not folder:
        pytest.skip("TUNEFOLIO_DATA is not set: no price files to compare with")
    lines = (Path(folder) / "nse_trading_days_2014_2026.csv").read_text().split()
    seen = {date.fromisoformat(line) for line in lines if line[:1].isdigit()}
    ours = {d.date for d in calendar.sessions(day("2014-01-01"), day("2026-08-22"))}
    assert seen - ours == set()
    assert ours - seen == {date(2026, 8, 17), date(2026, 8, 18)}
