"""Risk figures: small cases by hand, another way of working them out, and never a figure that is not one."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.analysis.risk import (
    Drawdown,
    Floats,
    Measure,
    alpha,
    annual_return,
    beta,
    calmar,
    drawdown_series,
    drawdowns,
    expected_shortfall,
    gaussian_expected_shortfall,
    gaussian_value_at_risk,
    sharpe,
    sortino,
    value_at_risk,
    volatility,
)
from tunefolio.core.missing import Missing

NAN = float("nan")
K = 248.0
YEAR = np.random.default_rng(2).normal(0.0006, 0.011, 300)
MARKET = 0.6 * YEAR + np.random.default_rng(3).normal(0.0002, 0.006, 300)


def number(measure: Measure) -> float:
    assert isinstance(measure.value, float), measure
    return measure.value


def close(one: Drawdown, other: Drawdown) -> bool:
    """Equal but for rounding."""
    return replace(one, depth=0.0) == replace(other, depth=0.0) and math.isclose(one.depth, other.depth)


def all_measures(returns: Floats, market: Floats) -> dict[str, Measure]:
    return {
        "volatility": volatility(returns, K),
        "sharpe": sharpe(returns, K, risk_free=0.07),
        "sortino": sortino(returns, K, risk_free=0.07),
        "annual return": annual_return(returns, K),
        "calmar": calmar(returns, K),
        "value at risk": value_at_risk(returns),
        "expected shortfall": expected_shortfall(returns),
        "gaussian value at risk": gaussian_value_at_risk(returns),
        "gaussian expected shortfall": gaussian_expected_shortfall(returns),
        "beta": beta(returns, market, K),
        "alpha": alpha(returns, market, K),
    }


# ── another way: the standard library and sums written out ────────────────────────────────────────


def test_volatility_and_ratios_agree_with_the_standard_library() -> None:
    rate = 1.07 ** (1 / K) - 1
    excess = [float(r) - rate for r in YEAR]
    deviation = statistics.stdev(excess)
    downside = math.sqrt(sum(min(e, 0) ** 2 for e in excess) / len(excess))
    assert number(volatility(YEAR, K)) == pytest.approx(deviation * math.sqrt(K))
    assert number(sharpe(YEAR, K, risk_free=0.07)) == pytest.approx(
        statistics.fmean(excess) / deviation * math.sqrt(K)
    )
    assert number(sortino(YEAR, K, risk_free=0.07)) == pytest.approx(
        statistics.fmean(excess) / downside * math.sqrt(K)
    )


def test_tails_agree_with_the_standard_library() -> None:
    quantile = statistics.quantiles(YEAR.tolist(), n=20, method="inclusive")[0]
    normal = statistics.NormalDist(statistics.fmean(YEAR), statistics.stdev(YEAR))
    assert number(value_at_risk(YEAR)) == pytest.approx(quantile)
    assert number(expected_shortfall(YEAR)) == pytest.approx(
        statistics.fmean([r for r in YEAR if r <= quantile])
    )
    assert number(gaussian_value_at_risk(YEAR)) == pytest.approx(normal.inv_cdf(0.05))
    beyond = [normal.inv_cdf(0.05 * (i + 0.5) / 20_000) for i in range(20_000)]
    assert number(gaussian_expected_shortfall(YEAR)) == pytest.approx(statistics.fmean(beyond), rel=1e-3)


def test_beta_and_alpha_agree_with_least_squares() -> None:
    fit = statistics.linear_regression(MARKET.tolist(), YEAR.tolist())
    assert number(beta(YEAR, MARKET, K)) == pytest.approx(fit.slope)
    assert number(alpha(YEAR, MARKET, K)) == pytest.approx((1 + fit.intercept) ** K - 1)


def test_alpha_takes_the_riskless_rate_off_both_sides() -> None:
    rate = 1.07 ** (1 / K) - 1
    fit = statistics.linear_regression((MARKET - rate).tolist(), (YEAR - rate).tolist())
    assert number(beta(YEAR, MARKET, K, risk_free=0.07)) == pytest.approx(fit.slope)
    assert number(alpha(YEAR, MARKET, K, risk_free=0.07)) == pytest.approx((1 + fit.intercept) ** K - 1)


def test_the_market_against_itself_has_beta_one_and_no_alpha() -> None:
    assert number(beta(MARKET, MARKET, K)) == pytest.approx(1)
    assert number(alpha(MARKET, MARKET, K)) == pytest.approx(0, abs=1e-12)


def test_annual_return_is_geometric_and_calmar_rests_on_it() -> None:
    growth = math.prod(1 + float(r) for r in YEAR)
    annual = math.exp(math.log(growth) * K / len(YEAR)) - 1
    wealth, peak, deepest = 1.0, 1.0, 0.0
    for r in YEAR:
        wealth *= 1 + float(r)
        peak = max(peak, wealth)
        deepest = max(deepest, 1 - wealth / peak)
    assert number(annual_return(YEAR, K)) == pytest.approx(annual)
    assert number(calmar(YEAR, K)) == pytest.approx(annual / deepest)


# ── drawdowns ─────────────────────────────────────────────────────────────────────────────────────


def test_a_drawdown_has_its_peak_trough_and_recovery() -> None:
    growth = np.array([1.0, 1.2, 0.9, 1.08, 1.2, 1.3, 1.17])
    assert drawdown_series(growth) == pytest.approx([0, 0, -0.25, -0.1, 0, 0, -0.1])
    first, second = drawdowns(growth)
    assert close(first, Drawdown(-0.25, peak=1, trough=2, recovered=4))
    assert close(second, Drawdown(-0.1, peak=5, trough=6, recovered=None))


def test_the_start_counts_as_a_peak() -> None:
    (fall,) = drawdowns(np.array([0.9, 0.8, 1.0]))
    assert close(fall, Drawdown(-0.2, peak=-1, trough=1, recovered=2))


def test_a_curve_that_only_rises_has_no_drawdown() -> None:
    assert drawdowns(np.array([1.0, 1.1, 1.1, 1.2])) == ()
    assert drawdowns(np.array([])) == ()


def test_a_hole_in_the_curve_is_passed_over() -> None:
    growth = np.array([1.2, NAN, 0.9, NAN, 1.3])
    assert drawdown_series(growth) == pytest.approx([0, NAN, -0.25, NAN, 0], nan_ok=True)
    (fall,) = drawdowns(growth)
    assert close(fall, Drawdown(-0.25, peak=0, trough=2, recovered=4))


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=30))
def test_drawdowns_and_their_series_tell_the_same(returns: list[float]) -> None:
    growth = np.cumprod(1 + np.array(returns))
    series, falls = drawdown_series(growth), drawdowns(growth)
    assert (series <= 0).all()
    assert min((fall.depth for fall in falls), default=0.0) == series.min()
    for fall in falls:
        wealth = np.concatenate([[1.0], growth])
        assert fall.depth == pytest.approx(wealth[fall.trough + 1] / wealth[fall.peak + 1] - 1)
        assert fall.recovered is None or wealth[fall.recovered + 1] >= wealth[fall.peak + 1]


# ── when there is none ────────────────────────────────────────────────────────────────────────────


def test_few_returns_are_no_ground_for_a_figure() -> None:
    for name, measure in all_measures(YEAR[:19], MARKET[:19]).items():
        assert isinstance(measure.value, Missing), name
        assert "19 returns are" in measure.value.reason, name
        assert measure.convention, name


def test_a_caller_may_set_another_limit_but_never_less_than_two() -> None:
    assert number(volatility(np.array([0.01, 0.03]), 1, fewest=2)) == pytest.approx(
        statistics.stdev([0.01, 0.03])
    )
    assert isinstance(volatility(np.array([0.01]), 1, fewest=0).value, Missing)


def test_what_does_not_vary_has_no_ratio() -> None:
    flat = np.full(300, 0.001)
    assert sharpe(flat, K).value == Missing("the returns do not vary")
    assert sortino(flat, K).value == Missing("no return was below the rate")
    assert calmar(flat, K).value == Missing("there was no drawdown")
    assert beta(YEAR, flat, K).value == Missing("the market's returns do not vary")
    assert alpha(YEAR, flat, K).value == Missing("the market's returns do not vary")
    assert number(volatility(flat, K)) == pytest.approx(0, abs=1e-12)


def test_less_than_a_year_has_no_annual_return() -> None:
    assert isinstance(annual_return(YEAR[:247], K).value, Missing)
    assert isinstance(calmar(YEAR[:247], K).value, Missing)


def test_more_than_everything_lost_has_no_annual_return() -> None:
    assert annual_return(np.append(YEAR, -1.5), K).value == Missing("more than everything was lost")


def test_days_without_a_return_are_left_out() -> None:
    holes = np.insert(YEAR, [0, 10, 10, 300], NAN)
    market = np.insert(MARKET, [0, 10, 10, 300], 0.5)
    assert {name: m.value for name, m in all_measures(holes, market).items()} == {
        name: m.value for name, m in all_measures(YEAR, MARKET).items()
    }


def test_the_market_needs_as_many_days() -> None:
    with pytest.raises(ValueError, match="market"):
        beta(YEAR, MARKET[:5], K)


def test_every_figure_says_how_it_was_worked_out() -> None:
    measures = all_measures(YEAR, MARKET)
    for name in ("volatility", "sharpe", "sortino", "annual return", "calmar", "alpha"):
        assert "248" in measures[name].convention, name
    for name in ("sharpe", "sortino"):
        assert "7.00%" in measures[name].convention, name
    assert all(measure.convention for measure in measures.values())


@given(st.lists(st.one_of(st.floats(-0.9, 2.0), st.just(NAN), st.just(0.0)), max_size=60))
def test_never_infinite_never_nan(returns: list[float]) -> None:
    series = np.array(returns, float)
    for name, measure in all_measures(series, np.roll(series, 1)).items():
        assert isinstance(measure.value, Missing) or math.isfinite(measure.value), name
