"""Figures as the faces show them: a value or the reason there is none, its unit, its convention, its key.

Every figure carries the `ask` by which `views.explanation` tells how it was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money
from tunefolio.core.time import Instant, TradingDay

Value = Money | Decimal | Missing


class Unit(StrEnum):
    """How a figure is written: money with its currency, a ratio as per cent, a bare number, days, a day."""

    MONEY = "money"
    PRICE = "price"
    RATIO = "ratio"
    NUMBER = "number"
    UNITS = "units"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Ask:
    """The key of a figure's explanation, as three words of an address.

    figure: its name (`twr`, `statement.income`, `lot.gain`). scope: what it is about (`all`, `portfolio:3`,
    `holding:2:17`, `lot:2:17:4711`; see views.scopes). period: `1Y`, `FY2024`, `2024-01-01..2024-06-30`, or
    ""
    where the figure is of now. benchmark: an instrument's id, where the figure compares with one.
    """

    figure: str
    scope: str
    period: str = ""
    benchmark: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number on a page. convention: how the field computes it, printed beside it. note: what to know."""

    name: str
    title: str
    value: Value
    unit: Unit
    ask: Ask
    convention: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ScopeView:
    """What a page is about: the word in addresses, its name for people, the currency of its figures."""

    key: str
    title: str
    currency: Currency


@dataclass(frozen=True, slots=True)
class Span:
    """A period to choose. first, last: both days belong to it. name: the word in addresses, as `1Y`,
    `FY2024`."""

    name: str
    title: str
    first: TradingDay
    last: TradingDay


@dataclass(frozen=True, slots=True)
class Computation:
    """How old the rows are that figures were made from.

    at: when the oldest account in view was last computed, None when never. is_current: no fact is newer.
    problem: a sentence when something could not be computed; "" when all is well.
    """

    at: Instant | None
    is_current: bool
    problem: str = ""
