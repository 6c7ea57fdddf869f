"""One person's year: the front door of the room. Everything behind the tax is kept beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tunefolio.analysis.tax.assessment import Assessed, assessed
from tunefolio.analysis.tax.assets import Asset
from tunefolio.analysis.tax.blockers import Blocker, NotReady, of_holes
from tunefolio.analysis.tax.business import turnover
from tunefolio.analysis.tax.disposals import Disposal, Hole, Unsold
from tunefolio.analysis.tax.gains import Law
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.incomes import Income
from tunefolio.analysis.tax.levy import Basic, Levy, levied
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of, rules_once
from tunefolio.analysis.tax.taxpayer import EarlierLoss, Taxpayer, entered_once
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule

NOT_COMPUTED = (
    "surcharge",
    "rebate under section 87A (section 156 of the Act of 2025)",
    "tax on salary and other income beside these books",
    "relief for tax paid abroad",
    "losses that count for nothing after a purchase shortly before a dividend or bonus (section 94(7), (8))",
)
"""What the figures leave out: said on the page and in every export."""


@dataclass(frozen=True, slots=True)
class Record:
    """All that a person's books tell about tax, every year of it: from disposals.deeds_of and incomes.
    unsold: what of the charges of purchases stays with units still held."""

    disposals: Sequence[Disposal]
    incomes: Sequence[Income]
    assets: Mapping[InstrumentId, Asset]
    holes: Sequence[Hole] = ()
    unsold: Mapping[TransactionId, Unsold] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaxYear:
    """One person's year. found: each deed under its head; levy: the tax; withheld: credits for tax deducted
    at source; blockers: what to mend before anything is exported; rules: all that were used, each once.
    unjudged: how many deeds of the years before could not be judged: what they bring on is not known.
    outside: what is known to be missing from the books as a whole, in words."""

    year: FinancialYear
    taxpayer: Taxpayer
    law: Law
    found: Assessed
    levy: Levy
    withheld: Decimal
    blockers: tuple[Blocker, ...]
    rules: tuple[Rule, ...]
    unjudged: int = 0
    outside: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """Everything the reader must be told, each once: what the books lack, then doubtful rules."""
        told = (*self.outside, *doubts_of(self.rules), *self.found.remarks(), *self.levy.remarks)
        return tuple(dict.fromkeys(told))

    @property
    def is_ready(self) -> bool:
        return not self.blockers

    @property
    def gap(self) -> Missing | None:
        """Why no sum of tax is known, though the deeds that could be judged are in `levy`."""
        count = len(self.found.holes) + self.unjudged
        if not count:
            return None
        return Missing(
            f"{count} {'deed' if count == 1 else 'deeds'} must be mended first", "Mend what is listed"
        )

    @property
    def special_tax(self) -> Decimal | Missing:
        """At rates of their own: known without the slab."""
        return self.gap or self.levy.special_tax

    @property
    def slab_tax(self) -> Decimal | Missing:
        return self.gap or self.levy.slab_tax

    @property
    def cess(self) -> Decimal | Missing:
        return self._known(self.levy.cess)

    @property
    def payable(self) -> Decimal | Missing:
        """All tax with cess, rounded once; Missing while a deed is not judged or the slab is not told."""
        return self._known(self.levy.payable)

    @property
    def due(self) -> Decimal | Missing:
        """The tax payable less what was withheld; below zero: a refund."""
        return self._known(self.levy.payable - self.withheld)

    def _known(self, amount: Decimal) -> Decimal | Missing:
        return self.slab_tax if isinstance(self.slab_tax, Missing) else amount

    def turnover(self, head: Head) -> Decimal:
        """Of BUSINESS or SPECULATIVE, for the limits of audit."""
        return turnover(self.found.trades, head)

    def must_be_ready(self) -> None:
        """Raises NotReady with the list of what to mend: called by every export."""
        if self.blockers:
            raise NotReady(self.blockers)

    def brought_on(self) -> tuple[EarlierLoss, ...]:
        """The losses that go into the next year, one a kind and year."""
        return tuple(EarlierLoss(one.year, one.kind, one.amount) for one in self.levy.set_off.carried)


def tax_year(
    record: Record, taxpayer: Taxpayer, year: FinancialYear, law: Law, *, blockers: Sequence[Blocker] = ()
) -> TaxYear:
    """The deeds and receipts of one year. blockers: of the books as a whole, such as breaks.

    Linear in the deeds of the year. Raises Misuse for a year without rules and for a loss entered twice.
    """
    law = replace(law, residency=taxpayer.residency)
    incomes = [one for one in record.incomes if year.holds(one.day)]
    found = assessed((one for one in record.disposals if year.holds(one.day)), incomes, record.assets, law)
    found.holes += [hole for hole in record.holes if year.holds(hole.day)]
    levy = levied(found.sums(), taxpayer, year, book=law.book)
    withheld = sum((one.credit for one in incomes), ZERO)
    used = rules_once((*found.rules(), *_of_levy(levy)))
    return TaxYear(year, taxpayer, law, found, levy, withheld, (*blockers, *of_holes(found.holes)), used)


def tax_years(
    record: Record, taxpayers: Mapping[FinancialYear, Taxpayer], law: Law
) -> dict[FinancialYear, TaxYear]:
    """Several years in a row, each bringing its losses into the next.

    taxpayers: for each year, with the losses *entered* in it. Raises Misuse for a gap between the years, and
    for an entered loss of a year that is computed here: it would be set off twice.
    """
    done: dict[FinancialYear, TaxYear] = {}
    brought: tuple[EarlierLoss, ...] = ()
    entered_once(loss for taxpayer in taxpayers.values() for loss in taxpayer.earlier)
    for year in sorted(taxpayers):
        if done and FinancialYear(year.start - 1) not in done:
            raise Misuse("year", f"{FinancialYear(year.start - 1)} is missing before {year}")
        entered = taxpayers[year].earlier
        if any(loss.year in done for loss in entered):
            raise Misuse("earlier", "a loss is entered that follows from the books", cure="Remove the entry")
        entered_once((*brought, *entered))
        who = replace(taxpayers[year], earlier=(*brought, *entered))
        done[year] = tax_year(record, who, year, law)
        brought = done[year].brought_on()
    return done


def _of_levy(levy: Levy) -> Iterable[Rule]:
    yield from levy.rules
    yield levy.exemption.rule
    if levy.special_tax or isinstance(levy.slab_tax, Decimal):
        yield levy.cess_rule
        yield levy.rounding
    if isinstance(levy.basic, Basic) and levy.basic.used:
        yield from levy.basic.rules
