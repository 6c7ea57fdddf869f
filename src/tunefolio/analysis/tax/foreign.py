"""Sums in foreign currency, in rupees at the rate that the rules name: rule 115 for income, 128 for tax paid.

Gains, dividends and interest on securities take the rate of the last day of the month before; all other
income from other sources that of the year's last day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Money
from tunefolio.core.time import TradingDay
from tunefolio.market.fx import Rate, RateBook

FX = "fx"
"""The rule of the month before."""
FX_OF_YEAR = "fx.other_sources"
"""The rule of the year's last day."""
FX_WITHHELD = "fx.withheld"
"""The rule of tax paid abroad."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A sum in foreign currency with its rate. awaited: the day whose rate counts, where that is still to
    come and another stands in for it."""

    paid: Money
    rate: Rate
    awaited: TradingDay | None = None

    @property
    def rupees(self) -> Decimal:
        """Rounded once to the paisa."""
        return Money(self.paid.amount * self.rate.rate, INR).rounded().amount

    @property
    def remark(self) -> str:
        if self.awaited is None:
            return ""
        told = f"{self.paid.currency} rate of {self.awaited} counts and is not known yet"
        return f"the {told}: that of {self.rate.day} stands in"


def rate_day(day: TradingDay) -> TradingDay:
    """The last day of the month before (rule `fx`)."""
    return TradingDay(date(day.date.year, day.date.month, 1)).plus_days(-1)


def in_rupees(amount: Money, day: TradingDay | None, rates: RateBook) -> Money | Missing:
    """Rounded once to the paisa; rupees as they are. day: when it was paid or received."""
    if amount.currency == INR:
        return amount
    found = converted(amount, day, rates)
    return found if isinstance(found, Missing) else Money(found.rupees, INR)


def converted(amount: Money, day: TradingDay | None, rates: RateBook) -> Converted | Missing:
    """By the rule of the month before. day: when it was paid or received."""
    if day is None:
        reason = f"the day whose {amount.currency} rate counts"
        return Missing(reason, "Record the opening with its `acquired` day")
    rate = rates.on(amount.currency, INR, rate_day(day))
    return rate if isinstance(rate, Missing) else Converted(amount, rate)


def converted_at_year_end(
    amount: Money, day: TradingDay, rates: RateBook, *, today: TradingDay | None
) -> Converted | Missing:
    """By the rule of the year's last day. While the year runs, today's rate stands in for that of its end,
    or that of the month before; without a `today` the year counts as over."""
    last = FinancialYear.of(day).last
    if today is None or last <= today:
        rate = rates.on(amount.currency, INR, last)
        return rate if isinstance(rate, Missing) else Converted(amount, rate)
    rate = rates.on(amount.currency, INR, today)
    if isinstance(rate, Missing):
        rate = rates.on(amount.currency, INR, rate_day(day))
    return rate if isinstance(rate, Missing) else Converted(amount, rate, last)
