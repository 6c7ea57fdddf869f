"""Lots split without losing a paisa and leave in the order they came."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import book, charges, days, number_of, prices, quantities
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot, LotQueue, Oversold
from tunefolio.ledger.positions import apportioned, fold

DAY = TradingDay.parse("2024-04-01")


def lot(quantity: str, cost: str, day: TradingDay | None = DAY) -> Lot:
    return Lot(TransactionId(1), day, day or DAY, Decimal(quantity), Money.of(cost))


def test_cost_follows_pro_rata_and_rounding_stays_in_the_rest() -> None:
    taken, rest = lot("3", "100").take(Decimal(1))
    assert taken.cost == Money.of("33.33")
    assert rest is not None
    assert rest.cost == Money.of("66.67")


@pytest.mark.parametrize("wanted", ["0", "-1", "3.001"])
def test_a_lot_gives_only_what_it_has(wanted: str) -> None:
    with pytest.raises(Oversold):
        lot("3", "100").take(Decimal(wanted))


@given(quantities, prices, st.data())
def test_splitting_conserves_units_and_cost(quantity: Decimal, cost: Decimal, data: st.DataObject) -> None:
    whole = lot(str(quantity), str(cost))
    wanted = data.draw(st.decimals(min_value="0.001", max_value=quantity, places=3))
    taken, rest = whole.take(wanted)
    left = rest.quantity if rest else Decimal(0)
    assert taken.quantity + left == quantity
    assert taken.cost + (rest.cost if rest else Money.zero()) == whole.cost
    assert rest is None or rest.cost.amount >= 0


def test_openings_leave_before_dated_lots() -> None:
    queue = LotQueue()
    queue.add(lot("5", "50"))
    queue.add(lot("2", "10", None))
    taken = queue.take(Decimal(3), DAY)
    assert [part.day for part in taken] == [None, DAY]
    assert [part.quantity for part in queue.lots()] == [Decimal(4)]


def test_an_oversale_takes_nothing() -> None:
    queue = LotQueue()
    queue.add(lot("5", "50"))
    with pytest.raises(Oversold, match="only 5 are held"):
        queue.take(Decimal(6), DAY)
    assert queue.lots() == (lot("5", "50"),)


def test_fifo_over_three_purchases() -> None:
    """The worked example of docs/spec/lots.md."""
    history = book("""
        2024-04-01 buy 10 INFY @ 1500 fee 12.50
        2024-05-02 buy 10 INFY @ 1400
        2024-06-03 sell 15 INFY @ 1600 fee 30
    """)
    position = fold(history).positions[number_of("INFY")]
    assert [(m.lot.quantity, m.lot.cost.amount, m.proceeds.amount) for m in position.matches] == [
        (Decimal(10), Decimal("15012.50"), Decimal("15980.00")),
        (Decimal(5), Decimal("7000.00"), Decimal("7990.00")),
    ]
    assert position.realised == Money.of("1957.50")
    assert position.quantity == 5
    assert position.cost == Money.of("7000")


@given(prices, st.lists(quantities, min_size=1, max_size=12))
def test_apportioned_parts_sum_to_the_whole(amount: Decimal, weights: list[Decimal]) -> None:
    whole = Money.of(amount)
    parts = apportioned(whole, weights)
    assert sum((part.amount for part in parts), Decimal(0)) == whole.amount
    assert len(parts) == len(weights)


def test_nothing_is_apportioned_to_nobody() -> None:
    assert apportioned(Money.of("1"), []) == []


@given(st.lists(st.tuples(days, quantities, prices, charges), min_size=1, max_size=30))
def test_selling_everything_leaves_no_cost(buys: list[tuple[TradingDay, Decimal, Decimal, Decimal]]) -> None:
    lines = [f"{day} buy {q:f} INFY @ {p:f} fee {fee:f}" for day, q, p, fee in buys]
    units = sum((q for _, q, _, _ in buys), Decimal(0))
    history = book("\n".join([*lines, f"2030-01-01 sell {units:f} INFY @ 1"]))
    position = fold(history).positions[number_of("INFY")]
    assert position.lots == ()
    assert position.cost == Money.zero()
    paid = sum((t.fact.amount.amount + t.fact.charges.amount for t in history[:-1]), Decimal(0))
    assert sum((m.lot.cost.amount for m in position.matches), Decimal(0)) == paid
