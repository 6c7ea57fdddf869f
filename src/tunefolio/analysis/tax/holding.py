"""How long units were held, by the calendar, and whether that is long."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tunefolio.analysis.tax.assets import UNITS, Asset, TaxClass
from tunefolio.analysis.tax.rulebook import rule_at
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule, Rulebook
from tunefolio.core.time import TradingDay


class Term(StrEnum):
    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Held:
    """The term of a disposal and the rules that decided it. needed: months that must be exceeded; None where
    it is short however long the units were held."""

    term: Term
    needed: int | None
    rules: tuple[Rule, ...]


def anniversary(day: TradingDay, months: int) -> TradingDay:
    """The same day of the month so many months later; 29 February and the like fall back to the last day."""
    whole = day.date.month - 1 + months
    year, month = day.date.year + whole // 12, whole % 12 + 1
    return TradingDay(date(year, month, min(day.date.day, monthrange(year, month)[1])))


def is_long(acquired: TradingDay, sold: TradingDay, months: int) -> bool:
    """More than so many months: on the anniversary itself it is still short."""
    return sold > anniversary(acquired, months)


def held(
    asset: Asset, tax_class: TaxClass, acquired: TradingDay, sold: TradingDay, book: Rulebook
) -> Held | Missing:
    """The rules of the day of sale decide; some units bought since a day are short-term for ever."""
    deemed = book.at(f"deemed_short.{tax_class}", sold)
    if deemed is not None and acquired.iso() >= deemed.word("acquired_from"):
        return Held(Term.SHORT, None, (deemed,))
    rule = rule_at(book, f"holding.{_holding_name(asset, tax_class)}", sold)
    if isinstance(rule, Missing):
        return rule
    months = int(rule.number("months"))
    return Held(Term.LONG if is_long(acquired, sold, months) else Term.SHORT, months, (rule,))


def _holding_name(asset: Asset, tax_class: TaxClass) -> str:
    if tax_class in UNITS:
        return "fund.listed" if asset.is_listed else "fund.unlisted"
    return tax_class.value
