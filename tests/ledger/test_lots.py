"""Lots split without losing a paisa and leave in the order they came."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import ACCOUNT, book, charges, days, number_of, prices, quantities, told
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import INR, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot, Method, Oversold
from tunefolio.ledger.positions import Nature, Terms, apportioned, fold
from tunefolio.ledger.queues import LotQueue
from tunefolio.ledger.transactions import Pick

DAY = TradingDay.parse("2024-04-01")
INFY = number_of("INFY")


def lot(quantity: str, cost: str, day: TradingDay | None = DAY, fees: str = "0", id: int = 1) -> Lot:
    money = (Money.of(cost), Money.of(fees))
    return Lot(TransactionId(id), day, day or DAY, Decimal(quantity), *money)


def queue_of(*lots: Lot, method: Method = Method.FIFO) -> LotQueue:
    queue = LotQueue(INR, method)
    for each in lots:
        queue.add(each)
    return queue


def test_cost_follows_pro_rata_and_rounding_stays_in_the_rest() -> None:
    queue = queue_of(lot("3", "100", fees="10"))
    (taken,) = queue.take(Decimal(1)).lots
    assert (taken.cost, taken.fees) == (Money.of("33.33"), Money.of("3.33"))
    (rest,) = queue.lots()
    assert (rest.cost, rest.fees) == (Money.of("66.67"), Money.of("6.67"))
    assert taken.price_cost == Money.of("30.00")


@given(quantities, prices, charges, st.data())
def test_splitting_conserves_units_and_cost(
    quantity: Decimal, cost: Decimal, fees: Decimal, data: st.DataObject
) -> None:
    fees = min(fees, cost)
    queue = queue_of(lot(str(quantity), str(cost), fees=str(fees)))
    wanted = data.draw(st.decimals(min_value="0.001", max_value=quantity, places=3))
    (taken,) = queue.take(wanted).lots
    rest = sum((each.cost.amount for each in queue.lots()), Decimal(0))
    assert taken.quantity + queue.units == quantity
    assert taken.cost.amount + rest == cost
    assert taken.fees.amount + queue.fees == fees
    assert taken.fees <= taken.cost
    assert rest >= 0


def test_openings_leave_before_dated_lots() -> None:
    queue = queue_of(lot("5", "50"), lot("2", "10", None))
    taken = queue.take(Decimal(3), DAY).lots
    assert [part.day for part in taken] == [None, DAY]
    assert [part.quantity for part in queue.lots()] == [Decimal(4)]


def test_a_lot_that_comes_late_stands_at_its_day() -> None:
    """A transferred or merged lot keeps its day, and with it its turn."""
    early = lot("5", "50", DAY.plus_days(-10), id=2)
    queue = queue_of(lot("5", "60"), early)
    assert queue.take(Decimal(5)).lots == (early,)


def test_an_oversale_takes_nothing() -> None:
    queue = queue_of(lot("5", "50"))
    with pytest.raises(Oversold, match="only 5 are held"):
        queue.take(Decimal(6), DAY)
    assert queue.lots() == (lot("5", "50"),)


def test_a_pick_takes_its_lot_or_nothing() -> None:
    queue = queue_of(lot("5", "50"), lot("5", "60", id=2))
    with pytest.raises(Misuse, match="lot 2 does not hold 6"):
        queue.take(Decimal(6), picks=[Pick(TransactionId(2), Decimal(6))])
    (taken,) = queue.take(Decimal(2), picks=[Pick(TransactionId(2), Decimal(2))]).lots
    assert (taken.opened, taken.cost) == (2, Money.of("24"))
    assert not queue.has(Decimal(4), [Pick(TransactionId(2), Decimal(4))])
    assert queue.has(Decimal(8))


def test_many_small_sales_forget_what_is_used_up() -> None:
    lots = [lot("1", str(n), DAY.plus_days(n), id=n) for n in range(1, 301)]
    queue = queue_of(*lots)
    assert [queue.take(Decimal(1)).lots[0] for _ in lots[:299]] == lots[:299]
    assert queue.lots() == (lots[-1],)


@pytest.mark.parametrize(
    ("method", "costs", "left"),
    [
        (Method.FIFO, ["1000.00", "650.00"], "1750.00"),
        (Method.LIFO, ["1100.00", "650.00"], "1650.00"),
        (Method.HIFO, ["1300.00", "550.00"], "1550.00"),
        (Method.AVERAGE, ["1133.33", "566.67"], "1700.00"),
    ],
)
def test_each_method_takes_its_lots(method: Method, costs: list[str], left: str) -> None:
    """The worked example of docs/spec/lots.md: 10 at 100, 10 at 130, 10 at 110; 15 are sold."""
    history = book("""
        2024-04-01 buy 10 INFY @ 100
        2024-05-02 buy 10 INFY @ 130
        2024-06-03 buy 10 INFY @ 110
        2024-07-01 sell 15 INFY @ 120
    """)
    position = fold(history, Terms(methods={ACCOUNT: method})).positions[INFY]
    assert [match.lot.cost.amount for match in position.matches] == [Decimal(cost) for cost in costs]
    assert position.cost == Money.of(left)
    assert position.averaged.cost == Money.of("1700")
    assert position.averaged.realised == Money.of("100")


def test_what_is_sold_the_day_it_is_bought_leaves_first() -> None:
    history = book("""
        2024-04-01 buy 10 INFY @ 100
        2024-05-02 buy 4 INFY @ 130
        2024-05-02 sell 6 INFY @ 120
    """)
    matches = fold(history).positions[INFY].matches
    assert [(m.lot.opened, m.lot.quantity, m.gain.amount) for m in matches] == [
        (2, Decimal(4), Decimal("-40.00")),
        (1, Decimal(2), Decimal("40.00")),
    ]
    plain = Terms({INFY: Nature(squares=False)})
    assert [m.lot.opened for m in fold(history, plain).positions[INFY].matches] == [1]


def test_picks_override_method_and_day() -> None:
    history = book("""
        2024-04-01 buy 10 INFY @ 100
        2024-05-02 buy 4 INFY @ 130
        2024-05-02 sell 3 INFY @ 120 lots ^1:2,^2:1
        2024-05-02 sell 3 INFY @ 120
    """)
    matches = fold(history).positions[INFY].matches
    assert [told(m.closed, m.lot.opened, m.lot.quantity) for m in matches] == [
        (3, 1, 2),
        (3, 2, 1),
        (4, 2, 3),
    ]


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
