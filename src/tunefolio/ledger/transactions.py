"""Dated facts. Append-only: a wrong one is answered by a reversal and a new one, never edited.

Signs: quantities and amounts are given positive; the kind says which way they go (docs/spec/ledger.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Money, Price, plain
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book


class Kind(StrEnum):
    """What a fact says happened. OPENING: held before the records begin, acquired on an unknown day."""

    OPENING = "opening"
    BUY = "buy"
    SELL = "sell"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    DIVIDEND = "dividend"
    FEE = "fee"


MOVES_UNITS = frozenset({Kind.OPENING, Kind.BUY, Kind.SELL})
NEEDS_INSTRUMENT = MOVES_UNITS | {Kind.DIVIDEND}


@dataclass(frozen=True, slots=True)
class Fact:
    """What a person, file or broker says happened, checked, before it has a place in the ledger.

    day:      the exchange session it belongs to. For OPENING the day it was first seen, not acquired.
    quantity: units, > 0, for OPENING, BUY, SELL; None otherwise.
    amount:   total of the fact without charges, ≥ 0: quantity × price of a trade, the sum paid of others.
    fees:     charges paid on top of a BUY or out of a SELL or DIVIDEND, ≥ 0, same currency.
    price:    the price per unit as the source gave it; kept because amount ÷ quantity may not be exact.
    """

    kind: Kind
    day: TradingDay
    amount: Money
    instrument: InstrumentId | None = None
    quantity: Decimal | None = None
    price: Price | None = None
    fees: Money | None = None
    note: str = ""
    at: Instant | None = None

    def __post_init__(self) -> None:
        _check(self)

    @property
    def charges(self) -> Money:
        return self.fees if self.fees is not None else Money.zero(self.amount.currency)

    def fingerprint(self, account: AccountId, book: Book) -> str:
        """SHA-256 over everything the fact says; equal facts have equal fingerprints, so two identical
        fills share one: duplicates are found by source key, never by this."""
        parts = (
            str(account),
            book.value,
            self.kind.value,
            self.day.iso(),
            str(self.instrument or ""),
            plain(self.quantity),
            plain(self.price.amount if self.price else None),
            plain(self.amount.amount),
            plain(self.charges.amount),
            self.amount.currency,
            self.note,
            self.at.iso() if self.at else "",
        )
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Transaction:
    """A fact in its place in the ledger.

    source_key: what the source calls it (trade id, file hash and row); unique among an account's live facts.
    reverses:   the id of the fact this one takes back; then `fact` repeats the reversed one.
    """

    id: TransactionId
    account: AccountId
    book: Book
    fact: Fact
    source: str
    source_key: str
    recorded: Instant
    fingerprint: str
    reverses: TransactionId | None = None
    tags: tuple[str, ...] = field(default=())


def trade(
    kind: Kind,
    day: TradingDay,
    instrument: InstrumentId,
    quantity: Decimal,
    price: Price,
    *,
    fees: Money | None = None,
    note: str = "",
    at: Instant | None = None,
) -> Fact:
    """A BUY, SELL or OPENING at a price; amount = quantity × price, rounded once to the minor unit."""
    if quantity <= 0:
        raise Misuse(
            "quantity",
            f"{quantity:f} must be above zero",
            cure="A sale is kind sell with a positive quantity",
        )
    if price.amount < 0:
        raise Misuse("price", f"{price.amount:f} must not be negative")
    amount = (price * quantity).rounded()
    return Fact(kind, day, amount, instrument, quantity, price, fees, note, at)


def _check(fact: Fact) -> None:
    if fact.amount.amount < 0:
        raise Misuse(
            "amount", f"{fact.amount.amount:f} must not be negative", cure="The kind says the direction"
        )
    if (fact.kind in NEEDS_INSTRUMENT) != (fact.instrument is not None) and fact.kind is not Kind.FEE:
        raise Misuse(
            "instrument", f"a {fact.kind} {'needs' if fact.instrument is None else 'has no'} instrument"
        )
    if fact.kind in MOVES_UNITS:
        if fact.quantity is None or fact.quantity <= 0:
            raise Misuse("quantity", f"a {fact.kind} needs a quantity above zero")
    elif fact.quantity is not None:
        raise Misuse("quantity", f"a {fact.kind} has no quantity")
    if fact.fees is not None:
        if fact.fees.currency != fact.amount.currency:
            raise Misuse("fees", "must be in the currency of the amount")
        if fact.fees.amount < 0:
            raise Misuse("fees", "must not be negative")
        if fact.kind not in {Kind.BUY, Kind.SELL, Kind.DIVIDEND} and fact.fees.amount != 0:
            raise Misuse("fees", f"a {fact.kind} carries no fees", cure="Record a fee of its own")
    if len(fact.note) > 500:
        raise Misuse("note", "must have at most 500 characters")
