"""XIRR: the yearly rate at which dated flows are worth nothing, with every such rate there is.

Act/365F from the first flow. Days are whole, so with x = (1 + rate)^(-1/365) the net present value is a
polynomial in x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.missing import Missing

Floats = NDArray[np.float64]
Days = NDArray[np.int64]

YEAR = 365.0
HIGHEST = 100.0
"""Rates above 10,000 % a year are not looked for."""
TOLERANCE = 1e-6
"""|NPV(rate)| is below this share of the sum of |flows| for every rate that is returned."""

_TOP = float(np.log1p(HIGHEST))
_BOTTOM = float(np.log(np.finfo(np.float64).eps))  # nearer to −100 % no float64 can say
_GRID = 2_048
_CHUNK = 1_000_000
_SAME = 1e-6
_FLAT = 1e-11

ALL_ZERO = "no flow of money"
ONE_DAY = "all flows are on one day"
NO_OUTLAY = "money was only taken out, never put in"
NO_INCOME = "money was only put in, and nothing has come back"
NO_ROOT = f"no rate between −100 % and {HIGHEST:.0%} makes the flows worth nothing"
TOO_STEEP = "a loss so fast over so long a time cannot be said as a rate a year"


@dataclass(frozen=True, slots=True)
class Xirr:
    """The money-weighted rate a year, as a ratio. rate None: `reason` says why there is none.

    Flows that change sides more than once may have several rates that are all right. `rate` is then the one
    nearest to no growth at all (the least |ln(1 + rate)|, which treats doubling and halving alike), and
    `others` are the rest, ascending: a single figure would claim more than the flows say.
    """

    rate: float | None
    others: tuple[float, ...] = ()
    reason: str = ""

    @property
    def is_unique(self) -> bool:
        return self.rate is not None and not self.others

    @property
    def value(self) -> float | Missing:
        return Missing(self.reason) if self.rate is None else self.rate


def xirr(days: Days, amounts: Floats) -> Xirr:
    """The rate of one investor's flows. days int64[N], any order; amounts float64[N], outlay negative.

    Every rate in (−1, 100] is found, those where the net present value touches zero without crossing it among
    them. First the signs of running sums prove, if they can, that there is one rate at most on each side of
    zero (Norström; Descartes' rule of signs); else a dense grid over ln(1 + rate) is searched. Raises
    ValueError for unequal lengths and for amounts that are not finite. Oracles: pyxirr where it converges,
    the roots of polynomials.
    """
    days, amounts = np.asarray(days, np.int64), np.asarray(amounts, np.float64)
    if days.shape != amounts.shape or days.ndim != 1:
        raise ValueError(f"{days.shape} days for {amounts.shape} amounts")
    if not np.isfinite(amounts).all():
        raise ValueError("a flow is not a finite number")
    when, sums = _netted(days, amounts)
    reason = _hopeless(sums, several=len(np.unique(days[amounts != 0])) > 1)
    if reason:
        return Xirr(None, (), reason)
    logs = _roots((when - when[0]) / YEAR, sums)
    sound = [rate for rate in map(float, np.expm1(logs)) if _holds(when, sums, rate)]
    if not sound:
        return Xirr(None, (), TOO_STEEP if logs else NO_ROOT)
    best = min(sound, key=lambda rate: abs(np.log1p(rate)))
    return Xirr(best, tuple(sorted(rate for rate in sound if rate != best)))


def npv(days: Days, amounts: Floats, rate: float) -> float:
    """What the flows are worth on the earliest of `days`: Σ amount × (1 + rate)^(−days/365)."""
    if len(days) == 0:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        return float(amounts @ np.exp(-np.log1p(rate) * ((days - days.min()) / YEAR)))


def xirr_many(days: Days, amounts: Floats, counts: Days) -> Floats:
    """The `rate` of many investors. days int64[P, N], amounts float64[P, N] -> float64[P], NaN for none.

    Row p counts as far as counts[p]; each row ascends by day. Equals `xirr` row by row: rows whose nearest
    rate no cheap proof finds go through it. Compiled at first use, on one thread and without the
    interpreter's lock. Raises ValueError for unequal shapes and rows that do not ascend.
    """
    from tunefolio.analysis import kernels  # numba takes a while to load, and few need it

    if not days.shape == amounts.shape or counts.shape != days.shape[:1] or days.ndim != 2:
        raise ValueError(f"{days.shape} days, {amounts.shape} amounts, {counts.shape} counts")
    logs, state = kernels.proved_roots(
        np.ascontiguousarray(days, np.int64), np.ascontiguousarray(amounts, np.float64), counts, _BOTTOM, _TOP
    )
    if (state == kernels.UNORDERED).any():
        raise ValueError(f"row {int(np.argmax(state == kernels.UNORDERED))} does not ascend by day")
    rates = np.expm1(logs)
    for row in np.flatnonzero(state == kernels.UNPROVED):
        found = xirr(days[row, : counts[row]], amounts[row, : counts[row]]).rate
        rates[row] = np.nan if found is None else found
    return rates


def _netted(days: Days, amounts: Floats) -> tuple[Days, Floats]:
    """One flow a day, ascending, days that net to nothing left out."""
    when, place = np.unique(days, return_inverse=True)
    sums = np.bincount(place, weights=amounts, minlength=len(when))
    return when[sums != 0], sums[sums != 0]


def _hopeless(sums: Floats, *, several: bool) -> str:
    if len(sums) == 0:
        return ALL_ZERO
    if not several:
        return ONE_DAY
    if (sums < 0).all():
        return NO_INCOME
    return NO_OUTLAY if (sums > 0).all() else ""


def _holds(when: Days, sums: Floats, rate: float) -> bool:
    return rate > -1 and abs(npv(when, sums, rate)) < TOLERANCE * float(np.abs(sums).sum())


# ── every root, in s = ln(1 + rate) ───────────────────────────────────────────────────────────────


def _weights(years: Floats, logs: Floats) -> Floats:
    """exp(−s·t) float64[G, N], valued on the first day for s ≥ 0 and on the last for s < 0: never above 1."""
    rest = np.where(logs[:, None] < 0, years - years[-1], years)
    return np.exp(-logs[:, None] * rest)


def _changes(sums: Floats) -> int:
    signs = np.sign(sums[sums != 0])
    return int((signs[1:] != signs[:-1]).sum())


def _above(years: Floats, amounts: Floats, log: float) -> int:
    """At most this many roots lie above `log`: the changes of sign in the running sums of their worth."""
    return _changes(np.cumsum(amounts * _weights(years, np.array([log]))[0]))


def _below(years: Floats, amounts: Floats, log: float) -> int:
    """At most this many roots lie below `log`: the same, summed from the last flow back."""
    return _changes(np.cumsum((amounts * _weights(years, np.array([log]))[0])[::-1]))


def _is_proved(years: Floats, amounts: Floats) -> bool:
    """At most one root on each side of zero: by the bound, or a bound of two and unlike signs at the ends."""
    worth = _curve(years, amounts, np.array([_BOTTOM, 0.0, _TOP]))[0]
    sides = ((_below(years, amounts, 0.0), worth[0]), (_above(years, amounts, 0.0), worth[2]))
    return bool(worth[1] != 0) and all(n < 2 or (n == 2 and end * worth[1] < 0) for n, end in sides)


def _range(years: Floats, amounts: Floats) -> tuple[float, float]:
    """Between these all roots lie."""
    top = next((s for s in (0.25, 0.5, 1.0, 2.0) if _above(years, amounts, s) == 0), _TOP)
    return next((-s for s in (0.25, 0.5, 1, 2, 4, 8, 16) if _below(years, amounts, -s) == 0), _BOTTOM), top


def _roots(years: Floats, amounts: Floats) -> list[float]:
    """All s in (_BOTTOM, _TOP] at which the flows are worth nothing, ascending."""
    proved = _is_proved(years, amounts)
    grid = np.array([_BOTTOM, 0.0, _TOP])
    if not proved:
        grid = np.union1d(np.linspace(*_range(years, amounts), _GRID), [0.0])
    worth, slope = _curve(years, amounts, grid)
    found = [float(s) for s in grid[worth == 0]]
    crossed = np.flatnonzero(worth[:-1] * worth[1:] < 0)
    found += [_crossing(years, amounts, float(grid[k]), float(grid[k + 1])) for k in crossed]
    if not proved:
        turns = (slope[:-1] * slope[1:] < 0) & (worth[:-1] * worth[1:] > 0) & (worth[:-1] * slope[:-1] < 0)
        for k in np.flatnonzero(turns):
            found.extend(_touching(years, amounts, float(grid[k]), float(grid[k + 1])))
    found.sort()
    return [s for k, s in enumerate(found) if k == 0 or s - found[k - 1] > _SAME]


def _curve(years: Floats, amounts: Floats, logs: Floats) -> tuple[Floats, Floats]:
    """Signs that matter at each s: what the flows are worth, and its slope; both up to a positive factor."""
    rows = max(1, _CHUNK // len(years))
    parts = [_weights(years, logs[k : k + rows]) for k in range(0, len(logs), rows)]
    return np.concatenate([w @ amounts for w in parts]), np.concatenate(
        [w @ (-years * amounts) for w in parts]
    )


def _crossing(years: Floats, amounts: Floats, low: float, high: float) -> float:
    """The root between two s of unlike sign: Newton on ln(Σ gains ÷ Σ outlays), kept in its bracket."""
    gains, outlays = np.maximum(amounts, 0.0), np.maximum(-amounts, 0.0)

    def ratio(s: float) -> tuple[float, float]:
        weights = _weights(years, np.array([s]))[0]
        plus, minus = float(gains @ weights), float(outlays @ weights)
        if plus == 0 or minus == 0:  # far out one side has died away in float64
            return plus - minus, 0.0
        slope = float((outlays * years) @ weights) / minus - float((gains * years) @ weights) / plus
        return float(np.log(plus / minus)), slope

    rising, former = ratio(low)[0] < 0, np.inf
    s = low if abs(low) < abs(high) else high
    for _ in range(200):
        height, slope = ratio(s)
        if height == 0:
            return s
        low, high = (s, high) if (height < 0) == rising else (low, s)
        step = s - height / slope if slope else low
        is_fast = abs(step - s) <= 0.5 * former
        following = step if is_fast and low < step < high else 0.5 * (low + high)
        former = abs(following - s)
        if abs(following - s) <= 4e-16 * (1 + abs(s)):
            return following
        s = following
    return s


def _touching(years: Floats, amounts: Floats, low: float, high: float) -> list[float]:
    """The roots at a turn of the curve towards zero: none, one that it touches, or two close together."""
    start, end = low, high
    side = np.sign(_curve(years, amounts, np.array([low]))[1][0])
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (
            (middle, high) if _curve(years, amounts, np.array([middle]))[1][0] * side > 0 else (low, middle)
        )
    turn = 0.5 * (low + high)
    weights = _weights(years, np.array([turn]))[0]
    worth = float(weights @ amounts)
    if abs(worth) <= _FLAT * float(weights @ np.abs(amounts)):
        return [turn]
    if worth * float(_curve(years, amounts, np.array([start]))[0][0]) > 0:
        return []
    return [_crossing(years, amounts, start, turn), _crossing(years, amounts, turn, end)]
