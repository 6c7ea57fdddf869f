"""The capital-gains statement: every deed of the year in one table, for CSV, XLSX and print."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

from tunefolio.analysis.tax.assessment import Exempt
from tunefolio.analysis.tax.business import Trade
from tunefolio.analysis.tax.computation import NOT_COMPUTED, TaxYear
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.gains import Gain
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.schedule_112a import harmless
from tunefolio.analysis.tax.vda import VdaGain
from tunefolio.core.money import plain

COLUMNS = (
    "Head", "Section", "Rate", "Name", "ISIN", "Units", "Acquired", "Transferred", "Consideration",
    "Expenses", "Cost", "Value on 2018-01-31", "Cost taken", "Gain", "Account", "Bought by fact",
    "Sold by fact", "Doubts",
)  # fmt: skip
DISCLAIMER = (
    "Computed from the books as recorded and the rules named; not advice. Check it, and the doubts it names, "
    "with an adviser before filing."
)
Cell = str | Decimal


def statement_rows(tax_year: TaxYear) -> Iterator[tuple[Cell, ...]]:
    """COLUMNS of each gain, crypto gain, trade and exempt deed, in that order; sums exact."""
    for gain in tax_year.found.gains:
        yield _gain(gain)
    for one in tax_year.found.vda:
        yield _vda(one)
    for trade in tax_year.found.trades:
        yield _trade(trade)
    for left_out in tax_year.found.exempt:
        yield _exempt(left_out)


def csv_statement(tax_year: TaxYear) -> str:
    """The statement with what it leaves out and what is doubtful below it. Raises NotReady."""
    tax_year.must_be_ready()
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(COLUMNS)
    for row in statement_rows(tax_year):
        out.writerow([plain(cell) if isinstance(cell, Decimal) else harmless(cell) for cell in row])
    for note in notes(tax_year):
        out.writerow([harmless(note)])
    return text.getvalue()


def notes(tax_year: TaxYear) -> tuple[str, ...]:
    """What stands below every page and export."""
    left_out = f"Not computed: {'; '.join(NOT_COMPUTED)}."
    return (DISCLAIMER, left_out, *(f"Doubtful: {text}" for text in tax_year.doubts))


def _gain(gain: Gain) -> tuple[Cell, ...]:
    rate = "at slab" if gain.bucket.rate is None else plain(gain.bucket.rate)
    basis = gain.basis
    sums = (gain.expenses, basis.cost, "" if basis.value is None else basis.value, basis.taken, gain.taxable)
    head = gain.bucket.head.value
    return _row(head, gain.bucket.section, rate, gain, gain.consideration, sums)


def _vda(one: VdaGain) -> tuple[Cell, ...]:
    cost = one.disposal.cost
    rate = plain(one.bucket.rate)
    sums = (ZERO, cost, "", cost, one.taxable)
    return _row("vda", one.bucket.section, rate, one, one.disposal.consideration, sums)


def _trade(trade: Trade) -> tuple[Cell, ...]:
    one = trade.disposal
    charges = one.bought.total + one.sold.total
    sums = (charges, one.cost, "", one.cost, trade.result)
    return _row(trade.head.value, "", "at slab", trade, one.consideration, sums)


def _exempt(left_out: Exempt) -> tuple[Cell, ...]:
    one = left_out.disposal
    sums = (ZERO, one.cost, "", one.cost, ZERO)
    return _row("exempt", left_out.rules[0].name, "", left_out, one.consideration, sums)


def _row(
    head: str,
    section: str,
    rate: str,
    row: Gain | VdaGain | Trade | Exempt,
    received: Decimal,
    sums: tuple[Cell, ...],
) -> tuple[Cell, ...]:
    one: Disposal = row.disposal
    acquired = one.acquired.iso() if one.acquired is not None else ""
    doubts = "; ".join(row.doubts)
    return (
        head, section, rate, row.asset.name, row.asset.isin, one.units, acquired, one.day.iso(), received,
        *sums, str(one.account), str(one.opened), str(one.closed), doubts,
    )  # fmt: skip
