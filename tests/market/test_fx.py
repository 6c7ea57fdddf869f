"""A rate is stated, turned round, or crossed over one currency; a missing one is named and is never one."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.daily import day_of
from tunefolio.market.fx import NO_RATES, Rate, RateBook

USD, EUR, GBP = Currency("USD"), Currency("EUR"), Currency("GBP")
BEGIN = TradingDay.parse("2024-01-01")


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def rates(text: str) -> RateBook:
    """Lines as "2024-01-01 USD/INR 83.2"."""
    lines = [line.split() for line in text.strip().splitlines()]
    return RateBook.of(
        Rate(Currency(pair[:3]), Currency(pair[4:]), day(when), Decimal(rate), "test")
        for when, pair, rate in lines
    )


def test_a_rate_stands_a_week_and_says_of_when_it_is() -> None:
    known = rates("2024-01-01 USD/INR 83.20")
    assert known.on(USD, INR, day("2024-01-08")) == Rate(
        USD, INR, day("2024-01-01"), Decimal("83.20"), "test"
    )
    missing = known.on(USD, INR, day("2024-01-09"))
    assert missing == Missing("rate USD/INR on 2024-01-09", "Fetch the rates of that day, or record one")


def test_a_currency_in_itself_is_one_and_an_unknown_pair_never() -> None:
    own = NO_RATES.on(INR, INR, BEGIN)
    assert isinstance(own, Rate)
    assert own.rate == 1
    assert isinstance(NO_RATES.on(USD, INR, BEGIN), Missing)
    assert (NO_RATES.levels(INR, INR, np.array([1, 2], np.int32)) == 1).all()
    assert np.isnan(NO_RATES.levels(USD, INR, np.array([1, 2], np.int32))).all()


def test_a_pair_is_turned_round_and_crossed_and_says_so() -> None:
    known = rates("2024-01-01 USD/INR 80\n2024-01-02 EUR/USD 1.1\n2024-01-02 GBP/EUR 1.2")
    turned = known.on(INR, USD, day("2024-01-02"))
    assert isinstance(turned, Rate)
    assert (turned.rate, turned.source) == (Decimal("0.0125"), "1 ÷ USD/INR")
    crossed = known.on(EUR, INR, day("2024-01-02"))
    assert crossed == Rate(EUR, INR, day("2024-01-01"), Decimal("88.0"), "EUR/USD × USD/INR")
    assert isinstance(known.on(GBP, INR, day("2024-01-02")), Missing), "one currency between, not two"


@given(
    st.dictionaries(st.integers(0, 60), st.decimals("0.0001", "200", places=4), max_size=20),
    st.dictionaries(st.integers(0, 60), st.decimals("0.0001", "200", places=4), max_size=20),
)
def test_levels_are_the_rates_of_each_day(dollars: dict[int, Decimal], euros: dict[int, Decimal]) -> None:
    known = RateBook.of(
        [
            *(Rate(USD, INR, BEGIN.plus_days(n), rate, "test") for n, rate in dollars.items()),
            *(Rate(USD, EUR, BEGIN.plus_days(n), rate, "test") for n, rate in euros.items()),
        ]
    )
    first = BEGIN.date.toordinal()
    days = np.arange(first - 2, first + 75, dtype=np.int32)
    for base, quote in ((USD, INR), (INR, USD), (EUR, INR)):
        found = [known.on(base, quote, day_of(int(each))) for each in days]
        one_by_one = [float(rate.rate) if isinstance(rate, Rate) else np.nan for rate in found]
        np.testing.assert_allclose(known.levels(base, quote, days), one_by_one, rtol=1e-12)


def test_a_rate_is_above_zero() -> None:
    with pytest.raises(Misuse, match="must be above zero"):
        rates("2024-01-01 USD/INR 0")
