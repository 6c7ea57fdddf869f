"""The year on paper: the sheets of the workbook as a PDF, A4 across, headings and disclaimer on every page.

Sums stand in rupees with paise, grouped as India groups them; what a column has no room for ends in an
ellipsis, and the workbook has all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from tunefolio.analysis.tax.foreign_table import FOR_YOU
from tunefolio.analysis.tax.schedule_112a import Row112A, doubts_112a, rows_112a
from tunefolio.analysis.tax.statement import DISCLAIMER, notes, statement_rows
from tunefolio.core.money import plain, quantized
from tunefolio.core.time import Instant
from tunefolio.services.printouts import Column, Printout
from tunefolio.services.tax_files import (
    Cell,
    Row,
    YearFile,
    row_fa,
    rows_cash,
    rows_f,
    rows_levied,
    rows_received,
    rows_set_off,
    rows_totalled,
)

_HEADS = {
    "business": "F&O",
    "speculative": "within the day",
    "short_term": "short term",
    "long_term": "long term",
    "vda": "crypto",
    "exempt": "left out",
}
_STATEMENT = (
    Column("Share or unit", 44), Column("ISIN", 21), Column("Units", 18, right=True),
    Column("Acquired", 16), Column("Transferred", 17), Column("Taxed as", 30),
    Column("Consideration", 24, right=True), Column("Expenses", 17, right=True),
    Column("Cost", 24, right=True), Column("Value on 2018-01-31", 22, right=True),
    Column("Cost taken", 24, right=True), Column("Gain", 24, right=True),
)  # fmt: skip
_SCHEDULE = (
    Column("Bought (1a)", 11), Column("Sold (1b)", 11), Column("ISIN (2)", 21),
    Column("Share or unit (3)", 40),
    Column("Units (4)", 17, right=True), Column("Price of one (5)", 19, right=True),
    Column("Full value (6)", 20, right=True), Column("Cost without indexation (7)", 20, right=True),
    Column("Cost as paid (8)", 20, right=True), Column("Lower of value and sale (9)", 18, right=True),
    Column("Value of one (10)", 17, right=True), Column("Value in 2018 (11)", 18, right=True),
    Column("Expenses (12)", 13, right=True), Column("Deductions (13)", 19, right=True),
    Column("Balance (14)", 17, right=True),
)  # fmt: skip
_LEVY = (Column("Income", 89), *(Column("", 32, right=True) for _ in range(6)))
_RECEIVED = (
    Column("Kind", 24), Column("Day", 18), Column("From", 90), Column("Amount", 30, right=True),
    Column("Taxable", 30, right=True), Column("Withheld", 30, right=True), Column("Account", 59),
)  # fmt: skip
_FOREIGN = (
    Column("Country", 38), Column("Entity", 50), Column("Nature", 16), Column("Acquired", 16),
    Column("Initial value", 25, right=True), Column("Peak value", 25, right=True), Column("Peak on", 16),
    Column("Closing balance", 25, right=True), Column("Paid or credited", 24, right=True),
    Column("Proceeds", 24, right=True), Column("Account", 22),
)  # fmt: skip
_CASH = (
    Column("Account", 71), Column("Currency", 20), Column("Peak balance", 32, right=True),
    Column("Peak on", 22),
    Column("Closing balance", 34, right=True), Column("Interest", 34, right=True),
    Column("Dividends", 34, right=True), Column("Proceeds", 34, right=True),
)  # fmt: skip


def pdf_statement(file: YearFile, made: Instant) -> bytes:
    """The same bytes for the same year and moment. Raises NotReady while anything must be mended.

    Linear in the rows: about 25 microseconds a cell, 40 rows a page.
    """
    result = file.result
    result.must_be_ready()
    who = f"{file.taxpayer} · {result.year.name} ({result.year.assessed})"
    page = Printout("Statement of gains and income", who, DISCLAIMER, made)
    _summary(page, file)
    _table(
        page,
        "Statement of gains, lot by lot",
        _STATEMENT,
        (tuple(_deed(row)) for row in statement_rows(result)),
    )
    rows = rows_112a(result)
    if rows:
        _table(page, "Schedule 112A, in whole rupees", _SCHEDULE, (_row_112a(row) for row in rows))
        page.lines([f"Doubtful: {text}" for text in doubts_112a(result)])
    head, *spread = rows_f(result)
    widths = (Column(str(head[0]), 81), *(Column(str(one), 40, right=True) for one in head[1:]))
    _table(page, "By periods of advance tax (Schedule CG, table F)", widths, spread)
    _table(page, "Dividends, interest, tax withheld", _RECEIVED, (row[:7] for row in rows_received(file)))
    _foreign(page, file)
    page.heading("Notes")
    page.lines(notes(result))
    return page.bytes()


def grouped(amount: Decimal, digits: int = 2) -> str:
    """12,34,567.80: hundreds, then pairs of digits; rounded once."""
    exact = f"{abs(quantized(amount, digits)):.{digits}f}"
    whole, point, rest = exact.partition(".")
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(place - 2, 0) : place] for place in range(len(head), 0, -2)]
    sign = "-" if amount < 0 and exact.strip("0.") else ""
    return sign + ",".join([*reversed(pairs), tail]) + point + rest


def _table(page: Printout, title: str, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    page.heading(title)
    page.table(columns, ([_told(cell) for cell in row] for row in rows))


def _told(cell: Cell) -> str:
    return grouped(cell) if isinstance(cell, Decimal) else cell


def _summary(page: Printout, file: YearFile) -> None:
    result = file.result
    page.heading("Summary")
    facts = [("Taxpayer", file.taxpayer), ("Year", f"{result.year.name}, {result.year.assessed}")]
    accounts = ", ".join(file.accounts.values())
    page.pairs([*facts, *file.lines, ("Accounts", accounts), ("Sums", "in rupees (₹)")])
    head, *lines = rows_levied(result)
    columns = [Column(str(name), one.width, right=one.right) for name, one in zip(head, _LEVY, strict=True)]
    _table(page, "From income to tax", columns, lines)
    page.pairs([(str(name), _told(value)) for name, value in rows_totalled(result)])
    steps = [(str(name).replace("_", " "), _told(value)) for name, value in rows_set_off(result)]
    if steps:
        page.heading("Losses set off, carried forward and lapsed")
        page.pairs(steps)


def _deed(row: Sequence[Cell]) -> Iterator[Cell]:
    head, section, rate, name, isin, units, *rest = row
    days, sums, doubts = rest[:2], rest[2:8], rest[-1]
    yield f"{name}{' *' if doubts else ''}"
    yield isin
    yield plain(units) if isinstance(units, Decimal) else units
    yield from days
    word = _HEADS.get(str(head), str(head))
    share = f" {plain(Decimal(rate) * 100)} %" if isinstance(rate, str) and rate[:1].isdigit() else f" {rate}"
    yield f"{word} {section}{share}" if section not in {"at slab", "exempt"} else f"{word}{share}"
    yield from sums


def _row_112a(row: Row112A) -> Sequence[str]:
    sums = (row.consideration, row.deemed_cost, row.cost, row.lower)
    last = (row.expenses, row.deductions, row.balance)
    return (
        row.acquired, row.transferred, row.isin, row.name, plain(row.units), grouped(row.price, 4),
        *(grouped(one, 0) for one in sums), grouped(row.fmv_each, 4), grouped(row.fmv, 0),
        *(grouped(one, 0) for one in last),
    )  # fmt: skip


def _foreign(page: Printout, file: YearFile) -> None:
    foreign = file.foreign
    if foreign is None or not (foreign.rows or foreign.cash):
        return
    span = foreign.span
    title = f"Schedule FA, table A3: calendar year {span.first} to {span.last}"
    _table(page, title, _FOREIGN, (_row_fa(row_fa(row, foreign)) for row in foreign.rows))
    if foreign.cash:
        _table(page, "Schedule FA, table A2: money in accounts abroad", _CASH, rows_cash(foreign))
    page.lines([f"{FOR_YOU}.", *(f"Doubtful: {text}" for text in foreign.doubts)])


def _row_fa(row: Row) -> Row:
    _, country, name, _, _, nature, acquired, initial, peak, closing, received, proceeds, *more = row
    return (country, name, nature, acquired, initial, peak, more[0], closing, received, proceeds, more[3])
