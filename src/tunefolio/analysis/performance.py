"""How a scope did in a period: its statement, its curve, and every figure of return and risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from tunefolio.analysis.figures import COMPARED, SESSIONS, WORKED, Series
from tunefolio.analysis.periods import PeriodStatement, in_scope, statement
from tunefolio.analysis.risk import drawdown_series
from tunefolio.analysis.scopes import Period, Scope
from tunefolio.analysis.series import Timeline, timeline
from tunefolio.analysis.tracks import Track
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.market.closes import Closes
from tunefolio.market.daily import Days, Floats, day_of
from tunefolio.market.fx import NO_RATES, RateBook

BENCHMARK_CARRY_DAYS = 10
_YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class Benchmark:
    """An index or instrument to compare with, with all that makes its total return.

    closes: raw. splits: (ex-day, new ÷ old units). dividends: (ex-day, sum per unit in the closes' currency),
    reinvested at the ex-day's close.
    """

    name: str
    closes: Closes
    rates: RateBook = NO_RATES
    splits: Sequence[tuple[TradingDay, Decimal]] = ()
    dividends: Sequence[tuple[TradingDay, Decimal]] = ()

    def levels(self, days: Days, currency: Currency) -> Floats:
        """float64[T]: what one unit bought before the first day is worth, distributions reinvested."""
        daily = self.closes.daily
        closes = daily.levels(days, BENCHMARK_CARRY_DAYS)
        growth = np.ones(len(days))
        for day, ratio in self.splits:
            growth[days >= day.date.toordinal()] *= float(ratio)
        for day, paid in self.dividends:
            place = daily.last(day)
            if place is not None and daily.at(place):
                growth[days >= day.date.toordinal()] *= 1 + float(paid / daily.at(place))
        return closes * growth * self.rates.levels(self.closes.currency, currency, days)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, or why there is none, with the convention printed beside it. note: what else to know.

    unit: ratio, number, days or money.
    """

    name: str
    value: float | Money | Missing
    convention: str
    unit: str = "ratio"
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """One scope's performance.

    tracks: those in scope.
    growth, drawdown: float64[T] on the timeline's days: what 1 became (1 at the eve), and the fall below its
    peak; NaN where no value is known. roots: further rates that solve the XIRR. figures: by name, in order.
    """

    scope: Scope
    period: Period
    statement: PeriodStatement
    timeline: Timeline
    series: Series
    growth: Floats
    drawdown: Floats
    figures: Mapping[str, Figure]
    tracks: tuple[Track, ...]
    roots: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


def performance(
    tracks: Iterable[Track],
    scope: Scope,
    period: Period,
    *,
    benchmark: Benchmark | None = None,
    sessions: float = SESSIONS,
    risk_free: float = 0.0,
) -> Performance:
    """All of it. sessions: trading days a year, from the calendar. risk_free: a ratio a year.

    Figures that need a value nobody knows are Missing with its reason; the others stand.
    """
    chosen = in_scope(tracks, scope)
    stated, line = statement(chosen, scope, period), timeline(chosen, scope, period)
    currency = stated.currency
    levels = None if benchmark is None else benchmark.levels(line.days, currency)
    series = Series(line.days, line.value, line.inflow, line.outflow, line.gross, levels, sessions, risk_free)
    growth = np.ones(len(line.days))
    if series.hole is None:
        growth[1:] = series.twr.growth
    figures = {
        name: _figure(name, series, line, currency)
        for name in WORKED
        if benchmark is not None or name not in COMPARED
    }
    total = "end − start − flows − in kind: gains, income, charges, taxes and currency of the period"
    figures["total"] = Figure("total", stated.gain, total, "money")
    roots = () if series.hole else series.xirr.others
    return Performance(
        scope, period, stated, line, series, growth, drawdown_series(growth), figures,
        tuple(chosen), roots,
        (*stated.notes, *_notes(series, stated, roots)),
    )  # fmt: skip


def _figure(name: str, series: Series, line: Timeline, currency: Currency) -> Figure:
    worked = WORKED[name]
    value = worked.of(series)
    note = ""
    if name == "xirr" and not series.hole:
        if series.xirr.others:
            others = ", ".join(f"{rate:.2%}" for rate in series.xirr.others)
            note = f"not unique: {others} solve it as well"
        elif 0 < series.span_days < _YEAR_DAYS:
            note = (
                f"a rate a year by definition, over {series.span_days} days only; the period's is beside it"
            )
    if isinstance(value, Missing):
        return Figure(name, _explained(value, line), worked.convention, worked.unit, note)
    if worked.unit == "money":
        return Figure(name, Money(Decimal(repr(value)), currency).rounded(), worked.convention, "money", note)
    return Figure(name, value, worked.convention, worked.unit, note)


def _explained(missing: Missing, line: Timeline) -> Missing:
    """A figure that lacks a value says which price or rate is behind it."""
    if not line.holes or ("value" not in missing.reason and "rate" not in missing.reason):
        return missing
    return replace(missing, reason=f"{missing.reason} ({line.holes[0].reason})", cure=line.holes[0].cure)


def _notes(series: Series, stated: PeriodStatement, roots: tuple[float, ...]) -> Iterable[str]:
    if isinstance(stated.in_kind, Money) and stated.in_kind.amount:
        yield "units that moved in kind (openings among them) enter every return at market value on their day"
    if series.hole is None and series.twr.without_capital:
        days = ", ".join(str(day_of(int(series.days[place + 1]))) for place in series.twr.without_capital[:3])
        yield f"what came in while nothing was held ({days}) belongs to no capital and is left out of the TWR"
    if roots:
        yield "more than one rate solves the XIRR: its figure is the one nearest to no growth"
