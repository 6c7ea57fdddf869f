"""Daily closes as they were paid, unadjusted; a price carries a few days and is then not available."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Price
from tunefolio.core.time import TradingDay
from tunefolio.market.daily import Daily, Days, Floats

CARRY_DAYS = 10
"""Calendar days that a close stands for those after it: the longest run of exchange holidays and some."""

TRADED = "trade"
"""The source of a price that was paid in a recorded trade."""


@dataclass(frozen=True, slots=True)
class Close:
    """What one unit cost at the end of a session; in the currency of its Closes, ≥ 0."""

    day: TradingDay
    price: Decimal


@dataclass(frozen=True, slots=True)
class Seen:
    """A price with the day it was made and who said so; the day may lie before the one asked for."""

    price: Price
    day: TradingDay
    source: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A price paid in a trade: evidence where a close is lacking."""

    instrument: InstrumentId
    day: TradingDay
    price: Price


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """The raw closes of one instrument, ascending. traded: bool[T], or None when all are from `source`."""

    instrument: InstrumentId
    currency: Currency
    daily: Daily
    source: str = ""
    traded: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls, instrument: InstrumentId, currency: Currency, closes: Iterable[Close], *, source: str = ""
    ) -> Closes:
        """Any order in; of a day given twice the later one stands."""
        daily = Daily.of((close.day, close.price) for close in closes)
        return cls(instrument, currency, daily, source)

    def __iter__(self) -> Iterator[Close]:
        return (Close(self.daily.day(i), self.daily.at(i)) for i in range(len(self.daily)))

    def __len__(self) -> int:
        return len(self.daily)

    def on(self, day: TradingDay, carry_days: int = CARRY_DAYS, *, name: str = "") -> Seen | Missing:
        """The last close on or before the day, at most carry_days older. name: what reasons call it."""
        name = name or f"instrument {self.instrument}"
        place = self.daily.last(day)
        if place is None:
            return Missing(f"price of {name} on {day}: there is none so early", _CURE)
        seen = self.daily.day(place)
        if day - seen > carry_days:
            return Missing(f"price of {name} on {day}: the last is of {seen}", _CURE)
        by_trade = self.traded is not None and bool(self.traded[place])
        return Seen(Price(self.daily.at(place), self.currency), seen, TRADED if by_trade else self.source)

    def with_trades(self, observations: Iterable[Observation]) -> Closes:
        """With the prices of trades on days that have no close; those in another currency are left out."""
        known = set(self.daily.days.tolist())
        paid = {
            seen.day: seen.price.amount
            for seen in observations
            if seen.price.currency == self.currency and seen.day.date.toordinal() not in known
        }
        if not paid:
            return self
        merged = Daily.of([*((c.day, c.price) for c in self), *paid.items()])
        added = np.array([day.date.toordinal() for day in paid], np.int32)
        before = self.daily.days[self.traded] if self.traded is not None else np.array([], np.int32)
        return Closes(
            self.instrument,
            self.currency,
            merged,
            self.source,
            np.isin(merged.days, np.concatenate([added, before])),
        )


_CURE = "Fetch its closes, or record a price"


@dataclass(frozen=True, slots=True, eq=False)
class PriceBook:
    """The closes of many instruments. names: how to call them in reasons (default: their number)."""

    by_instrument: Mapping[InstrumentId, Closes] = field(default_factory=dict)
    carry_days: int = CARRY_DAYS
    names: Mapping[InstrumentId, str] = field(default_factory=dict)

    def of(self, instrument: InstrumentId) -> Closes | None:
        return self.by_instrument.get(instrument)

    def name(self, instrument: InstrumentId) -> str:
        return self.names.get(instrument, f"instrument {instrument}")

    def on(self, instrument: InstrumentId, day: TradingDay) -> Seen | Missing:
        """The last close on or before the day within the carry limit, or which price is missing."""
        closes = self.of(instrument)
        if closes is None:
            return Missing(f"price of {self.name(instrument)} on {day}", _CURE)
        return closes.on(day, self.carry_days, name=self.name(instrument))

    def levels(self, instrument: InstrumentId, days: Days) -> Floats:
        """float64[T]: the close that stands on each day; NaN where it is missing."""
        closes = self.of(instrument)
        return np.full(len(days), np.nan) if closes is None else closes.daily.levels(days, self.carry_days)

    def with_trades(self, observations: Iterable[Observation]) -> PriceBook:
        """With trade prices as evidence on days without a close; a close of the same day wins.

        Of several trades on one day the last one given stands.
        """
        groups: dict[InstrumentId, list[Observation]] = {}
        for seen in observations:
            groups.setdefault(seen.instrument, []).append(seen)
        merged = dict(self.by_instrument)
        for instrument, paid in groups.items():
            closes = merged.get(instrument)
            if closes is None:
                closes = Closes.of(instrument, paid[0].price.currency, ())
            merged[instrument] = closes.with_trades(paid)
        return PriceBook(merged, self.carry_days, self.names)
