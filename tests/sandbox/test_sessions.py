"""When the rehearsal trades."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.conftest import at
from tunefolio.core.time import TradingDay
from tunefolio.market.calendars import packaged
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.sessions import Hours, sessions_of

SESSIONS = sessions_of(Hours.CALENDAR, packaged())


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


@pytest.mark.parametrize(
    ("now", "session"),
    [
        ("2026-11-20T09:14:59", "2026-11-19"),
        ("2026-11-20T09:15:00", "2026-11-20"),
        ("2026-11-21T12:00:00", "2026-11-20"),
        ("2026-11-22T23:59:59", "2026-11-20"),
        ("2026-01-26T12:00:00", "2026-01-23"),
    ],
)
def test_the_session_shown_is_the_newest_that_has_opened(now: str, session: str) -> None:
    assert SESSIONS.current(at(now)) == day(session)


def test_after_the_close_the_close_stands_until_the_next_open(market: Market) -> None:
    listed = market.universe.of("NSE:DISHTV-BE")
    close = market.close(listed, day("2026-11-20"))
    for now in ("2026-11-20T15:30:00", "2026-11-21T12:00:00", "2026-11-23T09:14:59"):
        sight = market.sight(listed, at(now))
        assert sight.last == close
        assert not sight.is_trading
        assert market.depth(sight) == ((), ())
    assert market.sight(listed, at("2026-11-23T09:15:00")).previous_close == close


def test_shares_with_derivatives_stand_still_in_the_closing_auction(market: Market) -> None:
    listed = market.universe.of("NSE:INFY")
    frozen = {market.price(listed, at(f"2026-11-20T15:{minute}:30")) for minute in range(15, 35)}
    assert len(frozen) == 1
    assert market.price(listed, at("2026-11-20T15:35:00")) == market.close(listed, day("2026-11-20"))
    before = {
        market.price(listed, at("2026-07-31T15:15:00") + timedelta(seconds=step)) for step in range(120)
    }
    assert len(before) > 20, "until August 2026 they traded to half past three"


def test_a_muhurat_hour_is_a_session_of_an_hour(market: Market) -> None:
    listed = market.universe.of("NSE:DISHTV-BE")
    window = market.window(listed, day("2025-10-21"))
    assert (window.open, window.end) == (at("2025-10-21T13:45:00"), at("2025-10-21T14:45:00"))
    candles = list(market.minutes(listed, day("2025-10-21"), day("2025-10-22"), at("2026-11-20T12:00:00")))
    assert len(candles) == 60


def test_beyond_the_known_calendar_weekdays_go_on(market: Market) -> None:
    listed = market.universe.of("NSE:INFY")
    assert market.sight(listed, at("2031-03-08T12:00:00")).day == day("2031-03-07")
    assert market.sight(listed, at("2031-03-07T12:00:00")).is_trading


def test_days_of_the_past_are_sessions_only_in_both_modes() -> None:
    now = at("2026-11-22T12:00:00")
    span = (day("2026-11-14"), day("2026-11-30"))
    regular = list(SESSIONS.between(*span, now))
    always = list(sessions_of(Hours.ALWAYS, packaged()).between(*span, now))
    assert always == [*regular, day("2026-11-22")]
    assert all(packaged().is_session(one) for one in regular)
