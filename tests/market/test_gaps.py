"""Which days of a past lack: sets of days as stretches."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.time import TradingDay
from tunefolio.market.gaps import Stretch, by_year, holes, joined, without

DAYS = st.integers(730_000, 730_400)
STRETCHES = st.lists(
    st.tuples(DAYS, st.integers(1, 90)).map(lambda pair: Stretch(pair[0], pair[0] + pair[1])), max_size=6
)


def days_in(stretches: tuple[Stretch, ...] | list[Stretch]) -> set[int]:
    return {day for one in stretches for day in range(one.since, one.until)}


def of(since: str, until: str) -> Stretch:
    return Stretch.of(TradingDay.parse(since), TradingDay.parse(until))


@given(STRETCHES)
def test_joined_is_the_same_days_in_order_and_apart(stretches: list[Stretch]) -> None:
    found = joined(stretches)
    assert days_in(found) == days_in(stretches)
    assert all(one.until < two.since for one, two in pairwise(found))


@given(STRETCHES, STRETCHES)
def test_without_is_the_difference_of_the_days(stretches: list[Stretch], others: list[Stretch]) -> None:
    assert days_in(without(stretches, others)) == days_in(stretches) - days_in(others)


@given(STRETCHES)
def test_by_year_keeps_the_days_and_goes_back_in_time(stretches: list[Stretch]) -> None:
    parts = by_year(joined(stretches))
    assert days_in(list(parts)) == days_in(stretches)
    assert list(parts) == sorted(parts, reverse=True)
    assert all(one.first.date.year == one.end.plus_days(-1).date.year for one in parts)


@given(st.sets(DAYS), st.sets(DAYS), STRETCHES)
def test_holes_hold_every_session_that_lacks_and_none_before_the_first(
    sessions: set[int], held: set[int], covered: list[Stretch]
) -> None:
    wanted = Stretch(730_050, 730_350)
    found = holes(wanted, sorted(sessions), held, covered)
    lacking = {day for day in sessions - held - days_in(covered) if wanted.since <= day < wanted.until}
    assert lacking <= days_in(found)
    assert all(one.since in lacking and one.until - 1 in lacking for one in found)


def test_a_week_that_lacks_is_one_hole_and_two_far_weeks_are_two() -> None:
    wanted = of("2026-01-01", "2026-07-01")
    week = [of("2026-02-02", "2026-02-07"), of("2026-05-04", "2026-05-09")]
    sessions = sorted(days_in(week))
    assert holes(wanted, sessions, set()) == tuple(week)
    assert holes(wanted, sessions, set(sessions[5:])) == (week[0],)
    assert holes(wanted, sessions, set(), [of("2026-02-01", "2026-03-01")]) == (week[1],)
    near = sorted(days_in([of("2026-02-02", "2026-02-07"), of("2026-02-16", "2026-02-21")]))
    assert holes(wanted, near, set()) == (of("2026-02-02", "2026-02-21"),)


def test_the_newest_year_comes_first() -> None:
    years = [one.first.date.year for one in by_year([of("2023-11-05", "2026-02-01")])]
    assert years == [2026, 2025, 2024, 2023]
