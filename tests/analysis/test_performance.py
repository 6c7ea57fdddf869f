"""Returns and risk of a scope: known cases, laws, and figures that say why they are not there."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.worlds import BEGIN, SPAN, TCS, USD, A, B, World, day, world, worlds
from tunefolio.analysis.performance import Benchmark, Performance, performance
from tunefolio.analysis.scopes import Period, Scope, whole
from tunefolio.analysis.tracks import tracks
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import DayRow
from tunefolio.market.closes import Close, Closes
from tunefolio.market.fx import Rate, RateBook

BOTH = frozenset({A, B})
EVER = Period(None, BEGIN.plus_days(SPAN))


def of(made: World, period: Period = EVER, scope: Scope | None = None) -> Performance:
    chosen = whole([A, B], made.rows) if scope is None else scope
    return performance(tracks(made.rows, made.market), chosen, period)


def ratio(found: Performance, name: str) -> float:
    value = found.figures[name].value
    assert isinstance(value, float), f"{name}: {value}"
    return value


def test_a_deposit_before_a_crash_shows_why_there_are_three_returns() -> None:
    """The market rose 20 % in all; the money came just before the fall."""
    made = world(
        """
        2024-01-01 deposit 100
        2024-01-01 buy 1 INFY @ 100
        2024-07-01 deposit 900
        2024-07-01 buy 4.5 INFY @ 200
        """,
        closes="2024-01-01 INFY 100\n2024-06-30 INFY 200\n2024-07-01 INFY 200\n2024-12-31 INFY 120",
    )
    found = of(made, Period(None, day("2024-12-31")))
    assert ratio(found, "twr") == pytest.approx(0.2)
    assert ratio(found, "simple") == pytest.approx(660 / 1000 - 1)
    assert ratio(found, "dietz") == pytest.approx(-340 / (100 + 900 * 183 / 365))
    rate = ratio(found, "xirr")
    assert 100 * (1 + rate) ** 1 + 900 * (1 + rate) ** (183 / 365) == pytest.approx(660)
    assert found.figures["total"].value == Money.of("-340.00")


def test_cash_that_is_not_kept_is_outside() -> None:
    made = world(
        "2024-01-01 buy 10 INFY @ 100\n2024-01-10 dividend 100 INFY\n2024-01-20 sell 10 INFY @ 110",
        closes="2024-01-01 INFY 100\n2024-01-10 INFY 100\n2024-01-20 INFY 110",
    )
    found = of(made)
    assert ratio(found, "twr") == pytest.approx(1.1 * 1.1 - 1)
    assert found.statement.end == Money.of("0")


def test_a_day_of_trading_is_measured_against_what_was_bought() -> None:
    made = world("2024-01-02 buy 10 INFY @ 100\n2024-01-02 sell 10 INFY @ 99", closes="2024-01-02 INFY 99")
    assert ratio(of(made), "twr") == pytest.approx(-0.01)


def test_under_a_year_nothing_is_annualised_and_xirr_says_so() -> None:
    made = world("2024-01-01 buy 1 INFY @ 100", closes="2024-01-01 INFY 100\n2024-03-01 INFY 110")
    found = of(made)
    annual = found.figures["twr_annual"].value
    assert isinstance(annual, Missing)
    assert "less than a year" in annual.reason
    assert "60 days only" in found.figures["xirr"].note
    assert ratio(found, "xirr_period") == pytest.approx(0.1)
    assert ratio(found, "twr") == pytest.approx(0.1)
    assert all(figure.convention for figure in found.figures.values())


def test_a_hole_where_no_money_moves_leaves_the_total() -> None:
    made = world(
        "2024-01-01 buy 1 INFY @ 100\n2024-01-01 buy 1 TCS @ 50",
        closes="""
        2024-01-01 INFY 100
        2024-02-01 INFY 90
        2024-03-01 INFY 110
        2024-01-01 TCS 50
        2024-03-01 TCS 55
        """,
    )
    found = of(made)
    assert np.isnan(found.growth).tolist() == [False, False, True, False]
    assert ratio(found, "twr") == pytest.approx(0.1)


def test_a_missing_price_names_itself_in_every_figure_that_needs_it() -> None:
    made = world("2024-01-01 buy 1 INFY @ 100", closes="2024-01-01 INFY 100")
    found = of(made)
    for name in ("twr", "xirr", "dietz", "simple"):
        value = found.figures[name].value
        assert isinstance(value, Missing), name
        assert "price of INFY on" in value.reason
    assert isinstance(found.figures["total"].value, Missing)
    sparse = of(world("2024-01-01 buy 1 INFY @ 100", closes="2024-01-01 INFY 100\n2024-03-01 INFY 110"))
    volatility = sparse.figures["volatility"].value
    assert isinstance(volatility, Missing)
    assert "too few" in volatility.reason


def test_openings_enter_at_market_value_and_say_so() -> None:
    made = world("2024-01-01 opening 1 INFY @ 50", closes="2024-01-01 INFY 100\n2024-03-01 INFY 110")
    found = of(made)
    assert ratio(found, "xirr_period") == pytest.approx(0.1)
    assert any("in kind" in note for note in found.notes)


def test_two_rates_are_both_told() -> None:
    made = world(
        "2023-01-01 deposit 1000\n2024-01-01 withdrawal 2500\n2025-01-01 deposit 1540",
    )
    found = of(made, Period(None, day("2025-01-01")))
    assert len(found.roots) == 1
    assert "not unique" in found.figures["xirr"].note


def test_nothing_held_has_no_figures_but_reasons() -> None:
    found = performance((), Scope(BOTH), EVER)
    assert {type(figure.value) for name, figure in found.figures.items() if name != "total"} == {Missing}
    assert found.figures["total"].value == Money.zero()


SUMS = (
    "units", "cost", "notional", "lot_fees", "cash_balance", "bought", "sold", "realised", "income", "fees",
    "taxes", "cash", "moved", "outside",
)  # fmt: skip


def scaled(row: DayRow, factor: int) -> DayRow:
    moves = tuple(replace(m, units=m.units * factor, cost=m.cost * factor) for m in row.moves)
    return replace(row, **{name: getattr(row, name) * factor for name in SUMS}, moves=moves)


@settings(max_examples=40)
@given(worlds(), st.integers(2, 5))
def test_returns_know_neither_size_nor_empty_accounts(made: World, factor: int) -> None:
    """Several times the money is the same return, far above the paisa; an empty account changes nothing."""
    large = 1_000_000
    rows = [scaled(row, large) for row in made.rows if row.currency == INR]
    one = performance(tracks(rows, made.market), Scope(BOTH), EVER)
    more = performance(
        tracks([scaled(row, factor) for row in rows], made.market), Scope(BOTH | {AccountId(9)}), EVER
    )
    for name in ("twr", "dietz", "simple", "xirr"):
        same(one.figures[name].value, more.figures[name].value)


def same(one: object, other: object) -> None:
    if isinstance(one, float) and isinstance(other, float):
        assert other == pytest.approx(one, rel=1e-3, abs=1e-3)
    else:
        assert type(one) is type(other)


@settings(max_examples=40)
@given(worlds())
def test_the_growth_ends_where_the_twr_does(made: World) -> None:
    found = performance(tracks(made.rows, made.market), Scope(BOTH), EVER)
    twr = found.figures["twr"].value
    if isinstance(twr, float):
        assert found.growth[-1] - 1 == pytest.approx(twr)
        assert len(found.growth) == len(found.drawdown) == len(found.timeline.days)
    assert not any(isinstance(f.value, float) and np.isnan(f.value) for f in found.figures.values())


def index(text: str, instrument: InstrumentId = TCS) -> Closes:
    lines = [line.split() for line in text.strip().splitlines()]
    return Closes.of(instrument, INR, [Close(day(when), Decimal(price)) for when, price in lines])


def test_the_same_flows_in_a_benchmark_that_splits_and_pays() -> None:
    made = world(
        "2024-01-01 buy 10 INFY @ 100",
        closes="2024-01-01 INFY 100\n2024-02-01 INFY 100\n2024-03-01 INFY 130",
    )
    closes = index("2023-12-31 200\n2024-01-01 200\n2024-01-31 100\n2024-02-28 110")
    benchmark = Benchmark(
        "NIFTY",
        closes,
        splits=[(day("2024-01-31"), Decimal(2))],
        dividends=[(day("2024-02-28"), Decimal(11))],
    )
    found = performance(tracks(made.rows, made.market), Scope(BOTH), EVER, benchmark=benchmark)
    assert ratio(found, "benchmark_twr") == pytest.approx(1.1 * 1.1 - 1)
    assert found.figures["benchmark_value"].value == Money.of("1210.00")
    assert ratio(found, "excess") == pytest.approx(0.3 - 0.21)
    assert ratio(found, "benchmark_xirr") == pytest.approx(1.21 ** (365 / 60) - 1)


def test_a_foreign_benchmark_counts_in_the_currency_of_the_report() -> None:
    made = world("2024-01-01 buy 10 INFY @ 100", closes="2024-01-01 INFY 100\n2024-03-01 INFY 100")
    closes = Closes.of(TCS, USD, [Close(day(d), Decimal(10)) for d in ("2024-01-01", "2024-02-28")])
    rates = RateBook.of(
        Rate(USD, INR, day(d), Decimal(r), "") for d, r in (("2024-01-01", 80), ("2024-02-28", 84))
    )
    found = performance(
        tracks(made.rows, made.market), Scope(BOTH), EVER, benchmark=Benchmark("S&P", closes, rates)
    )
    assert ratio(found, "benchmark_twr") == pytest.approx(0.05)
    late = Benchmark("S&P", closes)
    lacking = performance(tracks(made.rows, made.market), Scope(BOTH), EVER, benchmark=late)
    assert isinstance(lacking.figures["benchmark_twr"].value, Missing)
    assert isinstance(lacking.figures["benchmark_value"].value, Missing)
    assert "benchmark_twr" not in of(made).figures


def test_a_year_of_days_has_every_risk_figure() -> None:
    count = 400
    days = [TradingDay.parse("2023-01-02").plus_days(n) for n in range(count)]
    prices = [Decimal(1000 + (n * 37) % 101 + n) for n in range(count)]
    closes = "\n".join(f"{d} INFY {p}" for d, p in zip(days, prices, strict=True))
    made = world(f"2023-01-02 buy 10 INFY @ {prices[0]}", closes=closes)
    benchmark = Benchmark("X", index("\n".join(f"{d} {p + 5}" for d, p in zip(days, prices, strict=True))))
    found = performance(
        tracks(made.rows, made.market), Scope(BOTH), Period(None, days[-1]), benchmark=benchmark
    )
    for name, figure in found.figures.items():
        assert isinstance(figure.value, float | Money), f"{name}: {figure.value}"
    assert ratio(found, "max_drawdown") < 0 < ratio(found, "volatility")
    assert ratio(found, "beta") == pytest.approx(1, abs=0.05)
    assert ratio(found, "twr_annual") == pytest.approx((1 + ratio(found, "twr")) ** (365 / 399) - 1)
