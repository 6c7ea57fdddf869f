"""The laws of the books as predicates, the same for property tests, `tunefolio check` and the nightly job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.core.money import Currency, Money
from tunefolio.ledger.positions import Holdings, in_force, units_of
from tunefolio.ledger.transactions import Kind, Transaction


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that does not hold, and where."""

    law: str
    detail: str


Law = Callable[[Sequence[Transaction], Holdings], Iterator[str]]


def units_are_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Units in − units out = units held, for each instrument."""
    expected: dict[InstrumentId, Decimal] = {}
    for transaction in in_force(history):
        fact = transaction.fact
        if fact.instrument is None or fact.quantity is None:
            continue
        sign = -1 if fact.kind is Kind.SELL else 1
        expected[fact.instrument] = expected.get(fact.instrument, Decimal(0)) + sign * units_of(fact)
    for instrument, units in expected.items():
        held = holdings.positions[instrument].quantity if instrument in holdings.positions else Decimal(0)
        if held != units:
            yield f"instrument {instrument}: facts leave {units:f}, lots hold {held:f}"


def cost_is_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Cost paid = cost of open lots + cost of closed matches, to the last digit."""
    paid: dict[InstrumentId, Decimal] = {}
    for transaction in in_force(history):
        fact = transaction.fact
        if fact.kind in {Kind.BUY, Kind.OPENING} and fact.instrument is not None:
            cost = fact.amount.amount + fact.charges.amount
            paid[fact.instrument] = paid.get(fact.instrument, Decimal(0)) + cost
    for instrument, cost in paid.items():
        position = holdings.positions[instrument]
        kept = position.cost.amount + sum((match.lot.cost.amount for match in position.matches), Decimal(0))
        if kept != cost:
            yield f"instrument {instrument}: paid {cost:f}, lots and matches carry {kept:f}"


def proceeds_are_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """What sales brought after charges = proceeds of all matches."""
    brought: dict[InstrumentId, Decimal] = {}
    for transaction in in_force(history):
        fact = transaction.fact
        if fact.kind is Kind.SELL and fact.instrument is not None:
            net = fact.amount.amount - fact.charges.amount
            brought[fact.instrument] = brought.get(fact.instrument, Decimal(0)) + net
    for instrument, net in brought.items():
        matched = sum((m.proceeds.amount for m in holdings.positions[instrument].matches), Decimal(0))
        if matched != net:
            yield f"instrument {instrument}: sales brought {net:f}, matches carry {matched:f}"


def cash_is_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Cash = deposits − withdrawals + sales − purchases + dividends − fees, per currency."""
    signs = {
        Kind.DEPOSIT: 1,
        Kind.SELL: 1,
        Kind.DIVIDEND: 1,
        Kind.BUY: -1,
        Kind.WITHDRAWAL: -1,
        Kind.FEE: -1,
        Kind.OPENING: 0,
    }
    expected: dict[Currency, Decimal] = {}
    for transaction in in_force(history):
        fact = transaction.fact
        charges = fact.charges.amount if fact.kind is not Kind.OPENING else Decimal(0)
        flow = signs[fact.kind] * fact.amount.amount - charges
        currency = fact.amount.currency
        expected[currency] = expected.get(currency, Decimal(0)) + flow
    for currency, amount in expected.items():
        held = holdings.cash.get(currency, Money.zero(currency)).amount
        if held != amount:
            yield f"cash {currency}: facts leave {amount:f}, the fold holds {held:f}"


def lots_are_sound(_history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Every open or matched lot has units above zero and a cost not below zero."""
    for instrument, position in holdings.positions.items():
        for lot in (*position.lots, *(match.lot for match in position.matches)):
            if lot.quantity <= 0 or lot.cost.amount < 0:
                yield f"instrument {instrument}: lot of {lot.quantity:f} units at {lot.cost}"


def reversals_are_single(history: Sequence[Transaction], _holdings: Holdings) -> Iterator[str]:
    """A fact is taken back at most once, by a reversal in the same account and book that repeats it."""
    by_id = {transaction.id: transaction for transaction in history}
    seen: set[TransactionId] = set()
    for transaction in history:
        target = transaction.reverses
        if target is None:
            continue
        original = by_id.get(target)
        if target in seen:
            yield f"transaction {target} is reversed twice"
        elif original is None:
            yield f"transaction {transaction.id} reverses {target}, which is not in this book"
        elif original.fact != transaction.fact:
            yield f"transaction {transaction.id} does not repeat the fact {target} it reverses"
        seen.add(target)


def fingerprints_hold(history: Sequence[Transaction], _holdings: Holdings) -> Iterator[str]:
    """Each fact still hashes to the fingerprint written when it was recorded."""
    for transaction in history:
        if transaction.fact.fingerprint(transaction.account, transaction.book) != transaction.fingerprint:
            yield f"transaction {transaction.id} has changed since it was recorded"


LAWS: dict[str, Law] = {
    "units are conserved": units_are_conserved,
    "cost is conserved": cost_is_conserved,
    "proceeds are conserved": proceeds_are_conserved,
    "cash is conserved": cash_is_conserved,
    "lots are sound": lots_are_sound,
    "reversals are single": reversals_are_single,
    "fingerprints hold": fingerprints_hold,
}


def violations(history: Sequence[Transaction], holdings: Holdings) -> list[Violation]:
    """Every law that one account's books break; empty for sound books."""
    return [Violation(name, detail) for name, law in LAWS.items() for detail in law(history, holdings)]
