"""Daily values are what the statement says of each day; a gap is a hole with a reason, not a zero."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.worlds import AAPL, BEGIN, INFY, SPAN, TCS, USD, A, B, World, day, periods, world, worlds
from tunefolio.analysis.columns import Market
from tunefolio.analysis.periods import statement
from tunefolio.analysis.scopes import Period, Scope, whole
from tunefolio.analysis.series import timeline
from tunefolio.analysis.tracks import retracked, tracks
from tunefolio.core.identity import AccountId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.market.daily import day_of

BOTH = frozenset({A, B})
scopes = st.sampled_from(
    [Scope(BOTH), Scope(BOTH, None, BOTH), Scope(frozenset({A}), frozenset({INFY, AAPL}))]
)


@settings(max_examples=50)
@given(worlds(), scopes, periods(), st.sampled_from([INR, USD]))
def test_each_day_is_worth_what_its_statement_says(
    made: World, scope: Scope, ends: tuple[TradingDay | None, TradingDay], currency: Currency
) -> None:
    known = tracks(made.rows, made.market, currency)
    line = timeline(known, scope, Period(*ends))
    for place in range(0, len(line.days), max(1, len(line.days) // 4)):
        shown = statement(known, scope, Period(None, day_of(int(line.days[place])))).end
        assert isinstance(shown, Money)
        assert abs(line.value[place] - float(shown.amount)) <= 0.01 * (len(known) + 1)


@settings(max_examples=50)
@given(worlds(), scopes, periods(), st.sampled_from([INR, USD]))
def test_flows_income_and_charges_are_the_statements(
    made: World, scope: Scope, ends: tuple[TradingDay | None, TradingDay], currency: Currency
) -> None:
    known = tracks(made.rows, made.market, currency)
    line, found = timeline(known, scope, Period(*ends)), statement(known, scope, Period(*ends))
    assert isinstance(found.flows, Money)
    assert isinstance(found.in_kind, Money)
    expected = float((found.flows + found.in_kind).amount)
    assert abs(line.net.sum() - expected) < 1e-6 * max(1.0, abs(line.inflow).sum())
    for name in ("income", "fees", "taxes"):
        assert abs(getattr(line, name).sum() - float(getattr(found, name).amount)) < 1e-6
    assert (np.diff(line.days) > 0).all()
    assert not line.holes


@settings(max_examples=40)
@given(worlds(is_whole=False), scopes, st.sampled_from([INR, USD]))
def test_a_day_has_a_value_exactly_when_the_statement_has_one(
    made: World, scope: Scope, currency: Currency
) -> None:
    known = tracks(made.rows, made.market, currency)
    line = timeline(known, scope, Period(None, BEGIN.plus_days(SPAN)))
    for place in range(0, len(line.days), max(1, len(line.days) // 5)):
        shown = statement(known, scope, Period(None, day_of(int(line.days[place])))).end
        assert np.isnan(line.value[place]) == isinstance(shown, Missing)
    assert bool(line.holes) or not np.isnan(line.value).any()


@settings(max_examples=40)
@given(worlds())
def test_a_scope_is_the_sum_of_its_parts_day_by_day(made: World) -> None:
    known = tracks(made.rows, made.market)
    period = Period(BEGIN, BEGIN.plus_days(SPAN))
    both = timeline(known, Scope(BOTH), period)
    parts = [timeline(known, Scope(frozenset({each})), period) for each in (A, B)]
    net: dict[int, float] = {}
    for part in parts:
        for when, flow in zip(part.days.tolist(), part.net.tolist(), strict=True):
            net[when] = net.get(when, 0.0) + flow
    for when, flow in zip(both.days.tolist(), both.net.tolist(), strict=True):
        assert abs(net.get(when, 0.0) - flow) < 1e-6 * max(1.0, abs(flow))


def test_nothing_held_has_no_days() -> None:
    line = timeline((), Scope(BOTH), Period(None, BEGIN))
    assert len(line.days) == len(line.value) == 0
    made = world("2024-02-01 buy 1 INFY @ 100")
    assert len(timeline(tracks(made.rows, made.market), Scope(BOTH), Period(None, BEGIN)).days) == 0


def test_the_first_day_is_the_eve_and_closes_make_days() -> None:
    made = world("2024-01-02 buy 10 INFY @ 100", closes="2024-01-02 INFY 101\n2024-01-04 INFY 102")
    line = timeline(tracks(made.rows, made.market), Scope(BOTH), Period(None, day("2024-01-05")))
    assert [str(day_of(int(each))) for each in line.days] == [
        "2024-01-01",
        "2024-01-02",
        "2024-01-04",
        "2024-01-05",
    ]
    assert line.value.tolist() == [0, 1010, 1020, 1020]
    assert line.inflow.tolist() == [0, 1000, 0, 0]
    assert line.gross.tolist() == [0, 1000, 0, 0]


def test_a_gap_is_a_hole_with_its_reason() -> None:
    made = world("2024-01-02 buy 10 INFY @ 100\n2024-01-02 buy 1 TCS @ 5", closes="2024-01-02 INFY 101")
    line = timeline(tracks(made.rows, made.market), whole([A], made.rows), Period(None, day("2024-02-01")))
    assert np.isnan(line.value[1:]).all()
    assert {hole.reason.split(" on ")[0] for hole in line.holes} == {"price of INFY", "price of TCS"}


def test_after_a_split_only_a_new_price_counts() -> None:
    made = world(
        "2024-01-01 buy 10 INFY @ 1000\n2024-01-05 split 10:1 INFY",
        closes="2024-01-04 INFY 1000\n2024-01-08 INFY 101",
    )
    line = timeline(tracks(made.rows, made.market), Scope(BOTH), Period(None, day("2024-01-09")))
    worth = dict(zip(line.days.tolist(), line.value.tolist(), strict=True))
    assert np.isnan(worth[day("2024-01-05").date.toordinal()])
    assert worth[day("2024-01-08").date.toordinal()] == 10_100


def test_what_has_no_closes_may_have_a_valuer() -> None:
    made = world("2024-01-01 buy 1 TCS @ 1000\n2024-01-01 buy 1 AAPL @ 10 USD", dollars="2024-01-01 80")

    def grown(_: AccountId, on: TradingDay) -> Money | Missing:
        return Money.of(1000 + (on - day("2024-01-01"))) if on < day("2024-01-20") else Missing("its terms")

    def dollars(_: AccountId, __: TradingDay) -> Money:
        return Money(Decimal(12), USD)

    market = Market(made.market.prices, made.market.rates, {TCS: grown, AAPL: dollars})
    known = tracks(made.rows, market)
    line = timeline(known, Scope(BOTH), Period(None, day("2024-01-03")))
    assert line.value.tolist() == [0, 1960, 1962]
    assert statement(known, Scope(BOTH), Period(None, day("2024-01-03"))).end == Money.of("1962.00")
    late = timeline(known, Scope(BOTH, frozenset({TCS})), Period(None, day("2024-01-25")))
    assert np.isnan(late.value[-1])
    assert late.holes == (Missing("its terms"),)


@settings(max_examples=30)
@given(worlds())
def test_kept_values_are_the_values(made: World) -> None:
    """Asked again, for another period, and after one key was made anew, the days are the same."""
    known = tracks(made.rows, made.market)
    period, other = Period(None, BEGIN.plus_days(SPAN)), Period(BEGIN.plus_days(20), BEGIN.plus_days(40))
    first = timeline(known, Scope(BOTH), period)
    timeline(known, Scope(BOTH), other)
    again = timeline(retracked(known, made.rows, made.market, touched={(A, INFY)}), Scope(BOTH), period)
    np.testing.assert_array_equal(first.value, again.value)
    np.testing.assert_array_equal(first.net, again.net)
