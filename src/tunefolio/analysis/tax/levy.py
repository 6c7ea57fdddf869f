"""From net incomes to tax: set-off, the unused basic exemption, the yearly exemption, rates, cess.

Works on sums by bucket alone, so that a what-if costs microseconds however many deeds stand behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from tunefolio.analysis.tax.heads import GIVEN, Bucket, Head
from tunefolio.analysis.tax.rulebook import ZERO, rule_at
from tunefolio.analysis.tax.setoff import SetOff, set_off
from tunefolio.analysis.tax.taxpayer import LossKind, Regime, Residency, Taxpayer
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule, Rulebook

_RELIEVED = frozenset({Head.SHORT_TERM, Head.LONG_TERM})
"""Gains at rates of their own that an unused basic exemption may reduce; crypto is not among them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One bucket on its way to tax, rupees. income − set_off − basic − exempted = taxable; tax = taxable ×
    rate. At slab rates tax is None: it depends on all the person earns (Levy.slab_tax)."""

    bucket: Bucket
    income: Decimal
    set_off: Decimal
    basic: Decimal = ZERO
    exempted: Decimal = ZERO

    @property
    def after(self) -> Decimal:
        """What set-off leaves: the figure of the schedules."""
        return self.income - self.set_off

    @property
    def taxable(self) -> Decimal:
        return self.after - self.basic - self.exempted

    @property
    def tax(self) -> Decimal | None:
        return None if self.bucket.rate is None else self.taxable * self.bucket.rate


@dataclass(frozen=True, slots=True)
class Exemption:
    """The yearly exemption of long-term gains on equity: once per person and year. used ≤ limit."""

    limit: Decimal
    used: Decimal
    rule: Rule

    @property
    def left(self) -> Decimal:
        return self.limit - self.used


@dataclass(frozen=True, slots=True)
class Basic:
    """The basic exemption and what income at slab rates leaves of it. is_usable: the rest may reduce gains at
    rates of their own (residents). rules: how much, and who may use it."""

    limit: Decimal
    slab_income: Decimal
    used: Decimal
    is_usable: bool
    rules: tuple[Rule, ...]

    @property
    def unused(self) -> Decimal:
        return max(self.limit - self.slab_income, ZERO) if self.is_usable else ZERO


@dataclass(frozen=True, slots=True)
class Levy:
    """The tax on what is known of one person's year, rupees, unrounded but for `payable`. Whether that is all
    of it, and with it what a person may be shown, says TaxYear.

    lines: incomes of the books, the highest rate first. special_tax: at rates of their own. slab_tax: on the
    books' income at the slab the person told, beyond what the basic exemption leaves free. cess: on both;
    surcharge and rebate are not computed. remarks: what the reader must know.
    """

    year: FinancialYear
    set_off: SetOff
    lines: tuple[Line, ...]
    exemption: Exemption
    basic: Basic | Missing
    slab_tax: Decimal | Missing
    cess_rule: Rule
    rounding: Rule
    rules: tuple[Rule, ...]
    remarks: tuple[str, ...]

    @property
    def special_tax(self) -> Decimal:
        return sum((line.tax for line in self.lines if line.tax is not None), ZERO)

    @property
    def slab_income(self) -> Decimal:
        """Of these books, at slab rates."""
        return sum((line.taxable for line in self.lines if line.bucket.rate is None), ZERO)

    @property
    def tax(self) -> Decimal:
        """Before cess; without the slab part where the slab is not told."""
        return self.special_tax + (self.slab_tax if isinstance(self.slab_tax, Decimal) else ZERO)

    @property
    def cess(self) -> Decimal:
        return self.tax * self.cess_rule.number()

    @property
    def total(self) -> Decimal:
        return self.tax + self.cess

    @property
    def payable(self) -> Decimal:
        """The total, rounded once as the law rounds tax."""
        unit = self.rounding.number("unit")
        return (self.total / unit).quantize(Decimal(1), rounding=ROUND_HALF_UP) * unit

    def line(self, bucket: Bucket) -> Line | None:
        return next((line for line in self.lines if line.bucket == bucket), None)


def levied(
    sums: Mapping[Bucket, Decimal], taxpayer: Taxpayer, year: FinancialYear, *, book: Rulebook
) -> Levy:
    """sums: net income of the books by bucket. Raises Misuse for a year without rules."""
    remarks: list[str] = []
    whole = _with_others(sums, taxpayer, remarks)
    done = set_off(whole, year, earlier=taxpayer.earlier, book=book, slab_rate=taxpayer.slab_rate)
    basic = _basic(done, taxpayer, year, book)
    exemption_rule = _needed(book, "exemption.equity", year)
    lines, exemption = _relieved(done, basic, exemption_rule)
    basic = _with_used(basic, lines)
    rates = {line.bucket.rate for line in lines if line.bucket.has_exemption and line.after > 0}
    rules = [step.rule for step in done.steps]
    rules += [_needed(book, f"carry_forward.{one.kind}", year) for one in done.carried]
    rules += [_needed(book, "setoff.order", year)] if _order_mattered(done) else []
    rules += [_needed(book, "exemption.order", year)] if len(rates) > 1 and exemption.used else []
    slab_tax = _slab_tax(lines, basic, taxpayer)
    if taxpayer.residency is Residency.RESIDENT and taxpayer.others is None:
        remarks.append("other income is not told: an unused basic exemption was not used")
    if isinstance(slab_tax, Missing) or slab_tax or any(line.tax for line in lines):
        remarks += _left_out(done, taxpayer, year, book)
    if isinstance(slab_tax, Missing):
        remarks.append("the slab rate is not told: income at slab rates is reported and not taxed")
    return Levy(
        year, done, lines, exemption, basic, slab_tax,
        _needed(book, "cess", year), _needed(book, "rounding.tax", year), tuple(rules), tuple(remarks),
    )  # fmt: skip


def _with_others(
    sums: Mapping[Bucket, Decimal], taxpayer: Taxpayer, remarks: list[str]
) -> dict[Bucket, Decimal]:
    """The books' incomes and the person's others; a head that may not be below zero counts as nothing."""
    whole = dict(sums)
    for bucket, amount in sums.items():
        if amount < 0 and bucket.head in {Head.OTHER_SOURCES, Head.VDA}:
            remarks.append(f"{bucket.label}: {-amount} paid beyond what was received is not set off here")
            del whole[bucket]
    others = taxpayer.others
    if others is not None:
        given = {
            Head.SALARY: others.salary,
            Head.HOUSE_PROPERTY: others.house_property,
            Head.BUSINESS: others.business,
            Head.OTHER_SOURCES: others.other_sources,
        }
        whole |= {Bucket(head, None, GIVEN): amount for head, amount in given.items() if amount}
    return whole


def _basic(done: SetOff, taxpayer: Taxpayer, year: FinancialYear, book: Rulebook) -> Basic | Missing:
    """What the basic exemption is and how much of it slab incomes leave, before any of it is used."""
    if taxpayer.others is None:
        return Missing("the person's other income of the year", "Enter salary and other income")
    regime = "new" if taxpayer.regime is Regime.NEW else f"old.{taxpayer.age}"
    rule = rule_at(book, f"basic_exemption.{regime}", year.last)
    allowed = rule_at(book, "unused_basic_exemption", year.last)
    if isinstance(rule, Missing):
        return Missing(f"a basic exemption of the {regime} regime in {year}", "Choose the old regime")
    if isinstance(allowed, Missing):
        return allowed
    slab = sum((amount for bucket, amount in done.after.items() if bucket.rate is None), ZERO)
    limit = rule.number("amount")
    is_usable = taxpayer.residency.value == allowed.word("residency")
    return Basic(limit, slab, ZERO, is_usable, (rule, allowed))


def _relieved(done: SetOff, basic: Basic | Missing, rule: Rule) -> tuple[tuple[Line, ...], Exemption]:
    """The unused basic exemption first, then the yearly exemption, each against the highest rate first."""
    unused = basic.unused if isinstance(basic, Basic) else ZERO
    left = limit = rule.number("amount")
    lines: list[Line] = []
    for bucket in sorted((one for one in done.after if not one.is_given), key=_rank):
        after = done.after[bucket]
        free = min(unused, after) if bucket.head in _RELIEVED and bucket.rate is not None else ZERO
        exempted = min(left, after - free) if bucket.has_exemption else ZERO
        unused, left = unused - free, left - exempted
        lines.append(Line(bucket, done.before[bucket], done.before[bucket] - after, free, exempted))
    return tuple(lines), Exemption(limit, limit - left, rule)


def _rank(bucket: Bucket) -> tuple[bool, Decimal, bool, str]:
    """Highest rate first, what has the yearly exemption last among equals, slab incomes at the end."""
    return bucket.rate is None, -(bucket.rate or ZERO), bucket.has_exemption, bucket.head


def _left_out(done: SetOff, taxpayer: Taxpayer, year: FinancialYear, book: Rulebook) -> Iterator[str]:
    """Where what is not computed may change the tax: above the first surcharge, and within the rebate."""
    income = sum(done.after.values(), ZERO)
    surcharge = _needed(book, "surcharge", year)
    if income > surcharge.number("above"):
        yield f"income above {surcharge.word('above')}: the surcharge on the tax is not computed"
    rebate = book.at(f"rebate.{taxpayer.regime}", year.last)
    if rebate is None or taxpayer.others is None or taxpayer.residency is not Residency.RESIDENT:
        return
    if 0 < income <= rebate.number("up_to"):
        section, limit = rebate.word("section"), rebate.word("up_to")
        yield f"income up to {limit}: a rebate under section {section} may lower the tax, it is not computed"


def _with_used(basic: Basic | Missing, lines: tuple[Line, ...]) -> Basic | Missing:
    if isinstance(basic, Missing):
        return basic
    used = sum((line.basic for line in lines), ZERO)
    return replace(basic, used=used)


def _slab_tax(lines: tuple[Line, ...], basic: Basic | Missing, taxpayer: Taxpayer) -> Decimal | Missing:
    """The books' part of income at slab rates × the slab told; nothing while all of it is below the basic
    exemption."""
    own = sum((line.taxable for line in lines if line.bucket.rate is None), ZERO)
    if not own:
        return ZERO
    if taxpayer.slab_rate is None:
        return Missing("the person's slab rate", "Enter the rate of the highest slab reached")
    if isinstance(basic, Basic):
        own = min(own, max(basic.slab_income - basic.limit, ZERO))
    return own * taxpayer.slab_rate


def _order_mattered(done: SetOff) -> bool:
    """Was there a choice which income a loss went to? Between heads, or between rates of one head."""
    own = {Head.BUSINESS, Head.SPECULATIVE}
    return any(
        sum(bucket.head is step.against.head for bucket in done.before) > 1
        or (step.kind is LossKind.BUSINESS and step.against.head not in own and len(done.before) > 1)
        for step in done.steps
    )


def _needed(book: Rulebook, name: str, year: FinancialYear) -> Rule:
    rule = book.at(name, year.last)
    if rule is None:
        raise Misuse("year", f"no rule {name} is known for {year}", cure="Take 2018-19 or a later year")
    return rule
