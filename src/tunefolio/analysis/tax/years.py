"""The year that is taxed: April to March, and the five periods of advance tax in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from tunefolio.core.errors import Misuse
from tunefolio.core.rules import Rulebook
from tunefolio.core.time import TradingDay

_NAME = re.compile(r"(?:FY ?)?(\d{4})-(\d{2}|\d{4})\Z", re.IGNORECASE)
_APRIL = 4
_ACT_OF_2025 = 2026
"""First year under the Income-tax Act, 2025, which has tax years and no assessment years."""


@dataclass(frozen=True, slots=True, order=True)
class FinancialYear:
    """1 April of `start` to 31 March after it, both included."""

    start: int

    @classmethod
    def of(cls, day: TradingDay) -> FinancialYear:
        """The year a day belongs to."""
        return cls(day.date.year if day.date.month >= _APRIL else day.date.year - 1)

    @classmethod
    def parse(cls, text: str) -> FinancialYear:
        """2024-25, 2024-2025 or FY2024-25; raises Misuse for anything else."""
        found = _NAME.match(text.strip())
        if found is None or int(found[2]) % 100 != (int(found[1]) + 1) % 100:
            raise Misuse("year", f"{text!r} is no financial year", cure="Write 2024-25")
        return cls(int(found[1]))

    @property
    def first(self) -> TradingDay:
        return TradingDay(date(self.start, 4, 1))

    @property
    def last(self) -> TradingDay:
        return TradingDay(date(self.start + 1, 3, 31))

    @property
    def name(self) -> str:
        return _label(self.start)

    @property
    def assessed(self) -> str:
        """How the return calls it: an assessment year, since 2026-27 a tax year."""
        if self.start >= _ACT_OF_2025:
            return f"tax year {self.name}"
        return f"assessment year {_label(self.start + 1)}"

    def holds(self, day: TradingDay) -> bool:
        on = day.date
        return self.start == (on.year if on.month >= _APRIL else on.year - 1)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Period:
    """One instalment of advance tax: its days, both included."""

    first: TradingDay
    last: TradingDay

    @property
    def label(self) -> str:
        return f"{self.first.date:%d/%m}–{self.last.date:%d/%m}"

    def holds(self, day: TradingDay) -> bool:
        return self.first <= day <= self.last


@lru_cache(maxsize=64)
def periods(year: FinancialYear, book: Rulebook) -> tuple[Period, ...]:
    """The periods of Schedule CG, table F, oldest first: together the year. Raises Misuse without a rule."""
    rule = book.at("advance_tax", year.first)
    if rule is None:
        raise Misuse("year", f"no periods of advance tax are known for {year}", cure="Take 2018-19 or later")
    found: list[Period] = []
    first = year.first
    for text in rule.word("ends").split():
        month, day = (int(part) for part in text.split("-"))
        last = TradingDay(date(year.start if month >= _APRIL else year.start + 1, month, day))
        found.append(Period(first, last))
        first = last.plus_days(1)
    return tuple(found)


def _label(start: int) -> str:
    return f"{start}-{(start + 1) % 100:02d}"
