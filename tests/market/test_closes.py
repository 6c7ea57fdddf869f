"""A price stands for a few days and is then missing, by name and day."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Currency, Price
from tunefolio.core.time import TradingDay
from tunefolio.market.closes import TRADED, Close, Closes, Observation, PriceBook, Seen
from tunefolio.market.daily import Daily, day_of

INFY = InstrumentId(1)
BEGIN = TradingDay.parse("2024-01-01")


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def closes(text: str) -> Closes:
    lines = [line.split() for line in text.strip().splitlines()]
    return Closes.of(INFY, INR, [Close(day(when), Decimal(price)) for when, price in lines], source="test")


def book(text: str) -> PriceBook:
    return PriceBook({INFY: closes(text)}, names={INFY: "NSE:INFY"})


@given(
    st.dictionaries(
        st.integers(0, 4000), st.decimals("0", "99999999", places=4, allow_nan=False), max_size=60
    )
)
def test_columns_keep_every_number_exactly(numbers: dict[int, Decimal]) -> None:
    given_days = {BEGIN.plus_days(n): price for n, price in numbers.items()}
    daily = Daily.of(given_days.items())
    assert {daily.day(i): daily.at(i) for i in range(len(daily))} == given_days
    assert list(daily.days) == sorted(daily.days)
    if numbers:
        first, last = min(given_days), max(given_days)
        asked = np.arange(first.date.toordinal() - 3, last.date.toordinal() + 30, dtype=np.int32)
        one_by_one = [found_on(daily, day_of(int(each))) for each in asked]
        np.testing.assert_array_equal(daily.levels(asked, 10), one_by_one)


def found_on(daily: Daily, when: TradingDay) -> float:
    """Slowly: the last number on or before the day, unless it is too old."""
    place = daily.last(when)
    if place is None or when - daily.day(place) > 10:
        return float("nan")
    return float(daily.at(place))


def test_a_close_is_carried_a_few_days_and_says_of_when_it_is() -> None:
    known = book("2024-01-05 1500.25\n2024-01-10 1520")
    assert known.on(INFY, day("2024-01-08")) == Seen(Price.of("1500.25"), day("2024-01-05"), "test")
    assert known.on(INFY, day("2024-01-20")) == Seen(Price.of("1520"), day("2024-01-10"), "test")
    late = known.on(INFY, day("2024-01-21"))
    assert isinstance(late, Missing)
    assert late.reason == "price of NSE:INFY on 2024-01-21: the last is of 2024-01-10"
    early = known.on(INFY, day("2024-01-04"))
    assert isinstance(early, Missing)
    assert "none so early" in early.reason
    never = known.on(InstrumentId(2), day("2024-01-04"))
    assert str(never) == "not available: price of instrument 2 on 2024-01-04"
    assert np.isnan(known.levels(InstrumentId(2), np.array([1], np.int32))).all()


def test_the_carry_limit_is_given_at_construction() -> None:
    known = PriceBook({INFY: closes("2024-01-05 100")}, carry_days=400)
    assert isinstance(known.on(INFY, day("2024-12-31")), Seen)


def test_trades_are_prices_where_no_close_is_and_closes_win() -> None:
    known = book("2024-01-05 100").with_trades(
        [
            Observation(INFY, day("2024-01-05"), Price.of("99")),
            Observation(INFY, day("2024-01-09"), Price.of("104")),
            Observation(INFY, day("2024-01-09"), Price.of("105.5")),
            Observation(INFY, day("2024-01-10"), Price.of("1", "USD")),
            Observation(InstrumentId(2), day("2024-01-09"), Price.of("7", "USD")),
        ]
    )
    assert known.on(INFY, day("2024-01-05")) == Seen(Price.of("100"), day("2024-01-05"), "test")
    assert known.on(INFY, day("2024-01-10")) == Seen(Price.of("105.5"), day("2024-01-09"), TRADED)
    assert known.on(InstrumentId(2), day("2024-01-09")) == Seen(
        Price.of("7", "USD"), day("2024-01-09"), TRADED
    )
    again = known.with_trades([Observation(INFY, day("2024-01-11"), Price.of("106"))])
    sources = [again.on(INFY, BEGIN.plus_days(n)) for n in (4, 8, 10)]
    assert [seen.source for seen in sources if isinstance(seen, Seen)] == ["test", TRADED, TRADED]
    assert known.with_trades([]).by_instrument == known.by_instrument


def test_of_a_day_given_twice_the_later_stands() -> None:
    twice = closes("2024-01-05 100\n2024-01-03 90\n2024-01-05 101")
    assert list(twice) == [Close(day("2024-01-03"), Decimal(90)), Close(day("2024-01-05"), Decimal(101))]
    assert len(twice) == 2
    assert twice.currency == Currency("INR")


def test_numbers_that_columns_cannot_hold_are_refused() -> None:
    with pytest.raises(Misuse, match="more than the 12"):
        Daily.of([(BEGIN, Decimal("0.0000000000001"))])
    with pytest.raises(Misuse, match="too large"):
        Daily.of([(BEGIN, Decimal("1e15") + Decimal("0.00000001"))])


def test_several_reasons_are_one() -> None:
    assert missing_of([]) is None
    several = missing_of([Missing("a"), Missing("b", "do b"), Missing("a"), Missing("c"), Missing("d")])
    assert several == Missing("a; b; c and 1 more", "do b")
    assert several.sentence == "not available: a; b; c and 1 more. do b"
    assert Missing("a").sentence == "not available: a"
