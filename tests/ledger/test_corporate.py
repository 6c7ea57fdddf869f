"""What companies do to lots: worked examples, and what cannot be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import book, number_of, quantities, recorded, told
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import INR, CurrencyMismatch, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger import invariants
from tunefolio.ledger.corporate import divided, repaid, with_units
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Lot
from tunefolio.ledger.positions import Holdings, Position, fold
from tunefolio.ledger.transactions import Fact, Ratio, Transaction

INFY, TCS, RELIANCE = number_of("INFY"), number_of("TCS"), number_of("RELIANCE")
JIOFIN, RIGHTS, ETERNAL = number_of("JIOFIN"), number_of("INFY-RE"), number_of("ETERNAL")
PAISA = Decimal("0.01")


def lawful(history: list[Transaction]) -> Holdings:
    holdings = fold(history)
    assert invariants.violations(history, holdings) == []
    return holdings


def lots_of(position: Position) -> list[tuple[str, str, str]]:
    return [
        (str(lot.day), f"{lot.quantity.normalize():f}", f"{lot.cost.rounded().amount:f}")
        for lot in position.lots
    ]


def test_a_split_keeps_day_and_cost() -> None:
    held = lawful(
        book("""
        2024-04-01 buy 10 INFY @ 1000 fee 5
        2024-05-01 buy 3 INFY @ 900
        2024-06-01 split 10:1 INFY
    """)
    )
    assert lots_of(held.positions[INFY]) == [
        ("2024-04-01", "100", "10005.00"),
        ("2024-05-01", "30", "2700.00"),
    ]


def test_a_reverse_split_is_rounded_once_in_total() -> None:
    held = lawful(
        book("""
        2024-04-01 buy 5 INFY @ 30
        2024-04-02 buy 5 INFY @ 30
        2024-06-01 split 1:3 INFY
    """)
    )
    assert [lot.quantity for lot in held.positions[INFY].lots] == [
        Decimal("1.66666667"),
        Decimal("1.66666666"),
    ]
    assert held.positions[INFY].quantity == Decimal("3.33333333")


def test_a_split_with_a_new_isin_moves_every_lot() -> None:
    held = lawful(book("2024-04-01 buy 10 INFY @ 1000\n2024-06-01 split 2:1 INFY into ETERNAL"))
    assert held.positions[INFY].lots == ()
    assert lots_of(held.positions[ETERNAL]) == [("2024-04-01", "20", "10000.00")]


def test_the_broker_may_say_how_many_units_there_are() -> None:
    facts = book("2024-04-01 buy 7 INFY @ 100\n2024-04-02 buy 4 INFY @ 100")
    split = Fact(
        Kind.SPLIT, TradingDay.parse("2024-06-01"), Money.zero(), INFY, Decimal(3),
        ratio=Ratio(Decimal(1), Decimal(3)),
    )  # fmt: skip
    position = lawful([*facts, recorded(split, 9)]).positions[INFY]
    assert [lot.quantity for lot in position.lots] == [Decimal("1.90909091"), Decimal("1.09090909")]
    assert position.cost == Money.of("1100")


def test_an_action_is_for_what_was_held_before_that_day() -> None:
    """Whatever the order typed: the bonus comes before that day's purchase and sale."""
    held = lawful(
        book("""
        2024-09-01 sell 15 INFY @ 500
        2024-09-01 buy 10 INFY @ 500
        2024-09-01 bonus 1:1 INFY
        2024-04-01 buy 10 INFY @ 1000
    """)
    )
    assert held.positions[INFY].quantity == 15
    assert [told(m.lot.opened, m.lot.quantity) for m in held.positions[INFY].matches] == [(2, 10), (4, 5)]


def test_bonus_units_cost_nothing_and_begin_that_day() -> None:
    held = lawful(book("2024-04-01 buy 10 INFY @ 1000\n2024-09-01 bonus 1:2 INFY"))
    assert lots_of(held.positions[INFY]) == [("2024-04-01", "10", "10000.00"), ("2024-09-01", "5", "0.00")]


def test_rights_are_subscribed_and_the_rest_renounced() -> None:
    held = lawful(
        book("""
        2024-01-01 buy 100 INFY @ 1000
        2024-02-05 rights 20 INFY into INFY-RE
        2024-02-10 sell 5 INFY-RE @ 40
        2024-02-20 subscribe 15 INFY @ 800 fee 10 from INFY-RE
    """)
    )
    assert lots_of(held.positions[INFY]) == [
        ("2024-01-01", "100", "100000.00"),
        ("2024-02-20", "15", "12010.00"),
    ]
    assert held.positions[RIGHTS].quantity == 0
    assert held.positions[RIGHTS].realised == Money.of("200")


def test_bought_entitlements_join_the_cost_of_the_shares() -> None:
    held = lawful(
        book("""
        2024-02-06 buy 10 INFY-RE @ 40 fee 2
        2024-02-20 subscribe 10 INFY @ 800 from INFY-RE
    """)
    )
    (lot,) = held.positions[INFY].lots
    assert (lot.cost, lot.fees) == (Money.of("8402.00"), Money.of("2"))


def test_a_merger_for_shares_keeps_day_and_cost() -> None:
    held = lawful(
        book("""
        2020-01-01 buy 25 INFY @ 100
        2021-01-01 buy 25 TCS @ 200
        2023-07-13 merger 42:25 INFY into TCS
    """)
    )
    assert lots_of(held.positions[TCS]) == [("2020-01-01", "42", "2500.00"), ("2021-01-01", "25", "5000.00")]


def test_a_merger_for_money_sells_everything() -> None:
    held = lawful(book("2020-01-01 buy 25 INFY @ 100\n2023-07-13 merger INFY = 4000 fee 10 tax 5"))
    assert held.positions[INFY].realised == Money.of("1490")
    assert held.positions[INFY].lots == ()
    assert held.cash[INR] == Money.of("1485")


def test_a_merger_for_both_splits_the_cost() -> None:
    held = lawful(book("2020-01-01 buy 10 INFY @ 100\n2023-07-13 merger 1:2 INFY into TCS = 400 cost 75%"))
    assert lots_of(held.positions[TCS]) == [("2020-01-01", "5", "750.00")]
    assert held.positions[INFY].realised == Money.of("150.00")


def test_a_demerger_hands_on_cost_and_days() -> None:
    held = lawful(
        book("""
        2020-01-01 buy 10 RELIANCE @ 1000 fee 10
        2021-01-01 buy 5 RELIANCE @ 2000
        2023-07-20 demerger 1:1 RELIANCE into JIOFIN cost 4.68%
    """)
    )
    assert lots_of(held.positions[JIOFIN]) == [("2020-01-01", "10", "468.47"), ("2021-01-01", "5", "468.00")]
    assert held.positions[RELIANCE].cost == Money.of("19073.53")
    parent, child = (m for m in held.movements if m.transaction == 3)
    assert (parent.moved, child.moved) == (Decimal("-936.00"), Decimal("936.00"))
    assert told(parent.moved_in, parent.moved_units, child.moved_units) == (JIOFIN, -15, 15)


def test_a_repayment_beyond_cost_is_gain() -> None:
    held = lawful(
        book(
            """
        2024-01-01 buy 10 INFY @ 10
        2024-02-01 bonus 1:1 INFY
        2024-08-01 repayment 60 INFY
        2024-09-01 repayment 500 INFY
    """.replace("2024-01-01 bonus", "2024-02-01 bonus")
        )
    )
    position = held.positions[INFY]
    assert position.cost == Money.of("0")
    assert position.repaid == position.realised == Money.of("460")
    assert position.averaged.realised == Money.of("460")


def test_a_rename_is_no_event() -> None:
    held = lawful(
        book("""
        2024-01-01 buy 10 INFY @ 10
        2025-04-09 rename INFY into ETERNAL
        2025-04-09 sell 4 ETERNAL @ 20
    """)
    )
    assert lots_of(held.positions[ETERNAL]) == [("2024-01-01", "6", "60.00")]


def test_what_is_owed_follows_the_company_too() -> None:
    held = lawful(
        book("""
        2024-01-01 short 10 INFY @ 100
        2024-02-01 split 2:1 INFY
        2024-03-01 bonus 1:2 INFY
        2024-04-01 demerger 1:1 INFY into TCS cost 10%
        2024-05-01 rename INFY into ETERNAL
    """)
    )
    assert held.positions[ETERNAL].quantity == -30
    assert held.positions[TCS].quantity == -30
    assert [lot.cost for lot in held.positions[TCS].shorts] == [Money.of("100.00"), Money.of("0")]


def test_a_dividend_in_specie_is_income_and_a_lot() -> None:
    held = lawful(
        book("""
        2024-01-01 buy 30 INFY @ 400
        2024-07-01 in_specie 3 INFY into TCS @ 180 tax 54
    """)
    )
    assert held.positions[INFY].income == Money.of("594")
    assert held.positions[INFY].taxes == Money.of("54")
    assert lots_of(held.positions[TCS]) == [("2024-07-01", "3", "540.00")]


@pytest.mark.parametrize(
    "line",
    [
        "split 2:1 INFY", "bonus 1:1 INFY", "rights 5 INFY into INFY-RE", "merger 1:1 INFY into TCS",
        "demerger 1:1 INFY into TCS cost 10%", "repayment 50 INFY", "rename INFY into ETERNAL",
        "in_specie 3 INFY into TCS @ 1",
    ],
)  # fmt: skip
def test_an_action_on_nothing_held_says_so(line: str) -> None:
    with pytest.raises(Misuse, match="nothing is held on 2024-06-01"):
        fold(book(f"2024-06-01 {line}\n2024-06-02 buy 1 INFY @ 1"))


def test_what_an_action_cannot_do() -> None:
    short = "2024-01-01 short 10 INFY @ 100\n"
    with pytest.raises(Misuse, match="Cover the short sale first"):
        fold(book(short + "2024-02-01 merger INFY = 4000"))
    with pytest.raises(Misuse, match="only owed"):
        fold(book(short + "2024-02-01 repayment 10 INFY"))
    with pytest.raises(Misuse, match=r"0\.00000001"):
        fold(book("2024-01-01 buy 0.00000001 INFY = 1\n2024-02-01 split 1:1000 INFY"))
    with pytest.raises(CurrencyMismatch):
        fold(
            book("""
            2024-01-01 buy 10 INFY @ 1
            2024-01-01 buy 10 TCS @ 1 USD
            2024-02-01 merger 1:1 INFY into TCS
        """)
        )


def _lots(parts: list[tuple[Decimal, Decimal]]) -> list[Lot]:
    day = TradingDay.parse("2024-01-01")
    return [
        Lot(TransactionId(n), day, day, units, Money(cost, INR), Money.zero())
        for n, (units, cost) in enumerate(parts)
    ]


parts = st.lists(
    st.tuples(quantities, st.decimals(min_value=0, max_value=90000, places=2)), min_size=1, max_size=9
)


@given(parts, quantities)
def test_any_new_total_is_apportioned_exactly(some: list[tuple[Decimal, Decimal]], total: Decimal) -> None:
    resized = with_units(_lots(some), total)
    assert sum(lot.quantity for lot in resized) == total
    assert sum(lot.cost.amount for lot in resized) == sum(cost for _units, cost in some)


@given(parts, st.decimals(min_value="0.0001", max_value=1, places=4))
def test_what_goes_and_what_stays_are_the_whole(some: list[tuple[Decimal, Decimal]], ratio: Decimal) -> None:
    stays, goes = divided(_lots(some), ratio, PAISA)
    whole = sum(cost for _units, cost in some)
    assert sum(lot.cost.amount for lot in (*stays, *goes)) == whole
    assert abs(sum(lot.cost.amount for lot in goes) - whole * ratio) <= PAISA / 2
    assert all(lot.cost.amount >= 0 for lot in (*stays, *goes))


@given(parts, st.decimals(min_value=0, max_value=90000, places=2))
def test_a_repayment_lowers_cost_or_is_gain(some: list[tuple[Decimal, Decimal]], amount: Decimal) -> None:
    lowered, prices, charges = repaid(_lots(some), amount, PAISA)
    assert sum(lot.cost.amount for lot in lowered) == sum(cost for _units, cost in some) - prices
    assert charges == 0
    assert 0 <= prices <= amount


def test_a_lot_too_small_gives_its_cost_to_the_largest() -> None:
    tiny = [(Decimal("0.00000001"), Decimal("5")), (Decimal(100), Decimal("10"))]
    (lot,) = with_units(_lots(tiny), Decimal(1))
    assert (lot.quantity, lot.cost) == (Decimal(1), Money.of("15"))
