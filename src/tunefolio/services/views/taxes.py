"""A year of tax as its pages show it: rows with their names, what to mend and where, what may be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from tunefolio.analysis.tax.assessment import Exempt
from tunefolio.analysis.tax.blockers import Blocker
from tunefolio.analysis.tax.business import Trade
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.gains import Gain
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.incomes import Earned
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.vda import VdaGain
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.tax import TaxReport
from tunefolio.services.tax_planning import Sale
from tunefolio.services.tax_records import FIRST_YEAR
from tunefolio.services.tax_rows import Deed, deeds_of
from tunefolio.services.tax_trials import lots_of
from tunefolio.services.views.tax_cures import Cure, blocker_cure

_SAID = frozenset(
    {
        Kind.BUY,
        Kind.SELL,
        Kind.SUBSCRIBE,
        Kind.RIGHTS,
        Kind.BUYBACK,
        Kind.MERGER,
        Kind.WRITE_OFF,
        Kind.OPENING,
    }
)
"""Facts of which tax may ask more than they say."""
EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class DeedRow:
    """One deed in a table. Rupees; None where the law does not ask for the figure. rate: None is the slab.

    head: a Head or "exempt". key: its name in explanations.
    """

    key: str
    head: str
    label: str
    rate: Decimal | None
    name: str
    isin: str
    account: str
    disposal: Disposal
    received: Decimal
    expenses: Decimal | None
    cost: Decimal
    value: Decimal | None
    taken: Decimal | None
    gain: Decimal
    rules: tuple[Rule, ...]
    doubts: tuple[str, ...]
    turnover: Decimal | None = None


@dataclass(frozen=True, slots=True)
class IncomeRow:
    """One receipt in a table."""

    key: str
    row: Earned
    name: str
    account: str


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing to mend, and where it is done. name: of its instrument, or ""."""

    blocker: Blocker
    name: str
    account: str
    cure: Cure


@dataclass(frozen=True, slots=True)
class BucketSum:
    """Net of one bucket before set-off, below zero for a loss."""

    bucket: Bucket
    net: Decimal


def deeds_under(report: TaxReport, head: str = "") -> list[tuple[str, Deed]]:
    """Every deed of the year with its key, or those of one head."""
    return [(key, one) for key, one in deeds_of(report.result) if not head or head_of(one) == head]


def deed_rows(report: TaxReport, keyed: Iterable[tuple[str, Deed]]) -> list[DeedRow]:
    """These deeds as rows."""
    names = _names(report)
    return [_row(key, one, names) for key, one in keyed]


def lot_rows(sale: Sale) -> list[DeedRow]:
    """The lots that a planned sale takes."""
    return deed_rows(sale.year, lots_of(sale))


def doubts_in(rows: Iterable[Gain]) -> tuple[str, ...]:
    """What is doubtful about any of them, each once."""
    return tuple(dict.fromkeys(text for row in rows for text in row.doubts))


def heads_of(report: TaxReport) -> set[str]:
    """The heads that the year has deeds of."""
    return {head_of(one) for _key, one in deeds_of(report.result)}


def head_of(one: Deed) -> str:
    """Its head, or that the law leaves it out."""
    match one:
        case Gain() | VdaGain():
            return one.bucket.head.value
        case Trade():
            return one.head.value
        case Exempt():
            return EXEMPT
        case _:
            assert_never(one)


def income_rows(report: TaxReport, keyed: Iterable[tuple[str, Earned]]) -> list[IncomeRow]:
    """These receipts of the year as rows."""
    names, assets = _names(report), report.record.assets
    rows = []
    for key, row in keyed:
        one = row.income
        asset = None if one.instrument is None else assets.get(one.instrument)
        rows.append(IncomeRow(key, row, "" if asset is None else asset.name, names.get(one.account, "")))
    return rows


def bucket_sums(report: TaxReport) -> list[BucketSum]:
    """Gains, losses and receipts of the books by head and rate, heads in the order of the law."""
    order = list(Head)
    sums = report.result.found.sums()
    ordered = sorted(sums, key=lambda one: (order.index(one.head), one.rate or ZERO, one.section))
    return [BucketSum(bucket, sums[bucket]) for bucket in ordered]


def mends(report: TaxReport) -> list[Mend]:
    """What stands in the way of an export, each with the page that mends it."""
    names, assets = _names(report), report.record.assets
    found = []
    for one in report.result.blockers:
        asset = assets.get(one.instrument)
        name = asset.name if asset else ""
        found.append(Mend(one, name, names.get(one.account, ""), blocker_cure(one, report)))
    return found


def years_to_choose(running: FinancialYear) -> list[FinancialYear]:
    """Every year that the rules know, the newest first."""
    return [FinancialYear(start) for start in range(running.start, FIRST_YEAR.start - 1, -1)]


def facts_to_tell(report: TaxReport, instrument: InstrumentId) -> list[Transaction]:
    """The taxpayer's facts of an instrument of which tax may ask more, newest first."""
    facts = report.material.facts.values()
    wanted = [one for one in facts if one.fact.instrument == instrument and one.fact.kind in _SAID]
    return sorted(wanted, key=lambda one: (one.fact.day, one.id), reverse=True)


def _names(report: TaxReport) -> Mapping[int, str]:
    return {home.id: home.name for home in report.subject.accounts}


def _row(key: str, one: Deed, names: Mapping[int, str]) -> DeedRow:
    told, asset = one.disposal, one.asset
    head, label, rate, sums, turnover = _judged(one)
    received, expenses, cost, value, taken, gain = sums
    return DeedRow(
        key, head, label, rate, asset.name, asset.isin, names.get(told.account, ""), told, received or ZERO,
        expenses, cost or ZERO, value, taken, gain or ZERO, one.rules, one.doubts, turnover,
    )  # fmt: skip


_Sums = tuple[Decimal | None, ...]
_Judged = tuple[str, str, Decimal | None, _Sums, Decimal | None]


def _judged(one: Deed) -> _Judged:
    """Head, label, rate, the six sums and the turnover of a row."""
    told = one.disposal
    sums: _Sums
    match one:
        case Gain():
            basis, bucket = one.basis, one.bucket
            sums = (one.consideration, one.expenses, basis.cost, basis.value, basis.taken, one.taxable)
            return bucket.head.value, bucket.section, bucket.rate, sums, None
        case VdaGain():
            sums = (told.consideration, None, told.cost, None, told.cost, one.taxable)
            return head_of(one), one.bucket.section, one.bucket.rate, sums, None
        case Trade():
            sums = (
                told.consideration,
                told.bought.total + told.sold.total,
                told.cost,
                None,
                None,
                one.result,
            )
            return one.head.value, "", None, sums, one.turnover
        case Exempt():
            sums = (told.consideration, None, told.cost, None, None, ZERO)
            return EXEMPT, "left out by law", ZERO, sums, None
        case _:
            assert_never(one)


def tax_class_word(report: TaxReport, instrument: InstrumentId) -> str | Missing:
    """What an instrument counts as in this person's books."""
    asset = report.record.assets.get(instrument)
    if asset is None:
        return Missing("the instrument is in none of the books")
    return asset.tax_class if isinstance(asset.tax_class, Missing) else asset.tax_class.value
