"""What currencies cost in the rehearsal: each against the rupee by its own path, all others by crossing."""

from __future__ import annotations

from datetime import UTC

from tunefolio.core.time import Clock, TradingDay, calendar_date
from tunefolio.sandbox.abroad import ABROAD
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Company, Kind, Listed


def _listed(code: str, name: str, level: float) -> Listed:
    return Listed(Company(f"{code}INR", "", None, name, "", level, Kind.RATE, False), "CCY", 0)


_AGAINST_RUPEE = {
    "USD": ABROAD["USDINR=X"],
    "EUR": ABROAD["EURINR=X"],
    "GBP": ABROAD["GBPINR=X"],
    "JPY": _listed("JPY", "100 JPY/INR", 59.0),
    "AED": _listed("AED", "AED/INR", 24.0),
    "SGD": _listed("SGD", "SGD/INR", 68.0),
    "CHF": _listed("CHF", "CHF/INR", 109.0),
}
_UNITS = {"JPY": 100}
"""How many units a level is the price of."""


class Rates:
    """Reference rates of the simulated world: of every working day of Europe, no others."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self._market = market
        self._clock = clock
        self.currencies = ("INR", *_AGAINST_RUPEE)

    @property
    def today(self) -> TradingDay:
        return TradingDay(calendar_date(self._clock.now(), UTC))

    def units(self, code: str) -> int:
        """How many units of it India's reference rate is the price of."""
        return _UNITS.get(code, 1)

    def rupees(self, code: str, day: TradingDay) -> float:
        """Rupees for so many units of it."""
        return self._market.close(_AGAINST_RUPEE[code], day) / 100

    def cross(self, base: str, quote: str, day: TradingDay) -> float:
        """What one unit of base costs in quote, to five significant figures as banks publish it."""
        worth = self._worth(base, day) / self._worth(quote, day)
        return float(f"{worth:.6g}")

    def days(self, first: TradingDay, last: TradingDay) -> list[TradingDay]:
        """The working days of [first, last] that have been told by now."""
        end = min(last, self.today)
        span = range(max(0, end - first + 1))
        return [day for day in map(first.plus_days, span) if day.date.weekday() < 5]

    def latest(self, day: TradingDay) -> TradingDay:
        """The newest working day up to that one."""
        return day.plus_days(-max(0, day.date.weekday() - 4))

    def _worth(self, code: str, day: TradingDay) -> float:
        return 1.0 if code == "INR" else self.rupees(code, day) / self.units(code)
