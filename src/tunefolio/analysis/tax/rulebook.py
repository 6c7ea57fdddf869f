"""The rules of tax as dated data, and what is said where no rule holds."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
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
def quoted_highs() -> Mapping[str, Decimal]:
    """ISIN → the highest price on NSE on 2018-01-31, of one share as it was then."""
    text = resources.files(_DATA).joinpath("fmv_20180131.csv").read_text("utf-8")
    return {row["isin"]: Decimal(row["high"]) for row in csv.DictReader(text.splitlines())}


def rule_at(book: Rulebook, name: str, day: TradingDay) -> Rule | Missing:
    """The rule of that name in force on the day, or what is lacking."""
    found = book.at(name, day)
    return found if found is not None else Missing(f"a rule for {name} on {day}", _CURE)


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
