"""The same money in a benchmark: units bought and sold at each day's level."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.analysis.benchmarks import (
    Shadow,
    active_return,
    information_ratio,
    period_returns,
    rebased,
    same_flows,
    total_return_index,
    tracking_error,
)
from tunefolio.analysis.returns import twr
from tunefolio.core.missing import Missing

NAN = float("nan")
K = 248.0
OWN = np.random.default_rng(4).normal(0.0007, 0.012, 300)
INDEX = OWN + np.random.default_rng(5).normal(-0.0001, 0.004, 300)


def shadow(
    levels: list[float], flows: list[float], *, start: float = 0.0, before: float | None = None
) -> Shadow:
    flow = np.array(flows)
    found = same_flows(
        np.array(levels), np.maximum(flow, 0), np.maximum(-flow, 0), start=start, before=before
    )
    assert isinstance(found, Shadow), found
    return found


def test_each_flow_buys_and_sells_at_its_days_level() -> None:
    found = shadow([100, 110, 120, 130], [1_000, 0, 600, -650])
    assert found.units == pytest.approx([10, 10, 15, 10])
    assert found.value == pytest.approx([1_000, 1_100, 1_800, 1_300])
    assert found.end == pytest.approx(1_300)
    assert found.overdrawn is None


def test_what_was_there_before_buys_at_the_level_before() -> None:
    found = shadow([110, 121], [0, 0], start=500, before=100)
    assert found.value == pytest.approx([550, 605])


def test_a_level_is_needed_only_where_money_moves_and_at_the_end() -> None:
    assert shadow([100, NAN, 120], [1_000, 0, 0]).value == pytest.approx([1_000, NAN, 1_200], nan_ok=True)


@pytest.mark.parametrize(
    ("levels", "day"), [([NAN, 110.0, 120.0], 1), ([100.0, 110.0, NAN], 3), ([100.0, 0.0, 120.0], 2)]
)
def test_a_level_that_is_not_there_is_never_guessed(levels: list[float], day: int) -> None:
    found = same_flows(np.array(levels), np.array([100.0, 50.0, 0.0]), np.zeros(3))
    assert found == Missing(f"the benchmark has no level on day {day} of the period")


def test_a_start_needs_its_level() -> None:
    one, none = np.array([100.0]), np.zeros(1)
    assert same_flows(one, none, none, start=10) == Missing("the benchmark has no level at the start")
    assert same_flows(one, none, none, start=10, before=NAN) == Missing(
        "the benchmark has no level at the start"
    )
    assert same_flows(np.zeros(0), np.zeros(0), np.zeros(0)) == Missing("the period has no days")


def test_taking_out_more_than_the_benchmark_became_is_said() -> None:
    assert shadow([100, 50, 60], [1_000, -800, 0]).overdrawn == 1
    assert shadow([100, 50, 60], [1_000, -500, 0]).overdrawn is None


@given(
    st.lists(st.tuples(st.floats(1, 1e4), st.floats(0, 1e6)), min_size=1, max_size=20),
    st.floats(0.01, 100),
)
def test_a_portfolio_that_is_the_index_becomes_what_its_shadow_becomes(
    days: list[tuple[float, float]], factor: float
) -> None:
    """Bought at each day's level with the day's flow, and however the index is scaled."""
    levels, flows = np.array([level for level, _ in days]), np.array([flow for _, flow in days])
    units = np.cumsum(flows / levels)
    for scale in (1.0, factor):
        found = same_flows(levels * scale, flows, np.zeros(len(flows)))
        assert isinstance(found, Shadow)
        assert found.value == pytest.approx(units * levels, rel=1e-9)


def test_the_time_weighted_return_of_the_shadow_is_the_indexs() -> None:
    levels = np.array([100.0, 110.0, 99.0, 120.0])
    found = shadow([110.0, 99.0, 120.0], [0, 0, 0], start=100, before=100)
    none = np.zeros(3)
    assert twr(found.value, none, none, start=100).total == pytest.approx(levels[-1] / levels[0] - 1)


# ── how they differ ───────────────────────────────────────────────────────────────────────────────


def test_active_return_needs_both() -> None:
    assert active_return(0.12, 0.10).value == pytest.approx(0.02)
    assert active_return(Missing("a"), 0.10).value == Missing("a")
    assert active_return(0.12, Missing("b")).value == Missing("b")
    assert active_return(0.12, 0.10).convention


def test_tracking_error_and_information_ratio_agree_with_the_standard_library() -> None:
    error = statistics.stdev((OWN - INDEX).tolist()) * math.sqrt(K)
    mine, index = (math.prod(1 + float(r) for r in side) ** (K / 300) for side in (OWN, INDEX))
    assert tracking_error(OWN, INDEX, K).value == pytest.approx(error)
    assert information_ratio(OWN, INDEX, K).value == pytest.approx((mine - index) / error)
    assert "248" in information_ratio(OWN, INDEX, K).convention


def test_no_ratio_without_difference_or_ground() -> None:
    assert tracking_error(OWN, OWN, K).value == 0
    assert information_ratio(OWN, OWN, K).value == Missing("the returns do not differ from the benchmark's")
    assert information_ratio(OWN[:5], INDEX[:5], K).value == Missing("5 returns are fewer than 20")
    lost = np.append(OWN, -2.0)
    assert information_ratio(lost, np.append(INDEX, 0.0), K).value == Missing("more than everything was lost")
    with pytest.raises(ValueError, match="benchmark"):
        tracking_error(OWN, INDEX[:5], K)


# ── index series ──────────────────────────────────────────────────────────────────────────────────


def test_dividends_are_reinvested_at_the_ex_days_close() -> None:
    """100 units at 100; 5 a unit at a close of 95 buys 100 × 5 ÷ 95 more."""
    levels = total_return_index(np.array([100.0, 95.0, 114.0]), np.array([0.0, 5.0, 0.0]))
    units = 1 + 5 / 95
    assert levels == pytest.approx([100, 95 * units, 114 * units])


def test_without_dividends_it_is_the_price() -> None:
    closes = np.array([NAN, 50.0, NAN, 60.0])
    assert total_return_index(closes, np.zeros(4), base=1) == pytest.approx([NAN, 1, NAN, 1.2], nan_ok=True)


def test_a_dividend_on_a_day_without_close_waits_and_one_before_the_first_is_not_earned() -> None:
    closes, dividends = np.array([50.0, NAN, 60.0]), np.array([9.0, 5.0, 0.0])
    assert total_return_index(closes, dividends) == pytest.approx([100, NAN, 130], nan_ok=True)


def test_a_curve_is_rebased_to_its_first_level() -> None:
    assert rebased(np.array([NAN, 50.0, 60.0])) == pytest.approx([NAN, 100, 120], nan_ok=True)
    assert np.isnan(rebased(np.array([NAN, NAN]))).all()
    assert np.isnan(total_return_index(np.array([NAN]), np.array([1.0]))).all()


def test_returns_of_levels() -> None:
    assert period_returns(np.array([110.0, NAN, 121.0, 133.1]), before=100) == pytest.approx(
        [0.1, NAN, NAN, 0.1], nan_ok=True
    )
    assert np.isnan(period_returns(np.array([110.0]))[0])


def test_arrays_belong_together() -> None:
    with pytest.raises(ValueError, match="levels"):
        same_flows(np.zeros(2), np.zeros(1), np.zeros(2))
    with pytest.raises(ValueError, match="dividends"):
        total_return_index(np.zeros(2), np.zeros(1))
