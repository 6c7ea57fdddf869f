"""Advance tax: what of a year's tax is due by which day (rules `advance_tax.*`).

1 Nobody foresees gains and dividends: the law forgives that tax on them was not paid before they arose, if it
is paid in the instalments after. So at each due day the tax is that of the year with those deeds only which
happened until then. 2 Of it the share of the day is due, less what earlier instalments paid. 3 What arises
after the last instalment is due by the end of the year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.analysis.derivation import Derivation, given, made
from tunefolio.analysis.tax.assessment import Assessed
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.incomes import Earned, IncomeKind
from tunefolio.analysis.tax.levy import levied
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of
from tunefolio.analysis.tax.steps import INR, explain
from tunefolio.analysis.tax.taxpayer import Residency
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule
from tunefolio.core.time import TradingDay

_UNFORESEEN = frozenset({IncomeKind.DIVIDEND, IncomeKind.BUYBACK})
_APRIL = 4


@dataclass(frozen=True, slots=True)
class Instalment:
    """One due day. share: of the year's tax that must be paid by then, as a ratio. then: the year as it stood
    on that day; net: its tax and cess less what was withheld, rupees, exact, never below zero.

    cumulative = net × share, and never less than by the due day before; to_pay: what is new of it.
    """

    due: TradingDay
    share: Decimal
    then: TaxYear
    net: Decimal
    cumulative: Decimal
    to_pay: Decimal


@dataclass(frozen=True, slots=True)
class AdvanceTax:
    """A year's instalments, oldest first; the last is 31 March. not_due: why none has to be paid, or "": then
    the instalments still show what the tax would be. rules: those that decided. All on the tax of these books
    alone: what salary and other income bring on top is not computed."""

    year: FinancialYear
    instalments: tuple[Instalment, ...]
    not_due: str
    rules: tuple[Rule, ...]

    @property
    def doubts(self) -> tuple[str, ...]:
        return doubts_of(self.rules)


def advance_tax(result: TaxYear) -> AdvanceTax | Missing:
    """The instalments of a computed year; Missing while the tax of the year is not known.

    A few passes over the deeds of the year. Raises Misuse for a year without rules.
    """
    if isinstance(result.payable, Missing):
        return result.payable
    rules = tuple(_rule(result, f"advance_tax.{name}") for name in ("instalments", "threshold", "senior"))
    found: list[Instalment] = []
    paid = ZERO
    for due, share in _days(rules[0], result.year):
        then = _until(result, due)
        if isinstance(then.levy.slab_tax, Missing):
            return then.levy.slab_tax
        net = max(then.levy.total - then.withheld, ZERO)
        cumulative = max(net * share, paid)
        found.append(Instalment(due, share, then, net, cumulative, cumulative - paid))
        paid = cumulative
    return AdvanceTax(result.year, tuple(found), _not_due(result, found[-1].net, rules), rules)


def _not_due(result: TaxYear, net: Decimal, rules: tuple[Rule, ...]) -> str:
    """Why nothing has to be paid in advance, or ""."""
    _, threshold, senior = rules
    limit = threshold.number("amount")
    who = result.taxpayer
    if net < limit:
        return f"the tax of these books is below ₹{limit:,}"
    given = who.others is not None and who.others.business > 0
    is_trader = given or any(trade.head in {Head.BUSINESS, Head.SPECULATIVE} for trade in result.found.trades)
    if who.residency is Residency.RESIDENT and who.age in senior.word("ages").split() and not is_trader:
        return "a resident of 60 years or more without income of a business pays none"
    return ""


def _days(rule: Rule, year: FinancialYear) -> Iterator[tuple[TradingDay, Decimal]]:
    """(due day, share) of each instalment, then the last day of the year with the whole."""
    for text in rule.word("due").split():
        day, share = text.split(":")
        start = year.start if int(day[:2]) >= _APRIL else year.start + 1
        yield TradingDay.parse(f"{start}-{day}"), Decimal(share)
    yield year.last, Decimal(1)


def _until(result: TaxYear, day: TradingDay) -> TaxYear:
    """The year with the gains and dividends that arose by that day; all else of it can be foreseen."""
    whole = result.found
    left_out = [one for one in whole.earned if _comes_later(one, day)]
    found = Assessed(
        [one for one in whole.gains if one.day <= day],
        [one for one in whole.vda if one.day <= day],
        whole.trades,
        [one for one in whole.earned if not _comes_later(one, day)],
        [one for one in whole.exempt if one.day <= day],
        whole.holes,
    )
    levy = levied(found.sums(), result.taxpayer, result.year, book=result.law.book)
    withheld = result.withheld - sum((one.income.credit for one in left_out), ZERO)
    return replace(result, found=found, levy=levy, withheld=withheld)


def _comes_later(one: Earned, day: TradingDay) -> bool:
    return one.day > day and one.income.kind in _UNFORESEEN


def _rule(result: TaxYear, name: str) -> Rule:
    found = result.law.book.at(name, result.year.last)
    if found is None:
        raise Misuse(
            "year", f"no rule {name} is known for {result.year}", cure="Take 2018-19 or a later year"
        )
    return found


def explain_instalment(one: Instalment) -> Derivation:
    """What must be paid by a due day, down to the deeds that happened until then."""
    parts = [explain(one.then, "total"), explain(one.then, "withheld")]
    net = made("tax until then, less what was withheld", "difference", parts, INR)
    share = given("share of the year's tax", one.share, "ratio", "advance_tax.instalments")
    owed = made("above zero", "above zero", [net], INR)
    due = made("due by this day", "product", [owed, share], INR, formula="tax × share")
    if due.value == one.cumulative:
        return due
    before = given("due by the day before", one.cumulative, INR, "an earlier instalment was more")
    return made("due by this day", "larger", [due, before], INR, formula="never less than was due before")
