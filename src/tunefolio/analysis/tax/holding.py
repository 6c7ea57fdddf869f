"""How long units were held, by the calendar, and whether that is long."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from tunefolio.analysis.tax.assets import UNITS, Asset, TaxClass
from tunefolio.analysis.tax.rulebook import eras, no_rule
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
    first, last = acquired.date, sold.date
    whole = first.month - 1 + months
    year, month = first.year + whole // 12, whole % 12 + 1
    if (last.year, last.month) != (year, month):
        return (last.year, last.month) > (year, month)
    return last.day > min(first.day, monthrange(year, month)[1])


def held(
    asset: Asset, tax_class: TaxClass, acquired: TradingDay, sold: TradingDay, book: Rulebook
) -> Held | Missing:
    """The rules of the day of sale decide; some units bought since a day are short-term for ever."""
    name = _holding_name(asset, tax_class)
    terms = _terms(book, eras(book).number(sold), tax_class, name)
    if terms.deemed is not None and terms.deemed_from <= acquired.date:
        return terms.deemed
    if terms.short is None or terms.long is None:
        return no_rule(f"holding.{name}", sold)
    return terms.long if is_long(acquired, sold, terms.months) else terms.short


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a class can be in an era. deemed: short-term for ever where bought since that day; short, long:
    None where no rule holds."""

    deemed: Held | None
    deemed_from: date
    short: Held | None
    long: Held | None
    months: int


@lru_cache(maxsize=4096)
def _terms(book: Rulebook, era: int, tax_class: TaxClass, name: str) -> _Terms:
    cut = eras(book)
    deemed = cut.rule(era, f"deemed_short.{tax_class}")
    since = date.min
    if deemed is not None and deemed.word("acquired_from"):
        since = date.fromisoformat(deemed.word("acquired_from"))
    for_ever = None if deemed is None else Held(Term.SHORT, None, (deemed,))
    rule = cut.rule(era, f"holding.{name}")
    if rule is None:
        return _Terms(for_ever, since, None, None, 0)
    months = int(rule.number("months"))
    short, long = (Held(term, months, (rule,)) for term in (Term.SHORT, Term.LONG))
    return _Terms(for_ever, since, short, long, months)


def _holding_name(asset: Asset, tax_class: TaxClass) -> str:
    if tax_class in UNITS:
        return "fund.listed" if asset.is_listed else "fund.unlisted"
    return tax_class.value
