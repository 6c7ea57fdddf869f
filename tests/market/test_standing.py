"""Which session, which phase, may this order be entered now: at every boundary of the dated rules."""

from __future__ import annotations

import pytest

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant
from tunefolio.market.calendars import Calendars, Phase, Segment, SessionKind
from tunefolio.market.instruments import Listing
from tunefolio.market.sessions import OrderType
from tunefolio.market.standing import Standing, standing

BOOK = Calendars()
CAS = Segment.EQUITY_WITH_DERIVATIVES
SHARES = Segment.EQUITY
OPTIONS = Segment.DERIVATIVES
LAST_DAY = Segment.EXPIRING_INDEX_DERIVATIVES


def ist(text: str) -> Instant:
    return Instant.parse(f"{text}+05:30")


def now(text: str, segment: Segment | None = None, order: str = "LIMIT", where: str = "NSE") -> Standing:
    return standing(BOOK, where, now=ist(text), segment=segment, order_type=OrderType(order))


ANSWERS = [
    # pre-open before 2026-09-07: one step, ending at random in its last minute
    (SHARES, "2026-09-04 08:59:59", "LIMIT", False, None),
    (SHARES, "2026-09-04 09:00:00", "LIMIT", True, "09:07"),
    (SHARES, "2026-09-04 09:07:30", "LIMIT", True, "09:07"),
    (SHARES, "2026-09-04 09:08:00", "LIMIT", False, None),
    (SHARES, "2026-09-04 09:00:00", "SL", False, None),
    # pre-open in four steps
    (SHARES, "2026-09-07 09:00:00", "MARKET", True, "09:05"),
    (SHARES, "2026-09-07 09:00:00", "LIMIT", True, "09:08"),
    (SHARES, "2026-09-07 09:05:00", "MARKET", False, None),
    (SHARES, "2026-09-07 09:09:59", "LIMIT", True, "09:09"),
    (SHARES, "2026-09-07 09:10:00", "LIMIT", False, None),
    (SHARES, "2026-09-07 09:14:59", "LIMIT", False, None),
    (SHARES, "2026-09-07 09:15:00", "SLM", True, "15:30"),
    # continuous trading of shares with derivatives: to 15:30, to 15:15, to 15:30 again
    (CAS, "2026-07-31 15:29:59", "SL", True, "15:30"),
    (CAS, "2026-08-03 15:14:59", "SL", True, "15:15"),
    (CAS, "2026-12-04 15:15:00", "SL", False, None),
    (CAS, "2026-12-07 15:29:59", "ICEBERG", True, "15:30"),
    # the closing auction from 2026-08-03
    (CAS, "2026-08-03 15:15:00", "LIMIT", False, None),
    (CAS, "2026-08-03 15:20:00", "MARKET", True, "15:25"),
    (CAS, "2026-08-03 15:20:00", "LIMIT", True, "15:28"),
    (CAS, "2026-08-03 15:24:59", "ICEBERG", False, None),
    (CAS, "2026-08-03 15:25:00", "MARKET", False, None),
    (CAS, "2026-08-03 15:25:00", "LIMIT", True, "15:28"),
    (CAS, "2026-08-03 15:29:59", "LIMIT", True, "15:29"),
    (CAS, "2026-08-03 15:30:00", "LIMIT", False, None),
    (CAS, "2026-08-03 15:35:00", "LIMIT", False, None),
    # … and from 2026-12-07
    (CAS, "2026-12-07 15:30:00", "LIMIT", False, None),
    (CAS, "2026-12-07 15:31:00", "MARKET", True, "15:36"),
    (CAS, "2026-12-07 15:36:00", "MARKET", False, None),
    (CAS, "2026-12-07 15:36:00", "LIMIT", True, "15:38"),
    (CAS, "2026-12-07 15:40:00", "LIMIT", False, None),
    # post-close
    (SHARES, "2026-07-31 15:40:00", "MARKET", True, "16:00"),
    (SHARES, "2026-08-03 15:49:59", "MARKET", False, None),
    (SHARES, "2026-08-03 15:50:00", "MARKET", True, "16:00"),
    # derivatives
    (OPTIONS, "2026-07-31 15:30:00", "LIMIT", False, None),
    (OPTIONS, "2026-08-03 15:39:59", "LIMIT", True, "15:40"),
    (OPTIONS, "2026-12-07 15:44:59", "LIMIT", True, "15:45"),
    (OPTIONS, "2026-12-07 15:45:00", "LIMIT", False, None),
    (LAST_DAY, "2026-12-04 15:39:59", "LIMIT", True, "15:40"),
    (LAST_DAY, "2026-12-07 15:30:00", "LIMIT", False, None),
    # days of their own
    (SHARES, "2026-02-01 11:00:00", "SL", True, "15:30"),
    (SHARES, "2024-05-18 09:59:59", "LIMIT", True, "10:00"),
    (SHARES, "2024-05-18 10:00:00", "LIMIT", False, None),
    (SHARES, "2024-05-18 11:45:00", "LIMIT", True, "12:40"),
    (SHARES, "2025-10-21 13:45:00", "LIMIT", True, "14:45"),
    (SHARES, "2025-10-21 09:30:00", "LIMIT", False, None),
]


@pytest.mark.parametrize(("segment", "text", "order", "may", "until"), ANSWERS)
def test_order_entry_at_the_boundaries(
    segment: Segment, text: str, order: str, may: bool, until: str | None
) -> None:
    found = now(text, segment, order)
    assert found.may_enter is may
    assert (found.until and found.until.in_zone().strftime("%H:%M")) == until
    assert bool(found.why_not) is not may
    assert (found.next_entry is None) is may
    assert found.source


def test_a_random_end_is_told_as_a_span_and_a_doubt() -> None:
    before, within = now("2026-08-03 15:27:59", CAS), now("2026-08-03 15:29:00", CAS)
    assert (before.until, before.until_latest) == (ist("2026-08-03 15:28:00"), ist("2026-08-03 15:30:00"))
    assert not before.is_provisional
    assert (within.until, within.until_latest) == (ist("2026-08-03 15:29:00"), ist("2026-08-03 15:30:00"))
    assert within.is_provisional
    assert "random" in within.note


def test_a_stop_loss_waits_for_the_next_continuous_trading() -> None:
    found = now("2026-11-20 15:22:00", CAS, "SL")
    assert found.phase is Phase.CLOSING_AUCTION
    assert found.step == "order entry, limit and market"
    assert found.next_entry == ist("2026-11-23 09:15:00")
    assert "only LIMIT, MARKET" in found.why_not


def test_on_a_holiday_the_answer_names_it_and_the_next_session() -> None:
    found = now("2026-11-24 11:00:00")
    assert (found.is_session, found.session, found.phase) == (False, None, Phase.CLOSED)
    assert found.holiday is not None
    assert found.holiday in found.why_not
    assert found.next_entry == ist("2026-11-25 09:00:00")


def test_a_muhurat_hour_is_a_session_whose_other_phases_are_not_known() -> None:
    found = now("2026-11-08 18:30:00")
    assert found.session is SessionKind.MUHURAT
    assert found.may_enter
    assert found.is_provisional
    assert "circular" in found.note


def test_what_the_record_does_not_say_is_provisional() -> None:
    assert now("2026-07-31 09:03:00", SHARES).is_provisional
    assert now("2026-07-31 15:45:00", SHARES, "MARKET").is_provisional
    assert not now("2026-07-31 11:00:00", SHARES, "SL").is_provisional
    assert now("2026-11-20 11:00:00", SHARES).is_provisional  # a day nobody could compare yet


def test_an_after_market_order_is_for_the_hours_outside() -> None:
    evening, noon = now("2026-08-20 20:00:00", order="AMO"), now("2026-08-20 12:00:00", order="AMO")
    assert evening.may_enter
    assert evening.until == ist("2026-08-21 09:00:00")
    assert evening.is_provisional
    assert not noon.may_enter
    assert noon.next_entry == ist("2026-08-20 16:00:00")


def test_before_the_open_of_commodities_orders_may_only_be_cancelled() -> None:
    found = now("2026-11-20 08:50:00", where="MCX")
    assert (found.phase, found.step) == (Phase.PRE_OPEN, "cancellation of orders only")
    assert not found.may_enter
    assert found.next_entry == ist("2026-11-20 09:00:00")


def test_new_york_and_crypto_answer_in_their_own_day() -> None:
    thanksgiving = Instant.parse("2026-11-26T15:00:00+00:00")
    found = standing(BOOK, Listing("NASDAQ", "AAPL"), now=thanksgiving)
    assert found.holiday == "Thanksgiving Day"
    assert found.next_entry == Instant.parse("2026-11-27T14:30:00+00:00")
    always = standing(BOOK, "CRYPTO", now=thanksgiving, order_type=OrderType.MARKET)
    assert always.may_enter
    assert always.until == Instant.parse("2026-11-27T00:00:00+00:00")


def test_at_the_end_of_the_known_calendar_there_is_no_next_entry() -> None:
    found = now("2026-12-31 23:00:00")
    assert not found.may_enter
    assert found.next_entry is None
    with pytest.raises(Misuse, match="outside"):
        now("2027-01-01 10:00:00")
