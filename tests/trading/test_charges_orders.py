"""A day's deals as the orders they filled: fills join, matched units are intraday, nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.money import plain
from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.deals import Deal, Ending, Segment
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Charges, Line
from tunefolio.trading.charges.notes import note
from tunefolio.trading.charges.orders import executed_orders, order_charges
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.trading.orders import OrderSide

DAY = TradingDay.parse("2026-11-19")
SIDES = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}


def deal(text: str, segment: Segment = Segment.DELIVERY, ending: Ending | None = None) -> Deal:
    """`buy 10 INFY @ 1500 of A1`"""
    side, quantity, scrip, _, price, _, order = f"{text} of -".split()[:7]
    exchange = "NSE" if segment.is_cash else "NFO"
    return Deal(
        DAY, "zerodha", exchange, segment, SIDES[side], Decimal(quantity), Decimal(price), scrip,
        order="" if order == "-" else order, ending=ending,
    )  # fmt: skip


def told(deals: list[Deal]) -> list[tuple[str, str, str, str]]:
    """Order, segment, units, price."""
    return [
        (one.order, one.segment.value, plain(one.quantity), plain(one.price))
        for one in executed_orders(deals)
    ]


def test_fills_of_one_order_are_one_order_at_their_average() -> None:
    assert told([deal("buy 10 X @ 100 of A"), deal("buy 30 X @ 104 of A"), deal("buy 5 X @ 99 of B")]) == [
        ("A", "delivery", "40", "103"),
        ("B", "delivery", "5", "99"),
    ]


def test_fills_without_an_order_stay_alone() -> None:
    assert len(told([deal("buy 10 X @ 100"), deal("buy 10 X @ 100")])) == 2


def test_the_earliest_orders_are_matched_first_in_whole_units() -> None:
    deals = [deal("buy 7 X @ 100 of A"), deal("buy 8 X @ 100 of B"), deal("sell 10 X @ 101 of C")]
    assert told(deals) == [
        ("A", "intraday", "7", "100"),
        ("B", "intraday", "3", "100"),
        ("B", "delivery", "5", "100"),
        ("C", "intraday", "10", "101"),
    ]


def test_scrips_do_not_match_each_other_nor_do_contracts() -> None:
    deals = [deal("buy 7 X @ 100 of A"), deal("sell 7 Y @ 100 of B")]
    assert {one[1] for one in told(deals)} == {"delivery"}
    futures = [deal("buy 75 F @ 100 of A", Segment.FUTURES), deal("sell 75 F @ 101 of B", Segment.FUTURES)]
    assert [one[1] for one in told(futures)] == ["futures", "futures"]


def test_an_exercise_fills_no_order() -> None:
    assert told([deal("sell 75 F @ 100 of A", Segment.OPTIONS, Ending.EXERCISED)]) == []


def test_what_stands_beside_the_note_is_left_out_of_an_order() -> None:
    (order,) = executed_orders([deal("sell 10 X @ 100 of A")])
    names = {line.name for line in order_charges(order, tariffs()).lines}
    assert LineName.STT in names
    assert LineName.DP not in names


def worth(deals: Sequence[Deal]) -> Decimal:
    return sum((one.value for one in deals), Decimal(0))


def taken(found: Charges) -> Decimal:
    """By the exchange, unrounded."""
    line = found.line(LineName.EXCHANGE)
    assert isinstance(line, Line)
    return line.exact


fills = st.tuples(
    st.sampled_from(sorted(SIDES)), st.integers(1, 500), st.sampled_from("XY"), st.integers(1, 4000),
    st.sampled_from("ABCDEF"),
)  # fmt: skip


@given(st.lists(fills, min_size=1, max_size=12))
def test_orders_add_up_to_the_note(drawn: list[tuple[str, int, str, int, str]]) -> None:
    """Units and value to the paisa of an average price; what the exchange takes of value, likewise."""
    deals = [
        deal(f"{side} {units} {scrip} @ {price} of {order}{scrip}{side}")
        for side, units, scrip, price, order in drawn
    ]
    orders = executed_orders(deals)
    assert sum(one.quantity for one in orders) == sum(one.quantity for one in deals)
    slack = Decimal("1e-4") * len(deals)
    assert abs(worth(orders) - worth(deals)) < slack
    intraday = sum(one.quantity for one in orders if one.segment is Segment.INTRADAY)
    whole = note(deals, tariffs())
    assert intraday == 2 * sum(units for _, units in whole.intraday)
    exchange = taken(whole.charges)
    parts = [taken(order_charges(one, tariffs())) for one in orders]
    assert abs(sum(parts) - exchange) < slack
