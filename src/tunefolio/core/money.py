"""Exact money. The operator table is the whole contract; what is not in it raises TypeError.

Money ± Money   → Money    same currency, else CurrencyMismatch
Money × Decimal → Money    a ratio or a count; unrounded until .rounded()
Money ÷ Decimal → Money
Money ÷ Money   → Decimal  same currency
Price × Decimal → Money    a price per unit times a quantity
Money ÷ quantity as a price: Price.per(money, quantity)
Money × Money, Price + Money, and any float: do not exist
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from typing import NewType, overload

from tunefolio.core.errors import Misuse

Currency = NewType("Currency", str)
INR = Currency("INR")

_CODE = re.compile(r"[A-Z]{3}\Z")
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "OMR": 3, "TND": 3, "JOD": 3}
_PRECISION = Context(prec=38)


class CurrencyMismatch(Misuse):
    """Two currencies met where one was needed; convert with a dated rate first."""

    def __init__(self, left: Currency, right: Currency) -> None:
        super().__init__(
            "currency", f"{left} and {right} cannot be combined", cure="Convert with a dated rate first"
        )


def currency_of(code: str) -> Currency:
    """An ISO 4217 alphabetic code; raises Misuse for anything else."""
    if not _CODE.match(code):
        raise Misuse("currency", f"{code!r} is not a three-letter ISO 4217 code", cure="Write INR, USD, …")
    return Currency(code)


def decimal_of(text: str | int | Decimal, field: str = "number") -> Decimal:
    """A finite Decimal from its text; floats are refused because they already lost digits."""
    if isinstance(text, float | bool):
        raise TypeError(f"{field}: pass text or Decimal, not {type(text).__name__}")
    try:
        value = Decimal(text.strip()) if isinstance(text, str) else Decimal(text)
    except InvalidOperation:
        raise Misuse(field, f"{text!r} is not a number") from None
    if not value.is_finite():
        raise Misuse(field, f"{text!r} is not a finite number")
    return value


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency. Signs: an inflow to its owner is positive."""

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        amount = self.amount
        if amount.__class__ is not Decimal or not amount.is_finite():
            _exact(amount)

    @classmethod
    def of(cls, text: str | int | Decimal, currency: str = INR) -> Money:
        """Parse from text, never from a float."""
        return cls(decimal_of(text, "amount"), currency_of(currency))

    @classmethod
    def zero(cls, currency: Currency = INR) -> Money:
        return cls(Decimal(0), currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money(_PRECISION.add(self.amount, other.amount), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money(_PRECISION.subtract(self.amount, other.amount), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.amount), self.currency)

    def __mul__(self, ratio: Decimal | int) -> Money:
        if isinstance(ratio, bool) or not isinstance(ratio, Decimal | int):
            return NotImplemented
        return Money(_PRECISION.multiply(self.amount, Decimal(ratio)), self.currency)

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: Money) -> Decimal: ...
    @overload
    def __truediv__(self, other: Decimal | int) -> Money: ...
    def __truediv__(self, other: Money | Decimal | int) -> Decimal | Money:
        if isinstance(other, Money):
            self._same(other)
            return _PRECISION.divide(self.amount, other.amount)
        if isinstance(other, bool) or not isinstance(other, Decimal | int):
            return NotImplemented
        return Money(_PRECISION.divide(self.amount, Decimal(other)), self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    def __bool__(self) -> bool:
        raise TypeError("a Money has no truth; compare it with Money.zero(currency)")

    def rounded(self, digits: int | None = None) -> Money:
        """To the minor unit (paise, cents) or `digits`, half away from zero as on contract notes."""
        places = minor_digits(self.currency) if digits is None else digits
        return Money(quantized(self.amount, places), self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


@dataclass(frozen=True, slots=True)
class Price:
    """Money per one unit of an instrument; exact, not rounded to a tick."""

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        amount = self.amount
        if amount.__class__ is not Decimal or not amount.is_finite():
            _exact(amount)

    @classmethod
    def of(cls, text: str | int | Decimal, currency: str = INR) -> Price:
        return cls(decimal_of(text, "price"), currency_of(currency))

    @classmethod
    def per(cls, total: Money, quantity: Decimal) -> Price:
        """total ÷ quantity, to 38 significant digits; quantity must not be zero."""
        return cls(_PRECISION.divide(total.amount, quantity), total.currency)

    def __mul__(self, quantity: Decimal | int) -> Money:
        if isinstance(quantity, bool) or not isinstance(quantity, Decimal | int):
            return NotImplemented
        return Money(_PRECISION.multiply(self.amount, Decimal(quantity)), self.currency)

    __rmul__ = __mul__

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


def minor_digits(currency: Currency) -> int:
    """Decimal places of the minor unit, ISO 4217: 2 for INR and most, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(currency, 2)


def quantized(value: Decimal, digits: int) -> Decimal:
    """value to `digits` decimal places, half away from zero."""
    with localcontext(_PRECISION):
        return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def total(amounts: Iterable[Money], currency: Currency = INR) -> Money:
    """The sum; zero in `currency` when there are none."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


def plain(number: Decimal | None) -> str:
    """One text for equal numbers: 10, 10.0 and 1E+1 are the same."""
    if number is None:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exact(amount: Decimal) -> None:
    if not isinstance(amount, Decimal):
        raise TypeError(f"money is Decimal, not {type(amount).__name__}")
    if not amount.is_finite():
        raise Misuse("amount", f"{amount} is not a finite number")
