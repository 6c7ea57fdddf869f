"""Cost raised by the cost inflation index of the years of purchase and sale."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.derivation import EXACT, RATIO
from tunefolio.analysis.tax.rulebook import rule_at
from tunefolio.core.missing import Missing
from tunefolio.core.money import quantized
from tunefolio.core.rules import Rule, Rulebook
from tunefolio.core.time import TradingDay

BASE = TradingDay.parse("2001-04-01")
"""What was acquired before counts as acquired in the base year of the index."""


@dataclass(frozen=True, slots=True)
class Index:
    """The index of the year of sale over that of purchase, by the rows that say them."""

    sold: Rule
    acquired: Rule

    @property
    def numerator(self) -> Decimal:
        return self.sold.number("index")

    @property
    def denominator(self) -> Decimal:
        return self.acquired.number("index")

    def of(self, cost: Decimal) -> Decimal:
        """cost × index of sale ÷ index of purchase, rounded once to the paisa."""
        return quantized(RATIO.divide(EXACT.multiply(cost, self.numerator), self.denominator), 2)


def index_between(acquired: TradingDay, sold: TradingDay, book: Rulebook) -> Index | Missing:
    """Missing where the index of a year is not notified."""
    last = rule_at(book, "cii", sold)
    first = rule_at(book, "cii", max(acquired, BASE))
    if isinstance(last, Missing) or isinstance(first, Missing):
        year = sold if isinstance(last, Missing) else acquired
        return Missing(
            f"the cost inflation index of the year of {year}", "It comes with a new edition of the rules"
        )
    return Index(last, first)
