"""Returns of ten thousand portfolios: ours beside plain numpy and pyxirr, in turn, on the same arrays."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import numpy as np
import pyxirr
from numpy.typing import NDArray

from bench.figures import Figure
from tunefolio.analysis.returns import twr, twr_many
from tunefolio.analysis.xirr import xirr, xirr_many

Floats = NDArray[np.float64]

_RUNS = 7
_PORTFOLIOS, _FLOWS, _DAYS = 10_000, 100, 2_500
_ONE_BY_ONE = 500


def figures() -> list[Figure]:
    return [*_xirrs(), *_twrs()]


def _xirrs() -> list[Figure]:
    """Ten years of savings, a withdrawal every seventh time, at the end 0.7 to 3 times what was put in."""
    rng = np.random.default_rng(1)
    days = np.sort(rng.integers(0, 3_650, (_PORTFOLIOS, _FLOWS)), axis=1)
    amounts = -rng.uniform(1, 100, days.shape)
    amounts[:, 3::7] *= -0.5
    amounts[:, -1] = -amounts[:, :-1].sum(1) * rng.uniform(0.7, 3, _PORTFOLIOS)
    counts, dates = np.full(_PORTFOLIOS, _FLOWS), np.datetime64("2010-01-01") + days
    ours, theirs = _in_turn(
        lambda: xirr_many(days, amounts, counts),
        lambda: np.array([pyxirr.xirr(dates[p], amounts[p]) for p in range(_PORTFOLIOS)], float),
    )
    _agree(xirr_many(days, amounts, counts), [pyxirr.xirr(dates[p], amounts[p]) for p in range(_PORTFOLIOS)])
    (single,) = _in_turn(lambda: [xirr(days[p], amounts[p]) for p in range(_ONE_BY_ONE)])
    name = f"XIRR of {_PORTFOLIOS:,} portfolios, {_FLOWS} flows each"
    return [
        Figure(f"{name}: ours", "ms", _times(ours, 1e3)),
        Figure(f"{name}: pyxirr", "ms", _times(theirs, 1e3)),
        Figure("pyxirr ÷ ours", "", _ratios(theirs, ours), "over 3"),
        Figure(
            "one XIRR with every rate searched for, 100 flows",
            "µs",
            _times(single, 1e6 / _ONE_BY_ONE),
            digits=0,
        ),
    ]


def _twrs() -> list[Figure]:
    """Daily values with money in every 21st day and out every 50th; three arrays of 200 MB."""
    rng = np.random.default_rng(2)
    shape = (_DAYS, _PORTFOLIOS)
    value, inflow, outflow = rng.uniform(90, 110, shape), np.zeros(shape), np.zeros(shape)
    inflow[::21], outflow[::50] = 5.0, 3.0
    start = np.full(_PORTFOLIOS, 100.0)

    def plain() -> Floats:
        before = np.vstack([start[None], value[:-1]])
        return np.asarray(np.prod((value + outflow) / (before + inflow), axis=0) - 1, np.float64)

    ours, theirs, reading = _in_turn(
        lambda: twr_many(value, inflow, outflow, start),
        plain,
        lambda: (value.sum(axis=0), inflow.sum(axis=0), outflow.sum(axis=0)),
    )
    _agree(twr_many(value, inflow, outflow, start), plain())
    own, paid, taken = (np.ascontiguousarray(array[:, 0]) for array in (value, inflow, outflow))
    (single,) = _in_turn(lambda: [twr(own, paid, taken, start=100.0) for _ in range(_ONE_BY_ONE)])
    name = f"TWR of {_PORTFOLIOS:,} portfolios over {_DAYS:,} days"
    return [
        Figure(f"{name}: ours", "ms", _times(ours, 1e3)),
        Figure(f"{name}: plain numpy", "ms", _times(theirs, 1e3)),
        Figure(f"{name}: only to read the arrays once (numpy sums)", "ms", _times(reading, 1e3)),
        Figure("plain numpy ÷ ours", "", _ratios(theirs, ours), "over 2"),
        Figure(f"one TWR with its curve, {_DAYS:,} days", "µs", _times(single, 1e6 / _ONE_BY_ONE), digits=0),
    ]


def _in_turn(*deeds: Callable[[], object]) -> tuple[list[float], ...]:
    """Seconds of each deed, in turn, so that a busy moment meets all; a first run is not counted."""
    seconds: tuple[list[float], ...] = tuple([] for _ in deeds)
    for run in range(_RUNS + 1):
        for taken, deed in zip(seconds, deeds, strict=True):
            gc.collect()
            start = time.perf_counter()
            deed()
            if run:
                taken.append(time.perf_counter() - start)
    return seconds


def _times(seconds: list[float], factor: float) -> tuple[float, ...]:
    return tuple(second * factor for second in seconds)


def _ratios(theirs: list[float], ours: list[float]) -> tuple[float, ...]:
    return tuple(other / own for other, own in zip(theirs, ours, strict=True))


def _agree(ours: Floats, theirs: object) -> None:
    """Speed of a wrong answer is no figure."""
    worst = float(np.max(np.abs(ours - np.asarray(theirs, np.float64))))
    if not worst < 1e-6:
        raise RuntimeError(f"ours and theirs differ by {worst}")
