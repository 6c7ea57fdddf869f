"""Schedule FA: foreign shares held at any time in a calendar year, a row for each lot, in rupees.

The year is the calendar year that ends in the financial year. Each value counts at the rate of its own day:
purchase, the day of the highest value, 31 December; sales and dividends the day they came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Currency, Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.holdings import Holdings, Position
from tunefolio.ledger.lots import Side, shares
from tunefolio.market.fx import RateBook

_PAISA = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Prices:
    """Closes of one instrument over the calendar year, oldest first; the last one stands at its end."""

    closes: Sequence[tuple[TradingDay, Price]]


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """One lot. Rupees; Missing where a rate, a price or the day of purchase is not known.

    initial: what it cost. peak: its highest value while held, by close and that day's rate. closing: at the
    year's end, zero where all was sold. received: dividends and interest, before tax, by units held that day.
    proceeds: of sales in the year.
    """

    account: AccountId
    instrument: InstrumentId
    opened: TransactionId
    acquired: TradingDay | None
    initial: Decimal | Missing
    peak: Decimal | Missing
    closing: Decimal | Missing
    received: Decimal | Missing
    proceeds: Decimal | Missing


@dataclass(frozen=True, slots=True)
class _Piece:
    """Units of one lot from purchase to sale. left: the day they were sold; None while held."""

    units: Decimal
    cost: Money
    left: TradingDay | None
    proceeds: Money | None


def calendar_year(year: FinancialYear) -> tuple[TradingDay, TradingDay]:
    """1 January to 31 December of the year in which the financial year begins."""
    return TradingDay(date(year.start, 1, 1)), TradingDay(date(year.start, 12, 31))


def schedule_fa(
    holdings: Mapping[AccountId, Holdings],
    prices: Mapping[InstrumentId, Prices],
    rates: RateBook,
    year: FinancialYear,
) -> tuple[ForeignRow, ...]:
    """A row for each lot of an instrument that is kept in a foreign currency, oldest first."""
    first, last = calendar_year(year)
    rows: list[ForeignRow] = []
    for account, held in holdings.items():
        for instrument, position in held.positions.items():
            if position.currency == INR:
                continue
            lots = dict(_lots(position, first, last))
            worth = _Worth(prices.get(instrument, Prices(())), rates, position.currency, first, last)
            paid = [one for one in held.movements if one.instrument == instrument and one.income]
            received = _received(paid, lots, worth)
            rows += [
                worth.row(account, instrument, key, pieces, received.get(key, ZERO))
                for key, pieces in lots.items()
            ]
    return tuple(sorted(rows, key=lambda row: (row.acquired or first, row.account, row.opened)))


_Key = tuple[TransactionId, TradingDay | None]


def _lots(position: Position, first: TradingDay, last: TradingDay) -> Iterator[tuple[_Key, list[_Piece]]]:
    """Each lot's pieces that were held on a day of the calendar year."""
    found: dict[_Key, list[_Piece]] = {}
    for lot in position.lots:
        if lot.seen <= last:
            piece = _Piece(lot.quantity, lot.cost, None, None)
            found.setdefault((lot.origin or lot.opened, lot.day), []).append(piece)
    for match in position.matches:
        lot = match.lot
        if match.side is Side.LONG and lot.seen <= last and match.day >= first:
            left = match.day if match.day <= last else None
            proceeds = match.proceeds + match.fees if left is not None else None
            piece = _Piece(lot.quantity, lot.cost, left, proceeds)
            found.setdefault((lot.origin or lot.opened, lot.day), []).append(piece)
    yield from found.items()


class _Worth:
    """Values of one instrument in rupees over one calendar year."""

    def __init__(
        self, prices: Prices, rates: RateBook, currency: Currency, first: TradingDay, last: TradingDay
    ) -> None:
        self._closes = [(day, price) for day, price in prices.closes if first <= day <= last]
        self._rates, self._currency = rates, currency
        self._first, self._last = first, last

    def row(
        self,
        account: AccountId,
        instrument: InstrumentId,
        key: _Key,
        pieces: Sequence[_Piece],
        received: Decimal | Missing,
    ) -> ForeignRow:
        opened, acquired = key
        return ForeignRow(
            account, instrument, opened, acquired, self._initial(pieces, acquired),
            self._peak(pieces, acquired), self._closing(pieces), received, self._proceeds(pieces),
        )  # fmt: skip

    def rupees(self, amount: Decimal, day: TradingDay) -> Decimal | Missing:
        rate = self._rates.on(self._currency, INR, day)
        return rate if isinstance(rate, Missing) else Money(amount * rate.rate, INR).rounded().amount

    def _initial(self, pieces: Sequence[_Piece], acquired: TradingDay | None) -> Decimal | Missing:
        if acquired is None:
            return Missing("the day of purchase", "Record the opening with its `acquired` day")
        return self.rupees(sum((piece.cost.amount for piece in pieces), ZERO), acquired)

    def _peak(self, pieces: Sequence[_Piece], acquired: TradingDay | None) -> Decimal | Missing:
        """By the close of each day on which something was held; the day of sale counts no more."""
        begun = max(acquired or self._first, self._first)
        highest: Decimal | None = None
        for day, price in self._closes:
            units = _held_on(pieces, day) if day >= begun else ZERO
            if not units:
                continue
            value = self.rupees(units * price.amount, day)
            if isinstance(value, Missing):
                return value
            highest = value if highest is None else max(highest, value)
        return highest if highest is not None else Missing("a close while it was held", "Fetch its prices")

    def _closing(self, pieces: Sequence[_Piece]) -> Decimal | Missing:
        units = _held_on(pieces, self._last)
        if not units:
            return ZERO
        if not self._closes:
            return Missing(f"a close by {self._last}", "Fetch its prices")
        return self.rupees(units * self._closes[-1][1].amount, self._last)

    def _proceeds(self, pieces: Sequence[_Piece]) -> Decimal | Missing:
        sums = [
            self.rupees(piece.proceeds.amount, piece.left)
            for piece in pieces
            if piece.proceeds is not None and piece.left is not None
        ]
        return _total(sums)

    def holds(self, day: TradingDay) -> bool:
        return self._first <= day <= self._last


def _held_on(pieces: Sequence[_Piece], day: TradingDay) -> Decimal:
    return sum((piece.units for piece in pieces if piece.left is None or day < piece.left), ZERO)


def _received(
    paid: Sequence[Movement], lots: Mapping[_Key, list[_Piece]], worth: _Worth
) -> dict[_Key, Decimal | Missing]:
    """Each receipt shared by the units of the lots held that day, the rounding with the last."""
    found: dict[_Key, Decimal | Missing] = {}
    for movement in paid:
        if not worth.holds(movement.day):
            continue
        whole = worth.rupees(movement.income, movement.day)
        held = {
            key: units
            for key, pieces in lots.items()
            if (key[1] is None or key[1] <= movement.day) and (units := _held_on(pieces, movement.day))
        }
        parts = (
            dict.fromkeys(held, whole)
            if isinstance(whole, Missing)
            else dict(zip(held, shares(whole, list(held.values()), _PAISA), strict=True))
        )
        for key, part in parts.items():
            found[key] = _total([found.get(key, ZERO), part])
    return found


def _total(sums: Sequence[Decimal | Missing]) -> Decimal | Missing:
    lacking = missing_of(one for one in sums if isinstance(one, Missing))
    return lacking or sum((one for one in sums if isinstance(one, Decimal)), ZERO)
