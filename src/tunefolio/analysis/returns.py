"""What was earned in a period, as ratios: time-weighted, Modified Dietz, simple; by month and by year.

Flows are external: money or units that enter the scope (inflow) or leave it (outflow), both ≥ 0, each day
net.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.missing import Missing

Floats = NDArray[np.float64]
Days = NDArray[np.int64]

YEAR = 365


@dataclass(frozen=True, slots=True)
class Twr:
    """The time-weighted return over T days.

    daily:   float64[T], the return of each day; NaN where there is none: no value that day or the day before,
             or no capital. Fit for risk figures once the NaN are left out.
    growth:  float64[T], what 1 at the start has become by the end of each day; NaN where the value is not
             known.
    total:   growth at the end − 1, or why there is none.
    without_capital: days (their places in T) whose gain belongs to no capital, as a dividend after everything
                     was sold; they are left out of the chain, and a page that shows the total names them.
    """

    daily: Floats
    growth: Floats
    total: float | Missing
    without_capital: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Links:
    """The chain from known value to known value. at int64[L]: places in T; span int64[L]: days in between."""

    at: Days
    span: Days
    base: Floats
    end: Floats


def twr(
    value: Floats, inflow: Floats, outflow: Floats, *, start: float = 0.0, bought: Floats | None = None
) -> Twr:
    """Chain the days' returns (value + outflow) ÷ (value before + inflow) − 1. All arrays float64[T].

    value at the end of each day, NaN where not known; `start` the value before the first day. Inflows work
    from the start of their day, outflows leave at its end. bought: gross purchases of each day; where nothing
    was held before, they are the capital if they exceed the inflow, so that a position opened and closed in
    one day has a return. Values are needed where money moves: at the end of a day with an outflow, at the end
    of the day before one with an inflow, and at the end: without one, `growth` is not known from there on; a
    hole elsewhere is a hole in `growth` and no more. Negative capital has no return.
    """
    _same_length(value, inflow, outflow)
    links = _links(value, inflow, outflow, start, bought)
    daily, growth = np.full(len(value), np.nan), np.full(len(value), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(links.base == 0, 1.0, links.end / links.base)
    growth[links.at] = np.cumprod(factors)
    single = (links.span == 1) & (links.base > 0)
    daily[links.at[single]] = factors[single] - 1
    lacking, negative = _lacking(value, inflow, outflow, start), links.at[links.base < 0]
    daily[negative] = np.nan
    total: float | Missing = 0.0
    if lacking is not None:
        growth[max(lacking - 1, 0) :] = np.nan
        total = Missing(
            f"there is no value {f'on day {lacking} of the period' if lacking else 'at the start'}"
        )
    elif len(negative):
        growth[negative[0] :] = np.nan
        total = Missing(f"the capital on day {negative[0] + 1} of the period is negative")
    elif len(growth):
        total = float(growth[-1] - 1)
    orphans = links.at[(links.base == 0) & (links.end != 0)]
    return Twr(daily, growth, total, tuple(int(place) for place in orphans))


def _lacking(value: Floats, inflow: Floats, outflow: Floats, start: float) -> int | None:
    """The first day without a value that the total cannot do without, counted from 1; 0 is the start."""
    known = np.isfinite(np.concatenate([[start], value]))
    needed = np.zeros(len(known), bool)
    needed[0] = needed[-1] = True
    needed[:-1] |= inflow != 0
    needed[1:] |= outflow != 0
    lacking = np.flatnonzero(needed & ~known)
    return int(lacking[0]) if len(lacking) else None


def _links(value: Floats, inflow: Floats, outflow: Floats, start: float, bought: Floats | None) -> _Links:
    at = np.flatnonzero(np.isfinite(value))
    before = np.concatenate([[start], value[at][:-1]])
    ins, outs = _between(inflow, at), _between(outflow, at)
    capital = before + ins
    if bought is not None:
        capital = np.where(before == 0, np.maximum(capital, _between(bought, at)), capital)
    unspent = capital - (before + ins)  # bought with the proceeds of the same day: it is there at both ends
    return _Links(at, np.diff(at, prepend=-1), capital, value[at] + outs + unspent)


def _between(flows: Floats, at: Days) -> Floats:
    """Sums of the flows after each known day up to the next, float64[L]."""
    if len(at) == 0:
        return np.empty(0)
    starts = np.concatenate([[0], at[:-1] + 1])
    return np.asarray(np.add.reduceat(flows[: at[-1] + 1], starts), np.float64)


def twr_many(value: Floats, inflow: Floats, outflow: Floats, start: Floats) -> Floats:
    """Time-weighted returns of many portfolios, float64[P]. Arrays [T, P], bar-major; start float64[P].

    Equals `twr` column by column, NaN where that is Missing, a hole in the values among it. Compiled at first
    use, one thread, without the interpreter's lock.
    """
    from tunefolio.analysis import kernels  # numba takes a while to load, and few need it

    _same_length(value, inflow, outflow)
    if value.ndim != 2 or start.shape != value.shape[1:]:
        raise ValueError(f"values {value.shape}, start {start.shape}")
    rows = (np.ascontiguousarray(array, np.float64) for array in (value, inflow, outflow, start))
    return kernels.chain(*rows) - 1


def _same_length(value: Floats, inflow: Floats, outflow: Floats) -> None:
    if not value.shape == inflow.shape == outflow.shape:
        raise ValueError(f"values {value.shape}, inflows {inflow.shape}, outflows {outflow.shape}")


def modified_dietz(
    start: float, end: float, days: Days, flows: Floats, *, first: int, last: int
) -> float | Missing:
    """Gain ÷ average capital, each flow weighted by the share of the period that it worked: (CD − D) ÷ CD.

    start, end: values at the ends of days `first` and `last` (ordinals); CD = last − first. flows float64[N],
    money in positive, out negative, at the END of day days[N] (D = day − first). For periods valued at their
    ends only.
    """
    length = last - first
    if length <= 0:
        return Missing("the period has no days")
    if len(days) and not first <= int(days.min()) <= int(days.max()) <= last:
        raise ValueError("a flow lies outside the period")
    capital = start + float(flows @ ((last - days) / length))
    if not np.isfinite([capital, end]).all():
        return Missing("there is no value at the start or at the end")
    if capital <= 0:
        return Missing("the average capital is not positive")
    return (end - start - float(flows.sum())) / capital


def simple_return(gain: float, paid: float) -> float | Missing:
    """Gain ÷ what was paid in: start value and every inflow, whenever it came. Time plays no part."""
    if not np.isfinite([gain, paid]).all():
        return Missing("a value in it is not known")
    return gain / paid if paid > 0 else Missing("nothing was paid in")


def total_return(first: float, last: float, *, income: float = 0.0) -> float | Missing:
    """Of one unit: change of price plus income over the first price. Income is not reinvested."""
    if not np.isfinite([first, last, income]).all():
        return Missing("a price in it is not known")
    return (last + income) / first - 1 if first > 0 else Missing("the first price is not positive")


def annualised(total: float | Missing, days: int) -> float | Missing:
    """(1 + total)^(365/days) − 1. Less than 365 days are not annualised: it would tell of no fact (GIPS)."""
    if isinstance(total, Missing):
        return total
    if days < YEAR:
        return Missing(f"{days} days are less than a year, and a shorter period is not annualised")
    if total < -1:
        return Missing("more than everything was lost")
    return float((1 + total) ** (YEAR / days) - 1)


class Span(StrEnum):
    """The periods of a table. An Indian financial year runs from April to March."""

    MONTH = "month"
    YEAR = "year"
    FINANCIAL_YEAR = "financial year"


@dataclass(frozen=True, slots=True)
class PeriodReturn:
    """One cell of the table. first: the calendar's first day of the period; days: how many of the series."""

    first: date
    days: int
    total: float | Missing


def by_period(days: Days, growth: Floats, span: Span) -> tuple[PeriodReturn, ...]:
    """The return of each month or year, oldest first. days int64[T]: ascending ordinals; growth as in `Twr`.

    From the last growth of the period before (1 at the start) to its own last: chained they give the total. A
    period whose last day has no growth is Missing, and so is the one after it.
    """
    if days.shape != growth.shape:
        raise ValueError(f"{days.shape} days, growth {growth.shape}")
    return tuple(_rows(days, growth, span))


def _rows(days: Days, growth: Floats, span: Span) -> Iterator[PeriodReturn]:
    firsts = [_first_of(date.fromordinal(int(day)), span) for day in days]
    start, begun = 1.0, 0
    for place, first in enumerate(firsts):
        if place + 1 < len(firsts) and firsts[place + 1] == first:
            continue
        end = float(growth[place])
        total = end / start - 1 if start else np.nan
        known = bool(np.isfinite(total))
        yield PeriodReturn(
            first, place + 1 - begun, total if known else Missing("no value at one of its ends")
        )
        start, begun = end, place + 1


def _first_of(day: date, span: Span) -> date:
    match span:
        case Span.MONTH:
            return day.replace(day=1)
        case Span.YEAR:
            return date(day.year, 1, 1)
        case Span.FINANCIAL_YEAR:
            return date(day.year if day.month >= 4 else day.year - 1, 4, 1)
