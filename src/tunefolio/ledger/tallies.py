"""What facts alone say there must be: units, cash, income and charges, counted by the sign table.

Nothing here knows of lots; the laws (invariants.py) hold these counts against what the fold made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency
from tunefolio.ledger.corporate import units_after
from tunefolio.ledger.kinds import Delivery, Kind
from tunefolio.ledger.ordering import fold_order, in_force
from tunefolio.ledger.state import sum_of
from tunefolio.ledger.transactions import Fact, Transaction

_ZERO = Decimal(0)
_ADD = frozenset({
    Kind.OPENING, Kind.BUY, Kind.SIP, Kind.REINVEST, Kind.STAKING, Kind.AIRDROP, Kind.SUBSCRIBE,
    Kind.TRANSFER_IN,
})  # fmt: skip
_TAKE = frozenset({Kind.SELL, Kind.BUYBACK, Kind.WRITE_OFF, Kind.TRANSFER_OUT, Kind.EXERCISE})
_RESIZE = frozenset({Kind.SPLIT, Kind.MERGER, Kind.RENAME})
_TRADED = frozenset({Kind.BUY, Kind.SIP, Kind.SELL, Kind.SHORT, Kind.COVER, Kind.EXPIRY})


@dataclass(slots=True)
class Units:
    """Units held and owed, by instrument."""

    held: dict[InstrumentId, Decimal] = field(default_factory=dict)
    owed: dict[InstrumentId, Decimal] = field(default_factory=dict)
    expired: dict[int, bool] = field(default_factory=dict)
    """For each expiry: were the units held (True) or owed?"""


def units(history: Iterable[Transaction]) -> Units:
    """What one account's facts leave, counted without lots."""
    tally = Units()
    for transaction in sorted(in_force(history), key=fold_order):
        _count(tally, transaction)
    return tally


def _count(tally: Units, transaction: Transaction) -> None:
    fact, name = transaction.fact, transaction.fact.instrument
    kind, quantity = fact.kind, fact.quantity or _ZERO
    if name is None:
        return
    if kind in _RESIZE or kind in {Kind.BONUS, Kind.DEMERGER}:
        _corporate(tally, fact, name)
    elif kind in _ADD:
        _add(tally.held, name, quantity)
        if kind is Kind.SUBSCRIBE and fact.other is not None:
            _add(tally.held, fact.other, -quantity)
    elif kind in _TAKE:
        _add(tally.held, name, -quantity)
    elif kind is Kind.SHORT:
        _add(tally.owed, name, quantity)
    elif kind in {Kind.COVER, Kind.ASSIGNMENT}:
        _add(tally.owed, name, -quantity)
    elif kind in {Kind.RIGHTS, Kind.IN_SPECIE} and fact.other is not None:
        _add(tally.held, fact.other, quantity)
    elif kind is Kind.EXPIRY:
        held = tally.held.get(name, _ZERO) >= quantity or not tally.owed.get(name, _ZERO)
        tally.expired[transaction.id] = held
        _add(tally.held if held else tally.owed, name, -quantity)
    if fact.delivery is not None and fact.other is not None:
        _add(tally.held, fact.other, quantity if fact.delivery is Delivery.TAKES else -quantity)


def _corporate(tally: Units, fact: Fact, name: InstrumentId) -> None:
    """Each side by the ratio, or to the units the broker credited."""
    stated = fact.quantity
    for side in (tally.held, tally.owed):
        before = side.get(name, _ZERO)
        if not before:
            continue
        made = before if fact.ratio is None else units_after(before, fact.ratio)
        if stated is not None and fact.ratio is not None:
            made, stated = stated, None
        if fact.kind in _RESIZE:
            side[name] = _ZERO
            if fact.kind is Kind.MERGER and fact.other is None:
                continue
        _add(side, fact.other if fact.other is not None else name, made)


def cash(history: Iterable[Transaction], margined: Mapping[InstrumentId, Decimal]) -> dict[Currency, Decimal]:
    """Cash the facts leave. margined: of each future, what its settled gains brought before charges."""
    expired = units(history).expired
    sums: dict[Currency, Decimal] = {}
    seen: set[InstrumentId] = set()
    for transaction in in_force(history):
        fact = transaction.fact
        amount = _ZERO if fact.instrument in margined and fact.kind in _TRADED else fact.amount.amount
        sign = _cash_sign(fact, expired.get(transaction.id, True))
        paid = sign * amount - sum_of(fact.fees) - sum_of(fact.tax)
        if fact.kind in {Kind.REINVEST, Kind.STAKING, Kind.AIRDROP, Kind.IN_SPECIE}:
            paid = _ZERO
        paid += sum_of(fact.accrued) * (1 if fact.kind is Kind.SELL else -1)
        currency = fact.amount.currency
        if fact.instrument is not None and fact.instrument in margined and fact.instrument not in seen:
            seen.add(fact.instrument)
            paid += margined[fact.instrument]
        sums[currency] = sums.get(currency, _ZERO) + paid
        if fact.counter is not None:
            other = fact.counter.currency
            sums[other] = sums.get(other, _ZERO) + fact.counter.amount
    return sums


_PAYS = frozenset({
    Kind.BUY, Kind.SIP, Kind.COVER, Kind.WITHDRAWAL, Kind.CONVERT, Kind.FEE, Kind.TAX, Kind.SUBSCRIBE,
})  # fmt: skip
_RECEIVES = frozenset({
    Kind.SELL, Kind.BUYBACK, Kind.SHORT, Kind.DEPOSIT, Kind.DIVIDEND, Kind.INTEREST, Kind.MERGER,
    Kind.REPAYMENT,
})  # fmt: skip


def _cash_sign(fact: Fact, held: bool) -> int:  # noqa: FBT001
    """+1 where the amount comes in, −1 where it is paid, 0 where it moves no cash."""
    kind = fact.kind
    if kind in {Kind.TRANSFER_IN, Kind.TRANSFER_OUT}:
        if fact.instrument is not None:
            return 0
        return 1 if kind is Kind.TRANSFER_IN else -1
    if kind is Kind.EXPIRY:
        return 1 if held else -1
    if fact.delivery is not None:
        return -1 if fact.delivery is Delivery.TAKES else 1
    if kind in {Kind.EXERCISE, Kind.ASSIGNMENT}:
        return 1 if kind is Kind.EXERCISE else -1
    return 1 if kind in _RECEIVES else -1 if kind in _PAYS else 0


_INCOME: Mapping[Kind, Callable[[Fact], Decimal]] = {
    Kind.DIVIDEND: lambda fact: fact.amount.amount,
    Kind.INTEREST: lambda fact: fact.amount.amount,
    Kind.AIRDROP: lambda fact: fact.amount.amount,
    Kind.REINVEST: lambda fact: fact.amount.amount + sum_of(fact.fees) + sum_of(fact.tax),
    Kind.STAKING: lambda fact: fact.amount.amount + sum_of(fact.fees) + sum_of(fact.tax),
    Kind.IN_SPECIE: lambda fact: fact.amount.amount + sum_of(fact.tax),
    Kind.BUY: lambda fact: -sum_of(fact.accrued),
    Kind.SELL: lambda fact: sum_of(fact.accrued),
}


def earned(transaction: Transaction) -> tuple[Decimal, Decimal, Decimal]:
    """(income, fees, taxes) of one fact, before any deduction from each other."""
    fact = transaction.fact
    income = _INCOME[fact.kind](fact) if fact.kind in _INCOME else _ZERO
    fees = sum_of(fact.fees) + (fact.amount.amount if fact.kind is Kind.FEE else _ZERO)
    taxes = sum_of(fact.tax) + (fact.amount.amount if fact.kind is Kind.TAX else _ZERO)
    return income, fees, taxes


def _add(sums: dict[InstrumentId, Decimal], name: InstrumentId, quantity: Decimal) -> None:
    sums[name] = sums.get(name, _ZERO) + quantity
