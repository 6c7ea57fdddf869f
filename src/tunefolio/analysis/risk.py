"""How rough the way was: deviation, ratios, drawdowns, tail losses, beta; each with its convention.

Returns are simple returns of equal periods (days, as a rule), NaN where there is none; those are left out. k:
periods a year, counted from the exchange's calendar by the caller (246 to 250 sessions in India) and printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.missing import Missing

Floats = NDArray[np.float64]

FEWEST = 20
"""Fewer returns than this say nothing about risk; every function takes another limit."""

_FLAT = 1e-12


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure and how it was worked out, in words that are shown beside it; or why it is not there."""

    value: float | Missing
    convention: str


@dataclass(frozen=True, slots=True)
class Drawdown:
    """A fall from a peak. Places are those of the series; the peak is −1 where it is the start itself.

    depth: ≤ 0, a ratio of the peak; trough: the lowest place; recovered: the first place back at the peak or
    above, None while it is not.
    """

    depth: float
    peak: int
    trough: int
    recovered: int | None


def volatility(returns: Floats, k: float, *, fewest: int = FEWEST) -> Measure:
    """Standard deviation of the returns a year, as a ratio."""
    convention = f"sample standard deviation (n − 1) × √{k:g}"
    kept = _known(returns)
    return Measure(_few(kept, fewest) or _sd(kept) * k**0.5, convention)


def sharpe(returns: Floats, k: float, *, risk_free: float = 0.0, fewest: int = FEWEST) -> Measure:
    """Mean excess return over its deviation, a year. risk_free: a ratio a year, compounded."""
    convention = (
        f"arithmetic mean excess return ÷ sample standard deviation (n − 1) × √{k:g}; {_free(risk_free)}"
    )
    excess = _excess(returns, k, risk_free)
    return Measure(_few(excess, fewest) or _over(float(excess.mean()), _sd(excess), k), convention)


def sortino(returns: Floats, k: float, *, risk_free: float = 0.0, fewest: int = FEWEST) -> Measure:
    """Mean excess return over the downside deviation, which counts every return: gains as 0."""
    convention = (
        f"arithmetic mean excess return ÷ √(mean of min(excess, 0)² over all n) × √{k:g}; {_free(risk_free)}"
    )
    excess = _excess(returns, k, risk_free)
    few = _few(excess, fewest)
    if few:
        return Measure(few, convention)
    downside = float(np.sqrt(np.mean(np.minimum(excess, 0.0) ** 2)))
    return Measure(_over(float(excess.mean()), downside, k, "no return was below the rate"), convention)


def annual_return(returns: Floats, k: float) -> Measure:
    """The geometric mean of the returns a year."""
    convention = f"geometric: (Π (1 + r))^({k:g}/n) − 1"
    kept = _known(returns)
    if len(kept) < k:
        return Measure(Missing(f"{len(kept)} returns are less than a year of {k:g}"), convention)
    return Measure(_compounded(kept, k), convention)


def calmar(returns: Floats, k: float) -> Measure:
    """Annual return over the deepest fall."""
    convention = f"geometric annual return (k = {k:g}) ÷ |deepest drawdown|, the start counted as a peak"
    annual = annual_return(returns, k).value
    if isinstance(annual, Missing):
        return Measure(annual, convention)
    deepest = float(drawdown_series(_growth(returns)).min())
    return Measure(Missing("there was no drawdown") if deepest > -_FLAT else annual / -deepest, convention)


# ── drawdowns ─────────────────────────────────────────────────────────────────────────────────────


def drawdown_series(growth: Floats) -> Floats:
    """How far below its highest so far, float64[T] ≤ 0. growth: what 1 at the start became; NaN stays NaN."""
    with np.errstate(invalid="ignore"):
        peaks = np.fmax.accumulate(np.concatenate([[1.0], growth]))[1:]
    return growth / peaks - 1


def drawdowns(growth: Floats) -> tuple[Drawdown, ...]:
    """Every fall below a former peak, deepest first, then oldest. Days without a value are passed over."""
    falls = drawdown_series(growth)
    found: list[Drawdown] = []
    peak, trough = -1, None
    for place in np.flatnonzero(np.isfinite(falls)):
        if falls[place] < 0:
            trough = place if trough is None or falls[place] < falls[trough] else trough
            continue
        if trough is not None:
            found.append(Drawdown(float(falls[trough]), peak, int(trough), int(place)))
        peak, trough = int(place), None
    if trough is not None:
        found.append(Drawdown(float(falls[trough]), peak, int(trough), None))
    return tuple(sorted(found, key=lambda fall: (fall.depth, fall.peak)))


# ── tails: signed, so a loss is negative; pages show the loss ─────────────────────────────────────


def value_at_risk(returns: Floats, *, level: float = 0.95, fewest: int = FEWEST) -> Measure:
    """The return that all but 1 − level of the periods exceeded."""
    convention = (
        f"historical {level:.0%}, one period, quantile interpolated linearly (type 7), a loss is negative"
    )
    kept = _known(returns)
    return Measure(_few(kept, fewest) or float(np.quantile(kept, 1 - level)), convention)


def expected_shortfall(returns: Floats, *, level: float = 0.95, fewest: int = FEWEST) -> Measure:
    """The mean of the returns at or below the value at risk."""
    convention = (
        f"mean of the returns at or below the historical {level:.0%} value at risk, one period, signed"
    )
    kept = _known(returns)
    few = _few(kept, fewest)
    if few:
        return Measure(few, convention)
    return Measure(float(kept[kept <= np.quantile(kept, 1 - level)].mean()), convention)


def gaussian_value_at_risk(returns: Floats, *, level: float = 0.95, fewest: int = FEWEST) -> Measure:
    """The same quantile if returns were normal."""
    z = NormalDist().inv_cdf(1 - level)
    convention = (
        f"normal {level:.0%}: mean + ({z:.4f}) × sample standard deviation (n − 1), one period, signed"
    )
    kept = _known(returns)
    return Measure(_few(kept, fewest) or float(kept.mean()) + z * _sd(kept), convention)


def gaussian_expected_shortfall(returns: Floats, *, level: float = 0.95, fewest: int = FEWEST) -> Measure:
    """The mean beyond that quantile if returns were normal."""
    convention = f"normal {level:.0%}: mean − sd × φ(z) ÷ {1 - level:.2g}, sd with n − 1, one period, signed"
    kept = _known(returns)
    few = _few(kept, fewest)
    if few:
        return Measure(few, convention)
    normal = NormalDist()
    return Measure(
        float(kept.mean()) - _sd(kept) * normal.pdf(normal.inv_cdf(1 - level)) / (1 - level), convention
    )


# ── against a market ──────────────────────────────────────────────────────────────────────────────


def beta(
    returns: Floats, market: Floats, k: float, *, risk_free: float = 0.0, fewest: int = FEWEST
) -> Measure:
    """How far the returns move with the market's. Periods in which either is NaN are left out."""
    convention = f"covariance ÷ variance of excess returns, both n − 1; {_free(risk_free)}"
    own, theirs = _pairs(returns, market, k, risk_free)
    return Measure(_few(own, fewest) or _slope(own, theirs), convention)


def alpha(
    returns: Floats, market: Floats, k: float, *, risk_free: float = 0.0, fewest: int = FEWEST
) -> Measure:
    """What is left of the mean excess return after beta × the market's, a year."""
    convention = (
        f"mean excess return − beta × the market's, compounded: (1 + a)^{k:g} − 1; {_free(risk_free)}"
    )
    own, theirs = _pairs(returns, market, k, risk_free)
    slope = _few(own, fewest) or _slope(own, theirs)
    if isinstance(slope, Missing):
        return Measure(slope, convention)
    return Measure(float((1 + own.mean() - slope * theirs.mean()) ** k - 1), convention)


def _slope(own: Floats, theirs: Floats) -> float | Missing:
    if _sd(theirs) < _FLAT:
        return Missing("the market's returns do not vary")
    return float(np.cov(own, theirs, ddof=1)[0, 1] / np.var(theirs, ddof=1))


def _pairs(returns: Floats, market: Floats, k: float, risk_free: float) -> tuple[Floats, Floats]:
    if returns.shape != market.shape:
        raise ValueError(f"{returns.shape} returns, {market.shape} of the market")
    both = np.isfinite(returns) & np.isfinite(market)
    return _excess(returns[both], k, risk_free), _excess(market[both], k, risk_free)


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────


def _known(returns: Floats) -> Floats:
    return returns[np.isfinite(returns)]


def _growth(returns: Floats) -> Floats:
    return np.cumprod(1 + _known(returns)).astype(np.float64)


def _excess(returns: Floats, k: float, risk_free: float) -> Floats:
    rate: float = (1 + risk_free) ** (1 / k) - 1
    return _known(returns) - rate


def _free(risk_free: float) -> str:
    return f"risk-free rate {risk_free:.2%} a year"


def _few(kept: Floats, fewest: int) -> Missing | None:
    limit = max(fewest, 2)
    return Missing(f"{len(kept)} returns are fewer than {limit}") if len(kept) < limit else None


def _sd(kept: Floats) -> float:
    return float(np.std(kept, ddof=1))


def _over(mean: float, deviation: float, k: float, flat: str = "the returns do not vary") -> float | Missing:
    return Missing(flat) if deviation < _FLAT else mean / deviation * k**0.5


def _compounded(kept: Floats, k: float) -> float | Missing:
    growth = float(np.prod(1 + kept))
    return float(growth ** (k / len(kept)) - 1) if growth >= 0 else Missing("more than everything was lost")
