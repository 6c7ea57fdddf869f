"""Which facts stand, and in which order they apply."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tunefolio.core.errors import BrokenLaw
from tunefolio.ledger.kinds import RULES
from tunefolio.ledger.transactions import Fact, Transaction

RANKS = {kind: rule.rank for kind, rule in RULES.items()}


def in_force(history: Iterable[Transaction]) -> list[Transaction]:
    """The facts that stand: neither reversed nor reversals."""
    facts = list(history)
    reversed_ids = {fact.reverses for fact in facts if fact.reverses is not None}
    return [fact for fact in facts if fact.reverses is None and fact.id not in reversed_ids]


def fold_order(transaction: Transaction) -> tuple[int, int, bool, int]:
    """By day; within it by the kind's rank, so that the order typed does not matter; chosen lots before a
    method's choice; then as recorded."""
    fact = transaction.fact
    return (fact.day.date.toordinal(), RANKS[fact.kind], not fact.picks, transaction.id)


def units_of(fact: Fact) -> Decimal:
    """The units a fact moves; raises BrokenLaw for a kind that moves none."""
    if fact.quantity is None:
        raise BrokenLaw("a fact that moves units says how many", fact.kind.value)
    return fact.quantity
