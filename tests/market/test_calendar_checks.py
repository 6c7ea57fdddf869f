"""The self-check "no bar today": a closure nobody told us of, a session nobody told us of."""

from __future__ import annotations

from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.calendar_checks import BarCount, Surprise, Suspect, suspects
from tunefolio.market.calendars import packaged

SATURDAY = Instant.parse("2026-11-21T12:00:00+05:30")


def found(counts: dict[str, tuple[int, int]], now: Instant = SATURDAY) -> list[Suspect]:
    given = {TradingDay.parse(day): BarCount(*count) for day, count in counts.items()}
    return suspects(packaged(), given, now)


def test_a_silent_session_between_others_looks_closed() -> None:
    (one,) = found({"2026-11-18": (98, 100), "2026-11-19": (1, 100), "2026-11-20": (97, 100)})
    assert (one.day.iso(), one.surprise, one.is_confirmed) == ("2026-11-19", Surprise.LOOKS_CLOSED, True)
    assert "calendar close 2026-11-19 --exchange NSE" in one.cure


def test_today_without_bars_is_suspected_once_its_prices_are_final() -> None:
    counts = {"2026-11-19": (98, 100), "2026-11-20": (0, 100)}
    assert found(counts, Instant.parse("2026-11-20T15:59:59+05:30")) == []
    (one,) = found(counts, Instant.parse("2026-11-20T16:00:00+05:30"))
    assert not one.is_confirmed


def test_a_source_that_is_away_makes_no_holiday() -> None:
    assert found({"2026-11-19": (0, 100), "2026-11-20": (0, 100)}) == []
    assert found({"2026-11-19": (60, 100), "2026-11-20": (30, 100)}) == []


def test_bars_on_a_day_without_session_look_like_a_special_one() -> None:
    (one,) = found({"2026-11-14": (90, 100), "2026-11-15": (2, 100)})
    assert (one.day.iso(), one.surprise) == ("2026-11-14", Surprise.LOOKS_OPEN)
    assert "calendar open 2026-11-14" in one.cure


def test_two_instruments_prove_nothing_and_unknown_days_are_passed_over() -> None:
    assert found({"2026-11-18": (98, 100), "2026-11-19": (0, 2), "2027-01-04": (0, 100)}) == []
