"""Movements and the rows of each day: what every return is computed from."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.books import ACCOUNT, book, number_of, told
from tests.ledger.lives import lives, terms
from tunefolio.core.money import INR, Currency, Money
from tunefolio.ledger.cashflows import DayRow, Moved, by_day
from tunefolio.ledger.positions import PLAIN, Nature, Terms, fold, fold_all

INFY, BOND, JIOFIN = number_of("INFY"), number_of("GS2033"), number_of("JIOFIN")
USD = Currency("USD")


def rows(text: str, terms: Terms = PLAIN) -> list[DayRow]:
    return by_day(fold(book(text), terms).movements)


def test_a_day_of_trades_is_one_row_and_its_cash_another() -> None:
    cash, infy = rows("""
        2024-04-01 buy 10 INFY @ 100 fee 5
        2024-04-01 buy 10 INFY @ 110 fee 5
        2024-04-01 sell 5 INFY @ 120 fee 3 tax 2
    """)
    assert told(infy.instrument, infy.units, infy.cost, infy.lot_fees) == (INFY, 15, 1600, Decimal("7.50"))
    assert told(infy.bought, infy.sold, infy.realised) == (2100, 600, 100)
    assert told(infy.fees, infy.taxes, infy.cash) == (13, 2, -1515)
    assert told(cash.instrument, cash.cash, cash.cash_balance) == (None, -1515, -1515)
    assert told(cash.fees, cash.taxes, cash.income, cash.units) == (0, 0, 0, 0)


def test_the_state_runs_on_from_day_to_day() -> None:
    days = rows("""
        2024-04-01 deposit 5000
        2024-04-01 buy 10 INFY @ 100
        2024-04-05 dividend 50 INFY tax 5
        2024-04-09 withdrawal 100
        2024-04-09 interest 7
    """)
    assert [told(str(row.day), row.instrument, row.cash_balance, row.units) for row in days] == [
        ("2024-04-01", None, 4000, 0),
        ("2024-04-01", INFY, 0, 10),
        ("2024-04-05", None, 4045, 0),
        ("2024-04-05", INFY, 0, 10),
        ("2024-04-09", None, 3952, 0),
    ]
    assert [row.outside for row in days] == [5000, 0, 0, 0, -100]
    assert [row.income for row in days] == [0, 0, 0, 50, 7]


def test_accrued_interest_is_income_below_zero_and_above() -> None:
    held = fold(
        book("""
        2024-04-01 buy 10 GS2033 @ 100 fee 1 accrued 12.50
        2024-09-30 interest 35 NSE:GS2033 tax 3.50
        2024-10-15 sell 10 GS2033 @ 101 fee 1 accrued 4
    """)
    )
    position = held.positions[BOND]
    assert position.income == Money.of("26.50")
    assert position.taxes == Money.of("3.50")
    assert position.realised == Money.of("8.00")
    assert held.cash[INR] == Money.of("31.00")


def test_a_conversion_is_two_rows_and_no_outside_money() -> None:
    rupees, dollars = rows("2024-04-02 convert 83500 INR for 1000 USD fee 10")
    assert told(rupees.currency, rupees.cash, rupees.moved, rupees.fees) == (INR, -83510, -83500, 10)
    assert told(dollars.currency, dollars.cash, dollars.moved) == (USD, 1000, 1000)
    assert rupees.outside == dollars.outside == 0


def test_what_comes_without_money_can_be_valued() -> None:
    day = rows("""
        2023-01-01 opening 10 INFY @ 100
        2023-07-20 demerger 1:2 INFY into JIOFIN cost 10%
    """)
    assert [row.moves for row in day] == [
        (Moved(INFY, Decimal(10), Decimal(1000)),),
        (Moved(JIOFIN, Decimal(-5), Decimal(-100)),),
        (Moved(JIOFIN, Decimal(5), Decimal(100)),),
    ]
    assert all(row.bought == row.sold == row.cash == 0 for row in day)


def test_a_futures_row_carries_its_contract_value() -> None:
    margined = Terms({INFY: Nature(margined=True)})
    cash, row = rows("2024-04-01 buy 10 INFY @ 100 fee 5", margined)
    assert told(row.cost, row.notional, row.lot_fees) == (0, 1000, 5)
    assert told(cash.cash_balance, row.bought) == (-5, 0)


def test_charges_and_taxes_of_their_own() -> None:
    held = fold(
        book("""
        2024-06-30 fee 99
        2024-06-30 fee 15 NSE:INFY
        2024-06-30 tax 120 NSE:INFY
        2024-06-30 interest 10 fee 1 tax 2
    """)
    )
    assert held.positions == {}
    assert held.fees == {INR: Money.of("114")}
    assert held.taxes == {INR: Money.of("122")}
    assert held.income == {INR: Money.of("9")}
    cash, infy = by_day(held.movements)
    assert told(infy.fees, infy.taxes, infy.cash) == (15, 120, -135)
    assert told(cash.fees, cash.taxes, cash.cash) == (100, 2, -227)


def test_rewards_are_income_and_cost_alike() -> None:
    held = fold(
        book("""
        2024-07-01 reinvest 2.5 INFY @ 120 fee 1 tax 30
        2024-07-02 staking 1 INFY @ 100
        2024-07-03 airdrop 100 INFY = 0
    """)
    )
    position = held.positions[INFY]
    assert position.income == Money.of("431.00")
    assert position.cost == Money.of("401.00")
    assert position.taxes == Money.of("30")
    assert held.cash.get(INR, Money.zero()) == Money.zero()


@settings(max_examples=50)
@given(st.data())
def test_the_last_rows_are_the_holdings(data: st.DataObject) -> None:
    chosen = data.draw(terms())
    for account, held in fold_all(data.draw(lives(chosen)), chosen).items():
        last = {(row.instrument, row.currency): row for row in by_day(held.movements)}
        for instrument, position in held.positions.items():
            row = last.get((instrument, position.currency))
            if row is None:
                assert not position.lots
                continue
            assert row.account == account
            assert row.units == position.quantity
            lots = sum(lot.cost.amount for lot in position.lots)
            brought = sum(lot.cost.amount for lot in position.shorts)
            assert row.cost + row.notional + row.lot_fees == lots - brought
        for currency, money in held.cash.items():
            if money.amount:
                assert last[None, currency].cash_balance == money.amount


@settings(max_examples=50)
@given(st.data())
def test_rows_add_up_to_movements(data: st.DataObject) -> None:
    chosen = data.draw(terms())
    for held in fold_all(data.draw(lives(chosen)), chosen).values():
        days = by_day(held.movements)
        assert days == sorted(days, key=lambda row: row.day)
        for name in ("realised", "income", "fees", "taxes", "moved", "outside"):
            expected = sum(getattr(movement, name) for movement in held.movements)
            assert sum(getattr(row, name) for row in days) == expected
        cash = sum(row.cash for row in days if row.instrument is None)
        assert cash == sum(movement.cash for movement in held.movements)
        assert len({(row.instrument, row.currency, row.day) for row in days}) == len(days)
        assert {row.account for row in days} <= {ACCOUNT, ACCOUNT + 1}
