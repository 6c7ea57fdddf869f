"""The period statement adds up to the paisa, for every scope, period and currency; so do its parts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.worlds import (
    AAPL,
    BEGIN,
    CURRENCIES,
    INFY,
    SPAN,
    TCS,
    USD,
    A,
    B,
    World,
    day,
    periods,
    world,
    worlds,
)
from tunefolio.analysis.periods import SIGNS, PeriodStatement, by_key, statement
from tunefolio.analysis.scopes import Period, Scope, keeps_cash, whole
from tunefolio.analysis.tracks import retracked, tracks
from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money, quantized
from tunefolio.core.time import TradingDay

BOTH = frozenset({A, B})
LINES = (*SIGNS, "end", "brought")
EVER = Period(None, BEGIN.plus_days(SPAN))


def amount_of(made: PeriodStatement, line: str) -> Decimal:
    value = getattr(made, line)
    assert isinstance(value, Money), f"{line}: {value}"
    return value.amount


def add_up(made: PeriodStatement) -> None:
    followed = sum((sign * amount_of(made, line) for line, sign in SIGNS.items()), Decimal(0))
    assert followed == amount_of(made, "end")
    assert amount_of(made, "paid_in") - amount_of(made, "paid_out") == amount_of(made, "flows")


scopes = st.sampled_from(
    [
        Scope(BOTH),
        Scope(BOTH, None, BOTH),
        Scope(frozenset({A}), None, frozenset({A})),
        Scope(BOTH, frozenset({INFY, AAPL})),
        Scope(frozenset({B}), frozenset({TCS})),
    ]
)


@given(worlds(), scopes, periods(), st.sampled_from([INR, USD]))
def test_every_statement_adds_up(
    made: World, scope: Scope, ends: tuple[TradingDay | None, TradingDay], currency: Currency
) -> None:
    found = statement(tracks(made.rows, made.market, currency), scope, Period(*ends))
    add_up(found)
    digits = Decimal("0.01")
    for line in LINES:
        assert amount_of(found, line) == amount_of(found, line).quantize(digits)


@given(worlds(), scopes, periods(), st.sampled_from([INR, USD]))
def test_a_scope_is_the_sum_of_its_parts(
    made: World, scope: Scope, ends: tuple[TradingDay | None, TradingDay], currency: Currency
) -> None:
    known = tracks(made.rows, made.market, currency)
    parts = by_key(known, scope, Period(*ends)).values()
    for line in LINES:
        total = sum((amount_of(part, line) for part in parts), Decimal(0))
        assert total == amount_of(statement(known, scope, Period(*ends)), line)


@given(worlds(), st.integers(0, SPAN), st.sampled_from([INR, USD]))
def test_two_periods_in_a_row_are_one(made: World, cut: int, currency: Currency) -> None:
    known = tracks(made.rows, made.market, currency)
    scope, middle = Scope(BOTH, None, BOTH), BEGIN.plus_days(cut)
    first, second = (
        statement(known, scope, Period(None, middle)),
        statement(known, scope, Period(middle.plus_days(1), max(EVER.until, middle.plus_days(1)))),
    )
    one = statement(known, scope, Period(None, max(EVER.until, middle.plus_days(1))))
    assert first.end == second.start
    for line in ("realised", "unrealised", "exchange", "income", "fees", "taxes", "flows", "in_kind"):
        assert amount_of(first, line) + amount_of(second, line) == amount_of(one, line)


@given(worlds(is_whole=False), scopes, periods(), st.sampled_from([INR, USD]))
def test_what_lacks_a_price_or_rate_is_missing_and_the_rest_stands(
    made: World, scope: Scope, ends: tuple[TradingDay | None, TradingDay], currency: Currency
) -> None:
    found = statement(tracks(made.rows, made.market, currency), scope, Period(*ends))
    values = [getattr(found, line) for line in LINES]
    holes = [value for value in values if isinstance(value, Missing)]
    assert all(hole.reason for hole in holes)
    if not holes:
        add_up(found)
    if currency == INR and scope.instruments == frozenset({TCS}):
        assert isinstance(found.realised, Money)
        assert found.exchange == Money.zero()


@given(worlds(), st.sampled_from([INR, USD]))
def test_an_account_whose_cash_counts_has_only_outside_flows(made: World, currency: Currency) -> None:
    """Trades and conversions stay inside; what is converted cancels to the last paisa."""
    found = statement(tracks(made.rows, made.market, currency), Scope(BOTH, None, BOTH), EVER)
    outside = sum(
        (
            converted
            for row in made.rows
            if isinstance(
                converted := made.market.converted(row.outside, row.currency, currency, row.day), Decimal
            )
        ),
        Decimal(0),
    )
    assert amount_of(found, "flows") == outside


def test_a_year_of_one_holding_line_by_line() -> None:
    made = world(
        """
        2024-01-02 deposit 20000
        2024-01-02 buy 10 INFY @ 1500 fee 12.50
        2024-01-10 dividend 100 INFY tax 10
        2024-01-20 sell 4 INFY @ 1600 fee 10
        2024-01-25 fee 99
        """,
        closes="2024-01-02 INFY 1500\n2024-01-31 INFY 1550",
    )
    known = tracks(made.rows, made.market)
    found = statement(known, whole([A], made.rows), Period(day("2024-01-01"), day("2024-01-31")))
    stated = {line: str(amount_of(found, line)) for line in LINES}
    assert stated == {
        "start": "0", "realised": "400.00", "unrealised": "300.00", "exchange": "0", "income": "100",
        "fees": "121.50", "taxes": "10", "flows": "20000.00", "in_kind": "0", "end": "20668.50",
        "brought": "0",
    }  # fmt: skip
    only_infy = statement(known, Scope(frozenset({A}), frozenset({INFY})), found.period)
    assert only_infy.paid_in == Money.of("15012.50")
    assert only_infy.paid_out == Money.of("6480.00")
    assert only_infy.gain == Money.of("767.50")


def test_the_currency_part_of_a_foreign_sale_stands_apart() -> None:
    """(P − C) at the sale's rate, and C times what the rate did since the purchase."""
    made = world(
        "2024-01-01 buy 10 AAPL @ 100 USD\n2024-01-10 sell 10 AAPL @ 120 USD",
        dollars="2024-01-01 80\n2024-01-10 85",
    )
    found = statement(tracks(made.rows, made.market), Scope(frozenset({A})), EVER)
    assert amount_of(found, "realised") == Decimal(200) * 85
    assert amount_of(found, "exchange") == Decimal(1000) * 5
    assert amount_of(found, "flows") == Decimal(1000) * 80 - Decimal(1200) * 85


def test_what_a_conversion_loses_is_no_flow() -> None:
    made = world(
        "2024-01-01 deposit 90000\n2024-01-02 convert 83500 INR for 1000 USD",
        dollars="2024-01-01 83\n2024-01-05 84",
    )
    found = statement(tracks(made.rows, made.market), whole([A], made.rows), Period(None, day("2024-01-05")))
    assert amount_of(found, "flows") == 90_000
    assert amount_of(found, "exchange") == 84_000 - 83_500
    assert amount_of(found, "end") == 90_500


def test_a_missing_rate_takes_only_the_lines_that_need_it() -> None:
    made = world(
        "2024-01-01 buy 10 AAPL @ 100 USD\n2024-03-01 dividend 5 AAPL USD\n2024-01-01 buy 1 INFY @ 100",
        closes="2024-03-01 AAPL 120\n2024-03-01 INFY 100",
        dollars="2024-01-01 83",
    )
    found = statement(tracks(made.rows, made.market), Scope(frozenset({A})), Period(None, day("2024-03-01")))
    assert found.income == Missing("rate USD/INR on 2024-03-01", "Fetch the rates of that day, or record one")
    assert isinstance(found.end, Missing)
    assert isinstance(found.flows, Missing)
    assert found.fees == found.taxes == found.realised == Money.zero()
    inr_only = statement(
        tracks(made.rows, made.market), Scope(frozenset({A}), frozenset({INFY})), found.period
    )
    add_up(inr_only)


def test_a_price_from_before_a_split_is_not_used_after_it() -> None:
    text = "2024-01-01 buy 10 INFY @ 1000\n2024-01-05 split 10:1 INFY"
    made = world(text, closes="2024-01-04 INFY 1000")
    found = statement(tracks(made.rows, made.market), Scope(frozenset({A})), Period(None, day("2024-01-05")))
    assert isinstance(found.end, Missing)
    assert "before its units changed" in found.end.reason
    made = world(text, closes="2024-01-04 INFY 1000\n2024-01-05 INFY 101")
    found = statement(tracks(made.rows, made.market), Scope(frozenset({A})), Period(None, day("2024-01-05")))
    assert found.end == Money.of("10100.00")


def test_openings_are_flows_in_kind_at_market_value_and_name_the_gain_they_bring() -> None:
    made = world("2024-01-02 opening 10 INFY @ 100", closes="2024-01-02 INFY 150")
    found = statement(tracks(made.rows, made.market), Scope(frozenset({A})), EVER)
    assert found.in_kind == Money.of("1500.00")
    assert found.brought == Money.of("500.00")
    unpriced = world("2024-01-02 opening 10 INFY @ 100", closes="2024-02-27 INFY 150")
    found = statement(tracks(unpriced.rows, unpriced.market), Scope(frozenset({A})), EVER)
    assert found.in_kind == Money.of("1000.00")
    assert "at their cost" in found.notes[0]


def test_what_moves_inside_the_scope_needs_no_note() -> None:
    made = world(
        "2024-01-01 buy 10 INFY @ 100\n2024-01-05 rename NSE:INFY into NSE:TCS", closes="2024-01-10 TCS 110"
    )
    known, period = tracks(made.rows, made.market), Period(None, day("2024-01-12"))
    found = statement(known, Scope(frozenset({A})), period)
    assert (found.in_kind, found.end, found.notes) == (Money.zero(), Money.of("1100.00"), ())
    alone = statement(known, Scope(frozenset({A}), frozenset({TCS})), period)
    assert alone.in_kind == Money.of("1000.00")
    assert "at their cost" in alone.notes[0]


def test_a_demerger_moves_value_at_the_market_from_parent_to_child() -> None:
    made = world(
        "2024-01-01 buy 10 INFY @ 100\n2024-01-05 demerger 1:1 NSE:INFY into NSE:TCS cost 20%",
        closes="2024-01-01 INFY 100\n2024-01-05 INFY 75\n2024-01-05 TCS 30",
    )
    known, period = tracks(made.rows, made.market), Period(None, day("2024-01-05"))
    assert statement(known, Scope(frozenset({A})), period).in_kind == Money.of("0.00")
    parent = statement(known, Scope(frozenset({A}), frozenset({INFY})), period)
    assert (parent.in_kind, parent.end) == (Money.of("-300.00"), Money.of("750.00"))
    child = statement(known, Scope(frozenset({A}), frozenset({TCS})), period)
    assert (child.in_kind, child.brought, child.end) == (
        Money.of("300.00"), Money.of("100.00"), Money.of("300.00"),
    )  # fmt: skip


def test_a_transfer_inside_the_scope_is_no_flow_and_out_of_it_is_one() -> None:
    made = world(
        """
        2024-01-01 buy 10 INFY @ 100
        2024-01-05 transfer_out 4 NSE:INFY to "B"
        B 2024-01-05 transfer_in 4 NSE:INFY from "A"
        """,
        closes="2024-01-01 INFY 100\n2024-01-05 INFY 130",
    )
    known = tracks(made.rows, made.market)
    assert statement(known, Scope(BOTH), EVER).in_kind == Money.of("0.00")
    assert statement(known, Scope(frozenset({B})), EVER).in_kind == Money.of("520.00")


def test_only_accounts_that_told_of_money_keep_cash() -> None:
    made = world("2024-01-01 buy 1 INFY @ 100\nB 2024-01-01 deposit 5")
    assert keeps_cash(made.rows) == {B}
    assert whole(BOTH, made.rows) == Scope(BOTH, None, frozenset({B}))
    with pytest.raises(Misuse, match="cash belongs to whole accounts"):
        Scope(BOTH, frozenset({INFY}), frozenset({A}))
    with pytest.raises(Misuse, match="lies after"):
        Period(day("2024-01-02"), day("2024-01-01"))


def test_rows_that_do_not_follow_from_each_other_are_refused() -> None:
    made = world("2024-01-01 buy 10 INFY @ 100 fee 1")
    wrong = [replace(row, cost=row.cost + 1) if row.instrument else row for row in made.rows]
    with pytest.raises(BrokenLaw, match="each day follows"):
        tracks(wrong, made.market)


@given(worlds())
def test_one_touched_key_makes_one_track_anew(made: World) -> None:
    former = tracks(made.rows, made.market)
    touched: tuple[AccountId, InstrumentId | None] = (A, INFY)
    anew = retracked(former, made.rows, made.market, touched={touched})
    old = {track.key: track for track in former}
    for track in anew:
        stands = track.key.account != A if track.key.instrument is None else track.key[:2] != touched
        assert (track is old[track.key]) == stands
    assert statement(anew, Scope(BOTH), EVER) == statement(former, Scope(BOTH), EVER)


@settings(max_examples=30)
@given(worlds())
def test_the_currency_line_since_the_beginning_is_what_the_lots_say(made: World) -> None:
    """Σ cost × (rate now − rate of the lot's day), before charges, within the rounding of each sum."""
    instruments = [i for i, currency in CURRENCIES.items() if currency == USD]
    known = tracks(made.rows, made.market)
    scope = Scope(BOTH, frozenset(instruments))
    found = amount_of(statement(known, scope, EVER), "exchange")
    followed = Decimal(0)
    for track in known:
        if track.key.instrument in instruments:
            followed += _by_stretches(track.rows, made, EVER.until)
    assert abs(quantized(followed, 2) - found) <= Decimal("0.05") * (len(made.rows) + 1)


def _by_stretches(rows: tuple[object, ...], made: World, until: TradingDay) -> Decimal:
    """Slowly, a day at a time: yesterday's cost times what the rate did overnight."""
    total = Decimal(0)
    for offset in range(SPAN):
        before, after = BEGIN.plus_days(offset), BEGIN.plus_days(offset + 1)
        held = [row for row in rows if row.day <= before]  # type: ignore[attr-defined]
        cost = held[-1].cost if held else Decimal(0)  # type: ignore[attr-defined]
        now, then = (made.market.rates.on(USD, INR, each) for each in (after, before))
        assert not isinstance(now, Missing)
        assert not isinstance(then, Missing)
        total += cost * (now.rate - then.rate)
    return total
