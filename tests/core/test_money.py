"""The operator table of Money, row by row, and the laws behind it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.errors import Misuse
from tunefolio.core.money import (
    INR,
    Currency,
    CurrencyMismatch,
    Money,
    Price,
    currency_of,
    decimal_of,
    minor_digits,
    total,
)

RUPEES = Money.of("1234.50")
UNTYPED: Any = 1.5
ANYTHING: Any = RUPEES
A_PRICE: Any = Price.of("1")
amounts = st.decimals(min_value="-1e12", max_value="1e12", places=4).map(lambda d: Money(d, INR))


def test_the_operator_table_holds() -> None:
    assert RUPEES + Money.of("0.50") == Money.of("1235.00")
    assert RUPEES - Money.of("0.50") == Money.of("1234.00")
    assert RUPEES * Decimal("0.1") == Money.of("123.450")
    assert Money.of("2469.00") == 2 * RUPEES
    assert RUPEES / Decimal(2) == Money.of("617.25")
    assert RUPEES / Money.of("617.25") == Decimal(2)
    assert Price.of("99.95") * 3 == Money.of("299.85")
    assert 3 * Price.of("99.95") == Money.of("299.85")
    assert Money.of("-1234.50") == -RUPEES
    assert abs(Money.of("-1")) == Money.of("1")
    assert Money.of("1") < Money.of("2") <= Money.of("2")
    assert Money.of("2") > Money.of("1") >= Money.of("1")


@pytest.mark.parametrize(
    "deed",
    [
        lambda: ANYTHING * RUPEES,
        lambda: ANYTHING + 1,
        lambda: ANYTHING - 1,
        lambda: ANYTHING * 1.5,
        lambda: ANYTHING * True,
        lambda: ANYTHING / 1.5,
        lambda: ANYTHING + Price.of("1"),
        lambda: A_PRICE + Price.of("1"),
        lambda: A_PRICE * 1.5,
        lambda: Money(UNTYPED, INR),
        lambda: bool(RUPEES),
        lambda: decimal_of(UNTYPED),
        lambda: decimal_of(True),
    ],
)
def test_what_is_not_in_the_table_raises(deed: Any) -> None:
    with pytest.raises(TypeError):
        deed()


@pytest.mark.parametrize("deed", ["add", "sub", "lt", "le", "gt", "ge", "truediv"])
def test_two_currencies_never_meet(deed: str) -> None:
    with pytest.raises(CurrencyMismatch, match="USD"):
        getattr(RUPEES, f"__{deed}__")(Money.of("1", "USD"))


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1,000"])
def test_only_finite_numbers_are_amounts(text: str) -> None:
    with pytest.raises(Misuse, match="amount"):
        Money.of(text)


def test_a_not_a_number_cannot_be_smuggled_in() -> None:
    with pytest.raises(Misuse):
        Money(Decimal("NaN"), INR)


@pytest.mark.parametrize("code", ["inr", "RS", "RUPEE", "₹", ""])
def test_a_currency_is_three_capital_letters(code: str) -> None:
    with pytest.raises(Misuse, match="ISO 4217"):
        currency_of(code)


@pytest.mark.parametrize(
    ("text", "currency", "rounded"),
    [
        ("1.005", "INR", "1.01"),
        ("-1.005", "INR", "-1.01"),
        ("1.004999", "INR", "1.00"),
        ("100.5", "JPY", "101"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_rounding_is_half_away_from_zero_to_the_minor_unit(text: str, currency: str, rounded: str) -> None:
    assert Money.of(text, currency).rounded() == Money.of(rounded, currency)
    assert minor_digits(Currency("JPY")) == 0


def test_a_price_per_unit_comes_back() -> None:
    assert Price.per(Money.of("300"), Decimal(4)) == Price.of("75")
    assert str(Price.of("75.5")) == "75.5 INR"
    assert str(RUPEES) == "1234.50 INR"


@given(amounts, amounts, amounts)
def test_addition_is_exact(a: Money, b: Money, c: Money) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b - b == a
    assert total([a, b, c]) == a + b + c
    assert total([]) == Money.zero()


@given(amounts)
def test_rounding_moves_by_at_most_half_a_paisa(money: Money) -> None:
    assert abs((money.rounded() - money).amount) <= Decimal("0.005")
