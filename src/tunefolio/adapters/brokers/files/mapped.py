"""Any CSV or XLSX table, read by a map of its columns that a person confirmed.

A row that has charges and no units is a fee; a trade id makes the key that the broker's API gives too.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from tunefolio.adapters.brokers.files import cells, fields, tables
from tunefolio.adapters.brokers.files.fields import Flaw
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency, Money, Price, currency_of, quantized
from tunefolio.core.time import TradingDay
from tunefolio.ledger.columnguesses import likeness, said_point
from tunefolio.ledger.columnmaps import Column, ColumnMap, Point, Table, must_fit
from tunefolio.ledger.files import TABLES, ParsedFile, ParsedRow, RowProblem, TableReader
from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing, usual_class

HEADER_WITHIN_ROWS = 60
_SAMPLE = 8
_PLACES = 8
_TOTALS = ("total", "grand total", "sub total", "subtotal", "sum")
_SEGMENTS = {"NSE": "EQ", "BSE": "EQ"}
Sheeted = tuple[str, int, Sequence[str]]


class AnyTable:
    """The reader of tables whose columns are named by their owner."""

    def table(self, content: bytes) -> Table:
        """The sheet and row that look most like a header, and the first rows below it; without columns where
        nothing looks like one."""
        best, header = (0, 0), (0, "", 0)
        rows = list(_rows(content))
        for place, (sheet, number, row) in enumerate(rows):
            score = likeness(row) if number <= HEADER_WITHIN_ROWS else (0, 0)
            if score > best:
                best, header = score, (place, sheet, number)
        if not rows or best == (0, 0):
            return Table((), 0, "", (), 0)
        place, sheet, number = header
        below = [row for title, _, row in rows[place + 1 :] if title == sheet]
        names = _distinct(rows[place][2])
        return Table(
            names, number, sheet, tuple(tuple(row[: len(names)]) for row in below[:_SAMPLE]), len(below)
        )

    def parse(self, content: bytes, sha256: str, columns: ColumnMap) -> ParsedFile:  # noqa: ARG002  keys
        """Every row below the header; raises Misuse when the map does not fit the table."""
        table = self.table(content)
        must_fit(columns, table)
        reader = _Rows(table, columns)
        good: list[ParsedRow] = []
        problems: list[RowProblem] = []
        for sheet, number, row in _rows(content):
            if sheet != table.sheet or number <= table.header_row or _is_total(row):
                continue
            try:
                good.append(reader.row(number, row))
            except Flaw as flaw:
                problems.append(flaw.at(number))
        return ParsedFile("table", "table with columns of its own", tuple(good), tuple(problems))


class _Rows:
    """Reads the rows of one file; it remembers which keys it has given."""

    def __init__(self, table: Table, columns: ColumnMap) -> None:
        self.columns = columns
        self._places = {name: place for place, name in reversed(list(enumerate(table.header)))}
        self._kinds = {word: kind for kind, words in columns.words.items() for word in words}
        self._seen: Counter[str] = Counter()

    def row(self, number: int, row: Sequence[str]) -> ParsedRow:
        """One fact; raises Flaw."""
        units = self._number(row, Column.QUANTITY)
        kind = self._kind(row, units)
        day = cells.day(self._needed(row, Column.DAY), Column.DAY, self.columns.day_order)
        claim = self._claim(row)
        fees = self._sum(row, Column.FEES, claim.currency)
        amount: Money | None
        price: Price | None = None
        if not units and kind in {Kind.BUY, Kind.SELL, Kind.SIP} and fees is not None:
            kind, amount, units = Kind.FEE, fees, None
        elif "quantity" not in RULES[kind].needs:
            units, amount = None, self._total(row, claim.currency)
        else:
            units, price, amount = self._trade(row, kind, units, claim.currency)
        return ParsedRow(
            number,
            kind,
            day,
            cells.moment(self._cell(row, Column.TIME), day, Column.TIME),
            claim,
            units,
            price,
            self._key(row, claim, kind, day),
            amount=amount,
            fees=fees if RULES[kind].allows("fees") else None,
            tax=self._sum(row, Column.TAXES, claim.currency) if RULES[kind].allows("tax") else None,
            note=cells.text(self._cell(row, Column.NOTE), Column.NOTE),
        )

    def _kind(self, row: Sequence[str], units: Decimal | None) -> Kind:
        if not self.columns.of(Column.KIND):
            return Kind.SELL if units is not None and units < 0 else Kind.BUY
        word = self._needed(row, Column.KIND)
        kind = self._kinds.get(" ".join(word.lower().split()))
        if kind is None:
            cure = "Say what the word means, or leave the row out"
            raise Flaw("kind", f"{word[:40]!r} is unknown", cure)
        return kind

    def _trade(
        self, row: Sequence[str], kind: Kind, units: Decimal | None, currency: Currency
    ) -> tuple[Decimal, Price, Money | None]:
        """Units, price, and the total where the table gives no price."""
        if units is None or units == 0 or (units < 0 and kind is not Kind.SELL):
            raise Flaw("quantity", f"{self._cell(row, Column.QUANTITY)[:40] or 'nothing'} is not above zero")
        held = abs(units)
        price = self._number(row, Column.PRICE)
        if price is not None and price != 0:
            if price < 0:
                raise Flaw("price", f"{price:f} is below zero")
            return held, Price(price, currency), None
        amount = self._total(row, currency)
        return held, Price(quantized(amount.amount / held, _PLACES), currency), amount

    def _total(self, row: Sequence[str], currency: Currency) -> Money:
        amount = self._number(row, Column.AMOUNT)
        if amount is None:
            raise Flaw("amount", "is empty", "Without a price the row needs its total")
        return Money(abs(amount), currency).rounded()

    def _sum(self, row: Sequence[str], column: Column, currency: Currency) -> Money | None:
        """Charges over all their columns; None for none at all. The sign is the table's own habit."""
        total = Decimal(0)
        for name in self.columns.columns.get(column, ()):
            said = fields.cell(row, self._places, name)
            if said and said not in {"-", "--"}:
                total += abs(self._value(said, name))
        return Money(total, currency).rounded() if total else None

    def _claim(self, row: Sequence[str]) -> InstrumentClaim:
        isin = fields.isin(self._cell(row, Column.ISIN).upper(), Column.ISIN)
        said = self._cell(row, Column.SYMBOL)
        if not said and isin is None:
            raise Flaw("symbol", "is empty")
        code = self._cell(row, Column.EXCHANGE)
        exchange = fields.exchange(code, Column.EXCHANGE) if code else self.columns.exchange
        symbol = cells.symbol(said) if said else str(isin)
        name = cells.text(self._cell(row, Column.NAME), Column.NAME)
        known = usual_class(exchange, symbol)
        if isin is not None and isin.startswith("INF"):
            known = AssetClass.FUND if exchange == "MF" else AssetClass.ETF
        return InstrumentClaim(Listing(exchange, symbol), isin, name, known, self._currency(row))

    def _currency(self, row: Sequence[str]) -> Currency:
        said = self._cell(row, Column.CURRENCY)
        try:
            return currency_of(said) if said else self.columns.currency
        except Misuse as wrong:
            raise Flaw(Column.CURRENCY, wrong.problem, wrong.cure) from None

    def _key(self, row: Sequence[str], claim: InstrumentClaim, kind: Kind, day: TradingDay) -> str:
        """The broker's own key, as its API gives it; else what the row says, counted among its equals."""
        trade = cells.text(self._cell(row, Column.TRADE_ID), Column.TRADE_ID, 60)
        if trade:
            exchange = claim.listing.exchange
            key = f"{exchange}:{_SEGMENTS.get(exchange, exchange)}:{trade}:{day.iso()}"
            key = key if kind is not Kind.FEE else f"{key}:charges"
            self._seen[key] += 1
            if self._seen[key] > 1:
                raise Flaw(Column.TRADE_ID, f"{trade} stands above already", "Keep one of the two rows")
            return key
        said = hashlib.sha256("\x1f".join(row).encode()).hexdigest()[:24]
        self._seen[said] += 1
        return f"table:{said}:{self._seen[said]}"

    def _number(self, row: Sequence[str], column: Column) -> Decimal | None:
        said = self._cell(row, column)
        return self._value(said, column) if said and said not in {"-", "--"} else None

    def _value(self, said: str, field: str) -> Decimal:
        """A number as the map says they are written; the cure names the other way where the cell is of it."""
        point = self.columns.point
        try:
            return cells.number(said, field, point)
        except Flaw as flaw:
            raise Flaw(field, flaw.problem, flaw.cure or _other_way(said, point)) from None

    def _cell(self, row: Sequence[str], column: Column) -> str:
        name = self.columns.of(column)
        return fields.cell(row, self._places, name) if name else ""

    def _needed(self, row: Sequence[str], column: Column) -> str:
        said = self._cell(row, column)
        if not said:
            raise Flaw(column, "is empty")
        return said


def _rows(content: bytes) -> Iterator[Sheeted]:
    if tables.is_spreadsheet(content):
        yield from tables.xlsx_rows(content)
        return
    for number, row in tables.csv_rows(content):
        yield "", number, row


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    """Names of columns up to the last named one; of two equal ones the second says so, to be chosen apart."""
    seen: Counter[str] = Counter()
    names = []
    for name in header:
        seen[name] += 1
        names.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _other_way(said: str, point: Point) -> str:
    """The cure of a number that would be one with the other sign before its decimals; "" for other texts."""
    if said_point(said) in {None, point}:
        return ""
    looks = "1.234,50" if point is Point.DOT else "1,234.50"
    return f"If the file writes {looks}, say so under How cells are written"


def _is_total(row: Sequence[str]) -> bool:
    first = next((cell for cell in row if cell), "").lower().rstrip(":")
    return first in _TOTALS


_READER: TableReader = TABLES.register("table")(AnyTable())
