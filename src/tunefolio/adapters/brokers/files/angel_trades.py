"""Angel One's trades workbook ("TradesAndCharges"): trades with the charges that were really paid.

A row without units carries brokerage that belongs to no trade: it becomes a fee.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from tunefolio.adapters.brokers.files import cells, fields, tables
from tunefolio.adapters.brokers.files.fields import Flaw
from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.columnmaps import DayOrder, plain_name
from tunefolio.ledger.feeparts import FeeName, FeeParts, order_number, parts_of
from tunefolio.ledger.files import FORMATS, FileFormat, ParsedFile, ParsedRow, RowProblem
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing

HEADER_WITHIN_ROWS = 60
NEEDED = ("scrip contract", "buy sell", "quantity", "exchange", "date")
CHARGES = {
    "brokerage": FeeName.BROKERAGE,
    "gst": FeeName.GST,
    "stt": FeeName.STT,
    "sebi tax": FeeName.SEBI,
    "exchange turnover charges": FeeName.EXCHANGE,
    "stamp duty": FeeName.STAMP,
    "other charges": FeeName.OTHER,
    "ipft charges": FeeName.IPFT,
}
_KINDS = {"buy": Kind.BUY, "b": Kind.BUY, "sell": Kind.SELL, "s": Kind.SELL}
_SHARES = re.compile(r"\b(eq|equity|cash|capital|cm)\b", re.IGNORECASE)
_SERIES = re.compile(r"(.+)-(EQ|BE|BZ|BL|SM|ST|GB|T2T)")


class AngelTrades:
    """Reports → Trades → Excel. Charges stand in columns of their own; the row's fees are their sum."""

    name = "angelone_trades_xlsx"
    title = "Angel One trades and charges (XLSX)"

    def recognises(self, filename: str, content: bytes) -> bool:  # noqa: ARG002  a name proves nothing
        """By the columns for scrip and side and at least two charges, among the first rows of a sheet."""
        if not tables.is_workbook(content):
            return False
        try:
            return any(row <= HEADER_WITHIN_ROWS and _resembles(found) for _, row, found in _open(content))
        except Misuse:
            return False

    def parse(self, content: bytes, sha256: str) -> ParsedFile:  # noqa: ARG002  rows have keys of their own
        good: list[ParsedRow] = []
        problems: list[RowProblem] = []
        trades: _Trades | None = None
        for _, number, row in tables.xlsx_rows(content):
            if _resembles(row):
                trades = _Trades(row)
            elif trades is not None and any(row) and not _is_total(row):
                try:
                    good.append(trades.row(number, row))
                except Flaw as flaw:
                    problems.append(flaw.at(number))
        if trades is None:
            raise fields.without(NEEDED, ())
        return ParsedFile(self.name, self.title, tuple(good), tuple(problems))


class _Trades:
    """Reads the rows of one sheet."""

    def __init__(self, header: Sequence[str]) -> None:
        self._places: Mapping[str, int] = {
            plain_name(name): place for place, name in reversed(list(enumerate(header))) if name
        }
        fields.must_have(self._places, NEEDED, header)
        self._seen: Counter[str] = Counter()

    def row(self, number: int, row: Sequence[str]) -> ParsedRow:
        """One trade, or one fee; raises Flaw."""
        said = self._needed(row, "date")
        day = cells.day(said, "date", DayOrder.DMY)
        claim = self._claim(row)
        parts = self._parts(row)
        charges = sum((part.amount for part in parts), Decimal(0))
        fees = Money(charges, INR).rounded()
        units = self._number(row, "quantity")
        if units == 0:
            if not charges:
                raise Flaw("quantity", "is zero and there are no charges", "Leave the row out")
            key = self._key(row, claim, day, charges=fees)
            note = "charges of an order without a trade"
            return ParsedRow(number, Kind.FEE, day, None, claim, None, None, key, amount=fees, note=note)
        kind = self._kind(row)
        price = self._number(row, "buy price" if kind is Kind.BUY else "sell price")
        if units < 0 or price <= 0:
            raise Flaw("price" if units > 0 else "quantity", "must be above zero")
        return ParsedRow(
            number,
            kind,
            day,
            cells.moment(said, day, "date"),
            claim,
            units,
            Price(price, INR),
            self._key(row, claim, day),
            fees=fees if charges else None,
            parts=parts if fees.amount else (),
            order=order_number(fields.cell(row, self._places, "order id")),
        )

    def _parts(self, row: Sequence[str]) -> FeeParts:
        """What was charged, column by column; some workbooks write charges below zero."""
        return parts_of({name: abs(self._number(row, column)) for column, name in CHARGES.items()})

    def _kind(self, row: Sequence[str]) -> Kind:
        word = self._needed(row, "buy sell")
        kind = _KINDS.get(word.lower())
        if kind is None:
            raise Flaw("buy sell", f"{word[:40]!r} is unknown", "Known: Buy, Sell")
        return kind

    def _claim(self, row: Sequence[str]) -> InstrumentClaim:
        segment = fields.cell(row, self._places, "segment")
        if segment and not _SHARES.search(segment.replace("_", " ")):
            raise Flaw("segment", f"{segment[:30]} is not supported yet", "Shares are")
        exchange = fields.exchange(self._needed(row, "exchange"), "exchange")
        said = cells.symbol(self._needed(row, "scrip contract"), "scrip/contract")
        match = _SERIES.fullmatch(said)
        isin = fields.isin(fields.cell(row, self._places, "isin"), "isin")
        listing = Listing(exchange, match[1], match[2]) if match else Listing(exchange, said)
        return InstrumentClaim(listing, isin, "", AssetClass.EQUITY, INR)

    def _key(
        self, row: Sequence[str], claim: InstrumentClaim, day: TradingDay, charges: Money | None = None
    ) -> str:
        """The trade's key as the API gives it; of a fee, or without an id, what the row says."""
        trade = fields.cell(row, self._places, "trade id")
        if trade and trade != "0" and charges is None:
            key = f"{claim.listing.exchange}:EQ:{cells.text(trade, 'trade_id', 60)}:{day.iso()}"
            self._seen[key] += 1
            if self._seen[key] > 1:
                raise Flaw("trade id", f"{trade} stands above already", "Keep one of the two rows")
            return key
        said = hashlib.sha256("\x1f".join(row).encode()).hexdigest()[:24]
        self._seen[said] += 1
        return f"angelone:{said}:{self._seen[said]}"

    def _number(self, row: Sequence[str], name: str) -> Decimal:
        said = fields.cell(row, self._places, name)
        return cells.number(said, name) if said not in {"", "-"} else Decimal(0)

    def _needed(self, row: Sequence[str], name: str) -> str:
        return fields.needed(row, self._places, name)


def _resembles(row: Sequence[str]) -> bool:
    names = {plain_name(cell) for cell in row if cell}
    return {"scrip contract", "buy sell"} <= names and len(names & set(CHARGES)) >= 2


def _is_total(row: Sequence[str]) -> bool:
    return next((cell for cell in row if cell), "").lower().startswith(("total", "grand total"))


def _open(content: bytes) -> Iterator[tuple[str, int, Sequence[str]]]:
    return (row for row in tables.xlsx_rows(content) if row[1] <= HEADER_WITHIN_ROWS)


_FORMAT: FileFormat = FORMATS.register(AngelTrades.name)(AngelTrades())
