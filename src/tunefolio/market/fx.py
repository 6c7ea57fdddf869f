"""Exchange rates by day. A missing rate is named with its day, and is never one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal

import numpy as np

from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.daily import Daily, Days, Floats

CARRY_DAYS = 7
"""Calendar days that a rate stands for those after it: a week of bank holidays."""

Pair = tuple[Currency, Currency]

_INVERSE = Context(prec=18)
"""Inverse and crossed rates are kept to 18 digits: far below any paisa, and the same on every machine."""

_ONE = Decimal(1)
_VIA = (Currency("USD"), INR, Currency("EUR"))
_CURE = "Fetch the rates of that day, or record one"


@dataclass(frozen=True, slots=True)
class Rate:
    """1 base = rate quote, > 0. day: when it was fixed; it may lie before the day asked for.

    source: who said so; for a rate turned round or crossed, from which pairs it was worked out.
    """

    base: Currency
    quote: Currency
    day: TradingDay
    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class RateBook:
    """Rates of many pairs. A pair may be turned round, or crossed over one third currency."""

    pairs: Mapping[Pair, Daily] = field(default_factory=dict)
    sources: Mapping[Pair, str] = field(default_factory=dict)
    carry_days: int = CARRY_DAYS
    _found: dict[tuple[Currency, Currency, TradingDay], Rate | Missing] = field(
        default_factory=dict, repr=False
    )

    @classmethod
    def of(cls, rates: Iterable[Rate], *, carry_days: int = CARRY_DAYS) -> RateBook:
        """Any order in; of a pair's day given twice the later one stands. Raises Misuse for a rate ≤ 0."""
        groups: dict[Pair, list[Rate]] = {}
        for rate in rates:
            if rate.rate <= 0:
                raise Misuse("rate", f"{rate.base}/{rate.quote} on {rate.day} must be above zero")
            groups.setdefault((rate.base, rate.quote), []).append(rate)
        return cls(
            {pair: Daily.of((r.day, r.rate) for r in group) for pair, group in groups.items()},
            {pair: group[-1].source for pair, group in groups.items()},
            carry_days,
        )

    def on(self, base: Currency, quote: Currency, day: TradingDay) -> Rate | Missing:
        """The rate that stands on the day, or which one is missing. Of a currency in itself: one."""
        if base == quote:
            return Rate(base, quote, day, _ONE, "")
        key = (base, quote, day)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._look_up(base, quote, day)
        return found

    def levels(self, base: Currency, quote: Currency, days: Days) -> Floats:
        """float64[T]: the rate that stands on each day; NaN where it is missing."""
        if base == quote:
            return np.ones(len(days))
        result = self._direct_levels(base, quote, days)
        for via in self._bridges(base, quote):
            if not np.isnan(result).any():
                break
            crossed = self._direct_levels(base, via, days) * self._direct_levels(via, quote, days)
            result = np.where(np.isnan(result), crossed, result)
        return result

    def _look_up(self, base: Currency, quote: Currency, day: TradingDay) -> Rate | Missing:
        direct = self._direct(base, quote, day)
        if direct is not None:
            return direct
        for via in self._bridges(base, quote):
            first, second = self._direct(base, via, day), self._direct(via, quote, day)
            if first is not None and second is not None:
                crossed = _INVERSE.multiply(first.rate, second.rate)
                words = f"{base}/{via} × {via}/{quote}"
                return Rate(base, quote, min(first.day, second.day), crossed, words)
        return Missing(f"rate {base}/{quote} on {day}", _CURE)

    def _direct(self, base: Currency, quote: Currency, day: TradingDay) -> Rate | None:
        straight = self._stated(base, quote, day)
        if straight is not None:
            return straight
        turned = self._stated(quote, base, day)
        if turned is None:
            return None
        return Rate(base, quote, turned.day, _INVERSE.divide(_ONE, turned.rate), f"1 ÷ {quote}/{base}")

    def _stated(self, base: Currency, quote: Currency, day: TradingDay) -> Rate | None:
        daily = self.pairs.get((base, quote))
        place = None if daily is None else daily.last(day)
        if daily is None or place is None:
            return None
        fixed = daily.day(place)
        if day - fixed > self.carry_days:
            return None
        return Rate(base, quote, fixed, daily.at(place), self.sources.get((base, quote), ""))

    def _direct_levels(self, base: Currency, quote: Currency, days: Days) -> Floats:
        straight, turned = self.pairs.get((base, quote)), self.pairs.get((quote, base))
        result = np.full(len(days), np.nan)
        if straight is not None:
            result = straight.levels(days, self.carry_days)
        if turned is not None:
            result = np.where(np.isnan(result), 1.0 / turned.levels(days, self.carry_days), result)
        return result

    def _bridges(self, base: Currency, quote: Currency) -> Iterator[Currency]:
        """Third currencies in a fixed order, so that the same book always gives the same rate."""
        known = {currency for pair in self.pairs for currency in pair}
        rest = sorted(known - set(_VIA))
        return (via for via in (*_VIA, *rest) if via in known and via not in (base, quote))


NO_RATES = RateBook()
"""Nothing but each currency in itself."""
