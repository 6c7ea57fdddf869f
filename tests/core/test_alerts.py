"""When an alert speaks: laws over any path of numbers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.alerts import (
    TICK,
    AlertState,
    Direction,
    Levels,
    Manner,
    Repeat,
    Standing,
    begun,
    next_date,
    step,
    wake,
)
from tunefolio.core.time import Instant

START = Instant.parse("2026-11-20T04:00:00+00:00")
UP = Levels(upper=Decimal(100))
numbers = st.integers(8_000, 12_000).map(lambda paise: Decimal(paise).scaleb(-2))
paths = st.lists(numbers, min_size=1, max_size=60)
bands = st.integers(0, 500).map(lambda paise: Decimal(paise).scaleb(-2))


def level_of(one: Decimal, other: Decimal | None) -> Levels:
    """Both ends where they differ, else the upper one alone."""
    return Levels(one) if other is None or other == one else Levels(max(one, other), min(one, other))


levels = st.builds(level_of, numbers, st.none() | numbers)


def spoken(
    found: Levels, manner: Manner, path: list[Decimal], minutes: int = 1, standing: Standing | None = None
) -> list[int]:
    """Places of the path at which it speaks."""
    now = standing or Standing()
    places = []
    for place, number in enumerate(path):
        now, side = step(found, manner, now, number, START + timedelta(minutes=minutes * place))
        places += [place] if side is not None else []
    return places


def crossings(path: list[Decimal], band: Decimal) -> list[int]:
    """Counted another way: the first number at 100 or above, then each after one at 100 − band or below."""
    places, is_ready = [], True
    for place, number in enumerate(path):
        if not is_ready and number < 100 and number <= 100 - band:
            is_ready = True
        if is_ready and number >= 100:
            places.append(place)
            is_ready = False
    return places


@given(levels, paths, bands)
def test_once_is_at_most_once(found: Levels, path: list[Decimal], band: Decimal) -> None:
    assert len(spoken(found, Manner(Repeat.ONCE, band), path)) <= 1


@given(paths, bands)
def test_a_repeating_one_speaks_at_each_crossing_beyond_its_band(path: list[Decimal], band: Decimal) -> None:
    assert spoken(UP, Manner(Repeat.EVERY, band), path) == crossings(path, band)


@given(levels, paths, bands, st.sampled_from(Repeat))
def test_a_number_seen_twice_speaks_once(
    found: Levels, path: list[Decimal], band: Decimal, repeat: Repeat
) -> None:
    manner, standing = Manner(repeat, band), Standing()
    for place, number in enumerate(path):
        at = START + timedelta(hours=place)
        standing, _ = step(found, manner, standing, number, at)
        again, side = step(found, manner, standing, number, at)
        assert (again.state, side) == (standing.state, None)


@given(levels, paths, bands, st.sampled_from(Repeat), st.integers(0, 600))
def test_between_its_wake_levels_nothing_changes(
    found: Levels, path: list[Decimal], band: Decimal, repeat: Repeat, minutes: int
) -> None:
    """What a query leaves unread would not have changed: so the query may leave it unread."""
    manner, standing = Manner(repeat, band), Standing()
    for place, number in enumerate(path):
        at = START + timedelta(minutes=minutes * place)
        due = wake(found, manner, standing)
        is_woken = (
            (due.above is not None and number >= due.above)
            or (due.below is not None and number <= due.below)
            or (due.until is not None and at >= due.until)
        )
        after, side = step(found, manner, standing, number, at)
        if not is_woken:
            assert (after, side) == (standing, None)
        standing = after


@given(paths, bands, st.integers(1, 30))
def test_a_cooldown_keeps_two_words_apart(path: list[Decimal], band: Decimal, minutes: int) -> None:
    manner = Manner(Repeat.EVERY, band, timedelta(minutes=minutes))
    places = spoken(UP, manner, path)
    assert all(after - before >= minutes for before, after in pairwise(places))


@given(paths, st.integers(1, 900))
def test_daily_is_once_a_date(path: list[Decimal], minutes: int) -> None:
    places = spoken(UP, Manner(Repeat.DAILY), path, minutes)
    dates = [(START + timedelta(minutes=minutes * place)).utc.date() for place in places]
    assert len(dates) == len(set(dates))
    reached = {
        (START + timedelta(minutes=minutes * place)).utc.date()
        for place, number in enumerate(path)
        if number >= 100
    }
    assert set(dates) == reached


def test_one_made_beyond_its_level_waits_for_the_way_back() -> None:
    standing = begun(UP, Decimal(105))
    assert (standing.state, standing.side, standing.fired) == (AlertState.FIRED, Direction.UP, None)
    path = [Decimal(106), Decimal(99), Decimal(101)]
    assert spoken(UP, Manner(Repeat.ONCE), path, standing=standing) == [2]


def test_a_jump_through_both_levels_speaks_on_the_other_side() -> None:
    both = Levels(Decimal(110), Decimal(90))
    assert spoken(both, Manner(Repeat.EVERY), [Decimal(111), Decimal(89), Decimal(110)]) == [0, 1, 2]


def test_the_least_way_back_is_a_tick() -> None:
    path = [Decimal(100), Decimal(100), Decimal(100) - TICK, Decimal(100)]
    assert spoken(UP, Manner(Repeat.EVERY), path) == [0, 3]


def test_paused_and_done_ones_stay_silent() -> None:
    for state in (AlertState.PAUSED, AlertState.DONE):
        standing = Standing(state)
        assert step(UP, Manner(Repeat.EVERY), standing, Decimal(500), START) == (standing, None)
        assert wake(UP, Manner(Repeat.EVERY), standing).above is None


def test_the_next_date_is_in_utc() -> None:
    assert next_date(Instant.parse("2026-11-20T23:59:59+05:30")) == Instant.parse("2026-11-21T00:00:00+00:00")
