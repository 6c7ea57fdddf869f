"""Sums in foreign currency, in rupees at the rate that the rules name for a day."""

from __future__ import annotations

from datetime import date

from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Money
from tunefolio.core.time import TradingDay
from tunefolio.market.fx import RateBook


def rate_day(day: TradingDay) -> TradingDay:
    """The last day of the month before (rule `fx`)."""
    return TradingDay(date(day.date.year, day.date.month, 1)).plus_days(-1)


def in_rupees(amount: Money, day: TradingDay | None, rates: RateBook) -> Money | Missing:
    """Rounded once to the paisa; rupees as they are. day: when it was paid or received."""
    if amount.currency == INR:
        return amount
    if day is None:
        reason = f"the day whose {amount.currency} rate counts"
        return Missing(reason, "Record the opening with its `acquired` day")
    rate = rates.on(amount.currency, INR, rate_day(day))
    return rate if isinstance(rate, Missing) else Money(amount.amount * rate.rate, INR).rounded()
