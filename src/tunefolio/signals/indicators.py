"""Indicators over one instrument's bars: float64[T] in, float64[T] out, NaN until there is enough past.

Seeds and smoothing are those of docs/spec/indicators.md; the same as TA-Lib's default unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import Misuse

Floats = NDArray[np.float64]


def sma(values: Floats, length: int) -> Floats:
    """Mean of the last `length`; first at length − 1. A NaN inside a window makes its mean NaN."""
    _must_be_length(length)
    found = np.full(len(values), np.nan)
    if len(values) >= length:
        windows = np.lib.stride_tricks.sliding_window_view(values, length)
        found[length - 1 :] = windows.mean(axis=1)
    return found


def ema(values: Floats, length: int) -> Floats:
    """Exponential mean, weight 2 ÷ (length + 1); seeded at length − 1 with the mean of the first `length`.

    What lies before the first number is skipped; after it, a NaN makes all that follows NaN.
    """
    _must_be_length(length)
    return _smoothed(values, length, 2 / (length + 1))


def wilder(values: Floats, length: int) -> Floats:
    """Wilder's smoothing: weight 1 ÷ length; seeded with the mean of the first `length` numbers."""
    _must_be_length(length)
    return _smoothed(values, length, 1 / length)


def rsi(close: Floats, length: int = 14) -> Floats:
    """Relative strength, 0 to 100; first at `length`. 50 where nothing moved at all (TA-Lib says 0 there)."""
    _must_be_length(length)
    if len(close) == 0:
        return close.copy()
    change = np.diff(close, prepend=np.nan)
    gains = wilder(np.where(np.isnan(change), np.nan, np.maximum(change, 0.0)), length)
    losses = wilder(np.where(np.isnan(change), np.nan, np.maximum(-change, 0.0)), length)
    moved = gains + losses
    found = np.full(len(close), np.nan)
    known = ~np.isnan(moved)
    found[known] = np.where(
        moved[known] > 0, 100 * gains[known] / np.where(moved[known] > 0, moved[known], 1), 50
    )
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Macd:
    """line: fast mean − slow mean; signal: the mean of the line; histogram: line − signal. All float64[T]."""

    line: Floats
    signal: Floats
    histogram: Floats


def macd(close: Floats, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Moving average convergence: each mean seeded by itself, so the fast one begins earlier.

    TA-Lib lets both begin at slow − 1; the two agree within 1e-4 of the price after some eighty bars.
    """
    if not 0 < fast < slow:
        raise Misuse("macd", f"{fast} is not shorter than {slow}")
    line = ema(close, fast) - ema(close, slow)
    mean = ema(line, signal)
    return Macd(line, mean, line - mean)


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """middle: the mean; upper and lower: so many standard deviations off it. All float64[T]."""

    upper: Floats
    middle: Floats
    lower: Floats


def bollinger(close: Floats, length: int = 20, deviations: float = 2.0) -> Bands:
    """Bollinger's bands, with the standard deviation of the whole window (ddof 0)."""
    middle = sma(close, length)
    spread = np.full(len(close), np.nan)
    if len(close) >= length:
        windows = np.lib.stride_tricks.sliding_window_view(close, length)
        spread[length - 1 :] = windows.std(axis=1)
    return Bands(middle + deviations * spread, middle, middle - deviations * spread)


def atr(high: Floats, low: Floats, close: Floats, length: int = 14) -> Floats:
    """Average true range, Wilder's smoothing; the first true range is that of the second bar, so the first
    value stands at `length`."""
    if len(close) == 0:
        return close.copy()
    before = np.concatenate([[np.nan], close[:-1]])
    ranges = np.maximum(high - low, np.maximum(np.abs(high - before), np.abs(low - before)))
    ranges[0] = np.nan
    return wilder(ranges, length)


def _smoothed(values: Floats, length: int, weight: float) -> Floats:
    found = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known) or len(values) - known[0] < length:
        return found
    first = int(known[0])
    level = float(values[first : first + length].mean())
    place = first + length - 1
    found[place] = level
    for value in values[place + 1 :].tolist():
        place += 1
        level += weight * (value - level)
        found[place] = level
    return found


def _must_be_length(length: int) -> None:
    if length < 1:
        raise Misuse("length", f"{length} is not at least 1")
