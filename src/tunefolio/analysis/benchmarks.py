"""Against an index or an instrument: what the same money would have become there, and how both differ.

Use total-return levels (dividends reinvested) for a fair comparison; `total_return_index` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunefolio.analysis.risk import FEWEST, Measure
from tunefolio.core.missing import Missing

Floats = NDArray[np.float64]

_FLAT = 1e-12


@dataclass(frozen=True, slots=True)
class Shadow:
    """The same flows in the benchmark. units, value: float64[T] at the end of each day, NaN without a level.

    overdrawn: the first place where withdrawals exceed what the benchmark had become (the real portfolio did
    better): from there on it is a debt, and its returns mean nothing; None: it never occurs.
    """

    units: Floats
    value: Floats
    overdrawn: int | None

    @property
    def end(self) -> float:
        return float(self.value[-1])


def same_flows(
    levels: Floats, inflow: Floats, outflow: Floats, *, start: float = 0.0, before: float | None = None
) -> Shadow | Missing:
    """Buy and sell units of the benchmark with each day's flow at its level. Arrays float64[T], flows ≥ 0.

    start: the portfolio's value before the first day, turned into units at the level `before` of that day. A
    level is needed on each day with a flow and on the last; without one the whole is Missing, never a guess.
    """
    if not levels.shape == inflow.shape == outflow.shape:
        raise ValueError(f"levels {levels.shape}, inflows {inflow.shape}, outflows {outflow.shape}")
    if len(levels) == 0:
        return Missing("the period has no days")
    flows = inflow - outflow
    needed = flows != 0
    needed[-1] = True
    lacking = np.flatnonzero(needed & ~(levels > 0))
    if len(lacking):
        return Missing(f"the benchmark has no level on day {int(lacking[0]) + 1} of the period")
    opening = 0.0
    if start != 0:
        if before is None or not before > 0:
            return Missing("the benchmark has no level at the start")
        opening = start / before
    bought = np.divide(flows, levels, out=np.zeros(len(levels)), where=needed)
    units = opening + np.cumsum(bought)
    debts = np.flatnonzero(units < -1e-9 * max(float(np.abs(units).max()), 1e-300))
    return Shadow(units, units * levels, int(debts[0]) if len(debts) else None)


def active_return(own: float | Missing, theirs: float | Missing) -> Measure:
    """By how much the portfolio's time-weighted return exceeds the benchmark's, over the same period."""
    convention = "difference of the two time-weighted returns"
    if isinstance(own, Missing):
        return Measure(own, convention)
    return Measure(theirs if isinstance(theirs, Missing) else own - theirs, convention)


def tracking_error(returns: Floats, benchmark: Floats, k: float, *, fewest: int = FEWEST) -> Measure:
    """How far the returns stray from the benchmark's, a year. float64[T] each; NaN in either is left out."""
    convention = f"sample standard deviation (n − 1) of the differences × √{k:g}"
    own, theirs = _pairs(returns, benchmark)
    return Measure(_few(own, fewest) or float(np.std(own - theirs, ddof=1)) * k**0.5, convention)


def information_ratio(returns: Floats, benchmark: Floats, k: float, *, fewest: int = FEWEST) -> Measure:
    """Active return for each unit of tracking error."""
    convention = f"difference of the geometric annual returns ÷ tracking error, k = {k:g}"
    own, theirs = _pairs(returns, benchmark)
    error = tracking_error(own, theirs, k, fewest=fewest).value
    if isinstance(error, Missing):
        return Measure(error, convention)
    if error < _FLAT:
        return Measure(Missing("the returns do not differ from the benchmark's"), convention)
    growths = [float(np.prod(1 + side)) for side in (own, theirs)]
    if min(growths) < 0:
        return Measure(Missing("more than everything was lost"), convention)
    mine, index = (growth ** (k / len(own)) for growth in growths)
    return Measure((mine - index) / error, convention)


def total_return_index(closes: Floats, dividends: Floats, *, base: float = 100.0) -> Floats:
    """Levels float64[T] with dividends reinvested at the ex-day's close: × (close + dividend) ÷ close before.

    closes NaN on a day without one: that level is NaN, and its dividend is reinvested at the next close.
    Starts at `base` with the first close; a dividend of that day or before it is not earned.
    """
    if closes.shape != dividends.shape:
        raise ValueError(f"{closes.shape} closes, {dividends.shape} dividends")
    levels = np.full(len(closes), np.nan)
    at = np.flatnonzero(closes > 0)
    if len(at) == 0:
        return levels
    earned = np.diff(np.cumsum(dividends)[at])
    prices = closes[at]
    levels[at] = base * np.concatenate([[1.0], np.cumprod((prices[1:] + earned) / prices[:-1])])
    return levels


def rebased(levels: Floats, *, base: float = 100.0) -> Floats:
    """The same curve from `base` at its first known level, float64[T]; all NaN if none is known."""
    known = levels[levels > 0]
    return levels * (base / known[0]) if len(known) else np.full(len(levels), np.nan)


def period_returns(levels: Floats, *, before: float | None = None) -> Floats:
    """The return of each day against the day before, float64[T]; NaN where either level is lacking."""
    former = np.concatenate([[np.nan if before is None else before], levels[:-1]])
    returns: Floats = levels / former - 1
    return returns


def _pairs(returns: Floats, benchmark: Floats) -> tuple[Floats, Floats]:
    if returns.shape != benchmark.shape:
        raise ValueError(f"{returns.shape} returns, {benchmark.shape} of the benchmark")
    both = np.isfinite(returns) & np.isfinite(benchmark)
    return returns[both], benchmark[both]


def _few(kept: Floats, fewest: int) -> Missing | None:
    limit = max(fewest, 2)
    return Missing(f"{len(kept)} returns are fewer than {limit}") if len(kept) < limit else None
