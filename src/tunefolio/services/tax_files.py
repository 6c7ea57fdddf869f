"""The year as a workbook: summary, statement, schedules, receipts and notes, a sheet each.

Sums are numbers with every decimal; words are words, never formulas, whatever they begin with.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.levy import Levy, Line
from tunefolio.analysis.tax.schedule_112a import columns_112a, doubts_112a, rows_112a
from tunefolio.analysis.tax.schedule_cg import dividends, table_f
from tunefolio.analysis.tax.statement import COLUMNS, notes, statement_rows
from tunefolio.analysis.tax.years import periods
from tunefolio.core.missing import Missing
from tunefolio.services.tax import TaxReport

_Cell = str | Decimal
_Row = Sequence[_Cell]
_LINES = (
    "Income", "Before set-off", "Set off", "Unused basic exemption", "Yearly exemption", "Taxable", "Tax"
)  # fmt: skip
_RECEIPTS = ("Kind", "Day", "Name", "Amount", "Taxable", "Withheld", "Account", "Fact", "Doubts")


def xlsx_statement(report: TaxReport) -> bytes:
    """The workbook. Raises NotReady while anything must be mended."""
    report.result.must_be_ready()
    from openpyxl import Workbook  # imported late: slow, and only for spreadsheets

    book = Workbook(write_only=True)
    for title, rows in _sheets(report):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([_written(sheet, cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _written(sheet: Any, cell: _Cell) -> Any:
    """A cell that holds what it says: a text that begins with = stays a text."""
    from openpyxl.cell import WriteOnlyCell

    if isinstance(cell, Decimal):
        return cell
    made = WriteOnlyCell(sheet, value="".join(letter for letter in cell if letter >= " "))
    made.data_type = "s"
    return made


def _sheets(report: TaxReport) -> Iterator[tuple[str, Iterable[_Row]]]:
    yield "Summary", _summary(report)
    yield "Statement", ((COLUMNS), *statement_rows(report.result))
    yield "Schedule 112A", _schedule_112a(report)
    yield "Table F", _table_f(report)
    yield "Receipts", _receipts(report)
    yield "Notes", _notes(report)


def _summary(report: TaxReport) -> Iterator[_Row]:
    result, levy = report.result, report.result.levy
    yield ("Taxpayer", report.subject.taxpayer.name)
    yield ("Year", result.year.name, result.year.assessed)
    yield ()
    yield _LINES
    yield from (_line(line) for line in levy.lines)
    yield ()
    yield from _totals(levy)
    yield ("Withheld", result.withheld)
    yield ("Payable less withheld", result.due)
    yield ()
    yield ("Turnover of derivatives", result.turnover(Head.BUSINESS))
    yield ("Turnover within the day", result.turnover(Head.SPECULATIVE))
    yield ()
    for step in levy.set_off.steps:
        yield (f"{step.kind.value} loss of {step.year} set off against {step.against.label}", step.amount)
    for loss in levy.set_off.carried:
        yield (f"{loss.kind.value} loss of {loss.year} carried forward until {loss.until}", loss.amount)


def _line(line: Line) -> _Row:
    tax: _Cell = "at slab" if line.tax is None else line.tax
    sums = (line.income, line.set_off, line.basic, line.exempted, line.taxable)
    return (line.bucket.label, *sums, tax)


def _totals(levy: Levy) -> Iterator[_Row]:
    slab = levy.slab_tax
    yield ("Tax at special rates", levy.special_tax)
    yield ("Tax at slab", f"not available: {slab.reason}" if isinstance(slab, Missing) else slab)
    yield ("Cess", levy.cess)
    yield ("Payable, rounded", levy.payable)


def _schedule_112a(report: TaxReport) -> Iterator[_Row]:
    heads = columns_112a(report.result)
    names = [rule.name.rpartition(".")[2] for rule in heads]
    yield [rule.word("header") for rule in heads]
    for row in rows_112a(report.result):
        yield [getattr(row, name) for name in names]
    for doubt in doubts_112a(report.result):
        yield (f"Doubtful: {doubt}",)


def _table_f(report: TaxReport) -> Iterator[_Row]:
    spans = periods(report.year, report.result.law.book)
    yield ("Gains after set-off", *(span.label for span in spans))
    for row in table_f(report.result):
        yield (row.bucket.label, *row.rupees)
    yield ("Dividends", *dividends(report.result))


def _receipts(report: TaxReport) -> Iterator[_Row]:
    homes = {home.id: home.name for home in report.subject.accounts}
    assets = report.record.assets
    yield _RECEIPTS
    for row in report.result.found.earned:
        one = row.income
        asset = None if one.instrument is None else assets.get(one.instrument)
        name = "" if asset is None else asset.name
        where = homes.get(one.account, "")
        sums = (one.amount, row.taxable, one.withheld)
        yield (one.kind.value, one.day.iso(), name, *sums, where, str(one.fact), "; ".join(row.doubts))


def _notes(report: TaxReport) -> Iterator[_Row]:
    for note in notes(report.result):
        yield (note,)
    yield ()
    yield ("Rule", "From", "To", "Confidence", "Sources", "Note")
    for rule in report.result.rules:
        until = "" if rule.until is None else rule.until.iso()
        sources = "; ".join(source.title for source in rule.sources)
        yield (rule.name, rule.since.iso(), until, rule.confidence.value, sources, rule.note)
