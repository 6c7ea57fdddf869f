"""What the rehearsal's companies did and announce: splits, bonuses and dividends of its own making.

Simulated walks are continuous, in the units that stand when the exchange opens. What was paid before a split
of the past is a multiple of them; from the ex-day of an announced one on, a unit costs a part of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from threading import Lock

from tunefolio.core.time import TradingDay
from tunefolio.sandbox.noise import key_of, pick
from tunefolio.sandbox.universe import Kind, Listed

_DIVIDEND_MONTH = 7


@dataclass(frozen=True, slots=True)
class Split:
    """`new` units for `old` ones from that session on. is_bonus: so the register says; Yahoo does not."""

    symbol: str
    ex_day: date
    new: int
    old: int
    is_bonus: bool = False

    @property
    def words(self) -> str:
        """As the exchange's register has it: a split by its face values, a bonus as new for held."""
        if self.is_bonus:
            return f"Bonus {self.new - self.old}:{self.old}"
        return (
            f"Face Value Split (Sub-Division) - From Rs {self.new}/- Per Share To Rs {self.old}/- Per Share"
        )


SPLITS = (
    Split("ASHOKLEY", date(2019, 9, 16), 2, 1, is_bonus=True),
    Split("DIXON", date(2021, 3, 18), 5, 1),
    Split("PERSISTENT", date(2024, 4, 1), 2, 1),
    Split("HINDUNILVR", date(2024, 10, 14), 2, 1),
    Split("POWERGRID", date(2025, 3, 12), 4, 3, is_bonus=True),
    Split("EICHERMOT", date(2026, 2, 9), 5, 1),
    Split("TECHM", date(2026, 3, 16), 5, 1),
    Split("NESTLEIND", date(2026, 6, 22), 2, 1, is_bonus=True),
)
"""The rehearsal's own inventions: none is a date of the company's real history."""

_BY_SYMBOL = {
    symbol: [split for split in SPLITS if split.symbol == symbol]
    for symbol in {split.symbol for split in SPLITS}
}


def splits_of(listed: Listed) -> list[Split]:
    """Every split and bonus of that company, oldest first."""
    return _BY_SYMBOL.get(listed.company.symbol, [])


def units_after(listed: Listed, day: TradingDay) -> Fraction:
    """How many of today's units one unit held on that day has become."""
    grown = Fraction(1)
    for split in splits_of(listed):
        if split.ex_day > day.date:
            grown *= Fraction(split.new, split.old)
    return grown


class Register:
    """The splits and bonuses of one exchange: SPLITS, and what is announced while it runs. Thread-safe.

    An announced one must lie ahead: what has been traded and told stays as it was.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._announced: tuple[Split, ...] = ()

    def announce(self, split: Split) -> None:
        with self._lock:
            self._announced = tuple(sorted((*self._announced, split), key=lambda one: one.ex_day))

    def splits_of(self, listed: Listed) -> list[Split]:
        """Every split and bonus of that company, oldest first, those ahead too."""
        return sorted([*splits_of(listed), *self._of(listed)], key=lambda one: one.ex_day)

    def announced(self) -> tuple[Split, ...]:
        """What was announced while the exchange ran, oldest ex-day first."""
        return self._announced

    def grown(self, listed: Listed, day: TradingDay) -> Fraction:
        """Units of that day for one unit of the walk: more than one from an announced ex-day on."""
        grown = Fraction(1)
        for split in self._of(listed):
            if split.ex_day <= day.date:
                grown *= Fraction(split.new, split.old)
        return grown

    def units_after(self, listed: Listed, day: TradingDay, as_of: TradingDay) -> Fraction:
        """How many units of `as_of` one unit held on `day` has become."""
        return units_after(listed, day) * self.grown(listed, as_of) / self.grown(listed, day)

    def paid_dividend(self, listed: Listed, day: TradingDay) -> float:
        """Rupees per unit of that day."""
        return round(float(dividend(listed) * units_after(listed, day) / self.grown(listed, day)), 4)

    def _of(self, listed: Listed) -> list[Split]:
        return [split for split in self._announced if split.symbol == listed.company.symbol]


def paid(listed: Listed, close: int, day: TradingDay) -> int:
    """The paise really paid on that day, from the simulated close in today's units."""
    return round(close * units_after(listed, day))


def dividend(listed: Listed) -> float:
    """Money per unit of the walk, each July: about one per cent of the level; zero for what pays none."""
    company = listed.company
    if company.kind is not Kind.SHARE:
        return 0.0
    rate = 5 + pick(key_of("dividend", company.symbol), 0, 15)
    return max(0.1, round(company.level * rate / 1000, 1))


def dividend_day(listed: Listed, year: int) -> date:
    """The ex-date of that year's dividend: a weekday of July, the same each time it is asked."""
    day = date(year, _DIVIDEND_MONTH, 1 + pick(key_of("dividend day", listed.company.symbol, year), 0, 28))
    return day + timedelta(days=7 - day.weekday() if day.weekday() > 4 else 0)


def paid_dividend(listed: Listed, day: TradingDay) -> float:
    """Rupees per unit of that day: more than in today's units before a split."""
    return round(float(dividend(listed) * units_after(listed, day)), 4)
