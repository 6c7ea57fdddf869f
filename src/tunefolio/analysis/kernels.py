"""Loops over thousands of portfolios, compiled by numba at first use and kept beside the code.

Import it inside the function that needs it: loading numba takes longer than all that a small book computes.
One thread each, without the interpreter's lock: safe to call from several threads at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Room = tuple[Floats, Floats, Ints]
Function = TypeVar("Function", bound=Callable[..., Any])

PROVED, UNPROVED, UNORDERED = 0, 1, 2

_LOG2E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
_ROUNDER = 6755399441055744.0  # 1.5 × 2^52: adding it leaves the nearest whole number in the low bits
_DEEPEST = -690.0  # exp() of less counts as this: about 1e-300
_TINY, _PROBE = 1e-4, 0.01  # in ln(1 + rate): after a step that small a root is looked for so far ahead
_STEEPEST = -15.0  # (years + 1) × ln(1 + rate): from here on rounding may hide the worth on the first day


def compiled(function: Function) -> Function:
    """Compile at first call; where nothing can be written to keep it, each process compiles anew."""
    try:
        return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:
        return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))


def reordering(function: Function) -> Function:
    """As `compiled`; sums may be taken in any order, so that they use the whole width of the processor."""
    order = {"reassoc", "contract", "nsz"}
    try:
        return cast(
            Function, numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=order)(function)
        )
    except RuntimeError:
        return cast(Function, numba.njit(nogil=True, error_model="numpy", fastmath=order)(function))


@compiled
def _weigh(log: float, years: Floats, origin: float, out: Floats, power: Floats, bits: Ints) -> None:
    """out[i] = exp(−log × (years[i] − origin)) for exponents ≤ 0, to a few units in the last place.

    Cody–Waite reduction and a Taylor polynomial of degree 13, written so that it vectorises, as a call of
    exp() does not. `power` is room of the same length and `bits` its view as int64.
    """
    for i in range(len(years)):
        exponent = max(-log * (years[i] - origin), _DEEPEST)
        out[i] = exponent
        power[i] = exponent * _LOG2E + _ROUNDER
    for i in range(len(years)):
        whole = power[i] - _ROUNDER
        r = (out[i] - whole * _LN2_HIGH) - whole * _LN2_LOW
        p = 1.0 / 6227020800.0
        p = p * r + 1.0 / 479001600.0
        p = p * r + 1.0 / 39916800.0
        p = p * r + 1.0 / 3628800.0
        p = p * r + 1.0 / 362880.0
        p = p * r + 1.0 / 40320.0
        p = p * r + 1.0 / 5040.0
        p = p * r + 1.0 / 720.0
        p = p * r + 1.0 / 120.0
        p = p * r + 1.0 / 24.0
        p = p * r + 1.0 / 6.0
        p = p * r + 0.5
        out[i] = (p * r + 1.0) * r + 1.0
    for i in range(len(years)):
        bits[i] = (bits[i] << 52) + (1023 << 52)
    for i in range(len(years)):
        out[i] *= power[i]


@reordering
def _sides(amounts: Floats, years: Floats, weights: Floats) -> tuple[float, float, float, float]:
    """What comes in and what goes out, weighted, and both weighted by time as well."""
    plus = minus = plus_years = minus_years = 0.0
    for i in range(len(amounts)):
        worth = amounts[i] * weights[i]
        gain, outlay = max(worth, 0.0), max(-worth, 0.0)
        plus += gain
        minus += outlay
        plus_years += gain * years[i]
        minus_years += outlay * years[i]
    return plus, minus, plus_years, minus_years


@compiled
def _changes(amounts: Floats, first: int, step: int) -> int:
    """Changes of sign in the running sums of the amounts, from `first` on by `step`."""
    total, side, changes = 0.0, 0.0, 0
    for k in range(len(amounts)):
        total += amounts[first + step * k]
        if total * side < 0:
            changes += 1
        if total != 0:
            side = total
    return changes


@compiled
def _walk(amounts: Floats, years: Floats, end: float, room: Room) -> tuple[float, float]:
    """From 0 towards `end` to the bracket of the nearest root, if there is one; NaN: that could not be told.

    The lesser side (gains or outlays) only shrinks further out, and the greater shrinks no faster than its
    mean time says (its logarithm is convex); so a step of ln(greater ÷ lesser) ÷ mean time meets no root.
    Where running sums change sign once at most, one root at most lies beyond. Near a root the steps die away:
    it is then just ahead.
    """
    weights, power, bits = room
    backwards = end < 0
    direction, origin = (-1.0, years[-1]) if backwards else (1.0, 0.0)
    s, first, is_proved = 0.0, 0.0, True
    for _ in range(400):
        _weigh(s, years, origin, weights, power, bits)
        plus, minus, plus_years, minus_years = _sides(amounts, years, weights)
        height = plus - minus
        first = height if first == 0 else first
        if height * first <= 0:
            return s - direction * _PROBE, s
        if not is_proved:
            break
        for i in range(len(years)):
            power[i] = amounts[i] * weights[i]
        if _changes(power, len(years) - 1 if backwards else 0, -1 if backwards else 1) <= 1:
            return s, end
        mean = plus_years / plus if height > 0 else minus_years / minus
        step = abs(np.log(plus / minus)) / max(years[-1] - mean if backwards else mean, 1e-9)
        is_proved = step >= _TINY
        s += direction * (step if is_proved else _PROBE)
        if abs(s) >= abs(end):
            return end, end
    return np.nan, np.nan


@compiled
def _root(amounts: Floats, years: Floats, near: float, far: float, room: Room) -> float:
    """The root from `near` to `far`, or NaN: Newton on ln(Σ gains ÷ Σ outlays), kept in its bracket."""
    weights, power, bits = room
    origin = years[-1] if far < 0 else 0.0
    s, end, start, former, is_far_known = near, far, 0.0, np.inf, False
    step: float
    for turn in range(200):
        _weigh(s, years, origin, weights, power, bits)
        plus, minus, plus_years, minus_years = _sides(amounts, years, weights)
        height = np.log(plus / minus)
        if height == 0:
            return s
        if turn == 0:
            start = height
        if height * start > 0:
            if s == end:
                return np.nan
            near = s
        else:
            far, is_far_known = s, True
        step = s - height / (minus_years / minus - plus_years / plus)
        is_slow = is_far_known and abs(step - s) > 0.5 * former
        if is_slow or not min(near, far) < step < max(near, far):  # false for NaN as well
            step = 0.5 * (near + far) if is_far_known else far
        former = abs(step - s)
        if abs(step - s) <= 1e-15 * (1.0 + abs(s)):
            return step
        s = step
    return s


@compiled
def _nearest(amounts: Floats, years: Floats, end: float, room: Room) -> float:
    """The root nearest to 0 on the way to `end`; NaN: there is none; infinite: not proved."""
    backwards = end < 0
    changes = _changes(amounts, len(years) - 1 if backwards else 0, -1 if backwards else 1)
    if changes == 0:
        return np.nan
    near, far = 0.0, end
    if changes > 1:
        near, far = _walk(amounts, years, end, room)
        if np.isnan(near):
            return np.inf
    return _root(amounts, years, near, far, room)


@compiled
def proved_roots(days: Ints, amounts: Floats, counts: Ints, bottom: float, top: float) -> tuple[Floats, Ints]:
    """ln(1 + rate) float64[P] nearest to 0 wherever a cheap proof finds it, and what is known of each row.

    PROVED: the root; UNPROVED: NaN, the row needs a full search; UNORDERED: NaN, days do not ascend. days,
    amounts [P, N]; row p is counts[p] long.
    """
    logs = np.full(len(counts), np.nan)
    state = np.full(len(counts), UNPROVED)
    width = days.shape[1]
    years, weights, power = np.empty(width), np.empty(width), np.empty(width)
    bits = power.view(np.int64)
    for p in range(len(counts)):
        n = counts[p]
        if n < 2:
            continue
        descents = 0
        for i in range(n):
            years[i] = (days[p, i] - days[p, 0]) / 365.0
            descents += days[p, i] < days[p, max(i - 1, 0)]
        if descents > 0:
            state[p] = UNORDERED
            continue
        room = (weights[:n], power[:n], bits[:n])
        above = _nearest(amounts[p, :n], years[:n], top, room)
        below = _nearest(amounts[p, :n], years[:n], bottom, room)
        root = below if np.isnan(above) or abs(below) < abs(above) else above
        if np.isinf(above) or np.isinf(below) or np.isnan(root):
            continue  # that there is none, and why, the full search says
        # Near −100 % rounding moves the worth on the first day: the full search decides what can be said.
        if root * (1.0 + years[n - 1]) > _STEEPEST:
            logs[p], state[p] = root, PROVED
    return logs, state


@compiled
def chain(value: Floats, inflow: Floats, outflow: Floats, start: Floats) -> Floats:
    """Growth over all days, float64[P], of [T, P] arrays: Π (value + outflow) ÷ (value before + inflow).

    A day without capital is left out; a day with negative capital makes its portfolio NaN.
    """
    growth = np.ones(value.shape[1])
    for t in range(value.shape[0]):
        before = start if t == 0 else value[t - 1]
        for p in range(value.shape[1]):
            base = before[p] + inflow[t, p]
            factor = (value[t, p] + outflow[t, p]) / base
            growth[p] *= factor if base > 0 else (1.0 if base == 0 else np.nan)
    return growth
