"""Closes and rates are kept exactly, in little room, and kept once however often they come."""

from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.books import NOW, instrument, later
from tunefolio.core.errors import BrokenLaw
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.closes import Close, Seen
from tunefolio.market.daily import Daily
from tunefolio.market.fx import Rate
from tunefolio.store import closes, rates, revisions
from tunefolio.store.closes import Span
from tunefolio.store.codec import packed, unpacked
from tunefolio.store.db import Database

USD = Currency("USD")
FIRST = TradingDay.parse("2023-12-27")


def close(after: int, price: str) -> Close:
    return Close(FIRST.plus_days(after), Decimal(price))


def walk(count: int) -> Daily:
    """A price that moves a little every weekday, in paise."""
    moves = random.Random(7)
    level, numbers = 150_000, []
    for place in range(count):
        level += moves.randint(-3_000, 3_000)
        numbers.append((FIRST.plus_days(place * 7 // 5), Decimal(abs(level)).scaleb(-2)))
    return Daily.of(numbers)


numbers = st.dictionaries(
    st.integers(1, 3_000_000), st.integers(-(2**62), 2**62), min_size=1, max_size=60
).map(lambda found: sorted(found.items()))


@given(numbers)
def test_what_is_packed_is_unpacked(found: list[tuple[int, int]]) -> None:
    days = np.array([day for day, _ in found], np.int32)
    ticks = np.array([tick for _, tick in found], np.int64)
    again = unpacked(packed(Daily(days, ticks, 4)), len(found), 4)
    assert again.days.tolist() == days.tolist()
    assert again.ticks.tolist() == ticks.tolist()
    assert again.scale == 4


def test_a_close_takes_few_bytes() -> None:
    year = walk(250)
    assert len(packed(year)) <= 10 * len(year)


def test_a_body_of_another_length_is_not_believed() -> None:
    with pytest.raises(BrokenLaw, match="4 days"):
        unpacked(packed(walk(5)), 4, 2)


def test_closes_of_several_years_and_scales_are_one_run(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        given_closes = [close(0, "10.5"), close(2, "11"), close(8, "12.0625"), close(400, "13")]
        assert closes.put(db, one, INR, given_closes, "file", NOW) == 4
    with database.reading() as db:
        book = closes.book(db, [one, InstrumentId(one + 1)])
        late = closes.book(db, [one], TradingDay.parse("2024-02-01"))
    found = book.of(one)
    assert found is not None
    assert list(found) == given_closes
    assert found.currency == INR
    assert book.of(InstrumentId(one + 1)) is None
    assert late.of(one) is not None
    assert list(late.of(one) or ()) == given_closes[2:]
    seen = book.on(one, FIRST.plus_days(3))
    assert isinstance(seen, Seen)
    assert (seen.price.amount, seen.source) == (Decimal(11), "file")


def test_closes_join_those_known_and_twice_is_once(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        closes.put(db, one, INR, [close(0, "10"), close(2, "11")], "file", NOW)
        assert closes.put(db, one, INR, [close(0, "10.00"), close(2, "11")], "file", later(1)) == 0
        assert closes.put(db, one, INR, [close(1, "9"), close(2, "11.125")], "yahoo", later(2)) == 2
        assert list(closes.book(db, [one]).of(one) or ()) == [
            close(0, "10"),
            close(1, "9"),
            close(2, "11.125"),
        ]
        assert closes.put(db, one, INR, [], "file", NOW) == 0


def test_closes_in_another_currency_take_the_place_of_the_old(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        closes.put(db, one, INR, [close(0, "10"), close(400, "11")], "file", NOW)
        closes.put(db, one, USD, [close(400, "2")], "file", NOW)
        found = closes.book(db, [one]).of(one)
    assert found is not None
    assert (found.currency, list(found)) == (USD, [close(400, "2")])


def test_spans_say_what_is_known_and_when_it_was_asked(database: Database) -> None:
    with database.writing() as db:
        one, other = instrument(db), instrument(db, "ITC")
        closes.put(db, one, INR, [close(0, "10"), close(400, "11")], "file", NOW)
        closes.put(db, one, INR, [close(401, "12")], "file", later(5))
        assert closes.spans(db, [one, other]) == {one: Span(FIRST, FIRST.plus_days(401), NOW)}


def test_what_depends_on_prices_learns_of_news_only(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        closes.put(db, one, INR, [close(0, "10")], "file", NOW)
    with database.reading() as db:
        before = revisions.revision(db)
    with database.writing() as db:
        closes.put(db, one, INR, [close(0, "10")], "file", NOW)
    with database.reading() as db:
        assert revisions.revision(db) == before
    with database.writing() as db:
        closes.put(db, one, INR, [close(0, "10.05")], "file", NOW)
    with database.reading() as db:
        assert revisions.revision(db) > before


def rate(after: int, number: str, base: Currency = USD) -> Rate:
    return Rate(base, INR, FIRST.plus_days(after), Decimal(number), "file")


def test_rates_are_kept_exactly_and_replaced_by_day(database: Database) -> None:
    with database.writing() as db:
        assert rates.put(db, [rate(0, "83.1234567891"), rate(1, "83.5"), rate(0, "90", Currency("EUR"))]) == 3
        rates.put(db, [rate(1, "83.25")])
        everything, euro = rates.book(db), rates.book(db, [(INR, Currency("EUR"))])
        assert everything.on(USD, INR, FIRST) == rate(0, "83.1234567891")
        assert everything.on(USD, INR, FIRST.plus_days(1)) == rate(1, "83.25")
        assert set(euro.pairs) == {(Currency("EUR"), INR)}
        assert rates.book(db, []).pairs == {}
        assert rates.spans(db)[USD, INR] == (FIRST, FIRST.plus_days(1))
