"""The rules of tax as dated data, and what is said where no rule holds."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources

from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule, Rulebook, read_rulebook
from tunefolio.core.time import TradingDay

ZERO = Decimal(0)
_DATA = "tunefolio.analysis.data"
_CURE = "The rules begin on 2018-04-01; losses of years before can be entered once, to be carried forward"


@cache
def tax_rules() -> Rulebook:
    """Rates, periods, exemptions and labels of the house, read once."""
    return _read("tax_india.json")


@cache
def schedule_columns() -> Rulebook:
    """The columns of Schedule 112A by financial year, read once."""
    return _read("schedule_112a.json")


@cache
def category_rules() -> Rulebook:
    """What funds of each category are for tax, read once."""
    return _read("fund_categories.json")


@cache
def quoted_highs() -> Mapping[str, Decimal]:
    """ISIN → the highest price on NSE on 2018-01-31, of one share as it was then."""
    text = resources.files(_DATA).joinpath("fmv_20180131.csv").read_text("utf-8")
    return {row["isin"]: Decimal(row["high"]) for row in csv.DictReader(text.splitlines())}


class Eras:
    """A rulebook cut on every day on which a rule begins or has ended: within an era nothing changes, so what
    thousands of deeds have in common is looked up once."""

    def __init__(self, book: Rulebook) -> None:
        changes: dict[date, list[tuple[Rule, bool]]] = {date.min: []}
        for rule in book:
            changes.setdefault(rule.since.date, []).append((rule, True))
            if rule.until is not None:
                changes.setdefault(rule.until.plus_days(1).date, []).append((rule, False))
        self._starts = sorted(changes)
        self._rules: list[dict[str, Rule]] = []
        now: dict[str, Rule] = {}
        for start in self._starts:
            for rule, begins in sorted(changes[start], key=lambda change: change[1]):
                if begins:
                    now[rule.name] = rule
                elif now.get(rule.name) is rule:
                    del now[rule.name]
            self._rules.append(dict(now))

    def number(self, day: TradingDay) -> int:
        """The era of a day, counted from 0."""
        return bisect_right(self._starts, day.date) - 1

    def rule(self, era: int, name: str) -> Rule | None:
        return self._rules[era].get(name)


@lru_cache(maxsize=32)
def eras(book: Rulebook) -> Eras:
    """Worked out once a rulebook."""
    return Eras(book)


def rule_at(book: Rulebook, name: str, day: TradingDay) -> Rule | Missing:
    """The rule of that name in force on the day, or what is lacking."""
    cut = eras(book)
    found = cut.rule(cut.number(day), name)
    return found if found is not None else no_rule(name, day)


def no_rule(name: str, day: TradingDay) -> Missing:
    return Missing(f"a rule for {name} on {day}", _CURE)


@lru_cache(maxsize=8192)
def rows_of(book: Rulebook, era: int, names: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules of these names in an era, without those that do not hold: one tuple for all who ask."""
    cut = eras(book)
    return tuple(rule for name in names if (rule := cut.rule(era, name)) is not None)


def doubts_of(rules: Iterable[Rule]) -> tuple[str, ...]:
    """What the doubtful ones among these rules should tell the reader, each once, in the order met."""
    return tuple(
        dict.fromkeys(
            f"{rule.name} since {rule.since} ({rule.confidence} confidence): {rule.note or 'few sources'}"
            for rule in rules
            if rule.is_doubtful
        )
    )


def rules_once(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The same rules without repetition, in the order met; a rule is one row of one name."""
    return tuple({(rule.name, rule.since): rule for rule in rules}.values())


def _read(name: str) -> Rulebook:
    return read_rulebook(resources.files(_DATA).joinpath(name).read_text("utf-8"), place=name)
