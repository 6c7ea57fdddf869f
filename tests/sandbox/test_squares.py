"""What is left of the day's positions is squared off when their session ends, by orders as of a broker."""

from __future__ import annotations

from datetime import date

import pytest

from tests.sandbox.conftest import at
from tests.sandbox.depots import ANGEL, ASHA, depot_over, units
from tunefolio.core.time import FixedClock, TradingDay
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.events import PartialFill, Trade
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.orderbook import Execution

FRIDAY = TradingDay(date(2026, 11, 20))


@pytest.fixture
def depot(market: Market, clock: FixedClock) -> Depot:
    return depot_over(market, clock)


def of_the_day(depot: Depot) -> list[Execution]:
    return [one for one in depot.executions(*ANGEL) if one.product == "MIS"]


def test_a_position_of_the_day_is_squared_off_at_the_close(depot: Depot, clock: FixedClock) -> None:
    """A short sale, and a purchase filled in part: both are even, and the demat knows nothing of either."""
    before = units(depot, ANGEL, "NSE:TCS")
    depot.happen(Trade(*ANGEL, "NSE:TCS", "SELL", 30, price=300_000, product="MIS"))
    bought = depot.happen(PartialFill(*ANGEL, "NSE:INFY", "BUY", 10, 4, price=150_000, product="MIS"))
    clock.set(at("2026-11-20T15:10:00"))
    assert len(of_the_day(depot)) == 2
    clock.set(at("2026-11-20T16:00:00"))
    infy, tcs = sorted(of_the_day(depot)[2:], key=lambda one: one.listed.key)
    assert (infy.side, infy.quantity, tcs.side, tcs.quantity) == ("SELL", 4, "BUY", 30)
    for one in (infy, tcs):
        close, end = depot.market.close(one.listed, FRIDAY), depot.market.window(one.listed, FRIDAY).end
        assert (one.price, one.at) == (close, end)
    states = {one.order_no: (one.status, one.product) for one in depot.orders(*ANGEL)}
    assert {states[infy.order_no], states[tcs.order_no]} == {("COMPLETE", "MIS")}
    assert states[bought] == ("CANCELLED", "MIS"), "what was not filled of it is called off"
    evening, told = depot.cash(*ANGEL), depot.executions(*ANGEL)
    assert [one.at for one in told] == sorted(one.at for one in told)
    clock.set(at("2026-11-23T11:00:00"))
    assert of_the_day(depot) == []
    assert depot.past(*ANGEL)[-len(told) :] == told, "the same numbers for ever"
    books = depot.books(*ANGEL)
    assert books.opening_cash == evening
    assert units(depot, ANGEL, "NSE:TCS") == before


def test_what_is_even_already_needs_no_order(depot: Depot, clock: FixedClock) -> None:
    clock.set(at("2026-11-20T14:00:00"))
    made = len(depot.executions(*ASHA))
    clock.set(at("2026-11-20T18:00:00"))
    assert len(depot.executions(*ASHA)) == made


def test_square_offs_of_all_accounts_and_days_have_numbers_of_their_own(
    depot: Depot, clock: FixedClock
) -> None:
    for moment in ("2026-11-20T11:00:00", "2026-11-23T11:00:00"):
        clock.set(at(moment))
        for holder in (ASHA, ANGEL):
            for key in ("NSE:TCS", "NSE:INFY"):
                depot.happen(Trade(*holder, key, "SELL", 5, product="MIS"))
    clock.set(at("2026-11-23T18:00:00"))
    made = [one for holder in (ASHA, ANGEL) for one in depot.past(*holder) + depot.executions(*holder)]
    assert len({one.trade_no for one in made}) == len(made)
    assert sum(one.product == "MIS" and one.side == "BUY" and one.quantity == 5 for one in made) == 8
