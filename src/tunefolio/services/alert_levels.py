"""Where the levels of an alert lie on a day: exact, in today's units, at the 8 places a price is kept with.

A price reaches an average when price × (n − 1) ≥ the sum of the n − 1 closes before: decided in integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tunefolio.core.alerts import TICK, Direction, Levels
from tunefolio.core.missing import Missing
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.actions import Adjustment
from tunefolio.market.closes import Closes
from tunefolio.services.alert_terms import AverageTerms, MoveTerms, PriceTerms, RangeTerms

Quoted = PriceTerms | MoveTerms | AverageTerms | RangeTerms
YEAR_DAYS = 365
LEAST_CLOSES = 20
"""With fewer closes a 52-week high says nothing."""

_ONE = 10**8
_CURE = "Its history is fetched by itself; see Data health"


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an instrument before a day. factors: of its splits and bonuses up to that day."""

    closes: Closes | None
    factors: Adjustment

    def before(self, day: TradingDay, most: int) -> list[Fraction]:
        """The last closes before the day, at most so many, oldest first, in units of the newest split."""
        if self.closes is None:
            return []
        daily = self.closes.daily
        last = daily.last(day.plus_days(-1))
        end = 0 if last is None else last + 1
        unit = 10**daily.scale
        places = range(max(0, end - most), end)
        if not self.factors.days:
            return [Fraction(int(daily.ticks[place]), unit) for place in places]
        return [
            Fraction(int(daily.ticks[place]), unit) * self.factors.factor(daily.day(place))
            for place in places
        ]

    def year_before(self, day: TradingDay) -> list[Fraction]:
        """The closes of the 365 days before the day."""
        if self.closes is None:
            return []
        first = self.closes.daily.last(day.plus_days(-YEAR_DAYS - 1))
        last = self.closes.daily.last(day.plus_days(-1))
        count = (-1 if last is None else last) - (-1 if first is None else first)
        return self.before(day, count)


def session(moment: Instant) -> TradingDay:
    """The UTC date: no session of the exchanges known here spans midnight UTC."""
    return TradingDay(moment.utc.date())


def levels(
    terms: Quoted, basis: TradingDay, day: TradingDay, previous_close: Decimal | None, past: Past
) -> Levels | Missing:
    """Where the alert speaks on that day. basis: the day in whose units its own numbers are written."""
    match terms:
        case PriceTerms(level, direction):
            return _on(Fraction(level) * past.factors.factor(basis), direction)
        case MoveTerms(ratio, direction, reference):
            if reference is None and not previous_close:
                return Missing("its previous close", _CURE)
            start = (
                Fraction(previous_close or 0)
                if reference is None
                else Fraction(reference) * past.factors.factor(basis)
            )
            return moved(start, Fraction(ratio), direction)
        case AverageTerms(days, direction):
            return averaged(past.before(day, days - 1), days, direction)
        case RangeTerms(direction):
            return ranged(past.year_before(day), direction)


def moved(start: Fraction, ratio: Fraction, direction: Direction) -> Levels:
    """A rise or fall by the ratio from `start`; a fall below zero cannot be."""
    lower = start * (1 - ratio)
    return Levels(
        ceiling(start * (1 + ratio)) if direction is not Direction.DOWN else None,
        floor(lower) if direction is not Direction.UP and lower > 0 else None,
    )


def averaged(before: Sequence[Fraction], days: int, direction: Direction) -> Levels | Missing:
    """p ≥ (p + Σ) ÷ n is p × (n − 1) ≥ Σ: the mean of the n − 1 closes before."""
    if len(before) < days - 1:
        return Missing(f"{days - 1} closes before today, there are {len(before)}", _CURE)
    return _on(sum(before, Fraction(0)) / (days - 1), direction)


def ranged(before: Sequence[Fraction], direction: Direction) -> Levels | Missing:
    """Above all of them or below all of them, by a tick at least."""
    if len(before) < LEAST_CLOSES:
        return Missing(f"{LEAST_CLOSES} closes of the last 52 weeks, there are {len(before)}", _CURE)
    if direction is Direction.UP:
        return Levels(upper=floor(max(before)) + TICK)
    return Levels(lower=ceiling(min(before)) - TICK)


def band(share: Decimal, found: Levels) -> Decimal:
    """The way back that arms an alert again, as a price: a share of the level, to 8 places upwards."""
    level = found.upper if found.upper is not None else found.lower
    return Decimal(0) if level is None else ceiling(Fraction(abs(level)) * Fraction(share))


def ceiling(number: Fraction) -> Decimal:
    """The least number of 8 places that is not below."""
    return Decimal(-(-number.numerator * _ONE // number.denominator)).scaleb(-8)


def floor(number: Fraction) -> Decimal:
    """The greatest number of 8 places that is not above."""
    return Decimal(number.numerator * _ONE // number.denominator).scaleb(-8)


def _on(level: Fraction, direction: Direction) -> Levels:
    return Levels(upper=ceiling(level)) if direction is Direction.UP else Levels(lower=floor(level))
