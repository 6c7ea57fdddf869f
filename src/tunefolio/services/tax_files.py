"""The year as a workbook: summary, statement, schedules, receipts and notes, a sheet each.

Sums are numbers with every decimal; words are words, never formulas, whatever they begin with. The same rows
are printed by `tax_pdf`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tunefolio.analysis.tax.assets import Asset
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.foreign_table import FOR_YOU, columns_a3
from tunefolio.analysis.tax.foreign_worth import Figure
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.levy import Line
from tunefolio.analysis.tax.schedule_112a import columns_112a, doubts_112a, rows_112a
from tunefolio.analysis.tax.schedule_cg import dividends, table_f
from tunefolio.analysis.tax.schedule_fa import ForeignRow
from tunefolio.analysis.tax.statement import COLUMNS, notes, statement_rows
from tunefolio.analysis.tax.years import periods
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.services.house import House
from tunefolio.services.tax import TaxReport
from tunefolio.services.tax_foreign import ForeignReport
from tunefolio.services.tax_pan import pan_of

Cell = str | Decimal
Row = Sequence[Cell]
_LINES = (
    "Income", "Before set-off", "Set off", "Unused basic exemption", "Yearly exemption", "Taxable", "Tax"
)  # fmt: skip
RECEIPTS = ("Kind", "Day", "Name", "Amount", "Taxable", "Withheld", "Account", "Fact", "Doubts")
FOREIGN_MORE = ("Peak on", "Units on 31 December", "Currency", "Account", "Bought by fact")
CASH = (
    "Account", "Currency", "Peak balance", "Peak on", "Closing balance", "Interest", "Dividends", "Proceeds"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class YearFile:
    """What a file of a year tells. assets, accounts: the names that rows are shown by; lines: what stands
    under the taxpayer's name on top of it; foreign: None where nothing was asked about Schedule FA."""

    result: TaxYear
    taxpayer: str
    assets: Mapping[InstrumentId, Asset]
    accounts: Mapping[AccountId, str]
    foreign: ForeignReport | None = None
    lines: tuple[tuple[str, str], ...] = ()


def file_of(house: House, report: TaxReport, foreign: ForeignReport) -> YearFile:
    """A file of a person's year: the one place where her permanent account number is told whole."""
    who = report.subject.taxpayer
    names = {home.id: home.name for home in report.subject.accounts}
    pan = pan_of(house, who)
    lines = () if pan is None else (("PAN", pan.number.reveal()),)
    return YearFile(report.result, who.name, report.record.assets, names, foreign, lines)


def workbook(file: YearFile) -> bytes:
    """Raises NotReady while anything must be mended."""
    file.result.must_be_ready()
    from openpyxl import Workbook  # imported late: slow, and only for spreadsheets

    book = Workbook(write_only=True)
    for title, rows in _sheets(file):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([_written(sheet, cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _written(sheet: Any, cell: Cell) -> Any:
    """A cell that holds what it says: a text that begins with = stays a text."""
    from openpyxl.cell import WriteOnlyCell

    if isinstance(cell, Decimal):
        return cell
    made = WriteOnlyCell(sheet, value="".join(letter for letter in cell if letter >= " "))
    made.data_type = "s"
    return made


def _sheets(file: YearFile) -> Iterator[tuple[str, Iterable[Row]]]:
    result = file.result
    yield "Summary", _summary(file)
    yield "Statement", ((COLUMNS), *statement_rows(result))
    yield "Schedule 112A", _schedule_112a(result)
    yield "Table F", rows_f(result)
    yield "Receipts", (RECEIPTS, *rows_received(file))
    if file.foreign is not None and (file.foreign.rows or file.foreign.cash):
        yield "Schedule FA", _schedule_fa(file.foreign)
    yield "Notes", _notes(file)


def _summary(file: YearFile) -> Iterator[Row]:
    result = file.result
    yield ("Taxpayer", file.taxpayer)
    yield ("Year", result.year.name, result.year.assessed)
    yield from file.lines
    yield ()
    yield from rows_levied(result)
    yield ()
    yield from rows_totalled(result)
    yield ()
    yield from rows_set_off(result)


def rows_levied(result: TaxYear) -> Iterator[Row]:
    """From income to tax, a line for each rate, below the names of the columns."""
    yield _LINES
    yield from (_line(line) for line in result.levy.lines)


def rows_totalled(result: TaxYear) -> Iterator[Row]:
    """What is to be paid, and the turnover."""
    yield ("Tax at special rates", _told_or_why(result.special_tax))
    yield ("Tax at slab", _told_or_why(result.slab_tax))
    yield ("Cess", _told_or_why(result.cess))
    yield ("Payable, rounded", _told_or_why(result.payable))
    yield ("Withheld", result.withheld)
    yield ("Payable less withheld", _told_or_why(result.due))
    yield ("Turnover of derivatives", result.turnover(Head.BUSINESS))
    yield ("Turnover within the day", result.turnover(Head.SPECULATIVE))


def rows_set_off(result: TaxYear) -> Iterator[Row]:
    """Losses that met income, that are carried forward, and that lapsed."""
    done = result.levy.set_off
    for step in done.steps:
        yield (f"{step.kind.value} loss of {step.year} set off against {step.against.label}", step.amount)
    for loss in done.carried:
        yield (f"{loss.kind.value} loss of {loss.year} carried forward until {loss.until}", loss.amount)
    for loss in done.lapsed:
        yield (f"{loss.kind.value} loss of {loss.year} lapsed: its years are over", loss.amount)


def _line(line: Line) -> Row:
    tax: Cell = "at slab" if line.tax is None else line.tax
    sums = (line.income, line.set_off, line.basic, line.exempted, line.taxable)
    return (line.bucket.label, *sums, tax)


def _told_or_why(amount: Decimal | Missing) -> Cell:
    return str(amount) if isinstance(amount, Missing) else amount


def _schedule_112a(result: TaxYear) -> Iterator[Row]:
    heads = columns_112a(result)
    names = [rule.name.rpartition(".")[2] for rule in heads]
    yield [rule.word("header") for rule in heads]
    for row in rows_112a(result):
        yield [getattr(row, name) for name in names]
    for doubt in doubts_112a(result):
        yield (f"Doubtful: {doubt}",)


def rows_f(result: TaxYear) -> Iterator[Row]:
    """Table F below the names of its periods, dividends last."""
    spans = periods(result.year, result.law.book)
    yield ("Gains after set-off", *(span.label for span in spans))
    for row in table_f(result):
        yield (row.bucket.label, *row.rupees)
    yield ("Dividends", *dividends(result))


def rows_received(file: YearFile) -> Iterator[Row]:
    """RECEIPTS of each receipt."""
    for row in file.result.found.earned:
        one = row.income
        asset = None if one.instrument is None else file.assets.get(one.instrument)
        name = "" if asset is None else asset.name
        where = file.accounts.get(one.account, "")
        sums = (one.amount, row.taxable, one.withheld)
        yield (one.kind.value, one.day.iso(), name, *sums, where, str(one.fact), "; ".join(row.doubts))


def _schedule_fa(foreign: ForeignReport) -> Iterator[Row]:
    span = foreign.span
    yield (f"Calendar year {span.first} to {span.last}, as far as {span.until}",)
    yield (f"{FOR_YOU}.",)
    yield ()
    yield ("Table A3: shares and units, lot by lot",)
    yield (*(rule.word("header") for rule in columns_a3(span.last)), *FOREIGN_MORE)
    for row in foreign.rows:
        yield row_fa(row, foreign)
    yield ()
    yield ("Table A2: money in accounts abroad; their shares stand in table A3",)
    yield CASH
    yield from rows_cash(foreign)
    yield ()
    for doubt in foreign.doubts:
        yield (f"Doubtful: {doubt}",)


def row_fa(row: ForeignRow, foreign: ForeignReport) -> Row:
    """The form's columns with every decimal, then FOREIGN_MORE."""
    entity = foreign.entities[row.instrument]
    country = str(entity.country)
    code = country if isinstance(entity.code, Missing) else f"{entity.code}-{country}"
    acquired = row.acquired.iso() if row.acquired else "not available: the day of purchase"
    sums = (cell_of(one) for one in (row.initial, row.peak, row.closing, row.received, row.proceeds))
    more = (_day(row.peak), row.units, row.currency, foreign.accounts.get(row.account, ""), str(row.opened))
    return (country, code, entity.name, "", "", entity.nature, acquired, *sums, *more)


def rows_cash(foreign: ForeignReport) -> Iterator[Row]:
    """CASH of each account and currency."""
    for row in foreign.cash:
        sums = (cell_of(one) for one in (row.closing, row.interest, row.dividends, row.proceeds))
        name = foreign.accounts.get(row.account, "")
        yield (name, row.currency, cell_of(row.peak), _day(row.peak), *sums)


def cell_of(figure: Figure) -> Cell:
    """A number, or that it is not available and why."""
    return str(figure.value) if isinstance(figure.value, Missing) else figure.value


def _day(figure: Figure) -> str:
    return "" if figure.day is None else figure.day.iso()


def _notes(file: YearFile) -> Iterator[Row]:
    for note in notes(file.result):
        yield (note,)
    yield ()
    yield ("Rule", "From", "To", "Confidence", "Sources", "Note")
    for rule in file.result.rules:
        until = "" if rule.until is None else rule.until.iso()
        sources = "; ".join(source.title for source in rule.sources)
        yield (rule.name, rule.since.iso(), until, rule.confidence.value, sources, rule.note)
