"""Every figure of return and risk as a function of one table of days, with the convention it follows.

Pages and explanations call the same functions, so that a figure is always recomputed from its own table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tunefolio.analysis import benchmarks, returns, risk
from tunefolio.analysis.derivation import OPS, Table
from tunefolio.analysis.xirr import Xirr, xirr
from tunefolio.core.errors import BrokenLaw
from tunefolio.core.missing import Missing
from tunefolio.market.daily import Days, Floats, day_of

SESSIONS = 252
_SPARSE_DAYS = 170
_NO_DAYS = Missing("nothing was held in the period")


@dataclass(frozen=True, eq=False)
class Series:
    """The table behind the figures; place 0 is the eve of the period. Arrays of one length.

    days: ordinals. value, inflow, outflow, gross: as in Timeline. levels: of the benchmark, or None.
    sessions: periods a year of daily returns. risk_free: a ratio a year.
    """

    days: Days
    value: Floats
    inflow: Floats
    outflow: Floats
    gross: Floats
    levels: Floats | None = None
    sessions: float = SESSIONS
    risk_free: float = 0.0

    @classmethod
    def of_table(cls, table: Table) -> Series:
        """Back from a derivation's table."""
        column = {name: np.array(values, np.float64) for name, values in table.columns.items()}
        days = np.array(table.days, np.int32)
        levels = column.get("benchmark")
        return cls(
            days,
            column["value"],
            column["inflow"],
            column["outflow"],
            column["gross"],
            levels,
            table.settings["sessions"],
            table.settings["risk_free"],
        )

    def table(self) -> Table:
        columns = {"value": self.value, "inflow": self.inflow, "outflow": self.outflow, "gross": self.gross}
        if self.levels is not None:
            columns["benchmark"] = self.levels
        listed = {name: tuple(column.tolist()) for name, column in columns.items()}
        return Table(
            tuple(self.days.tolist()), listed, {"sessions": self.sessions, "risk_free": self.risk_free}
        )

    @cached_property
    def hole(self) -> Missing | None:
        """Why no figure can be worked out at all: no days, or a flow without its rate."""
        if len(self.days) < 2:
            return _NO_DAYS
        unknown = np.isnan(self.inflow)
        if unknown.any():
            return Missing(f"a flow of {day_of(int(self.days[np.argmax(unknown)]))} has no rate")
        return None

    @cached_property
    def first(self) -> int:
        """Where time begins to count: the eve, or the first flow's day where nothing was held on the eve."""
        moved = np.flatnonzero((self.inflow != 0) | (self.outflow != 0) | (self.gross != 0))
        return 0 if self.value[0] != 0 or not len(moved) else int(moved[0])

    @property
    def span_days(self) -> int:
        """Calendar days from `first` to the end."""
        return int(self.days[-1] - self.days[self.first])

    @cached_property
    def twr(self) -> returns.Twr:
        return returns.twr(
            self.value[1:],
            self.inflow[1:],
            self.outflow[1:],
            start=float(self.value[0]),
            bought=self.gross[1:],
        )

    @cached_property
    def xirr(self) -> Xirr:
        """Of the investor: the start value and inflows laid out, outflows and the end value received."""
        amounts = self.outflow - self.inflow
        amounts[0] -= self.value[0]
        amounts[-1] += self.value[-1]
        if not np.isfinite(amounts).all():
            return Xirr(None, (), "there is no value at the start or at the end")
        moved = amounts != 0
        return xirr(self.days[moved].astype(np.int64), amounts[moved])

    @cached_property
    def daily(self) -> Floats:
        """float64[T−1]: the days' returns, from the first day with capital."""
        return self.twr.daily[max(self.first - 1, 0) :]

    @cached_property
    def sparse(self) -> Missing | None:
        """Daily risk figures need daily values."""
        span = self.span_days
        days = len(self.days) - self.first
        if span < 30 or days * 365 / max(span, 1) >= _SPARSE_DAYS:
            return None
        return Missing(f"values of only {days} days in {span} are too few for daily figures", "Fetch closes")

    @cached_property
    def shadow(self) -> benchmarks.Shadow | Missing:
        """The same flows in the benchmark."""
        if self.levels is None:
            return Missing("no benchmark is chosen")
        before = float(self.levels[0])
        return benchmarks.same_flows(
            self.levels[1:],
            self.inflow[1:],
            self.outflow[1:],
            start=float(self.value[0]),
            before=before if before > 0 else None,
        )


Value = float | Missing
Work = Callable[[Series], Value]


@dataclass(frozen=True, slots=True)
class Worked:
    """One figure: how it is worked out, its convention in words, its unit (ratio, number, days, money)."""

    work: Work
    convention: str
    unit: str = "ratio"

    def of(self, series: Series) -> Value:
        """The figure, or why there is none; never NaN."""
        value = series.hole or self.work(series)
        if isinstance(value, float) and not np.isfinite(value):
            return Missing("there is no value on a day it needs")
        return value


def _xirr_period(series: Series) -> Value:
    rate = series.xirr.value
    return rate if isinstance(rate, Missing) else float((1 + rate) ** (series.span_days / 365) - 1)


def _dietz(series: Series) -> Value:
    net = series.inflow - series.outflow
    moved = net != 0
    return returns.modified_dietz(
        float(series.value[0]),
        float(series.value[-1]),
        series.days[moved].astype(np.int64),
        net[moved],
        first=int(series.days[series.first]),
        last=int(series.days[-1]),
    )


def _simple(series: Series) -> Value:
    paid = float(series.value[0]) + float(series.inflow.sum())
    gain = float(series.value[-1]) + float(series.outflow.sum()) - paid
    return returns.simple_return(gain, paid)


def _deepest(series: Series) -> risk.Drawdown | None:
    return next(iter(risk.drawdowns(series.twr.growth)), None)


def _max_drawdown(series: Series) -> Value:
    if isinstance(series.twr.total, Missing):
        return series.twr.total
    deepest = _deepest(series)
    return 0.0 if deepest is None else deepest.depth


def _recovery_days(series: Series) -> Value:
    if isinstance(series.twr.total, Missing):
        return series.twr.total
    deepest = _deepest(series)
    if deepest is None:
        return Missing("there was no drawdown")
    if deepest.recovered is None:
        trough = day_of(int(series.days[deepest.trough + 1]))
        return Missing(f"the fall to the trough of {trough} is not made good yet")
    return float(series.days[deepest.recovered + 1] - series.days[deepest.trough + 1])


def _daily(measure: Callable[[Floats, float, float], risk.Measure]) -> Work:
    return lambda s: s.sparse or measure(s.daily, s.sessions, s.risk_free).value


def _paired(measure: Callable[[Floats, Floats, float, float], risk.Measure]) -> Work:
    def work(series: Series) -> Value:
        if series.levels is None:
            return Missing("no benchmark is chosen")
        theirs = benchmarks.period_returns(series.levels)[1:][max(series.first - 1, 0) :]
        return series.sparse or measure(series.daily, theirs, series.sessions, series.risk_free).value

    return work


def _benchmark_twr(series: Series) -> Value:
    if series.levels is None:
        return Missing("no benchmark is chosen")
    first, last = float(series.levels[series.first]), float(series.levels[-1])
    if not (first > 0 and last > 0):
        return Missing("the benchmark has no level at the start or at the end")
    return last / first - 1


def _benchmark_value(series: Series) -> Value:
    return series.shadow if isinstance(series.shadow, Missing) else series.shadow.end


def _benchmark_xirr(series: Series) -> Value:
    end = _benchmark_value(series)
    if isinstance(end, Missing):
        return end
    value = np.append(series.value[:-1], end)
    return Series(series.days, value, series.inflow, series.outflow, series.gross).xirr.value


def _excess(series: Series) -> Value:
    return benchmarks.active_return(series.twr.total, _benchmark_twr(series)).value


_K = "k = returns a year, 252 unless the calendar says otherwise"
WORKED: Mapping[str, Worked] = {
    "twr": Worked(
        lambda s: s.twr.total,
        "time-weighted, daily: Π (value + outflow) ÷ (value before + inflow) − 1; inflows work from the "
        "start of their day, outflows leave at its end; not annualised",
    ),
    "twr_annual": Worked(
        lambda s: returns.annualised(s.twr.total, s.span_days),
        "(1 + time-weighted return)^(365 ÷ days) − 1, for a year or more",
    ),
    "xirr": Worked(
        lambda s: s.xirr.value,
        "money-weighted rate a year, Act/365F from the first flow; the start value is the first outlay, the "
        "end value the last receipt",
    ),
    "xirr_period": Worked(
        _xirr_period, "(1 + XIRR)^(days ÷ 365) − 1: the same rate for the period, not for a year"
    ),
    "dietz": Worked(
        _dietz, "modified Dietz: gain ÷ (start + Σ flow × (CD − D) ÷ CD), flows at the end of their day"
    ),
    "simple": Worked(
        _simple, "gain ÷ (start value + all that was paid in); income, charges, taxes and currency are inside"
    ),
    "volatility": Worked(
        _daily(lambda r, k, _: risk.volatility(r, k)), f"sd of daily returns (n − 1) × √k; {_K}"
    ),
    "sharpe": Worked(
        _daily(lambda r, k, free: risk.sharpe(r, k, risk_free=free)),
        f"arithmetic mean daily excess return ÷ sd (n − 1) × √k; {_K}",
        "number",
    ),
    "sortino": Worked(
        _daily(lambda r, k, free: risk.sortino(r, k, risk_free=free)),
        f"mean daily excess return ÷ √(mean of min(excess, 0)² over all n) × √k; {_K}",
        "number",
    ),
    "calmar": Worked(
        _daily(lambda r, k, _: risk.calmar(r, k)),
        f"geometric annual return ÷ |deepest drawdown|; {_K}",
        "number",
    ),
    "max_drawdown": Worked(
        _max_drawdown, "deepest fall of time-weighted growth below its peak; the start is one"
    ),
    "recovery_days": Worked(
        _recovery_days, "calendar days from the trough of the deepest fall back to its peak", "days"
    ),
    "var": Worked(
        _daily(lambda r, _, __: risk.value_at_risk(r)),
        "historical, 95 %, one day, quantile interpolated linearly (type 7); a loss is below zero",
    ),
    "es": Worked(
        _daily(lambda r, _, __: risk.expected_shortfall(r)),
        "mean of the daily returns at or below the 95 % value at risk; a loss is below zero",
    ),
    "benchmark_twr": Worked(_benchmark_twr, "level at the end ÷ level at the start − 1"),
    "benchmark_value": Worked(
        _benchmark_value,
        "the same flows on the same days in the benchmark, at its closes: value at the end",
        "money",
    ),
    "benchmark_xirr": Worked(_benchmark_xirr, "XIRR of the same flows with the benchmark's end value"),
    "excess": Worked(_excess, "time-weighted return less the benchmark's"),
    "beta": Worked(
        _paired(lambda r, m, k, free: risk.beta(r, m, k, risk_free=free)),
        "covariance ÷ variance of daily excess returns, both n − 1",
        "number",
    ),
    "alpha": Worked(
        _paired(lambda r, m, k, free: risk.alpha(r, m, k, risk_free=free)),
        f"mean daily excess return − beta × the benchmark's, compounded over k; {_K}",
    ),
    "tracking_error": Worked(
        _paired(lambda r, m, k, _: benchmarks.tracking_error(r, m, k)),
        f"sd (n − 1) of daily differences to the benchmark × √k; {_K}",
    ),
    "information_ratio": Worked(
        _paired(lambda r, m, k, _: benchmarks.information_ratio(r, m, k)),
        f"difference of geometric annual returns ÷ tracking error; {_K}",
        "number",
    ),
}
"""All figures by name, in the order they are shown. Those that compare need a benchmark's levels."""

COMPARED = frozenset(
    {"benchmark_twr", "benchmark_value", "benchmark_xirr", "excess", "beta", "alpha", "tracking_error",
     "information_ratio"}
)  # fmt: skip


def _op(worked: Worked) -> Callable[[object, Table | None], float]:
    def op(_: object, table: Table | None) -> float:
        value = Missing("no table") if table is None else worked.of(Series.of_table(table))
        if isinstance(value, Missing):
            raise BrokenLaw("a figure recomputes from its own table", value.reason)
        return value

    return op


OPS.update({name: _op(worked) for name, worked in WORKED.items()})
