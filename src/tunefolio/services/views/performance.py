"""How anything did in any period: statement, returns, risk, curves, beside a benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import numpy as np

from tunefolio.analysis.figures import COMPARED
from tunefolio.analysis.performance import Benchmark, Performance
from tunefolio.analysis.performance import Figure as Worked
from tunefolio.analysis.performance import performance as worked_out
from tunefolio.analysis.periods import PeriodStatement
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.kinds import Kind
from tunefolio.market.actions import told_once
from tunefolio.market.daily import day_of
from tunefolio.services.house import House
from tunefolio.services.tracking import BENCHMARK
from tunefolio.services.views.scopes import Chosen, choices, chosen
from tunefolio.services.views.shapes_figures import Ask, Computation, Figure, Span, Unit, Value
from tunefolio.services.views.shapes_performance import (
    BenchmarkChoice,
    BenchmarkView,
    PerformanceView,
    SeriesPoint,
    StatementView,
)
from tunefolio.services.views.words import period_of, scope_word, span, spans
from tunefolio.store import actions, closes, instruments
from tunefolio.store.db import ReadDb

_POINTS = 750
_RETURNS = ("twr", "twr_annual", "xirr", "xirr_period", "dietz", "simple", "total")
_RISK = ("volatility", "sharpe", "sortino", "calmar", "max_drawdown", "recovery_days", "var", "es")
TITLES: Mapping[str, str] = {
    "twr": "Time-weighted return", "twr_annual": "Time-weighted, a year", "xirr": "XIRR, a year",
    "xirr_period": "XIRR of the period", "dietz": "Modified Dietz", "simple": "Simple return",
    "total": "Total gain", "volatility": "Volatility", "sharpe": "Sharpe ratio", "sortino": "Sortino ratio",
    "calmar": "Calmar ratio", "max_drawdown": "Maximum drawdown", "recovery_days": "Recovery",
    "var": "Value at risk, 95 %, a day", "es": "Expected shortfall, 95 %, a day",
    "benchmark_twr": "Return of the benchmark", "benchmark_value": "The same flows in the benchmark",
    "benchmark_xirr": "XIRR in the benchmark", "excess": "Excess return", "beta": "Beta", "alpha": "Alpha",
    "tracking_error": "Tracking error", "information_ratio": "Information ratio",
}  # fmt: skip
LINES: Mapping[str, tuple[str, int]] = {
    "realised": ("Realised gains, before charges", 1), "unrealised": ("Change of unrealised gains", 1),
    "exchange": ("Currency", 1), "income": ("Income, gross", 1), "fees": ("Charges", -1),
    "taxes": ("Taxes", -1), "flows": ("Money in less money out", 1),
    "in_kind": ("Units in less units out, at market value", 1),
}  # fmt: skip
"""The lines between start and end in the order they are read, each with the sign it adds up with."""
_DETAILS = {"paid_in": "Money in", "paid_out": "Money out", "brought": "Gain that units brought along"}
_UNITS = {"ratio": Unit.RATIO, "number": Unit.NUMBER, "days": Unit.DAYS, "money": Unit.MONEY}


def performance(
    db: ReadDb,
    house: House,
    viewer: Viewer,
    *,
    scope: str = "all",
    period: str = "1Y",
    benchmark: InstrumentId | None = None,
) -> PerformanceView:
    """One scope over one period; raises Misuse for words it does not know, NotFound for what is not there."""
    found, chosen_span, worked = performed(db, house, viewer, scope, period, benchmark)
    today = TradingDay(calendar_date(house.clock.now()))
    choice = _choice(db, viewer, benchmark)
    figures = figures_of(worked, scope, period, benchmark)
    return PerformanceView(
        found.shown,
        chosen_span,
        statement_view(worked.statement, scope, period),
        tuple(figures[name] for name in _RETURNS if name in figures),
        tuple(figures[name] for name in _RISK if name in figures),
        tuple(_curve(worked)),
        None if choice is None else BenchmarkView(choice, tuple(figures[n] for n in COMPARED_ORDER)),
        found.tracked.computed,
        choices(db, viewer),
        spans(today, found.tracked.first),
        _benchmarks(db, found),
        worked.notes,
    )


COMPARED_ORDER = tuple(name for name in TITLES if name in COMPARED)


def performed(
    db: ReadDb,
    house: House,
    viewer: Viewer,
    scope: str,
    period: str,
    benchmark: InstrumentId | None = None,
) -> tuple[Chosen, Span, Performance]:
    """What the page and its explanations are both made from."""
    found = chosen(db, house, viewer, scope_word(scope))
    today = TradingDay(calendar_date(house.clock.now()))
    days = span(period, today, found.tracked.first)
    against = None if benchmark is None else _benchmark(db, viewer, found, benchmark)
    worked = worked_out(found.tracked.tracks, found.scope, period_of(days), benchmark=against)
    return found, days, worked


def holding_returns(
    db: ReadDb, house: House, viewer: Viewer, home: Account, instrument: InstrumentId
) -> tuple[tuple[Figure, ...], Computation]:
    """Returns of one holding since its first fact, and how old they are; none while nothing is computed."""
    scope = f"holding:{home.id}:{instrument}"
    try:
        found, _, worked = performed(db, house, viewer, scope, "all")
    except NotFound:
        return (), Computation(None, is_current=False)
    figures = figures_of(worked, scope, "all", None)
    return tuple(figures[name] for name in _RETURNS if name in figures), found.tracked.computed


def figures_of(
    worked: Performance, scope: str, period: str, benchmark: InstrumentId | None
) -> dict[str, Figure]:
    """Every figure by name, each with the key of its explanation."""
    against = "" if benchmark is None else str(benchmark)
    return {
        name: Figure(
            name,
            TITLES.get(name, name),
            value_of(one),
            _UNITS[one.unit],
            Ask(name, scope, period, against),
            one.convention,
            one.note,
        )
        for name, one in worked.figures.items()
    }


def value_of(one: Worked) -> Value:
    """A worked figure's value as faces show it: floats become the shortest decimal that is the same float."""
    return Decimal(repr(one.value)) if isinstance(one.value, float) else one.value


def statement_view(stated: PeriodStatement, scope: str, period: str) -> StatementView:
    """Start, lines and end, each as it adds up: charges and taxes below zero."""

    def made(name: str, title: str, sign: int = 1) -> Figure:
        value: Money | Missing = getattr(stated, name)
        shown = value if isinstance(value, Missing) or sign > 0 else -value
        return Figure(name, title, shown, Unit.MONEY, Ask(f"statement.{name}", scope, period))

    return StatementView(
        made("start", "Value at the start"),
        tuple(made(name, title, sign) for name, (title, sign) in LINES.items()),
        made("end", "Value at the end"),
        tuple(made(name, title) for name, title in _DETAILS.items()),
    )


def _curve(worked: Performance) -> Iterable[SeriesPoint]:
    """At most some 750 of the days, the last among them."""
    line = worked.timeline
    count = len(line.days)
    if not count:
        return
    invested = line.value[0] + np.cumsum(line.net)
    levels = worked.series.levels
    step = max(1, -(-count // _POINTS))
    for place in sorted({*range(0, count, step), count - 1}):
        compared = None
        if levels is not None and levels[0] > 0:
            compared = _known(levels[place] / levels[0] - 1)
        yield SeriesPoint(
            day_of(int(line.days[place])),
            _known(line.value[place], 2),
            _known(worked.growth[place] - 1),
            _known(invested[place], 2),
            compared,
            _known(worked.drawdown[place]),
        )


def _known(number: float, digits: int = 6) -> Decimal | None:
    """A point of a curve, rounded for drawing; None for a gap."""
    return None if not np.isfinite(number) else Decimal(repr(round(float(number), digits)))


def _benchmark(db: ReadDb, viewer: Viewer, found: Chosen, id: InstrumentId) -> Benchmark:
    listed = instruments.visible(db, viewer, [id]).get(id)
    known = closes.book(db, [id]).of(id) if listed is not None else None
    if listed is None or known is None:
        raise NotFound("benchmark")
    splits: list[tuple[TradingDay, Decimal]] = []
    dividends: list[tuple[TradingDay, Decimal]] = []
    for action in told_once(actions.of_instruments(db, [id])):
        kind, terms = Kind(action.kind.value), action.terms
        if kind is Kind.DIVIDEND and terms.amount is not None:
            dividends.append((action.ex_day, terms.amount))
        elif kind in {Kind.SPLIT, Kind.BONUS} and terms.new is not None and terms.old:
            added = terms.new / terms.old
            splits.append((action.ex_day, added if kind is Kind.SPLIT else 1 + added))
    title = listed.name or listed.symbol
    return Benchmark(title, known, found.tracked.market.rates, splits, dividends)


def _choice(db: ReadDb, viewer: Viewer, benchmark: InstrumentId | None) -> BenchmarkChoice | None:
    if benchmark is None:
        return None
    listed = instruments.visible(db, viewer, [benchmark])[benchmark]
    return BenchmarkChoice(benchmark, listed.name or listed.symbol)


def _benchmarks(db: ReadDb, found: Chosen) -> tuple[BenchmarkChoice, ...]:
    """The house's benchmark, then what is held or was, where closes are known."""
    index = instruments.find(db, BENCHMARK.listing.exchange, BENCHMARK.listing.symbol)
    held = instruments.of_ids(db, sorted(found.tracked.instruments))
    every = [*([] if index is None else [index]), *held.values()]
    known = closes.spans(db, [listed.id for listed in every])
    return tuple(
        BenchmarkChoice(listed.id, listed.name or listed.symbol) for listed in every if listed.id in known
    )
