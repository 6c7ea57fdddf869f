"""What remains: the fold of an account's facts into positions, cash and closed matches.

Steps of the fold (docs/spec/ledger.md): 1 drop reversed facts and their reversals; 2 order by day, then
openings, buys and income before sales of the same day, then as recorded; 3 apply each fact once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import assert_never

from tunefolio.core.errors import BrokenLaw
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency, CurrencyMismatch, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot, LotQueue, Match
from tunefolio.ledger.transactions import Fact, Kind, Transaction


@dataclass(frozen=True)
class Position:
    """What one account holds of one instrument: open lots, oldest first, and what was closed.

    quantity: units held, ≥ 0; zero for a closed position that still tells its gains.
    cost:     of the open lots, exact.
    realised: gains of all closed matches. income: dividends less their charges.
    The sums are worked out once, when first asked for.
    """

    instrument: InstrumentId
    currency: Currency
    lots: tuple[Lot, ...]
    matches: tuple[Match, ...]
    income: Money

    @cached_property
    def quantity(self) -> Decimal:
        return sum((lot.quantity for lot in self.lots), Decimal(0))

    @cached_property
    def cost(self) -> Money:
        return Money(sum((lot.cost.amount for lot in self.lots), Decimal(0)), self.currency)

    @cached_property
    def realised(self) -> Money:
        return Money(sum((match.gain.amount for match in self.matches), Decimal(0)), self.currency)


@dataclass(frozen=True, slots=True)
class Holdings:
    """The state of one account in one book after its facts. cash: by currency, signed; negative when a
    file told of trades but not of deposits. fees: charges that belong to no trade."""

    positions: dict[InstrumentId, Position]
    cash: dict[Currency, Money]
    fees: dict[Currency, Money]

    def open(self) -> tuple[Position, ...]:
        return tuple(position for position in self.positions.values() if position.lots)


def in_force(history: Iterable[Transaction]) -> list[Transaction]:
    """The facts that stand: neither reversed nor reversals."""
    facts = list(history)
    reversed_ids = {fact.reverses for fact in facts if fact.reverses is not None}
    return [fact for fact in facts if fact.reverses is None and fact.id not in reversed_ids]


def fold_order(transaction: Transaction) -> tuple[TradingDay, int, int]:
    """By day; within it what adds units before what takes them, so that the order typed does not matter."""
    return (transaction.fact.day, _RANK[transaction.fact.kind], transaction.id)


_RANK = {
    Kind.OPENING: 0,
    Kind.DEPOSIT: 1,
    Kind.BUY: 2,
    Kind.DIVIDEND: 3,
    Kind.SELL: 4,
    Kind.FEE: 5,
    Kind.WITHDRAWAL: 6,
}


def fold(history: Iterable[Transaction]) -> Holdings:
    """All facts of one account in one book → what remains. Any order in; linear but for the sort by day.

    Raises Oversold when a sale finds too few units, CurrencyMismatch when one instrument is traded in two.
    """
    running = _Running()
    for transaction in sorted(in_force(history), key=fold_order):
        running.apply(transaction)
    return running.result()


class _Running:
    """The state between two facts of one fold."""

    def __init__(self) -> None:
        self.currency: dict[InstrumentId, Currency] = {}
        self.queues: dict[InstrumentId, LotQueue] = {}
        self.matches: dict[InstrumentId, list[Match]] = {}
        self.income: dict[InstrumentId, Money] = {}
        self.cash: dict[Currency, Money] = {}
        self.fees: dict[Currency, Money] = {}

    def apply(self, transaction: Transaction) -> None:
        fact = transaction.fact
        match fact.kind:
            case Kind.OPENING:
                self._gain_lot(transaction)
            case Kind.BUY:
                self._gain_lot(transaction)
                self._pay(-(fact.amount + fact.charges))
            case Kind.SELL:
                self._give_up(transaction)
                self._pay(fact.amount - fact.charges)
            case Kind.DIVIDEND:
                instrument = self._of(transaction)
                received = fact.amount - fact.charges
                self.income[instrument] = self.income[instrument] + received
                self._pay(received)
            case Kind.DEPOSIT:
                self._pay(fact.amount)
            case Kind.WITHDRAWAL:
                self._pay(-fact.amount)
            case Kind.FEE:
                self._pay(-fact.amount)
                currency = fact.amount.currency
                self.fees[currency] = self.fees.get(currency, Money.zero(currency)) + fact.amount
            case _:
                assert_never(fact.kind)

    def result(self) -> Holdings:
        positions = {
            instrument: Position(
                instrument,
                self.currency[instrument],
                queue.lots(),
                tuple(self.matches[instrument]),
                self.income[instrument],
            )
            for instrument, queue in self.queues.items()
        }
        return Holdings(positions, self.cash, self.fees)

    def _of(self, transaction: Transaction) -> InstrumentId:
        """The fact's instrument, entered in the books at its first fact, in that fact's currency."""
        instrument, currency = (transaction.fact.instrument, transaction.fact.amount.currency)
        if instrument is None:
            raise BrokenLaw("a fact about an instrument names it", f"transaction {transaction.id}")
        known = self.currency.setdefault(instrument, currency)
        if known != currency:
            raise CurrencyMismatch(known, currency)
        if instrument not in self.queues:
            self.queues[instrument] = LotQueue()
            self.matches[instrument] = []
            self.income[instrument] = Money.zero(currency)
        return instrument

    def _gain_lot(self, transaction: Transaction) -> None:
        fact = transaction.fact
        instrument = self._of(transaction)
        day = None if fact.kind is Kind.OPENING else fact.day
        lot = Lot(transaction.id, day, fact.day, units_of(fact), fact.amount + fact.charges)
        self.queues[instrument].add(lot)

    def _give_up(self, transaction: Transaction) -> None:
        fact = transaction.fact
        instrument = self._of(transaction)
        taken = self.queues[instrument].take(units_of(fact), fact.day)
        shares = apportioned(fact.amount - fact.charges, [lot.quantity for lot in taken])
        self.matches[instrument].extend(
            Match(transaction.id, fact.day, lot, share) for lot, share in zip(taken, shares, strict=True)
        )

    def _pay(self, amount: Money) -> None:
        self.cash[amount.currency] = self.cash.get(amount.currency, Money.zero(amount.currency)) + amount


def units_of(fact: Fact) -> Decimal:
    """The units a fact moves; raises BrokenLaw for a kind that moves none."""
    if fact.quantity is None:
        raise BrokenLaw("a fact that moves units says how many", fact.kind.value)
    return fact.quantity


def apportioned(whole: Money, weights: Sequence[Decimal]) -> list[Money]:
    """`whole` pro rata, each part rounded to the minor unit; the last takes the rounding: parts sum to it."""
    left, weight_left = whole, sum(weights, Decimal(0))
    parts: list[Money] = []
    for weight in weights[:-1]:
        part = (left * weight / weight_left).rounded()
        parts.append(part)
        left, weight_left = left - part, weight_left - weight
    return [*parts, left] if weights else []
