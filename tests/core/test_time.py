"""Instants and trading days never mix, and neither asks the wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, Clock, FixedClock, Instant, SystemClock, TradingDay, calendar_date

NOON = Instant(datetime(2026, 11, 20, 12, 0, tzinfo=IST))


def test_an_instant_is_utc_inside_and_shown_in_a_zone() -> None:
    assert NOON.iso() == "2026-11-20T06:30:00+00:00"
    assert NOON.iso(IST) == "2026-11-20T12:00:00+05:30"
    assert NOON.in_zone().hour == 12
    assert str(NOON) == NOON.iso()
    assert Instant.at(TradingDay.parse("2026-11-20"), time(12)) == NOON


def test_a_naive_time_is_refused_unless_a_zone_is_named() -> None:
    with pytest.raises(Misuse, match="time zone"):
        Instant(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(Misuse, match="time zone"):
        Instant.parse("2026-11-20 12:00:00")
    assert Instant.parse("2026-11-20 12:00:00", IST) == NOON
    with pytest.raises(Misuse, match="ISO 8601"):
        Instant.parse("yesterday")


def test_instants_differ_by_spans() -> None:
    later = NOON + timedelta(minutes=5)
    assert later - NOON == timedelta(minutes=5)
    assert later - timedelta(minutes=5) == NOON
    assert later > NOON


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_iso_text_round_trips(moment: datetime) -> None:
    instant = Instant(moment.replace(tzinfo=UTC))
    assert Instant.parse(instant.iso()) == instant
    assert Instant.parse(instant.iso(IST)) == instant


@pytest.mark.parametrize("text", ["2026-13-01", "2026-1-1", "20261120", "20/11/2026", "", "2026-11-20T00:00"])
def test_a_day_is_written_one_way(text: str) -> None:
    with pytest.raises(Misuse, match="YYYY-MM-DD"):
        TradingDay.parse(text)


def test_days_count() -> None:
    day = TradingDay.parse("2024-02-28")
    assert str(day.plus_days(2)) == "2024-03-01"
    assert day.plus_days(2) - day == 2
    assert day < day.plus_days(1)


def test_a_moment_is_not_a_day() -> None:
    with pytest.raises(Misuse, match="moment"):
        TradingDay(datetime(2026, 1, 1, tzinfo=UTC))
    mixed: Any = NOON
    with pytest.raises(TypeError):
        _ = mixed < TradingDay.parse("2026-11-20")


def test_the_civil_date_depends_on_the_zone() -> None:
    late = Instant(datetime(2026, 11, 20, 20, 0, tzinfo=UTC))
    assert calendar_date(late) == date(2026, 11, 21)
    assert calendar_date(late, UTC) == date(2026, 11, 20)


def test_clocks_tell_the_time() -> None:
    clock = FixedClock(NOON)
    clock.advance(timedelta(hours=1))
    assert clock.now() - NOON == timedelta(hours=1)
    clock.set(NOON)
    assert clock.now() == NOON
    system: Clock = SystemClock()
    assert system.now() > NOON - timedelta(days=3650)
