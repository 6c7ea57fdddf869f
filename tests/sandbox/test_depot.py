"""Accounts at three brokers over one exchange, moved by events."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.conftest import at
from tests.sandbox.depots import ANGEL, ASHA, KOTAK, VIKRAM, depot_over, line, units
from tunefolio.core.errors import Misuse
from tunefolio.core.time import FixedClock, TradingDay
from tunefolio.sandbox.depot import Depot, Holder
from tunefolio.sandbox.events import (
    Bonus,
    Cancellation,
    Deposit,
    Event,
    Fill,
    MissedTrade,
    PartialFill,
    Rejection,
    Split,
    Trade,
    Transfer,
)
from tunefolio.sandbox.market import Market

EVERYWHERE = (ASHA, VIKRAM, ANGEL, KOTAK)
MONDAY, TUESDAY, WEDNESDAY = "2026-11-23", "2026-11-24", "2026-11-25"
"""Tuesday is Guru Nanak's birthday and no session: settlement passes over it."""


@pytest.fixture
def depot(market: Market, clock: FixedClock) -> Depot:
    return depot_over(market, clock)


def on(clock: FixedClock, day: str, wall: str = "11:00:00") -> None:
    clock.set(at(f"{day}T{wall}"))


def test_a_buy_is_a_position_then_unsettled_then_settled(depot: Depot, clock: FixedClock) -> None:
    """Friday's purchase: unsettled on Monday, in the demat on the session after."""
    before = line(depot, ASHA, "NSE:TCS")
    assert before is not None
    depot.happen(Trade(*ASHA, "NSE:TCS", "BUY", 10, price=300_000))
    assert units(depot, ASHA, "NSE:TCS") == (before.settled, 0)
    (one,) = [one for one in depot.executions(*ASHA) if one.listed.key == "NSE:TCS"]
    assert (one.side, one.quantity, one.price) == ("BUY", 10, 300_000)
    on(clock, MONDAY)
    assert units(depot, ASHA, "NSE:TCS") == (before.settled, 10)
    assert depot.executions(*ASHA) == []
    assert depot.orders(*ASHA) == []
    average = (before.average * before.settled + 3_000 * 10) / (before.settled + 10)
    after = line(depot, ASHA, "NSE:TCS")
    assert after is not None
    assert after.average == pytest.approx(average)
    on(clock, WEDNESDAY)
    assert units(depot, ASHA, "NSE:TCS") == (before.settled + 10, 0)


def test_what_was_unsettled_on_the_first_day_settles(depot: Depot, clock: FixedClock) -> None:
    assert units(depot, ASHA, "NSE:ITC") == (300, 25)
    on(clock, MONDAY)
    assert units(depot, ASHA, "NSE:ITC") == (325, 0)


def test_deals_of_the_first_day_happen_once(depot: Depot, clock: FixedClock) -> None:
    """TMPV for delivery; SBIN in and out within the day leaves nothing but its gain."""
    (bought, sold) = [one for one in depot.executions(*ASHA) if one.listed.key == "NSE:SBIN"]
    cash = depot.cash(*ASHA)
    on(clock, MONDAY)
    assert units(depot, ASHA, "NSE:TMPV") == (0, 40)
    assert units(depot, ASHA, "NSE:SBIN") == (96, 0)
    assert depot.executions(*ASHA) == []
    assert depot.cash(*ASHA) == depot.books(*ASHA).opening_cash == cash
    assert sold.worth + bought.worth == 50 * (bought.price - sold.price)


def test_a_sale_is_told_apart_until_it_settles(depot: Depot, clock: FixedClock) -> None:
    depot.happen(Trade(*ASHA, "NSE:LT", "SELL", 6))
    lt = line(depot, ASHA, "NSE:LT")
    assert lt is not None
    assert (lt.settled, lt.used) == (21, 6)
    on(clock, MONDAY)
    assert units(depot, ASHA, "NSE:LT") == (15, 0)
    depot.happen(Trade(*ASHA, "NSE:LT", "SELL", 15))
    on(clock, WEDNESDAY)
    assert line(depot, ASHA, "NSE:LT") is None


def test_a_sale_takes_from_the_other_exchanges_line_too(depot: Depot, clock: FixedClock) -> None:
    """A demat knows securities, not exchanges: 64 of INFY came by NSE and 25 by BSE."""
    depot.happen(Trade(*ASHA, "NSE:INFY", "SELL", 70))
    on(clock, MONDAY)
    assert (units(depot, ASHA, "NSE:INFY"), units(depot, ASHA, "BSE:INFY")) == ((0, 0), (19, 0))


def test_a_missed_trade_is_held_but_in_no_book_of_today(depot: Depot) -> None:
    number = depot.happen(MissedTrade(*VIKRAM, "NSE:CIPLA", "BUY", 30, TradingDay.parse("2026-11-12")))
    assert units(depot, VIKRAM, "NSE:CIPLA") == (30, 0)
    assert depot.orders(*VIKRAM) == []
    assert depot.executions(*VIKRAM) == []
    (one,) = [one for one in depot.past(*VIKRAM) if one.listed.key == "NSE:CIPLA"]
    assert (one.order_no, one.at.iso()[:10]) == (number, "2026-11-12")
    listed = depot.market.universe.of("NSE:CIPLA")
    assert one.price == depot.market.price(listed, one.at)


def test_a_missed_trade_before_an_old_split_counts_in_units_of_then(depot: Depot) -> None:
    """Tech Mahindra of this rehearsal split five for one on 2026-03-16."""
    depot.happen(MissedTrade(*VIKRAM, "NSE:TECHM", "BUY", 7, TradingDay.parse("2026-03-10")))
    assert units(depot, VIKRAM, "NSE:TECHM") == (35, 0)
    (one,) = [one for one in depot.past(*VIKRAM) if one.listed.key == "NSE:TECHM"]
    assert one.quantity == 7
    held = line(depot, VIKRAM, "NSE:TECHM")
    assert held is not None
    assert held.average == pytest.approx(one.price / 500, abs=1e-5)


@pytest.mark.parametrize(
    ("event", "ratio"),
    [(Split("RELIANCE", date(2026, 11, 25), 5, 1), 5), (Bonus("RELIANCE", date(2026, 11, 25), 1, 1), 2)],
)
def test_a_split_multiplies_everywhere_and_prices_follow(
    depot: Depot, clock: FixedClock, event: Event, ratio: int
) -> None:
    listed = depot.market.universe.of("NSE:RELIANCE")
    before = {holder: line(depot, holder, "NSE:RELIANCE") for holder in (ASHA, VIKRAM, ANGEL)}
    depot.happen(event)
    on(clock, MONDAY)
    eve = depot.market.sight(listed, clock.now())
    assert units(depot, ANGEL, "NSE:RELIANCE") == (10, 0), "nothing changes before the ex-day"
    on(clock, WEDNESDAY)
    for holder, was in before.items():
        now = line(depot, holder, "NSE:RELIANCE")
        assert was is not None
        assert now is not None
        assert now.settled == was.settled * ratio
        assert now.average == pytest.approx(was.average / ratio, abs=1e-5)
    sight = depot.market.sight(listed, clock.now())
    monday = depot.market.close(listed, TradingDay.parse(MONDAY))
    assert abs(sight.previous_close * ratio - monday) <= ratio * listed.tick
    assert 0.8 < sight.last * ratio / eve.last < 1.25
    assert sight.low <= sight.last <= sight.high


def test_candles_are_told_in_the_units_of_now(depot: Depot, clock: FixedClock) -> None:
    market = depot.market
    listed = market.universe.of("NSE:RELIANCE")
    span = TradingDay.parse("2026-11-16"), TradingDay.parse("2026-11-20")
    raw = list(market.days(listed, *span, clock.now()))
    depot.happen(Split("RELIANCE", date(2026, 11, 23), 10, 1))
    assert list(market.days(listed, *span, clock.now())) == raw
    on(clock, MONDAY)
    told = list(market.days(listed, *span, clock.now()))
    for one, was in zip(told, raw, strict=True):
        assert abs(one.close * 10 - was.close) <= 10 * listed.tick
        assert one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
        assert one.volume == was.volume * 10
    minutes = list(market.minutes(listed, span[0], span[0].plus_days(1), clock.now()))
    assert max(one.high for one in minutes) == told[0].high
    assert market.paid(listed, span[0]) == raw[0].close, "what was paid then was paid then"
    assert market.register.units_after(listed, span[0], TradingDay.parse(MONDAY)) == 10


def test_units_move_between_demats_of_two_brokers(depot: Depot, clock: FixedClock) -> None:
    sent, there = line(depot, ASHA, "NSE:INFY"), line(depot, ANGEL, "NSE:INFY")
    assert sent is not None
    assert there is not None
    depot.happen(Transfer(*ASHA, *ANGEL, "NSE:INFY", 14))
    assert units(depot, ASHA, "NSE:INFY") == (sent.settled - 14, 0)
    assert units(depot, ANGEL, "NSE:INFY") == (there.settled + 14, 0)
    after = line(depot, ANGEL, "NSE:INFY")
    assert after is not None
    mixed = (there.average * there.settled + sent.average * 14) / (there.settled + 14)
    assert after.average == pytest.approx(mixed)
    assert depot.executions(*ANGEL) == [
        one for one in depot.executions(*ANGEL) if one.listed.key != "NSE:INFY"
    ]
    depot.happen(Transfer(*ASHA, *KOTAK, "NSE:LT", 5, average=0.0))
    unknown = line(depot, KOTAK, "NSE:LT")
    assert unknown is not None
    assert (unknown.settled, unknown.average) == (5, 0.0)


def test_cash_is_paid_in_and_drawn_out(depot: Depot, clock: FixedClock) -> None:
    before = depot.cash(*KOTAK)
    depot.happen(Deposit(*KOTAK, 50_000_00))
    depot.happen(Deposit(*KOTAK, -20_000_00))
    books = depot.books(*KOTAK)
    assert (books.paid_in, depot.cash(*KOTAK)) == (30_000_00, before + 30_000_00)
    on(clock, MONDAY)
    assert depot.books(*KOTAK).opening_cash == before + 30_000_00


def test_an_order_is_filled_in_parts(depot: Depot) -> None:
    number = depot.happen(PartialFill(*ANGEL, "NSE:TCS", "BUY", 10, 4, price=300_000, tag="story1"))
    depot.happen(Fill(number, 3, price=300_100))
    (order,) = [one for one in depot.orders(*ANGEL) if one.order_no == number]
    assert (order.status, order.filled, order.pending, order.average) == ("OPEN", 7, 3, 300_043)
    depot.happen(Fill(number, 3))
    (order,) = [one for one in depot.orders(*ANGEL) if one.order_no == number]
    assert (order.status, order.pending, order.tag) == ("COMPLETE", 0, "story1")
    assert [state.status for state in order.states][3:] == ["OPEN", "OPEN", "OPEN", "COMPLETE"]
    assert [one.filled for one in order.history()] == [0, 0, 0, 0, 4, 7, 10]
    parts = [one for one in depot.executions(*ANGEL) if one.order_no == number]
    assert [one.quantity for one in parts] == [4, 3, 3]
    assert len({one.trade_no for one in parts}) == 3
    with pytest.raises(Misuse, match="complete"):
        depot.happen(Fill(number, 1))


def test_what_is_open_at_the_end_of_its_session_is_called_off(depot: Depot, clock: FixedClock) -> None:
    number = depot.happen(PartialFill(*ANGEL, "NSE:TCS", "BUY", 10, 4))
    other = depot.happen(PartialFill(*ANGEL, "NSE:TCS", "BUY", 5, 0))
    depot.happen(Cancellation(other))
    clock.set(at("2026-11-20T16:00:00"))
    states = {one.order_no: (one.status, one.filled, one.cancelled) for one in depot.orders(*ANGEL)}
    assert states[number] == ("CANCELLED", 4, 6)
    assert states[other] == ("CANCELLED", 0, 5)
    on(clock, MONDAY)
    assert units(depot, ANGEL, "NSE:TCS") == (0, 4)


def test_a_rejected_order_never_got_to_the_exchange(depot: Depot) -> None:
    number = depot.happen(Rejection(*KOTAK, "NSE:TCS", "BUY", 10, "Insufficient funds"))
    (order,) = [one for one in depot.orders(*KOTAK) if one.order_no == number]
    assert (order.status, order.message, order.exchange_no) == ("REJECTED", "Insufficient funds", "")
    assert "OPEN" not in [state.status for state in order.states]


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (Trade("zerodha", "TFA001", "NSE:TCS", "BUY", 1), "user"),
        (Trade(*ASHA, "NSE:NOSUCH", "BUY", 1), "key"),
        (Trade(*ASHA, "NSE:NIFTY 50", "BUY", 1), "key"),
        (Trade(*ASHA, "NSE:TCS", "HOLD", 1), "side"),
        (Trade(*ASHA, "NSE:TCS", "BUY", 0), "quantity"),
        (Trade(*ASHA, "NSE:TCS", "SELL", 26), "quantity"),
        (Trade(*ASHA, "NSE:TCS", "BUY", 1, price=300_001), "price"),
        (Trade(*ASHA, "NSE:TCS", "BUY", 1, product="NRML"), "product"),
        (Trade(*ASHA, "NSE:TCS", "BUY", 1, tag="no blanks"), "tag"),
        (Trade(*ASHA, "NSE:TCS", "BUY", 1, at=at("2026-11-20T11:07:24")), "at"),
        (Trade(*ASHA, "NSE:TCS", "BUY", 1, at=at("2026-11-20T08:00:00")), "at"),
        (MissedTrade(*ASHA, "NSE:TCS", "BUY", 1, TradingDay.parse("2026-11-20")), "day"),
        (MissedTrade(*ASHA, "NSE:TCS", "BUY", 1, TradingDay.parse("2026-11-15")), "day"),
        (PartialFill(*ASHA, "NSE:TCS", "BUY", 5, 5), "filled"),
        (Fill(1, 1), "order_no"),
        (Cancellation(1), "order_no"),
        (Rejection(*ASHA, "NSE:TCS", "BUY", 1, ""), "message"),
        (Split("NOSUCH", date(2026, 12, 1), 2), "symbol"),
        (Split("TCS", date(2026, 11, 20), 2), "ex_day"),
        (Split("TCS", date(2026, 12, 1), 1), "new"),
        (Bonus("TCS", date(2026, 12, 1), 1, 0), "held"),
        (Transfer(*ASHA, *ASHA, "NSE:TCS", 1), "to_user"),
        (Transfer(*ASHA, "kotakneo", "NOBODY", "NSE:TCS", 1), "user"),
        (Transfer(*ASHA, *ANGEL, "NSE:ITC", 301), "quantity"),
        (Transfer(*ASHA, *ANGEL, "NSE:NIFTYBEES", 501), "quantity"),
        (Deposit(*ASHA, 0), "amount"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(depot: Depot, event: Event, field: str) -> None:
    with pytest.raises(Misuse) as wrong:
        depot.happen(event)
    assert wrong.value.field == field
    assert depot.happened == ()


def test_nothing_trades_on_a_holiday(depot: Depot, clock: FixedClock) -> None:
    on(clock, TUESDAY)
    with pytest.raises(Misuse, match="does not trade"):
        depot.happen(Trade(*ASHA, "NSE:TCS", "BUY", 1))
    depot.happen(Trade(*ASHA, "NSE:TCS", "BUY", 1, at=at("2026-11-23T11:00:00")))
    on(clock, WEDNESDAY)
    assert units(depot, ASHA, "NSE:TCS") == (25, 1)


def test_the_same_events_give_the_same_accounts(market: Market, clock: FixedClock) -> None:
    def shown(depot: Depot) -> list[Any]:
        clock.set(at("2026-11-20T11:30:00"))
        for event in (
            MissedTrade(*VIKRAM, "NSE:CIPLA", "BUY", 30, TradingDay.parse("2026-11-12")),
            Trade(*ASHA, "NSE:TCS", "BUY", 3),
            Transfer(*ASHA, *ANGEL, "NSE:INFY", 14),
            Split("INFY", date(2026, 11, 23), 2),
        ):
            depot.happen(event)
        clock.set(at("2026-11-25T11:30:00"))
        holders = (ASHA, VIKRAM, ANGEL, KOTAK)
        return [(depot.books(*holder), depot.past(*holder)) for holder in holders]

    first = shown(depot_over(market, clock))
    clock.set(at("2026-11-20T11:30:00"))
    assert shown(depot_over(market, clock)) == first


def test_asking_twice_gives_the_same_and_later_events_show_only_later(
    depot: Depot, clock: FixedClock
) -> None:
    first = depot.books(*ASHA)
    assert depot.books(*ASHA) is first
    depot.happen(Trade(*ASHA, "NSE:TCS", "BUY", 3))
    assert len(depot.executions(*ASHA)) == len(first.executions) + 1
    clock.advance(-timedelta(minutes=1))
    assert depot.books(*ASHA) == first


@settings(max_examples=40, deadline=None)
@given(
    moves=st.lists(st.tuples(st.sampled_from(EVERYWHERE), st.sampled_from(EVERYWHERE), st.integers(1, 80))),
    splits=st.lists(st.integers(2, 5), max_size=2),
)
def test_transfers_neither_make_nor_lose_units(
    market: Market, moves: list[tuple[Holder, Holder, int]], splits: list[int]
) -> None:
    """Whatever is moved, the demats together hold the same; a split multiplies just that."""
    clock = FixedClock(at("2026-11-20T11:00:00"))
    depot = depot_over(market, clock)

    def together() -> int:
        return sum(sum(units(depot, holder, "NSE:RELIANCE")) for holder in EVERYWHERE)

    expected = together()
    for source, target, quantity in moves:
        with suppress(Misuse):
            depot.happen(Transfer(*source, *target, "NSE:RELIANCE", quantity))
        assert together() == expected
    for days, new in enumerate(splits, 5):
        depot.happen(Split("RELIANCE", date(2026, 11, 20) + timedelta(days=days), new))
        expected *= new
    clock.set(at("2026-12-01T11:00:00"))
    assert together() == expected


def test_many_threads_lose_nothing(depot: Depot) -> None:
    """Eight hands trade at once: each order once, each with a number of its own."""

    def deal(_: int) -> int:
        return depot.happen(Trade(*VIKRAM, "NSE:TCS", "BUY", 1))

    with ThreadPoolExecutor(8) as hands:
        numbers = list(hands.map(deal, range(200)))
    assert len(set(numbers)) == 200
    assert sum(one.quantity for one in depot.executions(*VIKRAM)) == 200


def test_no_two_trades_of_the_exchange_share_a_number(depot: Depot) -> None:
    for holder in (ASHA, VIKRAM, ANGEL, KOTAK):
        depot.happen(Trade(*holder, "NSE:TCS", "BUY", 1))
    everybody = [(one.broker, one.user_id) for one in depot.people()]
    trades = [one.trade_no for who in everybody for one in (*depot.past(*who), *depot.executions(*who))]
    assert len(set(trades)) == len(trades) > 50


def test_a_thousand_accounts_are_as_many(market: Market, clock: FixedClock) -> None:
    depot = depot_over(market, clock)
    vikram = depot.trader(*VIKRAM)
    assert vikram is not None
    many = [replace(vikram, user_id=f"TF{number:04d}") for number in range(1, 1001)]
    crowd = depot_over(market, clock, many)
    assert {len(crowd.lines("zerodha", one.user_id)) for one in many} == {7}
