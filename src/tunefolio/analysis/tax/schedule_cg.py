"""Schedule CG, table F: when in the year the gains arose that set-off left; and the same of dividends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.tax.assessment import summed
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.incomes import IncomeKind
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.years import Period, periods
from tunefolio.core.money import quantized

_IN_TABLE = frozenset({Head.SHORT_TERM, Head.LONG_TERM, Head.VDA})


@dataclass(frozen=True, slots=True)
class Spread:
    """One bucket over the five periods: cells ≥ 0, exact, adding up to what set-off left."""

    bucket: Bucket
    cells: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        return sum(self.cells, ZERO)

    @property
    def rupees(self) -> tuple[Decimal, ...]:
        """The cells in whole rupees, adding up to the whole rounded once."""
        found, before, run = [], ZERO, ZERO
        for cell in self.cells:
            run += cell
            after = quantized(run, 0)
            found.append(after - before)
            before = after
        return tuple(found)


def table_f(tax_year: TaxYear) -> tuple[Spread, ...]:
    """A row for each rate of gains that is left after set-off."""
    spans = periods(tax_year.year, tax_year.law.book)
    nets = _nets(tax_year, spans)
    return tuple(
        Spread(line.bucket, spread(nets[line.bucket], line.after, brought=_brought(tax_year, line.bucket)))
        for line in tax_year.levy.lines
        if line.bucket.head in _IN_TABLE
    )


def dividends(tax_year: TaxYear) -> tuple[Decimal, ...]:
    """Taxable dividends by period, buybacks that count as such among them."""
    spans = periods(tax_year.year, tax_year.law.book)
    wanted = {IncomeKind.DIVIDEND, IncomeKind.BUYBACK}
    rows = [one for one in tax_year.found.earned if one.income.kind in wanted]
    return tuple(sum((one.taxable for one in rows if span.holds(one.day)), ZERO) for span in spans)


def spread(nets: Sequence[Decimal], after: Decimal, *, brought: Decimal = ZERO) -> tuple[Decimal, ...]:
    """Cells ≥ 0 that add up to `after`, which is at most the sum of `nets` and not below zero.

    1 a period's loss lowers the gains of later periods: it is known when they arise. 2 losses of earlier
    years (`brought`) lower the earliest gains: they were there first. 3 whatever else was set off, and a loss
    that came after the gains, lowers the latest.
    """
    cells: list[Decimal] = []
    owed = ZERO
    for net in nets:
        rest = net + owed
        cells.append(max(rest, ZERO))
        owed = min(rest, ZERO)
    excess = sum(cells, ZERO) - after
    early = min(brought, excess)
    _lower(cells, early, range(len(cells)))
    _lower(cells, excess - early, range(len(cells) - 1, -1, -1))
    return tuple(cells)


def _lower(cells: list[Decimal], amount: Decimal, order: Sequence[int]) -> None:
    for place in order:
        part = min(cells[place], amount)
        cells[place] -= part
        amount -= part


def _nets(tax_year: TaxYear, spans: Sequence[Period]) -> Mapping[Bucket, list[Decimal]]:
    """What each bucket brought in each period, below zero for losses."""
    parts: list[list[tuple[Bucket, Decimal]]] = [[] for _ in spans]
    ends = [span.last.date for span in spans]
    for bucket, amount, day in tax_year.found.amounts():
        parts[bisect_left(ends, day.date)].append((bucket, amount))
    found: dict[Bucket, list[Decimal]] = {}
    for place, some in enumerate(parts):
        for bucket, amount in summed(some):
            cells = found.setdefault(bucket, [ZERO] * len(spans))
            cells[place] += amount
    return found


def _brought(tax_year: TaxYear, bucket: Bucket) -> Decimal:
    """What losses of earlier years took of a bucket."""
    steps = tax_year.levy.set_off.steps
    return sum((s.amount for s in steps if s.against == bucket and s.year < tax_year.year), ZERO)
