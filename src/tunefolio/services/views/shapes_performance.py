"""Shapes of the performance page: the period statement, returns, risk, curves and a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.identity import InstrumentId
from tunefolio.core.time import TradingDay
from tunefolio.services.views.shapes_figures import Computation, Figure, ScopeView, Span


@dataclass(frozen=True, slots=True)
class StatementView:
    """The period statement in the order it is read; end = start + all lines between, to the paisa.

    start, end: market value. lines: realised, unrealised, currency, income, −fees, −taxes, flows, each signed
    as it adds up. details: what stands inside `flows` (in, out, in kind), informative.
    """

    start: Figure
    lines: tuple[Figure, ...]
    end: Figure
    details: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One day of the curves; None where a price or rate of that day is missing.

    value: in the view's currency. growth: time-weighted growth since the period began (0 = unchanged).
    invested: net flows since the period began plus its start value. benchmark: its growth likewise.
    drawdown: below the highest growth so far, ≤ 0.
    """

    day: TradingDay
    value: Decimal | None
    growth: Decimal | None
    invested: Decimal | None
    benchmark: Decimal | None = None
    drawdown: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BenchmarkChoice:
    """An instrument that can be compared with: an index or a fund with known closes."""

    instrument: InstrumentId
    title: str


@dataclass(frozen=True, slots=True)
class BenchmarkView:
    """The chosen benchmark. figures: its TWR, the same cash flows in it (end value, XIRR), beta, alpha,
    the difference in return."""

    chosen: BenchmarkChoice
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class PerformanceView:
    """How a scope did in a period.

    returns: twr, twr_annual (a year or more), xirr, dietz, simple, total. risk: volatility, sharpe, sortino,
    max_drawdown, recovery, var, es (each prints its convention). curve: oldest first, at most some 750
    points.
    scopes, periods, benchmarks: what else can be chosen. notes: sentences on what figures leave out or
    assume.
    """

    scope: ScopeView
    period: Span
    statement: StatementView
    returns: tuple[Figure, ...]
    risk: tuple[Figure, ...]
    curve: tuple[SeriesPoint, ...]
    benchmark: BenchmarkView | None
    computed: Computation
    scopes: tuple[ScopeView, ...]
    periods: tuple[Span, ...]
    benchmarks: tuple[BenchmarkChoice, ...]
    notes: tuple[str, ...] = ()
