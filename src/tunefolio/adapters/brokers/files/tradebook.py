"""Zerodha Console's tradebook, as CSV and as XLSX: one row a trade, without charges.

A trade's key is exchange, segment, trade id and date together: the id alone comes again on other days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from tunefolio.adapters.brokers.files import fields, tables
from tunefolio.adapters.brokers.files.fields import Flaw
from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Price
from tunefolio.ledger.feeparts import order_number
from tunefolio.ledger.files import FORMATS, FileFormat, ParsedFile, ParsedRow, RowProblem
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing

NEEDED = ("symbol", "trade_date", "exchange", "segment", "trade_type", "quantity", "price")
_NEEDED = frozenset(NEEDED)
_OWN = frozenset({*NEEDED, "isin", "series", "auction", "trade_id", "order_id", "order_execution_time"})
_LIKENESS = 4
"""So many of its columns are a torn tradebook's header, when no row has all that are needed: a refusal names
the others."""

HEADER_WITHIN_ROWS = 60
_KINDS = {"buy": Kind.BUY, "sell": Kind.SELL}
_SEGMENTS = {"EQ", "MF"}

NumberedCells = tuple[int, Sequence[str]]


class Tradebook:
    """Reads trades below a header row. One per file: it remembers the trades it has seen."""

    def __init__(self, header: Sequence[str], sha256: str) -> None:
        self._places = fields.columns([name.replace(" ", "_") for name in header])
        fields.must_have(self._places, NEEDED, header)
        self._sha256 = sha256
        self._seen: dict[str, tuple[int, tuple[str, ...]]] = {}

    def row(self, number: int, cells: Sequence[str]) -> ParsedRow:
        """One trade; raises Flaw."""
        kind = self._kind(cells)
        segment = self._segment(cells)
        claim = self._claim(cells, segment)
        day = fields.day(self._needed(cells, "trade_date"), "trade_date")
        return ParsedRow(
            row=number,
            kind=kind,
            day=day,
            at=fields.moment(self._cell(cells, "order_execution_time"), "order_execution_time"),
            instrument=claim,
            quantity=fields.above_zero(self._needed(cells, "quantity"), "quantity"),
            price=Price(fields.above_zero(self._needed(cells, "price"), "price"), INR),
            source_key=self._key(number, cells, segment, day.iso()),
            order=order_number(self._cell(cells, "order_id")),
        )

    def _kind(self, cells: Sequence[str]) -> Kind:
        text = self._needed(cells, "trade_type")
        kind = _KINDS.get(text.lower())
        if kind is None:
            raise Flaw("trade_type", f"{text[:40]!r} is unknown", "Known: buy, sell")
        return kind

    def _segment(self, cells: Sequence[str]) -> str:
        segment = self._needed(cells, "segment").upper()
        if segment not in _SEGMENTS or self._cell(cells, "expiry_date"):
            raise Flaw(
                "segment", f"{segment[:20]} trades are not supported yet", "Equity (EQ) and funds (MF) are"
            )
        return segment

    def _claim(self, cells: Sequence[str], segment: str) -> InstrumentClaim:
        exchange, symbol = self._needed(cells, "exchange"), self._needed(cells, "symbol")
        return _claim(
            exchange, symbol, self._cell(cells, "series").upper(), self._cell(cells, "isin"), segment
        )

    def _key(self, number: int, cells: Sequence[str], segment: str, day: str) -> str:
        """The broker's key, else file and row. A key that came before in this file is a flaw."""
        trade = self._cell(cells, "trade_id")
        if not trade:
            return f"{self._sha256}:{number}"
        key = f"{self._cell(cells, 'exchange').upper()}:{segment}:{trade}:{day}"
        content = tuple(cells)
        first = self._seen.setdefault(key, (number, content))
        if first[0] != number:
            if first[1] == content:
                raise Flaw("trade_id", f"the same trade as row {first[0]}", "Keep one of the two rows")
            raise Flaw(
                "trade_id", f"row {first[0]} has this trade id with other contents", "Correct one of them"
            )
        return key

    def _cell(self, cells: Sequence[str], name: str) -> str:
        return fields.cell(cells, self._places, name)

    def _needed(self, cells: Sequence[str], name: str) -> str:
        return fields.needed(cells, self._places, name)


def parsed(name: str, title: str, rows: Iterable[NumberedCells], sha256: str) -> ParsedFile:
    """A whole tradebook: the header row is found by its words, everything above it is ignored."""
    stream = iter(rows)
    book = Tradebook(_header(stream), sha256)
    good: list[ParsedRow] = []
    problems: list[RowProblem] = []
    for number, cells in stream:
        try:
            good.append(book.row(number, cells))
        except Flaw as flaw:
            problems.append(flaw.at(number))
    return ParsedFile(name, title, tuple(good), tuple(problems))


def is_header(cells: Sequence[str]) -> bool:
    """Every needed column is named. A table with fewer may be anybody's: its owner says what they mean."""
    return _names(cells) >= _NEEDED


def _resembles(cells: Sequence[str]) -> bool:
    return len(_OWN & _names(cells)) >= _LIKENESS


def _names(cells: Sequence[str]) -> set[str]:
    return {" ".join(cell.lower().split()).replace(" ", "_") for cell in cells}


def _header(rows: Iterator[NumberedCells]) -> Sequence[str]:
    """The row with every needed column, else the one most like it, whose lacks the reader then names."""
    first: Sequence[str] = ()
    likely: Sequence[str] = ()
    for number, cells in rows:
        if is_header(cells):
            return cells
        first = first or cells
        if not likely and _resembles(cells):
            likely = cells
        if number > HEADER_WITHIN_ROWS:
            break
    if likely:
        return likely
    raise fields.without(NEEDED, first)


@lru_cache(maxsize=4_096)
def _claim(exchange: str, symbol: str, series: str, isin: str, segment: str) -> InstrumentClaim:
    """Few instruments have many trades: each claim is made and checked once. Raises Flaw."""
    code = fields.exchange(exchange, "exchange")
    number = fields.isin(isin, "isin")
    if segment == "MF":
        return InstrumentClaim(Listing("MF", symbol), number, symbol, AssetClass.FUND, INR)
    asset_class = AssetClass.ETF if number is not None and number.startswith("INF") else AssetClass.EQUITY
    return InstrumentClaim(Listing(code, symbol.upper(), series), number, "", asset_class, INR)


class TradebookCsv:
    """Console → Reports → Tradebook → CSV."""

    name = "zerodha_tradebook_csv"
    title = "Zerodha tradebook (CSV)"

    def recognises(self, filename: str, content: bytes) -> bool:  # noqa: ARG002  a name proves nothing
        """By the header among the first rows."""
        try:
            return any(is_header(cells) for _, cells in _first(tables.csv_rows(content[:64_000])))
        except Misuse:
            return False

    def parse(self, content: bytes, sha256: str) -> ParsedFile:
        return parsed(self.name, self.title, tables.csv_rows(content), sha256)


class TradebookXlsx:
    """Console → Reports → Tradebook → XLSX: title rows and the client id above the header."""

    name = "zerodha_tradebook_xlsx"
    title = "Zerodha tradebook (XLSX)"

    def recognises(self, filename: str, content: bytes) -> bool:  # noqa: ARG002  a name proves nothing
        """By the header among the first rows of a sheet."""
        if not tables.is_workbook(content):
            return False
        try:
            return any(
                number <= HEADER_WITHIN_ROWS and is_header(cells)
                for _, number, cells in _opening(tables.xlsx_rows(content))
            )
        except Misuse:
            return False

    def parse(self, content: bytes, sha256: str) -> ParsedFile:
        """The sheet whose header it is; the others are summaries."""
        sheet = _sheet(content)
        rows = ((number, cells) for title, number, cells in tables.xlsx_rows(content) if title == sheet)
        return parsed(self.name, self.title, rows, sha256)


def _sheet(content: bytes) -> str:
    first = ""
    for title, _, cells in _opening(tables.xlsx_rows(content)):
        first = first or title
        if is_header(cells):
            return title
    return first


def _first(rows: Iterator[NumberedCells]) -> Iterator[NumberedCells]:
    for number, cells in rows:
        if number > HEADER_WITHIN_ROWS:
            return
        yield number, cells


def _opening(rows: Iterator[tuple[str, int, Sequence[str]]]) -> Iterator[tuple[str, int, Sequence[str]]]:
    """The first rows of every sheet."""
    return (row for row in rows if row[1] <= HEADER_WITHIN_ROWS)


_CSV: FileFormat = FORMATS.register(TradebookCsv.name)(TradebookCsv())
_XLSX: FileFormat = FORMATS.register(TradebookXlsx.name)(TradebookXlsx())
