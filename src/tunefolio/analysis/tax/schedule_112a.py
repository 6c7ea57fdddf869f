"""Schedule 112A: long-term gains on equity, a row for each scrip, in whole rupees.

Which columns the upload has in a year is data (schedule_112a.json); the figures of a row agree with each
other as the form works them out: (13) = (7) + (12), (14) = (6) − (13).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.derivation import RATIO
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.gains import Gain
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of, schedule_columns
from tunefolio.core.money import plain, quantized
from tunefolio.core.rules import Rule, Rulebook
from tunefolio.core.time import TradingDay

_PRICE_DIGITS = 4
_RATES_CHANGED = TradingDay.parse("2024-07-23")
"""What column (1b) asks about: its own words name this day."""
BEFORE, AFTER = "BE", "AE"


@dataclass(frozen=True, slots=True)
class Row112A:
    """One row. Whole rupees but for prices. lots: the gains it is made of, so that each row opens them.

    acquired: BE by 2018-01-31, AE after; transferred: BE before 2024-07-23, AE from then on.
    cost: as paid, column (8); lower: of value and sale, column (9); deemed_cost: the higher, column (7).
    """

    acquired: str
    transferred: str
    isin: str
    name: str
    units: Decimal
    price: Decimal
    consideration: Decimal
    cost: Decimal
    lower: Decimal
    fmv_each: Decimal
    fmv: Decimal
    expenses: Decimal
    lots: tuple[Gain, ...]

    @property
    def deemed_cost(self) -> Decimal:
        return max(self.cost, self.lower)

    @property
    def deductions(self) -> Decimal:
        return self.deemed_cost + self.expenses

    @property
    def balance(self) -> Decimal:
        return self.consideration - self.deductions


def rows_112a(tax_year: TaxYear, columns: Rulebook | None = None) -> tuple[Row112A, ...]:
    """BE rows lot by lot, AE rows by scrip and side of 2024-07-23; in years that allow it all AE in one."""
    book = columns or schedule_columns()
    gains = [gain for gain in tax_year.found.gains if gain.bucket.has_exemption]
    old = [_row([gain], BEFORE, gain.asset.isin, gain.asset.name) for gain in gains if gain.is_before_2018]
    fresh = [gain for gain in gains if not gain.is_before_2018]
    together = book.at("consolidated", tax_year.year.first)
    if together is not None:
        whole = [_row(fresh, AFTER, together.word("isin"), together.word("title"))] if fresh else []
        return (*old, *whole)
    groups: dict[tuple[str, str, str], list[Gain]] = {}
    for gain in fresh:
        groups.setdefault((gain.asset.isin, gain.asset.name, _side(gain)), []).append(gain)
    return (*old, *(_row(some, AFTER, key[0], key[1]) for key, some in groups.items()))


def columns_112a(tax_year: TaxYear, columns: Rulebook | None = None) -> tuple[Rule, ...]:
    """The columns of the year, in order; a rule's `header` is what the upload calls it."""
    book = columns or schedule_columns()
    return tuple(rule for rule in book.in_force(tax_year.year.first) if rule.name.startswith("column."))


def csv_112a(tax_year: TaxYear, columns: Rulebook | None = None) -> str:
    """The upload. Raises NotReady while anything must be mended."""
    tax_year.must_be_ready()
    heads = columns_112a(tax_year, columns)
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([rule.word("header") for rule in heads])
    for row in rows_112a(tax_year, columns):
        out.writerow([_cell(row, rule.name.rpartition(".")[2]) for rule in heads])
    return text.getvalue()


def doubts_112a(tax_year: TaxYear, columns: Rulebook | None = None) -> tuple[str, ...]:
    """What is doubtful about the columns themselves, and what the books are known to lack."""
    book = columns or schedule_columns()
    return (*tax_year.outside, *doubts_of(book.in_force(tax_year.year.first)))


def _row(gains: list[Gain], acquired: str, isin: str, name: str) -> Row112A:
    units = sum((gain.disposal.units for gain in gains), ZERO)
    received = sum((gain.consideration for gain in gains), ZERO)
    values = [gain.basis.value for gain in gains if gain.basis.value is not None]
    value = sum(values, ZERO) if acquired == BEFORE else ZERO
    return Row112A(
        acquired,
        _side(gains[0]),
        isin,
        name,
        units,
        _each(received, units),
        _rupees(received),
        _rupees(sum((gain.basis.cost for gain in gains), ZERO)),
        _rupees(min(value, received)),
        _each(value, units),
        _rupees(value),
        _rupees(sum((gain.expenses for gain in gains), ZERO)),
        tuple(gains),
    )


def _side(gain: Gain) -> str:
    return BEFORE if gain.day < _RATES_CHANGED else AFTER


def _each(whole: Decimal, units: Decimal) -> Decimal:
    return quantized(RATIO.divide(whole, units), _PRICE_DIGITS) if units else ZERO


def _rupees(amount: Decimal) -> Decimal:
    return quantized(amount, 0)


_NOT_FOR_AFTER = frozenset({"units", "price"})
"""The form asks units and price only of what was bought by 2018-01-31."""


def _cell(row: Row112A, column: str) -> str:
    if row.acquired == AFTER and column in _NOT_FOR_AFTER:
        return "0"
    value = getattr(row, column)
    return plain(value) if isinstance(value, Decimal) else harmless(value)


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def balance_of(rows: Iterable[Row112A]) -> Decimal:
    """The total of column (14)."""
    return sum((row.balance for row in rows), ZERO)
