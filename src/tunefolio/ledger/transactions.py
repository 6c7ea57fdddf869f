"""Dated facts. Append-only: a wrong one is answered by a reversal and a new one, never edited.

Signs: quantities and amounts are given positive; the kind says which way they go (docs/spec/ledger.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Money, Price, plain
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.feeparts import FeeParts, must_add_up, order_number
from tunefolio.ledger.kinds import RULES, Delivery, Kind

MOVES_UNITS = frozenset(kind for kind, rule in RULES.items() if {"quantity", "amount"} <= rule.needs)
"""Kinds that say a quantity and its total: trades of every sort, openings, rewards, settlements."""
NEEDS_INSTRUMENT = frozenset(kind for kind, rule in RULES.items() if "instrument" in rule.needs)

_MAX_NOTE = 500


@dataclass(frozen=True, slots=True)
class Ratio:
    """New units for old ones, both > 0: a split 10:1 makes ten of one, a bonus 1:2 adds one for two held."""

    new: Decimal
    old: Decimal

    def __post_init__(self) -> None:
        if self.new <= 0 or self.old <= 0:
            raise Misuse("ratio", f"{self} must be two numbers above zero", cure="Write new:old, as 10:1")

    def __str__(self) -> str:
        return f"{plain(self.new)}:{plain(self.old)}"


@dataclass(frozen=True, slots=True)
class Pick:
    """Units of one lot chosen for a sale. lot: the fact that brought the lot into this account."""

    lot: TransactionId
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Fact:
    """What a person, file or broker says happened, checked, before it has a place in the ledger.

    Which fields a kind needs and may have stands in kinds.RULES; all others are empty.
    day:      the exchange session it belongs to; the ex-date of a corporate action. For OPENING the day it
              was first seen, not acquired.
    amount:   total without charges, ≥ 0: quantity × price of a trade, the sum paid of others; zero (and only
              a currency) where the kind has none.
    quantity: units, > 0: traded, or for SPLIT, BONUS, MERGER, DEMERGER the units held of the new sort (BONUS:
              added) afterwards, where the broker rounded differently than the ratio.
    price:    the price per unit as the source gave it; kept because amount ÷ quantity may not be exact.
    fees:     charges paid on top of a purchase or out of what was received, ≥ 0. tax: tax withheld, ≥ 0.
    accrued:  interest accrued on a bond, paid with a BUY or received with a SELL, ≥ 0. All in one currency.
    other:    the second instrument of a corporate action, a subscription or a delivery.
    cost_ratio: the share of the cost that goes to `other`, in (0, 1]: published, never guessed.
    counter:  what a CONVERT received, in another currency than amount.
    counterpart: the account on the other side of a transfer; None when it is outside these books.
    acquired: the true purchase day of an OPENING or of what came in from outside, where it is known.
    picks:    the lots a sale takes, adding up to its quantity; empty: the account's method chooses.
    parts:    what the fees are made of, where the broker says so; they add up to them.
    order:    the broker's number of the order that a trade filled, "" where nobody knows it.
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
    tax: Money | None = None
    accrued: Money | None = None
    other: InstrumentId | None = None
    ratio: Ratio | None = None
    cost_ratio: Decimal | None = None
    counter: Money | None = None
    counterpart: AccountId | None = None
    acquired: TradingDay | None = None
    picks: tuple[Pick, ...] = ()
    delivery: Delivery | None = None
    parts: FeeParts = ()
    order: str = ""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def charges(self) -> Money:
        return self.fees if self.fees is not None else Money.zero(self.amount.currency)

    @property
    def withheld(self) -> Money:
        return self.tax if self.tax is not None else Money.zero(self.amount.currency)

    @property
    def interest(self) -> Money:
        """The accrued interest of a bond trade; zero for all else."""
        return self.accrued if self.accrued is not None else Money.zero(self.amount.currency)

    def fingerprint(self, account: AccountId, book: Book) -> str:
        """SHA-256 over everything the fact says; equal facts have equal fingerprints, so two identical
        fills share one: duplicates are found by source key, never by this."""
        parts = [
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
        ]
        parts += [f"{name}={text}" for name, text in _further(self) if text]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Transaction:
    """A fact in its place in the ledger.

    source_key: what the source calls it (trade id, file hash and row); unique among an account's live facts.
                The two halves of a transfer between accounts share one.
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
    order: str = "",
) -> Fact:
    """A trade or opening at a price; amount = quantity × price, rounded once to the minor unit."""
    if quantity <= 0:
        raise Misuse(
            "quantity",
            f"{quantity:f} must be above zero",
            cure="A sale is kind sell with a positive quantity",
        )
    if price.amount < 0:
        raise Misuse("price", f"{price.amount:f} must not be negative")
    amount = (price * quantity).rounded()
    return Fact(kind, day, amount, instrument, quantity, price, fees, note, at, order=order)


def still_told(fact: Fact, former: Fact) -> Fact:
    """A corrected fact with what the broker told of the former one and no person types again: the order, and
    of the same fees what they are made of."""
    if not fact.order and former.order and RULES[fact.kind].allows("price"):
        fact = replace(fact, order=former.order)
    if not fact.parts and former.parts and fact.charges == former.charges:
        fact = replace(fact, parts=former.parts)
    return fact


PLACES = 8
"""Decimal places that columns of units and prices keep."""


def must_fit(field: str, number: Decimal) -> None:
    """Raises Misuse for a number with more decimal places than are kept: it would have to be rounded."""
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > PLACES:
        raise Misuse(field, f"{plain(number)} has more than {PLACES} decimal places")


def _further(fact: Fact) -> tuple[tuple[str, str], ...]:
    """What came to facts later: hashed only where set, so that older fingerprints still hold."""
    picks = ",".join(f"{pick.lot}:{plain(pick.quantity)}" for pick in fact.picks)
    counter = f"{plain(fact.counter.amount)} {fact.counter.currency}" if fact.counter is not None else ""
    return (
        ("tax", plain(fact.withheld.amount) if fact.withheld.amount else ""),
        ("accrued", plain(fact.interest.amount) if fact.interest.amount else ""),
        ("other", str(fact.other or "")),
        ("ratio", str(fact.ratio or "")),
        ("cost_ratio", plain(fact.cost_ratio)),
        ("counter", counter),
        ("counterpart", str(fact.counterpart or "")),
        ("acquired", fact.acquired.iso() if fact.acquired else ""),
        ("picks", picks),
        ("delivery", fact.delivery.value if fact.delivery else ""),
        ("parts", ",".join(map(str, fact.parts))),
        ("order", fact.order),
    )


_FIELDS = ("instrument", "quantity", "price", "other", "ratio", "cost_ratio", "counter", "counterpart",
           "acquired", "delivery")  # fmt: skip
_SUMS = ("fees", "tax", "accrued")


def _check(fact: Fact) -> None:
    rule = RULES[fact.kind]
    if fact.amount.amount < 0:
        raise Misuse(
            "amount", f"{fact.amount.amount:f} must not be negative", cure="The kind says the direction"
        )
    if fact.amount.amount and not rule.allows("amount"):
        raise Misuse("amount", f"a {fact.kind} has no amount")
    for name in _FIELDS:
        _present(fact.kind, name, getattr(fact, name))
    if fact.picks and not rule.allows("picks"):
        raise Misuse("picks", f"a {fact.kind} takes no chosen lots")
    for name in _SUMS:
        _sum_fits(fact, name, getattr(fact, name))
    if fact.quantity is not None and fact.quantity <= 0:
        raise Misuse("quantity", f"a {fact.kind} needs a quantity above zero")
    if fact.price is not None and fact.price.currency != fact.amount.currency:
        raise Misuse("price", "must be in the currency of the amount", cure="One line, one currency")
    _check_pairs(fact)
    _check_dealing(fact)
    if len(fact.note) > _MAX_NOTE:
        raise Misuse("note", f"must have at most {_MAX_NOTE} characters")


def _check_dealing(fact: Fact) -> None:
    """What a broker tells of a trade beside its money."""
    if fact.parts:
        must_add_up(fact.parts, fact.charges)
    if fact.order and not RULES[fact.kind].allows("price"):
        raise Misuse("order", f"a {fact.kind} fills no order")
    if fact.order and order_number(fact.order) != fact.order:
        raise Misuse(
            "order", f"{fact.order[:40]!r} is no order's number", cure="One word of at most 60 signs"
        )


def _present(kind: Kind, name: str, value: Any) -> None:
    rule = RULES[kind]
    if value is None and name == "cost_ratio" and name in rule.needs:
        raise Misuse(
            name,
            f"not available: ratio. A {kind} needs the share of the cost that goes to the new instrument",
            cure=f"Give the share the company published, as in: {rule.example}",
        )
    if value is None and name in rule.needs:
        raise Misuse(name, f"a {kind} needs {name.replace('_', ' ')}", cure=f"For example: {rule.example}")
    if value is not None and not rule.allows(name):
        raise Misuse(name, f"a {kind} has no {name.replace('_', ' ')}")


def _sum_fits(fact: Fact, name: str, value: Money | None) -> None:
    if value is None:
        return
    if value.currency != fact.amount.currency:
        raise Misuse(name, "must be in the currency of the amount", cure="One line, one currency")
    if value.amount < 0:
        raise Misuse(name, "must not be negative")
    if value.amount and not RULES[fact.kind].allows(name):
        raise Misuse(name, f"a {fact.kind} carries no {name}", cure="Record a fact of its own for it")


def _check_pairs(fact: Fact) -> None:
    """What must agree with each other: pairs of instruments, of currencies, of transfers, of picks."""
    if fact.other is not None and fact.other == fact.instrument:
        raise Misuse("other", f"a {fact.kind} names two different instruments")
    if fact.counter is not None and (
        fact.counter.amount <= 0 or fact.counter.currency == fact.amount.currency
    ):
        raise Misuse("counter", "must be a sum above zero in another currency than the amount")
    if fact.cost_ratio is not None and not 0 < fact.cost_ratio <= 1:
        raise Misuse("cost_ratio", f"{plain(fact.cost_ratio)} must lie above 0 and at most 1 (100%)")
    if fact.picks and sum((pick.quantity for pick in fact.picks), Decimal(0)) != fact.quantity:
        raise Misuse("picks", "must add up to the quantity", cure="Choose units of lots until they do")
    if any(pick.quantity <= 0 for pick in fact.picks):
        raise Misuse("picks", "take units above zero of each lot")
    if fact.acquired is not None and fact.acquired > fact.day:
        raise Misuse("acquired", f"{fact.acquired} lies after {fact.day}")
    if fact.kind in {Kind.TRANSFER_IN, Kind.TRANSFER_OUT}:
        _check_transfer(fact)
    if fact.kind is Kind.MERGER:
        _check_merger(fact)
    if fact.kind in {Kind.EXERCISE, Kind.ASSIGNMENT} and (fact.other is None) != (fact.delivery is None):
        raise Misuse("delivery", "needs both what is delivered and whether it is taken or given")


def _check_transfer(fact: Fact) -> None:
    """Units of an instrument, or money; from outside units need their cost, inside they bring their own."""
    if (fact.instrument is None) != (fact.quantity is None):
        raise Misuse("quantity", f"a {fact.kind} moves units of an instrument, or money")
    if fact.instrument is None and fact.amount.amount == 0:
        raise Misuse("amount", f"a {fact.kind} moves units of an instrument, or money")
    if fact.instrument is None and fact.charges.amount:
        raise Misuse("fees", "a transfer of money carries no fees", cure="Record a fee of its own")
    brings_cost = fact.kind is Kind.TRANSFER_IN and fact.counterpart is None
    if fact.instrument is not None and fact.amount.amount and not brings_cost:
        raise Misuse("amount", "lots travel with their own cost between accounts of these books")
    if fact.counterpart is not None and fact.acquired is not None:
        raise Misuse("acquired", "lots travel with their own days between accounts of these books")


def _check_merger(fact: Fact) -> None:
    if (fact.other is None) != (fact.ratio is None):
        raise Misuse("ratio", "a merger into another instrument needs its ratio, new:old")
    if fact.other is None and fact.amount.amount == 0:
        raise Misuse("other", "a merger brings units of another instrument, money, or both")
    if fact.other is not None and fact.amount.amount and fact.cost_ratio is None:
        raise Misuse(
            "cost_ratio",
            "not available: which share of the cost goes to the new units",
            cure="Give the published share, as cost 87.5%",
        )
    if fact.cost_ratio is not None and (fact.other is None or not fact.amount.amount):
        raise Misuse("cost_ratio", "only a merger for units and money splits the cost")
