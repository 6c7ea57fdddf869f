"""A CSV of market facts: rows by column name, and what is wrong with one of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Currency, currency_of
from tunefolio.core.time import TradingDay
from tunefolio.ledger.files import RowProblem
from tunefolio.market.instruments import Listing, exchange_of

_LARGEST = Decimal(10) ** 12
_DAY_FORMS = ("%Y-%m-%d", "%d-%b-%Y", "%d-%m-%Y", "%d/%m/%Y")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number as a spreadsheet counts, and its cells by column name in lower case, trimmed."""

    number: int
    cells: Mapping[str, str]

    def text(self, *names: str) -> str:
        """The first of these columns that is filled; "" when none is."""
        return next((self.cells[name] for name in names if self.cells.get(name)), "")

    def needed(self, *names: str) -> str:
        """As text; raises Misuse when all are empty."""
        found = self.text(*names)
        if not found:
            raise Misuse(names[0], "is empty")
        return found

    def day(self, *names: str) -> TradingDay:
        """2024-10-28, 28-Oct-2024, 28-10-2024 or 28/10/2024: never month first."""
        text = self.needed(*names)
        for form in _DAY_FORMS:
            try:
                return TradingDay(datetime.strptime(text, form).date())  # noqa: DTZ007  a date has no zone
            except ValueError:
                continue
        raise Misuse(names[0], f"{text[:40]!r} is not a date", cure="Write YYYY-MM-DD")

    def above_zero(self, *names: str) -> Decimal:
        """A number above zero; grouping commas are allowed."""
        return above_zero(self.needed(*names), names[0])

    def listing(self, symbols: tuple[str, ...] = ("symbol", "ticker")) -> Listing:
        """NSE:INFY in one cell, or INFY beside a column `exchange`, which is NSE where there is none."""
        text = self.needed(*symbols).upper()
        exchange, colon, symbol = text.rpartition(":")
        exchange = exchange_of(exchange if colon else self.text("exchange") or "NSE")
        if not symbol:
            raise Misuse(symbols[0], f"{text!r} names no symbol")
        return Listing(exchange, symbol)

    def currency(self) -> Currency:
        text = self.text("currency")
        return currency_of(text.upper()) if text else INR


def above_zero(text: str, field: str) -> Decimal:
    """A finite number above zero and not absurd; raises Misuse."""
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise Misuse(field, f"{text[:40]!r} is not a number") from None
    if not value.is_finite() or not 0 < value < _LARGEST:
        raise Misuse(field, f"{text[:40]!r} is not a plausible number above zero")
    return value


def rows(content: bytes, needed: Collection[tuple[str, ...]]) -> Iterator[Row]:
    """The lines below the header. needed: of each group one column must be there; raises Misuse."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Misuse("file", "is not text in UTF-8", cure="Save it as CSV (UTF-8)") from None
    lines = csv.reader(io.StringIO(text))
    names = [_name(cell) for cell in next(lines, [])]
    lacking = [group[0] for group in needed if not set(group) & set(names)]
    if lacking:
        seen = ", ".join(name for name in names if name)[:300] or "none"
        raise Misuse("file", f"lacks the column {', '.join(lacking)}; found: {seen}")
    for number, cells in enumerate(lines, start=2):
        if any(cell.strip() for cell in cells):
            yield Row(number, {name: cell.strip() for name, cell in zip(names, cells, strict=False)})


def problem(row: Row, wrong: Misuse) -> RowProblem:
    """The row's own words for what is wrong with it."""
    return RowProblem(row.number, wrong.field, wrong.problem, wrong.cure)


def _name(cell: str) -> str:
    return "_".join(cell.lower().replace("-", " ").replace("_", " ").split())
