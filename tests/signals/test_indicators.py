"""Indicators beside TA-Lib, beside plain sums, and on the edges where they have nothing to say."""

from __future__ import annotations

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tunefolio.core.errors import Misuse
from tunefolio.signals import indicators

Floats = NDArray[np.float64]


def prices(count: int, seed: int = 7) -> Floats:
    """A walk of prices around 1,000."""
    chance = np.random.default_rng(seed)
    return np.asarray(1_000 * np.exp(np.cumsum(chance.normal(0, 0.02, count))), np.float64)


def bars(count: int) -> tuple[Floats, Floats, Floats]:
    close = prices(count)
    chance = np.random.default_rng(11)
    return close * (1 + chance.uniform(0, 0.02, count)), close * (1 - chance.uniform(0, 0.02, count)), close


@pytest.mark.parametrize("length", [1, 2, 5, 20, 50, 200])
def test_simple_and_exponential_means_are_talibs(length: int) -> None:
    close = prices(600)
    np.testing.assert_allclose(indicators.sma(close, length), talib.SMA(close, length), rtol=1e-12)
    if length > 1:
        np.testing.assert_allclose(indicators.ema(close, length), talib.EMA(close, length), rtol=1e-12)


@pytest.mark.parametrize("length", [2, 9, 14, 21])
def test_relative_strength_and_true_range_are_talibs(length: int) -> None:
    high, low, close = bars(600)
    np.testing.assert_allclose(indicators.rsi(close, length), talib.RSI(close, length), rtol=1e-10)
    np.testing.assert_allclose(
        indicators.atr(high, low, close, length), talib.ATR(high, low, close, length), rtol=1e-10
    )


def test_bands_are_talibs() -> None:
    close = prices(600)
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    ours = indicators.bollinger(close)
    np.testing.assert_allclose(ours.middle, middle, rtol=1e-12)
    np.testing.assert_allclose(ours.upper, upper, rtol=1e-9)
    np.testing.assert_allclose(ours.lower, lower, rtol=1e-9)


def test_convergence_meets_talibs_after_its_different_start() -> None:
    close = prices(600)
    line, signal, histogram = talib.MACD(close, 12, 26, 9)
    ours = indicators.macd(close)
    np.testing.assert_allclose(ours.line[120:], line[120:], atol=1e-4)
    np.testing.assert_allclose(ours.signal[140:], signal[140:], atol=1e-4)
    np.testing.assert_allclose(ours.histogram[140:], histogram[140:], atol=1e-4)
    assert np.isnan(ours.line[:25]).all()
    assert not np.isnan(ours.line[25])


def test_a_price_that_never_moves_has_a_strength_of_fifty() -> None:
    flat = np.full(40, 100.0)
    assert np.isnan(indicators.rsi(flat)[:14]).all()
    assert (indicators.rsi(flat)[14:] == 50).all()
    rising = np.arange(1.0, 41.0)
    assert (indicators.rsi(rising)[14:] == 100).all()


@given(st.lists(st.floats(1, 1e6), max_size=60), st.integers(1, 30))
def test_a_mean_needs_its_whole_past_and_lies_within_it(values: list[float], length: int) -> None:
    close = np.array(values, np.float64)
    mean = indicators.sma(close, length)
    assert len(mean) == len(close)
    assert np.isnan(mean[: length - 1]).all()
    for place in range(length - 1, len(close)):
        window = close[place - length + 1 : place + 1]
        assert window.min() * (1 - 1e-12) <= mean[place] <= window.max() * (1 + 1e-12)


@given(st.integers(0, 80), st.integers(0, 40))
def test_no_value_looks_ahead(count: int, cut: int) -> None:
    high, low, close = (column[:count] for column in bars(120))
    short = slice(0, min(cut, count))
    whole = indicators.rsi(close)
    np.testing.assert_array_equal(whole[short], indicators.rsi(close[short]))
    np.testing.assert_array_equal(indicators.ema(close, 9)[short], indicators.ema(close[short], 9))
    np.testing.assert_array_equal(
        indicators.atr(high, low, close)[short], indicators.atr(high[short], low[short], close[short])
    )


def test_a_length_below_one_is_refused() -> None:
    with pytest.raises(Misuse, match="length"):
        indicators.sma(prices(5), 0)
    with pytest.raises(Misuse, match="macd"):
        indicators.macd(prices(5), 26, 12)
