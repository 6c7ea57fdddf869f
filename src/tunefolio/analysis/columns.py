"""The rows of one key as columns of exact sums in the currency of a report: here rates and prices come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from tunefolio.analysis.derivation import EXACT
from tunefolio.core.errors import BrokenLaw
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money, minor_digits, quantized
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import DayRow
from tunefolio.market.closes import PriceBook
from tunefolio.market.fx import NO_RATES, RateBook

Valuer = Callable[[AccountId, TradingDay], Money | Missing]
"""What an account's whole holding of an instrument without closes is worth: deposits that accrue interest."""

_ZERO = Decimal(0)
COLUMNS = ("realised", "income", "fees", "taxes", "flow", "moved", "worth")
"""Sums of a day in the report's currency. flow: money that came into the part (+) or left it; moved, worth:
what came in kind, at its cost and at its market value."""


class Key(NamedTuple):
    """One account's holding of one instrument, or its cash in one currency where instrument is None."""

    account: AccountId
    instrument: InstrumentId | None
    currency: Currency


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Prices, rates and what values holdings that have no closes."""

    prices: PriceBook
    rates: RateBook = NO_RATES
    valuers: Mapping[InstrumentId, Valuer] = field(default_factory=dict)

    def converted(
        self, amount: Decimal, base: Currency, quote: Currency, day: TradingDay
    ) -> Decimal | Missing:
        """The amount in `quote` at the day's rate, rounded once to its minor unit; nothing needs no rate."""
        if base == quote or not amount:
            return amount
        rate = self.rates.on(base, quote, day)
        if isinstance(rate, Missing):
            return rate
        return quantized(EXACT.multiply(amount, rate.rate), minor_digits(quote))


@dataclass(frozen=True, slots=True)
class Hole:
    """A day's sum that has no rate: `column` is not available for any period with that day."""

    ordinal: int
    column: str
    missing: Missing


def priced(
    market: Market,
    instrument: InstrumentId,
    units: Decimal,
    currency: Currency,
    day: TradingDay,
    *,
    since: int = 0,
) -> Decimal | Missing:
    """units × price × rate of the day, rounded once to the minor unit.

    since: an ordinal; a price older than it is of units that were restated meanwhile, and is not used.
    """
    seen = market.prices.on(instrument, day)
    if isinstance(seen, Missing):
        return seen
    if seen.day.date.toordinal() < since:
        name = market.prices.name(instrument)
        return Missing(f"price of {name} on {day}: the last, of {seen.day}, is from before its units changed")
    rate = market.rates.on(seen.price.currency, currency, day)
    if isinstance(rate, Missing):
        return rate
    worth = EXACT.multiply(EXACT.multiply(units, seen.price.amount), rate.rate)
    return quantized(worth, minor_digits(currency))


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence on what was valued otherwise than asked. cost: what is concerned, signed, so that a scope in
    which it cancels need not tell of it."""

    ordinal: int
    text: str
    cost: Decimal


@dataclass(slots=True)
class Columns:
    """COLUMNS of one key while they are worked out, one sum a row; what lacks a rate is zero and a hole."""

    rows: Sequence[DayRow]
    market: Market
    currency: Currency
    sums: dict[str, list[Decimal]] = field(default_factory=dict)
    holes: list[Hole] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def lay(self, column: str, amounts: Sequence[Decimal]) -> list[Decimal]:
        """One column from amounts in the rows' own currency, converted at each row's day."""
        rows, market = self.rows, self.market
        if rows[0].currency == self.currency:
            laid = list(amounts)
        else:
            laid = [
                self.known(column, row, market.converted(amount, row.currency, self.currency, row.day))
                for row, amount in zip(rows, amounts, strict=True)
            ]
        self.sums[column] = laid
        return laid

    def known(self, column: str, row: DayRow, amount: Decimal | Missing) -> Decimal:
        """The amount, or zero and a hole."""
        if isinstance(amount, Missing):
            self.holes.append(Hole(row.day.date.toordinal(), column, amount))
            return _ZERO
        return amount


def instrument_columns(rows: Sequence[DayRow], market: Market, currency: Currency) -> Columns:
    """The columns of a holding: what it was paid is a flow in, what it brought a flow out."""
    result = Columns(rows, market, currency)
    result.lay("realised", [row.realised for row in rows])
    result.lay("income", [row.income for row in rows])
    result.lay("fees", [row.fees for row in rows])
    result.lay("taxes", [row.taxes for row in rows])
    result.lay("flow", [-row.cash for row in rows])
    moved = result.lay("moved", [row.moved for row in rows])
    result.sums["worth"] = [
        _worth(result, row, cost) if row.moves else cost for row, cost in zip(rows, moved, strict=True)
    ]
    lost = {(hole.ordinal, hole.missing) for hole in result.holes if hole.column == "moved"}
    result.holes += [Hole(ordinal, "worth", missing) for ordinal, missing in sorted(lost, key=lambda h: h[0])]
    return result


def _worth(columns: Columns, row: DayRow, moved: Decimal) -> Decimal:
    """What moved in kind that day at the market: units × close; where that lacks, its cost and a note."""
    market, currency = columns.market, columns.currency
    worth, at_cost = _ZERO, row.moved
    for move in row.moves:
        if move.instrument is None or move.instrument in market.valuers or not move.units:
            continue
        priced_move = priced(market, move.instrument, move.units, currency, row.day)
        if isinstance(priced_move, Missing):
            name = market.prices.name(move.instrument)
            note = (
                f"units of {name} that moved in kind on {row.day} count at their cost: {priced_move.reason}"
            )
            columns.notes.append(Note(row.day.date.toordinal(), note, move.cost))
            continue
        worth += priced_move
        at_cost -= move.cost
    if at_cost == row.moved:
        return worth + moved
    rest = market.converted(at_cost, row.currency, currency, row.day)
    return worth + columns.known("worth", row, rest)


@dataclass(frozen=True, slots=True)
class Paid:
    """What an account's instruments did to its cash in one currency on one day, in both currencies."""

    own: Decimal = _ZERO
    converted: Decimal = _ZERO


CashDay = tuple[AccountId, Currency, TradingDay]


def paid_by_instruments(
    laid: Iterable[tuple[Sequence[DayRow], Sequence[Decimal]]],
) -> dict[CashDay, Paid]:
    """The flows of instruments seen from their account's cash, so that both sides agree to the paisa."""
    paid: dict[CashDay, Paid] = {}
    for rows, flows in laid:
        for row, flow in zip(rows, flows, strict=True):
            if row.cash:
                day = (row.account, row.currency, row.day)
                before = paid.get(day, Paid())
                paid[day] = Paid(before.own + row.cash, before.converted - flow)
    return paid


def exchanges(rows: Iterable[DayRow], market: Market, currency: Currency) -> dict[CashDay, Decimal | Missing]:
    """What each leg of the day's currency conversions counts for, so that the legs of an account cancel.

    The side in the report's currency, else the side that was paid, counts at the day's rates; the other side
    counts the same in sum, pro rata. What was lost against the day's rates is a currency loss, not a flow.
    """
    days: dict[tuple[AccountId, TradingDay], list[DayRow]] = {}
    for row in rows:
        if row.instrument is None and row.moved:
            days.setdefault((row.account, row.day), []).append(row)
    result: dict[CashDay, Decimal | Missing] = {}
    for legs in days.values():
        result |= _cancelling(legs, market, currency)
    return result


def _cancelling(
    legs: Sequence[DayRow], market: Market, currency: Currency
) -> dict[CashDay, Decimal | Missing]:
    worth = {
        (leg.account, leg.currency, leg.day): market.converted(leg.moved, leg.currency, currency, leg.day)
        for leg in legs
    }
    paid, received = [leg for leg in legs if leg.moved < 0], [leg for leg in legs if leg.moved > 0]
    sure, other = (received, paid) if any(leg.currency == currency for leg in received) else (paid, received)
    if not sure or not other:
        return worth
    whole = _added(worth[leg.account, leg.currency, leg.day] for leg in sure)
    if len(other) == 1:
        leg = other[0]
        worth[leg.account, leg.currency, leg.day] = whole if isinstance(whole, Missing) else -whole
        return worth
    parts = [worth[leg.account, leg.currency, leg.day] for leg in other]
    known = [part for part in parts if not isinstance(part, Missing)]
    if isinstance(whole, Missing) or len(known) < len(parts):
        return worth
    left, weight = -whole, sum(known, _ZERO)
    for leg, part in zip(other, known, strict=True):
        share = left if part == weight else quantized(left * part / weight, minor_digits(currency))
        worth[leg.account, leg.currency, leg.day] = share
        left, weight = left - share, weight - part
    return worth


def _added(amounts: Iterable[Decimal | Missing]) -> Decimal | Missing:
    whole = _ZERO
    for amount in amounts:
        if isinstance(amount, Missing):
            return amount
        whole += amount
    return whole


def cash_columns(
    rows: Sequence[DayRow],
    market: Market,
    currency: Currency,
    paid: Mapping[CashDay, Paid],
    exchanged: Mapping[CashDay, Decimal | Missing],
) -> Columns:
    """The columns of an account's cash: what trades, conversions and the outside paid into it are flows."""
    result = Columns(rows, market, currency)
    zeros = [_ZERO] * len(rows)
    result.lay("income", [row.income for row in rows])
    result.lay("fees", [row.fees for row in rows])
    result.lay("taxes", [row.taxes for row in rows])
    for column in ("realised", "moved", "worth"):
        result.sums[column] = zeros
    if rows[0].currency == currency:
        result.sums["flow"] = [row.cash - row.income + row.fees + row.taxes for row in rows]
        return result
    result.sums["flow"] = [_cash_flow(result, row, paid, exchanged) for row in rows]
    return result


def _cash_flow(
    columns: Columns,
    row: DayRow,
    paid: Mapping[CashDay, Paid],
    exchanged: Mapping[CashDay, Decimal | Missing],
) -> Decimal:
    """Each part converted on its own, as its other side was: trades, conversions, the outside, the rest."""
    day = (row.account, row.currency, row.day)
    trades = paid.get(day, Paid())
    rest = row.cash - row.income + row.fees + row.taxes - row.outside - row.moved - trades.own
    flow = trades.converted + columns.known("flow", row, exchanged.get(day, _ZERO))
    for amount in (row.outside, rest):
        converted = columns.market.converted(amount, row.currency, columns.currency, row.day)
        flow += columns.known("flow", row, converted)
    return flow


def checked(rows: Sequence[DayRow]) -> None:
    """Raises BrokenLaw where the sums of a key's days do not lead from one day's state to the next."""
    held = _ZERO
    for row in rows:
        if row.instrument is None:
            held += row.cash
            stated = row.cash_balance
        else:
            held += row.realised + row.income - row.fees - row.taxes - row.cash + row.moved
            stated = row.cost
        if held != stated:
            what = "cash" if row.instrument is None else f"instrument {row.instrument}"
            detail = f"account {row.account}, {what}, {row.day}: {stated} stands where {held} follows"
            raise BrokenLaw("each day follows from the day before", detail)
