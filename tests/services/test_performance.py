"""How anything did: statements that add up for every scope, and figures that explain themselves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.services.desks import Desk
from tunefolio.analysis.derivation import Derivation, recomputed
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money, Price, total
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Method
from tunefolio.market.closes import Close
from tunefolio.market.fx import Rate
from tunefolio.market.quotes import Quote
from tunefolio.services import portfolios, record, targets
from tunefolio.services.recompute import recompute_now, stale_accounts
from tunefolio.services.views import (
    Ask,
    Dimension,
    Figure,
    HoldingView,
    PerformanceView,
    allocation,
    explanation,
    holding,
    holding_yields,
    performance,
)
from tunefolio.services.views.words import scope_word, span
from tunefolio.store import accounts, closes, quotes, rates, transactions

pytestmark = pytest.mark.one_is_enough

TODAY = TradingDay.parse("2026-11-20")
STORY = """2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #long
    2024-06-03 sell 4 NSE:INFY @ 1600 fee 15
    2024-07-01 dividend 168 NSE:INFY tax 16.80
    2024-08-01 buy 5 NSE:TCS @ 4000 fee 20
    2025-01-10 buy 3 NSE:INFY @ 1900
    2025-02-03 fee 99"""


def worked_out(desk: Desk) -> None:
    """Have the days of all accounts recomputed, as the job does a moment later."""
    desk.clock.advance(timedelta(seconds=1))
    with desk.database.reading() as db:
        homes = accounts.listed(db, desk.viewer)
    recompute_now(desk.house, desk.viewer, homes)


def closed(
    desk: Desk, symbol: str, prices: dict[str, str], exchange: str = "NSE", currency: str = "INR"
) -> None:
    """Put daily closes."""
    some = [Close(TradingDay.parse(day), Decimal(price)) for day, price in prices.items()]
    with desk.database.writing() as db:
        id = desk.instrument(symbol, exchange)
        closes.put(db, id, Currency(currency), some, "test", desk.clock.now())


def told(desk: Desk) -> None:
    """The story with prices at its days and today, recomputed."""
    desk.write_down(STORY)
    closed(
        desk,
        "INFY",
        {"2024-04-01": "1500", "2024-06-03": "1600", "2024-07-01": "1620", "2024-08-01": "1700",
         "2025-01-10": "1900", "2025-03-31": "1850", "2026-11-20": "2000"},
    )  # fmt: skip
    closed(
        desk, "TCS", {"2024-08-01": "4000", "2025-01-10": "4200", "2025-03-31": "4100", "2026-11-20": "3900"}
    )
    desk.price("INFY", "2000", "1990")
    desk.price("TCS", "3900", "3950")
    worked_out(desk)


def seen(desk: Desk, scope: str = "all", period: str = "all") -> PerformanceView:
    with desk.database.reading() as db:
        return performance(db, desk.house, desk.viewer, scope=scope, period=period)


def amount(figure: Figure) -> Decimal:
    assert isinstance(figure.value, Money), figure
    return figure.value.amount


def line(view: PerformanceView, name: str) -> Decimal:
    (found,) = [figure for figure in view.statement.lines if figure.name == name]
    return amount(found)


def adds_up(view: PerformanceView) -> bool:
    stated = view.statement
    return amount(stated.start) + sum(amount(each) for each in stated.lines) == amount(stated.end)


@pytest.mark.parametrize("period", ["all", "1Y", "3Y", "YTD", "FY2024", "FY2025", "2024-06-04..2025-01-10"])
def test_a_statement_adds_up_for_every_period_and_scope(desk: Desk, period: str) -> None:
    told(desk)
    infy, tcs = desk.instrument("INFY"), desk.instrument("TCS")
    home = desk.account.id
    for scope in ("all", f"portfolio:{desk.portfolio.id}", f"account:{home}", f"holding:{home}:{infy}",
                  f"instrument:{tcs}", "sector:Information Technology", "class:equity", "currency:INR",
                  "tag:long"):  # fmt: skip
        view = seen(desk, scope, period)
        if all(isinstance(each.value, Money) for each in (view.statement.start, *view.statement.lines)):
            assert adds_up(view), (scope, period)
        else:
            assert period in {"1Y", "YTD", "3Y", "FY2025"}, (scope, period)


@pytest.mark.on_both
def test_the_statement_since_the_beginning_is_what_the_facts_say(desk: Desk) -> None:
    told(desk)
    view = seen(desk)
    assert amount(view.statement.start) == 0
    assert amount(view.statement.end) == 9 * 2000 + 5 * 3900
    assert line(view, "realised") == 400
    assert line(view, "income") == 168
    assert line(view, "fees") == Decimal("-47.50")
    assert line(view, "taxes") == Decimal("-16.80")
    assert line(view, "flows") == Decimal("15012.50") + 20020 + 5700 - 6385 - Decimal("151.20")
    desk.write_down("2024-03-01 deposit 100000")
    worked_out(desk)
    kept = seen(desk)
    assert line(kept, "fees") == Decimal("-146.50")
    assert line(kept, "flows") == 100000


@pytest.mark.on_both
def test_a_filter_is_the_sum_of_its_parts(desk: Desk) -> None:
    told(desk)
    whole = seen(desk, "sector:Information Technology", "all")
    parts = [seen(desk, f"instrument:{desk.instrument(name)}", "all") for name in ("INFY", "TCS")]
    for name in ("realised", "unrealised", "income", "fees", "taxes", "flows", "in_kind"):
        assert line(whole, name) == sum(line(part, name) for part in parts), name


def every_figure(view: PerformanceView) -> list[Figure]:
    stated = view.statement
    return [stated.start, *stated.lines, stated.end, *stated.details, *view.returns, *view.risk]


def agrees(tree: Derivation, figure: Figure) -> bool:
    """The derivation recomputes to the shown figure, or both say that there is none."""
    if isinstance(figure.value, Missing):
        return tree.op == "missing"
    shown = figure.value.amount if isinstance(figure.value, Money) else figure.value
    again = recomputed(tree)
    return again == tree.value and Decimal(str(again)) == Decimal(str(shown))


@pytest.mark.on_both
def test_every_figure_of_the_page_is_recomputed_from_its_own_derivation(desk: Desk) -> None:
    told(desk)
    home, infy = desk.account.id, desk.instrument("INFY")
    for scope in ("all", f"holding:{home}:{infy}"):
        view = seen(desk, scope, "all")
        with desk.database.reading() as db:
            for figure in every_figure(view):
                tree = explanation(db, desk.house, desk.viewer, figure.ask)
                assert agrees(tree, figure), (figure, tree)


def test_every_figure_of_a_holding_is_recomputed_from_its_own_derivation(desk: Desk) -> None:
    told(desk)
    view = held(desk, "INFY")
    with desk.database.reading() as db:
        for figure in (*view.figures, *view.returns):
            tree = explanation(db, desk.house, desk.viewer, figure.ask)
            assert agrees(tree, figure), (figure, tree)
        for lot in view.lots:
            for name in ("cost", "fees", "value", "gain", "gain_before_charges", "average_price", "age_days",
                         "xirr", "gain_ratio", "price_cost"):  # fmt: skip
                tree = explanation(db, desk.house, desk.viewer, Ask(f"lot.{name}", lot.key))
                value = getattr(lot, name)
                shown = value.amount if hasattr(value, "amount") else value
                assert Decimal(str(recomputed(tree))) == Decimal(str(shown)), name
        for match in view.matches:
            for name in ("proceeds", "cost", "gain", "gain_before_charges"):
                tree = explanation(db, desk.house, desk.viewer, Ask(f"match.{name}", match.key))
                assert recomputed(tree) == getattr(match, name).amount


def held(desk: Desk, symbol: str) -> HoldingView:
    with desk.database.reading() as db:
        return holding(db, desk.house, desk.viewer, desk.account.id, desk.instrument(symbol))


def test_a_holding_tells_lots_income_marks_and_both_methods(desk: Desk) -> None:
    told(desk)
    view = held(desk, "INFY")
    assert [lot.lot.quantity for lot in view.lots] == [6, 3]
    assert view.lots[0].cost == Money.of("9007.50")
    assert view.lots[0].price_cost == Money.of(9000)
    assert [row.net for row in view.income] == [Money.of("151.20")]
    assert [mark.kind.value for mark in view.marks] == ["buy", "sell", "dividend", "buy"]
    assert isinstance(view.marks[2].price, Missing)
    assert view.chosen.cost == Money.of("14707.50")
    assert view.chosen.cost + view.averaged.realised == view.averaged.cost + view.chosen.realised
    assert [point.price for point in view.chart][-1] == 2000
    assert total(lot.value for lot in view.lots if isinstance(lot.value, Money)) == Money.of(18000)


@pytest.mark.on_both
def test_the_lot_method_changes_the_past_and_has_it_recomputed(desk: Desk) -> None:
    told(desk)
    desk.write_down("2025-02-10 sell 3 NSE:INFY @ 2000")
    worked_out(desk)
    fifo = line(seen(desk), "realised")
    with desk.database.writing() as db:
        portfolios.set_lot_method(db, desk.house, desk.viewer, desk.account.id, Method.LIFO)
    with desk.database.reading() as db:
        assert [a.id for a in stale_accounts(db, desk.viewer, [desk.account])] == [desk.account.id]
    worked_out(desk)
    assert line(seen(desk), "realised") == fifo - 3 * (1900 - 1500)
    assert held(desk, "INFY").method is Method.LIFO


@pytest.mark.on_both
def test_pages_show_the_last_good_rows_and_say_so(desk: Desk) -> None:
    told(desk)
    before = seen(desk)
    assert before.computed.is_current
    desk.write_down("2026-11-19 sell 1 NSE:TCS @ 3950")
    after = seen(desk)
    assert not after.computed.is_current
    assert after.statement.end.value == before.statement.end.value
    worked_out(desk)
    now = seen(desk)
    assert now.computed.is_current
    assert amount(now.statement.end) == 9 * 2000 + 4 * 3900


@pytest.mark.on_both
def test_a_remembered_view_is_the_same_as_a_fresh_one(desk: Desk) -> None:
    """Only touched lines are made anew; the result is as if all were."""
    told(desk)
    seen(desk)
    (more,) = desk.write_down("2026-11-18 buy 2 NSE:TCS @ 3940 fee 5")
    worked_out(desk)
    quick = seen(desk)
    with desk.database.writing() as db:
        record.take_back(db, desk.house, desk.viewer, more)
    worked_out(desk)
    back = seen(desk)
    assert line(quick, "fees") == line(back, "fees") - 5
    assert adds_up(quick)
    assert adds_up(back)


def test_a_missing_price_makes_its_lines_missing_and_says_which(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500\n2024-04-01 buy 1 NSE:TCS @ 4000")
    closed(desk, "INFY", {"2026-11-20": "2000"})
    worked_out(desk)
    view = seen(desk)
    assert isinstance(view.statement.end.value, Missing)
    assert "NSE:TCS" in view.statement.end.value.reason
    assert line(view, "flows") == 19000


def test_money_abroad_needs_its_dated_rates(desk: Desk) -> None:
    with desk.database.writing() as db:
        usd = portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, "US", Currency("USD"))
    desk.write_down("2024-04-01 buy 3 NASDAQ:MSFT @ 400 USD", usd.id)
    closed(desk, "MSFT", {"2024-04-01": "400", "2026-11-20": "500"}, "NASDAQ", "USD")
    worked_out(desk)
    view = seen(desk)
    assert isinstance(view.statement.end.value, Missing)
    assert "USD/INR" in view.statement.end.value.reason
    dated = [
        Rate(Currency("USD"), INR, TradingDay.parse(day), Decimal(rate), "test")
        for day, rate in (("2024-04-01", "83"), ("2026-11-20", "90"))
    ]
    with desk.database.writing() as db:
        rates.put(db, dated)
    view = seen(desk)
    assert amount(view.statement.end) == 3 * 500 * 90
    assert line(view, "exchange") == 3 * 400 * (90 - 83)
    assert adds_up(view)


def test_words_that_mean_nothing_are_refused_with_what_would(desk: Desk) -> None:
    for word in ("galaxy:1", "portfolio:", "portfolio:x", "holding:1", "all:1", ""):
        with pytest.raises(Misuse, match="is no scope"):
            scope_word(word)
    for word in ("2Y", "FY3000", "2024-02-30..2024-03-01", "2025-01-01..2024-01-01"):
        with pytest.raises(Misuse):
            span(word, TODAY, TODAY)
    stranger = desk.neighbour()
    told(desk)
    for scope in (f"account:{desk.account.id}", f"portfolio:{desk.portfolio.id}", "tag:long",
                  f"holding:{desk.account.id}:{desk.instrument('INFY')}",
                  f"instrument:{desk.instrument('INFY')}"):  # fmt: skip
        with desk.database.reading() as db, pytest.raises(NotFound):
            performance(db, desk.house, stranger.viewer, scope=scope)


def test_periods_are_the_days_people_mean() -> None:
    first = TradingDay.parse("2022-05-05")
    months = span("3M", TODAY, first)
    assert (months.first.iso(), months.last.iso()) == ("2026-08-21", "2026-11-20")
    assert span("1M", TradingDay.parse("2024-03-31"), first).first.iso() == "2024-03-01"
    year = span("FY2024", TODAY, first)
    assert (year.first.iso(), year.last.iso(), year.title) == ("2024-04-01", "2025-03-31", "FY 2024–25")
    assert span("FY2026", TODAY, first).last == TODAY
    assert span("all", TODAY, first).first == first


@pytest.mark.on_both
def test_allocation_adds_up_and_knows_how_far_from_the_target_it_is(desk: Desk) -> None:
    told(desk)
    desk.write_down("2024-04-01 buy 100 NSE:ITC @ 400")
    desk.price("ITC", "450")
    with desk.database.writing() as db:
        wished = {"Information Technology": Decimal("0.5"), "Metals & Mining": Decimal("0.1")}
        targets.put(db, desk.house, desk.viewer, None, "sector", wished)
        with pytest.raises(Misuse, match="110 %"):
            targets.put(
                db, desk.house, desk.viewer, None, "sector", {"A": Decimal("0.6"), "B": Decimal("0.5")}
            )
    with desk.database.reading() as db:
        for dimension in Dimension:
            view = allocation(db, desk.house, desk.viewer, dimension=dimension)
            assert total(s.value for s in view.slices if isinstance(s.value, Money)) == view.value
        view = allocation(db, desk.house, desk.viewer)
        by_name = {one.name: one for one in view.slices}
        it = by_name["Information Technology"]
        assert it.value == Money.of(37500)
        assert it.weight == Money.of(37500) / Money.of(82500)
        assert it.to_target == Money.of(41250 - 37500)
        assert by_name["Metals & Mining"].to_target == Money.of(8250)
        for one in view.slices:
            for name in ("value", "weight", "target", "drift", "to_target"):
                value = getattr(one, name)
                if value is None or isinstance(value, Missing):
                    continue
                tree = explanation(db, desk.house, desk.viewer, Ask(f"slice.{name}", one.key))
                shown = value.amount if isinstance(value, Money) else value
                assert recomputed(tree) == shown, (one.name, name)


def test_a_benchmark_takes_the_same_flows(desk: Desk) -> None:
    told(desk)
    desk.write_down("2024-04-01 buy 1 NSE:NIFTYBEES @ 100")
    levels = {"2024-03-31": "100", "2024-04-01": "100", "2024-08-01": "110", "2026-11-20": "150"}
    closed(desk, "NIFTYBEES", levels)
    worked_out(desk)
    id = desk.instrument("NIFTYBEES")
    with desk.database.reading() as db:
        view = performance(db, desk.house, desk.viewer, scope=f"instrument:{id}", period="all", benchmark=id)
        assert view.benchmark is not None
        by_name = {figure.name: figure for figure in view.benchmark.figures}
        assert by_name["benchmark_twr"].value == Decimal("0.5")
        assert by_name["benchmark_value"].value == Money.of(150)
        assert by_name["excess"].value == 0
        for figure in view.benchmark.figures:
            assert agrees(explanation(db, desk.house, desk.viewer, figure.ask), figure), figure
        with pytest.raises(NotFound):
            performance(db, desk.house, desk.viewer, benchmark=InstrumentId(999_999))


def test_a_tag_counts_from_the_moment_it_is_put(desk: Desk) -> None:
    told(desk)
    before = amount(seen(desk, "tag:long").statement.end)
    with desk.database.reading() as db:
        facts = list(transactions.of_account(db, desk.viewer, desk.account.id))
    tcs = next(f.id for f in facts if f.fact.instrument == desk.instrument("TCS"))
    with desk.database.writing() as db:
        assert record.tag_many(db, desk.house, desk.viewer, [tcs], add=["long"]) == 1
    assert amount(seen(desk, "tag:long").statement.end) == before + 5 * 3900


def test_the_totals_of_the_dashboard_explain_themselves_in_any_currency(desk: Desk) -> None:
    told(desk)
    with desk.database.writing() as db:
        usd = portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, "US", Currency("USD"))
    desk.write_down("2024-04-01 buy 3 NASDAQ:MSFT @ 400 USD", usd.id)
    with desk.database.writing() as db:
        id = desk.instrument("MSFT", "NASDAQ")
        price = Price.of("500", "USD")
        quotes.put(db, [Quote(id, price, Price.of("490", "USD"), desk.clock.now(), "test")])
        dated = (("2024-04-01", "83.12345"), ("2026-11-20", "90.54321"))
        rates.put(
            db,
            [Rate(Currency("USD"), INR, TradingDay.parse(day), Decimal(rate), "t") for day, rate in dated],
        )
    view = desk.look()
    whole = view.valuation
    assert whole.unpriced == 0
    shown = {
        "value": whole.value,
        "invested": whole.invested,
        "pnl": whole.pnl,
        "day_change": whole.day_change,
        "realised": view.realised,
        "income": view.income,
        "pnl_ratio": whole.pnl_ratio(),
        "day_change_ratio": view.day_change_ratio,
    }
    with desk.database.reading() as db:
        for name, value in shown.items():
            tree = explanation(db, desk.house, desk.viewer, Ask(f"portfolio.{name}", "all"))
            assert recomputed(tree) == (value.amount if isinstance(value, Money) else value), name
        with pytest.raises(Misuse, match="is no figure"):
            explanation(db, desk.house, desk.viewer, Ask("portfolio.luck", "all"))


def test_the_rates_of_a_list_are_those_of_the_single_pages(desk: Desk) -> None:
    told(desk)
    with desk.database.reading() as db:
        yields = holding_yields(db, desk.house, desk.viewer)
        assert {id for _, id in yields} == {desk.instrument("INFY"), desk.instrument("TCS")}
        for (account, instrument), rate in yields.items():
            tree = explanation(
                db, desk.house, desk.viewer, Ask("xirr", f"holding:{account}:{instrument}", "all")
            )
            assert not isinstance(rate, Missing)
            assert abs(Decimal(str(tree.value)) - rate) < Decimal("1e-9")
