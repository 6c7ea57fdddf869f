"""What a broker's holdings file says is held: openings, with an average price and no day of purchase."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from tunefolio.adapters.brokers.files import fields, tables
from tunefolio.adapters.brokers.files.fields import Flaw
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import Isin
from tunefolio.core.money import INR, Price
from tunefolio.core.time import Clock, SystemClock, TradingDay
from tunefolio.ledger.files import FORMATS, FileFormat, ParsedFile, ParsedRow, RowProblem
from tunefolio.ledger.kinds import Kind
from tunefolio.market import calendars, sectors
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing

HEADER_WITHIN_ROWS = 60
_AS_ON = re.compile(r"\bas on (\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_SUFFIX = re.compile(
    r"(?P<symbol>.+)-"
    r"(?P<series>BE|BZ|BL|BO|BT|IL|SM|ST|SZ|GB|GS|SG|TB|IV|ID|RR|RT|MF|ME|IT|T0|"
    r"[EX][0-9]|[NYZPW][0-9A-Z])"
)
"""NSE's legend of series, as Kite writes them behind a symbol."""


class ConsoleHoldings:
    """Console → Portfolio → Holdings → XLSX: title rows, data from column B, a line a share with its sector.

    Units held are those available and those pledged; the discrepant and the long-term are among them.
    """

    name = "zerodha_holdings_xlsx"
    title = "Zerodha holdings (XLSX)"
    needed = ("symbol", "quantity available", "average price")
    _kept = frozenset({"quantity available", "quantity discrepant", "quantity long term"})
    _own = frozenset({*needed, *_kept, "isin", "sector"})

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def recognises(self, filename: str, content: bytes) -> bool:  # noqa: ARG002  a name proves nothing
        """By the header among the first rows of a sheet."""
        if not tables.is_workbook(content):
            return False
        try:
            rows = tables.xlsx_rows(content)
            return any(row <= HEADER_WITHIN_ROWS and self._resembles(cells) for _, row, cells in rows)
        except Misuse:
            return False

    def parse(self, content: bytes, sha256: str) -> ParsedFile:
        """Every sheet's lines below its header; sheets without one are passed over."""
        day: TradingDay | None = None
        header: Sequence[str] = ()
        sheet, first, found = "", list[str](), list[tuple[int, dict[str, str]]]()
        for title, number, cells in tables.xlsx_rows(content):
            if title != sheet:
                sheet, header = title, ()
            first = first or cells
            if self._resembles(cells):
                fields.must_have(fields.columns(cells), self.needed, cells)
                header = cells
            elif header:
                found.append((number, _named(header, cells)))
            elif not found:
                day = day or _as_on(cells)
        if not found and not header:
            raise fields.without(self.needed, first)
        return _openings(self, found, day or _today(self._clock), sha256)

    def line(self, row: dict[str, str]) -> tuple[InstrumentClaim, Decimal, Price]:
        isin = fields.isin(row.get("isin", ""), "isin")
        held = _sum(row, ("quantity available", "quantity pledged (margin)", "quantity pledged (loan)"))
        return _claim(_text(row, "symbol"), isin), held, _average(row, "average price")

    def _resembles(self, cells: Sequence[str]) -> bool:
        """Symbol, ISIN and average price stand in anybody's table; how units are kept only in Console's."""
        names = set(fields.columns(cells))
        return len(self._own & names) >= 3 and bool(self._kept & names)


class KiteHoldings:
    """Kite → Holdings → Download: a CSV that begins with Instrument, and names no ISIN and no day."""

    name = "kite_holdings_csv"
    title = "Kite holdings (CSV)"
    needed = ("instrument", "qty.", "avg. cost")
    _own = frozenset({"qty.", "avg. cost", "ltp", "invested", "cur. val", "net chg.", "day chg."})

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def recognises(self, filename: str, content: bytes) -> bool:  # noqa: ARG002  a name proves nothing
        """By its first cell, and two names that Kite alone gives its columns: other tables begin so too."""
        try:
            _, cells = next(iter(tables.csv_rows(content[:8_000])), (0, [""]))
        except Misuse:
            return False
        return cells[0].lower() == "instrument" and len(self._own & set(fields.columns(cells))) >= 2

    def parse(self, content: bytes, sha256: str) -> ParsedFile:
        rows = tables.csv_rows(content)
        _, header = next(rows, (0, list[str]()))
        fields.must_have(fields.columns(header), self.needed, header)
        found = ((number, _named(header, cells)) for number, cells in rows)
        return _openings(self, found, _today(self._clock), sha256)

    def line(self, row: dict[str, str]) -> tuple[InstrumentClaim, Decimal, Price]:
        """Kite shows its own symbols; those NSE does not list are taken as NSE's all the same."""
        return _claim(_text(row, "instrument"), None), _sum(row, ("qty.",)), _average(row, "avg. cost")


def _openings(
    form: ConsoleHoldings | KiteHoldings,
    found: Iterable[tuple[int, dict[str, str]]],
    day: TradingDay,
    sha256: str,
) -> ParsedFile:
    good: list[ParsedRow] = []
    problems: list[RowProblem] = []
    seen: dict[InstrumentClaim, int] = {}
    for number, row in found:
        if _is_total(row):
            continue
        try:
            claim, quantity, price = form.line(row)
            if (first := seen.setdefault(claim, number)) != number:
                raise Flaw("symbol", f"the same holding as row {first}", "Keep one of the two rows")
        except Flaw as flaw:
            problems.append(flaw.at(number))
            continue
        key = f"{sha256}:{number}"
        sector = row.get("sector", "")
        good.append(ParsedRow(number, Kind.OPENING, day, None, claim, quantity, price, key, sector))
    return ParsedFile(form.name, form.title, tuple(good), tuple(problems))


def _named(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    places = fields.columns(header)
    return {name: fields.cell(cells, places, name) for name in places}


def _text(row: dict[str, str], name: str) -> str:
    if not row.get(name):
        raise Flaw(name, "is empty")
    return row[name]


def _sum(row: dict[str, str], names: Sequence[str]) -> Decimal:
    """Units over all named columns, above zero; the first must be there."""
    _text(row, names[0])
    parts = [fields.number(row[name], name) for name in names if row.get(name)]
    if any(part < 0 for part in parts) or sum(parts) <= 0:
        raise Flaw(names[0], f"{sum(parts):f} must be above zero")
    return sum(parts, Decimal(0))


def _average(row: dict[str, str], name: str) -> Price:
    """Zero is allowed: a gift, or a cost the broker does not know."""
    price = fields.number(_text(row, name), name)
    if price < 0:
        raise Flaw(name, f"{price:f} must not be negative")
    return Price(price, INR)


def _claim(symbol: str, isin: Isin | None) -> InstrumentClaim:
    """As NSE lists it; the exchange's own list gives the ISIN where the file gives none."""
    match = _SUFFIX.fullmatch(symbol.upper())
    listing = Listing("NSE", match["symbol"], match["series"]) if match else Listing("NSE", symbol.upper())
    listed = sectors.packaged().listed(listing.symbol)
    if isin is None and listed is not None:
        isin = listed.isin
    asset_class = AssetClass.ETF if isin is not None and isin.startswith("INF") else AssetClass.EQUITY
    return InstrumentClaim(listing, isin, listed.name if listed else "", asset_class, INR)


def _is_total(row: dict[str, str]) -> bool:
    """A last line of sums has numbers and no name."""
    name = row.get("symbol", row.get("instrument", ""))
    return not name or name.lower() == "total"


def _as_on(cells: Sequence[str]) -> TradingDay | None:
    for cell in cells:
        if found := _AS_ON.search(cell):
            try:
                return TradingDay.parse(found[1])
            except Misuse:
                return None
    return None


def _today(clock: Clock) -> TradingDay:
    """The session of the import: an opening's day is when it was first seen."""
    return calendars.packaged().trading_day(clock.now())


def _forms(clock: Clock) -> Iterator[FileFormat]:
    yield ConsoleHoldings(clock)
    yield KiteHoldings(clock)


for _form in _forms(SystemClock()):
    FORMATS.register(_form.name)(_form)
