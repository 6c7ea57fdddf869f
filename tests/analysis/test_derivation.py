"""Every figure is recomputed from its own derivation, and equals what is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.worlds import BEGIN, INFY, SPAN, TCS, USD, A, B, World, day, periods, world, worlds
from tunefolio.analysis.allocation import Grouped, allocation, drifts
from tunefolio.analysis.currency import gain_of
from tunefolio.analysis.derivation import (
    Derivation,
    Ref,
    RefKind,
    as_json,
    leaf,
    made,
    recomputed,
)
from tunefolio.analysis.derivation import (
    given as given_value,
)
from tunefolio.analysis.explain import Facts, explain_line, explain_statement, money_of
from tunefolio.analysis.explain_figures import explain_figure
from tunefolio.analysis.explain_holdings import (
    FIGURES,
    Home,
    explain_drift,
    explain_lot,
    explain_match,
    explain_position,
    explain_sum,
    explain_weight,
)
from tunefolio.analysis.performance import Benchmark, performance
from tunefolio.analysis.periods import SIGNS, statement
from tunefolio.analysis.scopes import Period, Scope, whole
from tunefolio.analysis.tracks import tracks
from tunefolio.analysis.valuation import ValuedPosition, valued
from tunefolio.core.errors import BrokenLaw, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money, Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.positions import Nature, Terms
from tunefolio.market.closes import Close, Closes
from tunefolio.market.fx import Rate, RateBook
from tunefolio.market.quotes import Quote

BOTH = frozenset({A, B})
LINES = (*SIGNS, "end", "brought", "paid_in", "paid_out")


def leaves(tree: Derivation) -> list[Derivation]:
    if not tree.inputs:
        return [tree]
    return [found for part in tree.inputs for found in leaves(part)]


def holds(tree: Derivation, shown: Money | Missing) -> None:
    assert recomputed(tree) == tree.value
    if isinstance(shown, Missing):
        assert tree.op == "missing"
        assert isinstance(money_of(tree), Missing)
    else:
        assert tree.value == shown.amount, tree.name


@settings(max_examples=60)
@given(
    worlds(),
    st.sampled_from([Scope(BOTH), Scope(BOTH, None, BOTH), Scope(frozenset({A}))]),
    periods(),
    st.sampled_from([INR, USD]),
    st.sampled_from(["facts", "rows"]),
)
def test_every_line_of_the_statement_recomputes(
    made_world: World,
    scope: Scope,
    ends: tuple[TradingDay | None, TradingDay],
    currency: Currency,
    depth: str,
) -> None:
    known = tracks(made_world.rows, made_world.market, currency)
    facts = Facts.of(made_world.movements) if depth == "facts" else None
    found = statement(known, scope, Period(*ends))
    for line in LINES:
        holds(explain_line(known, scope, Period(*ends), line, facts), getattr(found, line))
    if known:
        holds(explain_statement(known, scope, Period(*ends), facts), found.end)


@settings(max_examples=40)
@given(worlds(is_whole=False), periods(), st.sampled_from([INR, USD]))
def test_what_is_missing_says_so_in_its_derivation_too(
    made_world: World, ends: tuple[TradingDay | None, TradingDay], currency: Currency
) -> None:
    known = tracks(made_world.rows, made_world.market, currency)
    found = statement(known, Scope(BOTH), Period(*ends))
    for line in LINES:
        shown = getattr(found, line)
        if isinstance(shown, Money):
            holds(explain_line(known, Scope(BOTH), Period(*ends), line), shown)


@settings(max_examples=40)
@given(worlds(), periods())
def test_every_return_and_risk_figure_recomputes(
    made_world: World, ends: tuple[TradingDay | None, TradingDay]
) -> None:
    known = tracks(made_world.rows, made_world.market)
    found = performance(known, Scope(BOTH), Period(*ends))
    for name, figure in found.figures.items():
        tree = explain_figure(found, name)
        if name == "total":
            holds(tree, found.statement.gain)
        elif isinstance(figure.value, Missing):
            assert tree.op == "missing"
            assert figure.value.reason in str(tree.value)
        else:
            assert recomputed(tree) == tree.value == figure.value
        json.dumps(as_json(tree), allow_nan=False)
    with pytest.raises(NotFound):
        explain_figure(found, "luck")


def quote(instrument: InstrumentId, price: str, currency: Currency) -> Quote:
    as_of = Instant.parse("2024-03-01T10:00:00+05:30")
    return Quote(instrument, Price.of(price, currency), Price.of("99.5", currency), as_of, "test")


def lines_of(made_world: World) -> list[ValuedPosition]:
    return [
        valued(account, p, {p.instrument: quote(p.instrument, "107.35", p.currency)})
        for account, held in made_world.holdings.items()
        for p in held.open()
    ]


@settings(max_examples=40)
@given(worlds(), st.sampled_from([INR, USD]))
def test_every_closed_lot_recomputes_in_every_currency(made_world: World, currency: Currency) -> None:
    rates = made_world.market.rates
    positions = [p for held in made_world.holdings.values() for p in held.positions.values()]
    for match in (match for position in positions for match in position.matches):
        gain = gain_of(match, rates, currency)
        holds(explain_match(match, "gain"), match.gain)
        if match.lot.day is None and match.gain.currency != currency:
            assert isinstance(gain.exchange, Missing)
            continue
        for name in ("price", "exchange", "total"):
            holds(explain_match(match, name, rates, currency), getattr(gain, name))


@settings(max_examples=40)
@given(worlds())
def test_every_figure_of_open_positions_and_lots_recomputes(made_world: World) -> None:
    for line in lines_of(made_world):
        for figure in FIGURES:
            shown = line.position.realised if figure == "realised" else getattr(line, figure)
            tree = explain_position(line, figure)
            assert recomputed(tree) == tree.value == getattr(shown, "amount", shown)
        for lot in line.position.lots:
            holds(explain_lot(line, lot, "cost"), lot.cost)
            share = Decimal("1.23")
            assert explain_lot(line, lot, "gain", share).value == share - lot.cost.amount
            assert recomputed(explain_lot(line, lot, "value", share)) == share


@settings(max_examples=40)
@given(worlds(), st.sampled_from([INR, USD]))
def test_every_share_of_the_whole_recomputes(made_world: World, currency: Currency) -> None:
    rates, today = made_world.market.rates, BEGIN.plus_days(SPAN)
    members = [Grouped(str(x.instrument), str(x.instrument), x) for x in lines_of(made_world)]
    slices = allocation(members, currency, rates=rates, day=today)
    home = Home(rates, today)
    for each in slices:
        tree = explain_weight(slices, each.name, home)
        assert tree.op == "missing" if each.weight_ratio is None else recomputed(tree) == each.weight_ratio
        for figure in ("value", "invested", "pnl"):
            holds(explain_sum(each.part, figure, home), getattr(each.part, figure))
    for drift in drifts(slices, {str(n): Decimal("0.2") for n in (1, 2, 3)}, currency):
        assert recomputed(explain_drift(slices, drift, "drift", home)) == drift.drift
        holds(explain_drift(slices, drift, "to_target", home), drift.to_target)


def test_a_tree_goes_down_to_facts_prices_and_rates() -> None:
    made_world = world(
        "2024-01-01 buy 10 AAPL @ 100 USD fee 1\n2024-01-10 dividend 5 AAPL USD",
        closes="2024-01-12 AAPL 120",
        dollars="2024-01-01 80\n2024-01-10 85\n2024-01-12 86",
    )
    known = tracks(made_world.rows, made_world.market)
    period = Period(None, day("2024-01-12"))
    tree = explain_statement(known, Scope(frozenset({A})), period, Facts.of(made_world.movements))
    refs = {(found.ref.kind, found.ref.id, str(found.ref.day)) for found in leaves(tree) if found.ref}
    assert (RefKind.FACT, 1, "2024-01-01") in refs
    assert (RefKind.FACT, 2, "2024-01-10") in refs
    assert (RefKind.PRICE, 3, "2024-01-12") in refs
    assert (RefKind.RATE, 0, "2024-01-10") in refs
    shown = as_json(tree)
    assert shown["value"] == "103200"
    assert json.loads(json.dumps(shown)) == shown


def test_a_changed_leaf_changes_the_figure() -> None:
    """recomputed trusts no value in between."""
    a, b = (leaf(name, Decimal(n), INR, Ref(RefKind.FACT, name, n)) for name, n in (("a", 2), ("b", 3)))
    tree = made("product", "product", [a, b], INR)
    assert recomputed(tree) == 6
    forged = Derivation("product", Decimal(7), INR, "product", (a, b))
    assert recomputed(forged) == 6 != forged.value
    with pytest.raises(BrokenLaw, match="every operation"):
        recomputed(Derivation("x", Decimal(1), INR, "guess", (a,)))
    assert as_json(given_value("k", 252.0, "number", "sessions a year"))["ref"]["kind"] == "given"


def test_unknown_figures_are_not_found() -> None:
    made_world = world("2024-01-01 buy 10 INFY @ 100\n2024-01-02 sell 1 INFY @ 110")
    (position,) = made_world.holdings[A].open()
    line = valued(A, position, {})
    (match,) = position.matches
    assert explain_position(line, "value").op == "missing"
    assert explain_lot(line, position.lots[0], "gain").op == "missing"
    slices = allocation([Grouped("IT", "x", line)])
    with pytest.raises(NotFound):
        explain_position(line, "luck")
    with pytest.raises(NotFound):
        explain_lot(line, position.lots[0], "luck")
    with pytest.raises(NotFound):
        explain_match(match, "luck")
    with pytest.raises(NotFound):
        explain_weight(slices, "Banks")
    assert BEGIN.plus_days(SPAN) == day("2024-03-01")


def test_futures_deposits_and_days_without_facts_explain_themselves() -> None:
    terms = Terms(natures={INFY: Nature(margined=True)})
    made_world = world(
        """
        2024-01-01 deposit 5000
        2024-01-01 buy 10 INFY @ 1000 fee 5
        2024-01-05 sell 4 INFY @ 1010
        2024-01-01 buy 1 TCS @ 100
        2024-01-08 short 1 AAPL @ 100 USD
        """,
        closes="2024-01-06 INFY 1020\n2024-01-10 AAPL 90",
        dollars="2024-01-08 80",
        terms=terms,
    )
    market = replace(made_world.market, valuers={TCS: lambda _, on: Money.of(100 + (on - BEGIN))})
    known = tracks(made_world.rows, market)
    period, scope = Period(None, day("2024-01-10")), whole([A], made_world.rows)
    found = statement(known, scope, period)
    cash = Decimal(5000) - 5 + 40 - 100 + 8000
    assert found.end == Money(cash + 120 + 109 - 7200, INR)
    for facts in (None, Facts.of(made_world.movements)):
        for line in LINES:
            holds(explain_line(known, scope, period, line, facts), getattr(found, line))
        assert recomputed(explain_statement(known, scope, period, facts)) == cash + 120 + 109 - 7200
    unknown = replace(made_world.market, valuers={TCS: lambda _, __: Missing("its terms")})
    known = tracks(made_world.rows, unknown)
    tree = explain_line(known, scope, period, "end")
    assert tree.op == "missing"
    assert "its terms" in str(tree.value)


def test_conversions_between_three_currencies_cancel_and_explain_themselves() -> None:
    made_world = world(
        """
        2024-01-01 deposit 500000
        2024-01-02 convert 83500 INR for 1000 USD
        2024-01-02 convert 91000 INR for 1000 EUR
        2024-01-03 convert 100 USD for 90 EUR
        2024-01-04 convert 100 EUR for 9000 INR
        2024-01-05 convert 50 USD for 4100 INR
        2024-01-05 convert 50 EUR for 4600 INR
        """,
    )
    euro = Currency("EUR")
    rates = RateBook.of(
        Rate(base, INR, BEGIN, Decimal(rate), "test") for base, rate in ((USD, "83.1234"), (euro, "90.4321"))
    )
    market = replace(made_world.market, rates=rates)
    for currency in (INR, USD, euro):
        known, period = tracks(made_world.rows, market, currency), Period(None, day("2024-01-06"))
        found = statement(known, whole([A], made_world.rows), period)
        deposited = market.converted(Decimal(500_000), INR, currency, BEGIN)
        assert found.flows == Money(deposited if isinstance(deposited, Decimal) else Decimal(0), currency)
        for line in LINES:
            holds(explain_line(known, whole([A], made_world.rows), period, line), getattr(found, line))


def test_a_returns_money_figure_is_rounded_from_its_table() -> None:
    made_world = world("2024-01-01 buy 10 INFY @ 100", closes="2024-01-01 INFY 100\n2024-03-01 INFY 130")
    closes = Closes.of(TCS, INR, [Close(day("2024-01-01"), Decimal(3)), Close(day("2024-02-28"), Decimal(4))])
    found = performance(
        tracks(made_world.rows, made_world.market),
        Scope(BOTH),
        Period(None, day("2024-03-01")),
        benchmark=Benchmark("X", closes),
    )
    holds(explain_figure(found, "benchmark_value"), Money.of("1333.33"))
    assert as_json(explain_figure(found, "twr"))["table"]["value"][-1] == 1300.0
    broken = replace(explain_figure(found, "twr"), table=None)
    with pytest.raises(BrokenLaw, match="recomputes from its own table"):
        recomputed(broken)
