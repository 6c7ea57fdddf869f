"""Schedule FA, table A3: foreign shares held on a day of a calendar year, a row for each lot, in rupees.

The year is the calendar year that ends in the financial year. Each value counts at the rate of its own day:
purchase, the day of the highest value, 31 December; sales and dividends the day they came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tunefolio.analysis.tax.foreign_worth import (
    NOTHING,
    Closes,
    Figure,
    Piece,
    Span,
    Sum,
    Worth,
    converted,
    summed,
)
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.holdings import Holdings, Position
from tunefolio.ledger.lots import Lot, Side, shares
from tunefolio.ledger.transactions import Fact
from tunefolio.market.fx import RateBook

_PAISA = Decimal("0.01")
_UNDATED = Missing("the day of purchase", "Record the opening with its `acquired` day")


@dataclass(frozen=True, slots=True)
class ForeignBooks:
    """What the schedule is made from. closes: as they were paid; changes: corporate events of the books;
    abroad: what is foreign though it is kept in rupees; names: how reasons call an instrument."""

    holdings: Mapping[AccountId, Holdings]
    closes: Closes
    rates: RateBook
    changes: Sequence[Fact] = ()
    abroad: frozenset[InstrumentId] = frozenset()
    names: Mapping[InstrumentId, str] = field(default_factory=dict)

    def is_foreign(self, position: Position) -> bool:
        return position.currency != INR or position.instrument in self.abroad


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """One lot. Figures in rupees; Missing where a rate, a close or the day of purchase is not known.

    initial: what it cost. peak: its highest value while held, by close and that day's rate. closing: at the
    year's end, zero where all was sold. received: dividends and interest, before tax, by units held that day.
    proceeds: of sales in the year, before charges. units: held at the year's end.
    """

    account: AccountId
    instrument: InstrumentId
    opened: TransactionId
    acquired: TradingDay | None
    currency: Currency
    units: Decimal
    initial: Figure
    peak: Figure
    closing: Figure
    received: Figure
    proceeds: Figure
    remarks: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        figures = (self.initial, self.peak, self.closing, self.received, self.proceeds)
        return not any(isinstance(one.value, Missing) for one in figures)


FIGURES_A3 = ("initial", "peak", "closing", "received", "proceeds")


def calendar_year(year: FinancialYear) -> tuple[TradingDay, TradingDay]:
    """1 January to 31 December of the year in which the financial year begins."""
    return TradingDay(date(year.start, 1, 1)), TradingDay(date(year.start, 12, 31))


def span_of(year: FinancialYear, today: TradingDay) -> Span:
    """Its calendar year, as far as it is over today."""
    first, last = calendar_year(year)
    return Span(first, last, min(last, today))


def schedule_fa(books: ForeignBooks, span: Span) -> tuple[ForeignRow, ...]:
    """A row for each lot of a foreign instrument, oldest first. Linear in lots × closes of the year."""
    rows: list[ForeignRow] = []
    worths: dict[InstrumentId, Worth] = {}
    for account, held in books.holdings.items():
        for instrument, position in held.positions.items():
            if not books.is_foreign(position):
                continue
            lots = dict(_lots(position, span))
            if not lots:
                continue
            worth = worths.get(instrument) or _worth(books, instrument, span)
            worths[instrument] = worth
            paid = [one for one in held.movements if one.instrument == instrument and one.income]
            received, remarks = _received(paid, lots, worth)
            for key, pieces in lots.items():
                sums = summed(received.get(key, ()))
                rows.append(_row(worth, account, position.currency, key, pieces, sums, remarks))
    return tuple(sorted(rows, key=lambda row: (row.acquired or span.first, row.account, row.opened)))


_Key = tuple[TransactionId, TradingDay | None]


def _worth(books: ForeignBooks, instrument: InstrumentId, span: Span) -> Worth:
    name = books.names.get(instrument, f"instrument {instrument}")
    return Worth(instrument, name, books.closes, books.rates, span, books.changes)


def _lots(position: Position, span: Span) -> Iterator[tuple[_Key, list[Piece]]]:
    """Each lot's pieces that were held on a day of the calendar year."""
    found: dict[_Key, list[Piece]] = {}
    for lot in position.lots:
        if lot.seen <= span.last:
            found.setdefault(_key(lot), []).append(Piece(lot.quantity, lot.cost, None))
    for match in position.matches:
        lot = match.lot
        if match.side is Side.LONG and lot.seen <= span.last and match.day >= span.first:
            gross = match.proceeds + match.fees
            piece = Piece(lot.quantity, lot.cost, match.day, gross, match.closed)
            found.setdefault(_key(lot), []).append(piece)
    yield from found.items()


def _key(lot: Lot) -> _Key:
    return lot.origin or lot.opened, lot.day


def _row(
    worth: Worth,
    account: AccountId,
    currency: Currency,
    key: _Key,
    pieces: Sequence[Piece],
    received: Figure,
    remarks: tuple[str, ...],
) -> ForeignRow:
    opened, acquired = key
    span = worth.span
    cost = Money(sum((piece.cost.amount for piece in pieces), ZERO), currency)
    initial = (
        Figure(_UNDATED) if acquired is None else summed([converted(cost, acquired, worth.rates, opened)])
    )
    peak = worth.peak(pieces, acquired or span.first)
    if peak is NOTHING and all(piece.left == acquired for piece in pieces):
        peak = initial
        remarks = (*remarks, f"{worth.name}: bought and sold within {acquired}, the peak is what it cost")
    sold = [
        converted(piece.proceeds, piece.left, worth.rates, piece.closed)
        for piece in pieces
        if piece.proceeds is not None and piece.left is not None and span.holds(piece.left)
    ]
    return ForeignRow(
        account, worth.instrument, opened, acquired, currency, worth.units_on(pieces, span.last),
        initial, peak, worth.closing(pieces), received, summed(sold), (*worth.remarks, *remarks),
    )  # fmt: skip


def _received(
    paid: Sequence[Movement], lots: Mapping[_Key, list[Piece]], worth: Worth
) -> tuple[dict[_Key, list[Sum | Missing]], tuple[str, ...]]:
    """Each receipt shared by the units of the lots held that day, the rounding with the last.

    One that came when all was sold goes to the lots that were sold last.
    """
    found: dict[_Key, list[Sum | Missing]] = {}
    remarks: list[str] = []
    for movement in paid:
        if not worth.span.holds(movement.day):
            continue
        money = Money(movement.income, movement.currency)
        whole = converted(money, movement.day, worth.rates, movement.transaction)
        held = _held(lots, worth, movement.day)
        if not held:
            held = _sold_last(lots, movement.day)
            remarks.append(f"{worth.name}: what came on {movement.day} counts with the units sold last")
        if isinstance(whole, Missing):
            for key in held:
                found.setdefault(key, []).append(whole)
            continue
        parts = shares(whole.rupees, list(held.values()), _PAISA)
        for key, part in zip(held, parts, strict=True):
            share = Sum(money, whole.rate, whole.day, part, movement.transaction, others=whole.rupees - part)
            found.setdefault(key, []).append(share)
    return found, tuple(remarks)


def _held(lots: Mapping[_Key, list[Piece]], worth: Worth, day: TradingDay) -> dict[_Key, Decimal]:
    return {
        key: units
        for key, pieces in lots.items()
        if (key[1] is None or key[1] <= day) and (units := worth.units_on(pieces, day))
    }


def _sold_last(lots: Mapping[_Key, list[Piece]], day: TradingDay) -> dict[_Key, Decimal]:
    """Units by lot that left on the latest day until then; the first lot where none had."""
    left = [
        (piece.left, key, piece.units)
        for key, pieces in lots.items()
        for piece in pieces
        if piece.left is not None and piece.left <= day
    ]
    if not left:
        return {next(iter(lots)): Decimal(1)}
    latest = max(one for one, _, _ in left)
    found: dict[_Key, Decimal] = {}
    for one, key, units in left:
        if one == latest:
            found[key] = found.get(key, ZERO) + units
    return found
