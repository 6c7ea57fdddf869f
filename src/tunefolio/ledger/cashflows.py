"""What each fact did to an instrument and to cash: the one stream that every return is computed from.

Each movement balances: cost = realised + income − fees − taxes − cash + moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Movement:
    """One fact's effect on one instrument of one account, or on its cash where instrument is None.

    All sums in `currency`, signed, exact; ≥ 0 for fees and taxes.
    units:    change of units held (owed units count below zero).
    cost:     change of the open lots' cost *before charges*; a short lot's cost is minus what it brought.
    realised: gain before charges: proceeds − the cost before charges of what was given up.
    income:   dividends, interest, rewards before deductions; accrued interest paid counts below zero.
    cash:     effect on the account's cash.
    moved:    cost that came (or went, below zero) without cash: openings, transfers, demerged cost; of a cash
              movement, what a conversion brought or took.
    moved_in, moved_units: the same move counted in units of an instrument (signed), so that it can be valued
              at the market; a demerger's parent loses units of the child. None: only its cost is known.
    notional: change of the contract value of a margined instrument (a future); its cost stays zero, and its
              value is units × price − notional.
    lot_fees: change of the charges inside the open lots' cost.
    outside:  cash that came from (or went to) outside the account: deposits, withdrawals, cash transfers.
              Only on cash movements.
    """

    transaction: TransactionId
    account: AccountId
    day: TradingDay
    instrument: InstrumentId | None
    currency: Currency
    units: Decimal = _ZERO
    cost: Decimal = _ZERO
    realised: Decimal = _ZERO
    income: Decimal = _ZERO
    fees: Decimal = _ZERO
    taxes: Decimal = _ZERO
    cash: Decimal = _ZERO
    moved: Decimal = _ZERO
    moved_in: InstrumentId | None = None
    moved_units: Decimal = _ZERO
    notional: Decimal = _ZERO
    outside: Decimal = _ZERO
    lot_fees: Decimal = _ZERO

    @property
    def is_balanced(self) -> bool:
        """Nothing appears or vanishes; cash alone comes from income, outside or a conversion."""
        earned = self.income - self.fees - self.taxes
        if self.instrument is None:
            return self.cash == earned + self.outside + self.moved
        return self.cost == self.realised + earned - self.cash + self.moved


@dataclass(frozen=True, slots=True)
class Moved:
    """Units that came (or went, below zero) without cash, to be valued at the market of `instrument`.

    cost: what they cost before charges, for when no price is known; instrument None: only that is known.
    """

    instrument: InstrumentId | None
    units: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class DayRow:
    """What one day changed for one instrument of one account, or for its cash in one currency (None).

    units, cost, notional, lot_fees, cash_balance: the state after the day; cash_balance only of cash rows.
    lot_fees: the charges inside the open lots' cost; cost + lot_fees is their cost with charges.
    bought, sold: gross sums of that day's trades, ≥ 0. All others are sums of the day as in Movement.
    A cash row's `cash` is all cash of the day, from trades as well; its income, fees and taxes are only
    those that belong to no instrument.
    """

    account: AccountId
    instrument: InstrumentId | None
    currency: Currency
    day: TradingDay
    units: Decimal = _ZERO
    cost: Decimal = _ZERO
    notional: Decimal = _ZERO
    lot_fees: Decimal = _ZERO
    cash_balance: Decimal = _ZERO
    bought: Decimal = _ZERO
    sold: Decimal = _ZERO
    realised: Decimal = _ZERO
    income: Decimal = _ZERO
    fees: Decimal = _ZERO
    taxes: Decimal = _ZERO
    cash: Decimal = _ZERO
    moved: Decimal = _ZERO
    outside: Decimal = _ZERO
    moves: tuple[Moved, ...] = ()


_Line = tuple[AccountId, InstrumentId | None, Currency]


def by_day(movements: Iterable[Movement]) -> list[DayRow]:
    """One row for each account, instrument (or cash) and day with change, ordered by day.

    Complete only for complete movements: the state after each day is their running sum.
    """
    lines: dict[_Line, dict[TradingDay, list[Movement]]] = {}
    paid: dict[_Line, dict[TradingDay, Decimal]] = {}
    for movement in movements:
        key = (movement.account, movement.instrument, movement.currency)
        lines.setdefault(key, {}).setdefault(movement.day, []).append(movement)
        if movement.cash:
            sums = paid.setdefault((movement.account, None, movement.currency), {})
            sums[movement.day] = sums.get(movement.day, _ZERO) + movement.cash
    for key in paid:
        lines.setdefault(key, {})
    rows = [row for key, days in lines.items() for row in _rows(key, days, paid.get(key, {}))]
    rows.sort(key=lambda row: (row.day.date.toordinal(), row.account, row.instrument or 0, row.currency))
    return rows


def _rows(
    key: _Line, days: Mapping[TradingDay, Sequence[Movement]], paid: Mapping[TradingDay, Decimal]
) -> Iterator[DayRow]:
    """The rows of one line, oldest first, with its running state."""
    account, instrument, currency = key
    state = [_ZERO] * 4
    balance = _ZERO
    all_days = days.keys() | paid.keys() if instrument is None else days.keys()
    for day in sorted(all_days, key=lambda each: each.date.toordinal()):
        some = days.get(day, ())
        sums = [_ZERO] * 8
        moves: list[Moved] = []
        for movement in some:
            state[0] += movement.units
            state[1] += movement.cost
            state[2] += movement.notional
            state[3] += movement.lot_fees
            _add_up(sums, movement)
            if movement.instrument is not None and (movement.moved or movement.moved_units):
                moves.append(Moved(movement.moved_in, movement.moved_units, movement.moved))
        cash = paid.get(day, _ZERO) if instrument is None else sums[5]
        balance += cash
        bought, sold, realised, income, fees, _own, taxes, moved = sums
        outside = sum((movement.outside for movement in some), _ZERO)
        kept = balance if instrument is None else _ZERO
        yield DayRow(
            account, instrument, currency, day, state[0], state[1], state[2], state[3], kept, bought, sold,
            realised, income, fees, taxes, cash, moved, outside, tuple(moves),
        )  # fmt: skip


def _add_up(sums: list[Decimal], movement: Movement) -> None:
    """bought, sold, realised, income, fees, cash, taxes, moved of one more movement."""
    if movement.instrument is not None and (movement.cash or movement.units):
        traded = movement.cash + movement.fees + movement.taxes - movement.income
        sums[0 if traded < 0 else 1] += abs(traded)
    sums[2] += movement.realised
    sums[3] += movement.income
    sums[4] += movement.fees
    sums[5] += movement.cash
    sums[6] += movement.taxes
    sums[7] += movement.moved
