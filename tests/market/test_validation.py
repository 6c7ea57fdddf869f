"""Bars that are not to be believed: each rule, and what must not be doubted."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.histories import bar_of
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import AssetClass, Instrument, Listing
from tunefolio.market.provider import BarsClaim
from tunefolio.market.validation import (
    TITLES,
    Doubt,
    Reason,
    Yardstick,
    band_of,
    disagreement,
    in_currency,
    judged,
    seam,
)


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


RULE = Yardstick(lambda day: day.date.weekday() < 5, day("2026-11-20"))
QUIET = "100 102 99 101 5000"


def doubts(*told: tuple[str, str], by: Yardstick = RULE, before: Bar | None = None) -> dict[str, Reason]:
    found = judged([bar_of(on, said) for on, said in told], by, before)
    return {doubt.bar.day.iso(): doubt.reason for doubt in found.doubts}


@pytest.mark.parametrize(
    ("on", "said", "reason"),
    [
        ("2026-11-16", "0", Reason.NOT_POSITIVE),
        ("2026-11-16", "-5", Reason.NOT_POSITIVE),
        ("2026-11-16", "0 102 99 101 5000", Reason.NOT_POSITIVE),
        ("2026-11-20", QUIET, Reason.FUTURE),
        ("2026-12-01", QUIET, Reason.FUTURE),
        ("2026-11-15", QUIET, Reason.NO_SESSION),
        ("2026-11-16", "100 102 100.5 101 5000", Reason.RANGE),
        ("2026-11-16", "100 100.5 99 101 5000", Reason.RANGE),
        ("2026-11-16", "100 99 102 101 5000", Reason.RANGE),
        ("2026-11-16", "101 101 101 101 0", Reason.FLAT),
    ],
)
def test_each_rule_names_its_reason(on: str, said: str, reason: Reason) -> None:
    assert doubts((on, said)) == {on: reason}


@pytest.mark.parametrize(
    "said",
    [
        QUIET,
        "101",
        "101 101 101 101 3",  # one trade
        "100 102 99 101 0",  # an index: no volume, but a range
        "100 101 99 101.005 5000",  # a vendor's rounding
    ],
)
def test_what_is_usual_is_believed(said: str) -> None:
    assert doubts(("2026-11-16", said)) == {}


def test_the_figures_of_the_day_before_are_a_copy() -> None:
    assert doubts(("2026-11-16", QUIET), ("2026-11-17", QUIET)) == {"2026-11-17": Reason.REPEATED}
    assert doubts(("2026-11-16", "101"), ("2026-11-17", "101")) == {}
    one_trade = "101 101 101 101 1"
    assert doubts(("2026-11-16", one_trade), ("2026-11-17", one_trade)) == {}


def test_a_spike_is_one_doubt_and_what_follows_is_believed() -> None:
    found = doubts(("2026-11-16", "100"), ("2026-11-17", "500"), ("2026-11-18", "101"))
    assert found == {"2026-11-17": Reason.JUMP}


def test_a_new_level_is_doubted_on_its_first_day_alone() -> None:
    found = doubts(("2026-11-16", "100"), ("2026-11-17", "50"), ("2026-11-18", "51"), ("2026-11-19", "52"))
    assert found == {"2026-11-17": Reason.JUMP}


def test_a_jump_on_an_ex_date_is_the_action() -> None:
    split = replace(RULE, ex_days=frozenset({day("2026-11-17")}))
    assert doubts(("2026-11-16", "100"), ("2026-11-17", "20"), by=split) == {}
    late = replace(RULE, ex_days=frozenset({day("2026-11-18")}))
    assert doubts(("2026-11-16", "100"), ("2026-11-17", "20"), by=late) == {"2026-11-17": Reason.JUMP}


@pytest.mark.parametrize(("band", "close", "is_doubted"), [
    ("0.20", "120", False), ("0.20", "120.4", False), ("0.20", "121", True), ("0.05", "106", True),
    ("0.02", "97", True), ("0.10", "89.6", False), ("0.10", "89", True),
])  # fmt: skip
def test_the_band_holds_on_both_sides_to_the_tick(band: str, close: str, is_doubted: bool) -> None:
    by = replace(RULE, band=Decimal(band))
    assert bool(doubts(("2026-11-16", "100"), ("2026-11-17", close), by=by)) is is_doubted


def test_without_a_band_or_after_a_pause_nothing_jumps() -> None:
    assert doubts(("2026-11-16", "100"), ("2026-11-17", "900"), by=replace(RULE, band=None)) == {}
    assert doubts(("2026-10-01", "100"), ("2026-11-17", "900")) == {}


def test_the_bar_before_the_first_counts() -> None:
    assert doubts(("2026-11-16", "500"), before=Bar(day("2026-11-13"), Decimal(100))) == {
        "2026-11-16": Reason.JUMP
    }


def test_a_day_a_person_vouched_for_is_believed() -> None:
    by = replace(RULE, accepted=frozenset({day("2026-11-17")}))
    assert doubts(("2026-11-16", "100"), ("2026-11-17", "500"), ("2026-11-18", "505"), by=by) == {}


def jump(former: str, close: str) -> Doubt:
    (doubt,) = judged([bar_of("2026-11-16", former), bar_of("2026-11-17", close)], RULE).doubts
    return doubt


def test_a_jump_says_what_it_looks_like() -> None:
    assert jump("1500", "301").detail.endswith("like a split or bonus of 5 for 1 that no source told")
    assert jump("72.5", "7250").detail.endswith("It looks like hundredths of the currency")
    assert jump("10", "100.5").detail.endswith("It looks like 10 old units for 1 new")
    assert jump("100", "160").detail == "+60.0 % from 100 on 2026-11-16 to 160; the band is 20.0 %"


def test_every_reason_has_a_title_and_a_cure() -> None:
    bar = bar_of("2026-11-16", "1")
    assert all(TITLES[reason] and Doubt(bar, reason, "").cure for reason in Reason)


def of(exchange: str, kind: AssetClass, symbol: str = "X") -> Instrument:
    return Instrument(InstrumentId(1), Listing(exchange, symbol), None, "X", kind)


def test_bands_by_what_is_known() -> None:
    assert band_of(of("NSE", AssetClass.EQUITY)) == Decimal("0.20")
    assert band_of(of("NSE", AssetClass.EQUITY, "INFY"), {"INFY"}) == Decimal("0.60")
    assert band_of(of("NASDAQ", AssetClass.EQUITY)) == Decimal("0.60")
    assert band_of(of("CRYPTO", AssetClass.CRYPTO)) is None
    assert band_of(of("NFO", AssetClass.OPTION)) is None


def test_hundredths_are_divided_and_other_currencies_refused() -> None:
    bars = (bar_of("2026-11-16", "7200 7300 7100 7250 10"),)
    pounds = in_currency(BarsClaim(bars, Currency("GBp")), Currency("GBP"))
    assert pounds is not None
    assert pounds.bars == (bar_of("2026-11-16", "72.00 73.00 71.00 72.50 10"),)
    assert in_currency(BarsClaim(bars, Currency("USD")), INR) is None
    same = BarsClaim(bars, Currency(""))
    assert in_currency(same, INR) is same


def test_two_sources_agree_within_half_a_per_cent() -> None:
    ours, near, far = (bar_of("2026-11-16", close) for close in ("100", "100.5", "101"))
    assert disagreement(ours, near, Decimal("0.005")) is None
    assert disagreement(ours, far, Decimal("0.005")) == "101 against 100, 1.0 % apart"


def test_what_lies_before_the_seam_is_doubted() -> None:
    bars = [bar_of("2025-12-31", "7510"), bar_of("2026-01-01", "1505")]
    found = seam(bars, day("2026-01-01"))
    assert [bar.day.iso() for bar in found.good] == ["2026-01-01"]
    assert [doubt.reason for doubt in found.doubts] == [Reason.SEAM]
