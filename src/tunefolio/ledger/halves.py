"""Transfers between accounts of one book: which halves stand alone, and what their other halves say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tunefolio.core.identity import TransactionId
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Transaction

_OTHER = {Kind.TRANSFER_OUT: Kind.TRANSFER_IN, Kind.TRANSFER_IN: Kind.TRANSFER_OUT}


def lonely(facts: Sequence[Transaction]) -> list[Transaction]:
    """Transfers in force between accounts of the book whose other half does not stand there."""
    gone = {fact.reverses for fact in facts if fact.reverses is not None}
    waiting: dict[tuple[object, ...], list[Transaction]] = {}
    for half in facts:
        fact = half.fact
        if fact.counterpart is None or half.reverses is not None or half.id in gone:
            continue
        what = (fact.day, fact.quantity, fact.amount)
        others = waiting.get((*opposite(half), *what))
        if others:
            others.pop(0)
        else:
            waiting.setdefault((*direction(half), *what), []).append(half)
    return sorted((half for some in waiting.values() for half in some), key=lambda half: half.id)


def direction(half: Transaction) -> tuple[object, ...]:
    return (half.fact.kind, half.account, half.fact.counterpart, half.fact.instrument)


def opposite(half: Transaction) -> tuple[object, ...]:
    """The direction of what would be its other half."""
    return (_OTHER[half.fact.kind], half.fact.counterpart, half.account, half.fact.instrument)


def other_half(half: Transaction, id: TransactionId) -> Transaction:
    """What the other account saw: the same units or money; charges stay where they were paid."""
    fact = half.fact
    if fact.counterpart is None:
        raise AssertionError("a lonely half names its counterpart")
    seen = replace(
        fact, kind=_OTHER[fact.kind], counterpart=half.account, fees=None, picks=(), note="", at=None
    )
    return replace(half, id=id, account=fact.counterpart, fact=seen)
