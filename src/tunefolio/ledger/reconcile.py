"""A broker's claims beside our positions: openings where we have no history, breaks where we disagree.

Nothing is changed here; the result is a proposal that services record (docs/spec/reconcile.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Money, Price, quantized
from tunefolio.ledger.positions import fold, in_force
from tunefolio.ledger.statements import average_price
from tunefolio.ledger.transactions import Kind, Transaction


class Cause(StrEnum):
    """Why a broker's count and ours differ, as far as the two can tell."""

    MORE_AT_BROKER = "more at the broker"
    FEWER_AT_BROKER = "fewer at the broker"
    NO_COST = "no cost at the broker"


@dataclass(frozen=True, slots=True)
class Claim:
    """What the broker says of one instrument: units ≥ 0 and its average cost, if it shows one."""

    instrument: InstrumentId
    quantity: Decimal
    average_price: Price | None


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening position to record: held before our records begin, acquired on an unknown day."""

    instrument: InstrumentId
    quantity: Decimal
    price: Price
    cost: Money


@dataclass(frozen=True, slots=True)
class Break:
    """A difference that a person must resolve; our figures stand until then."""

    instrument: InstrumentId
    ours: Decimal
    theirs: Decimal
    cause: Cause


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What to record: first take back `reversals`, then add `openings`; `breaks` are shown."""

    openings: tuple[Opening, ...]
    reversals: tuple[Transaction, ...]
    breaks: tuple[Break, ...]

    @property
    def is_settled(self) -> bool:
        return not (self.openings or self.reversals or self.breaks)


def compare(claims: Iterable[Claim], history: Sequence[Transaction]) -> Reconciliation:
    """The whole statement against the whole history of one account.

    1. Claims on one instrument are added up (a stock can stand in two lines).
    2. An instrument known only by openings is restated: the broker is the only source we have.
    3. An instrument with real history is compared by units; a difference is a Break, never a change.
    4. What we hold and the broker does not name counts as a claim of zero.
    """
    told = _added_up(claims)
    standing = in_force(history)
    held = fold(standing).positions
    restatable = _known_by_openings_only(standing)
    openings: list[Opening] = []
    reversals: list[Transaction] = []
    breaks: list[Break] = []
    nothing = Decimal(0)
    for instrument in sorted(told.keys() | {i for i, position in held.items() if position.lots}):
        claim = told.get(instrument, Claim(instrument, nothing, None))
        position = held.get(instrument)
        ours = position.quantity if position else nothing
        former = restatable.get(instrument, [])
        if position is not None and not former:
            if claim.quantity != ours:
                cause = Cause.MORE_AT_BROKER if claim.quantity > ours else Cause.FEWER_AT_BROKER
                breaks.append(Break(instrument, ours, claim.quantity, cause))
            continue
        opening = _opening(claim)
        if opening is None and claim.quantity > 0:
            breaks.append(Break(instrument, ours, claim.quantity, Cause.NO_COST))
        elif opening is None or not _says_the_same(former, opening):
            reversals.extend(former)
            openings.extend([opening] if opening else [])
    return Reconciliation(tuple(openings), tuple(reversals), tuple(breaks))


def _added_up(claims: Iterable[Claim]) -> dict[InstrumentId, Claim]:
    told: dict[InstrumentId, Claim] = {}
    for claim in claims:
        earlier = told.get(claim.instrument)
        told[claim.instrument] = claim if earlier is None else _together(earlier, claim)
    return told


def _together(one: Claim, other: Claim) -> Claim:
    """Two lines of one instrument as one; the average is weighted, and kept to 8 places."""
    price = average_price((claim.quantity, claim.average_price) for claim in (one, other))
    rounded = None if price is None else Price(quantized(price.amount, 8), price.currency)
    return Claim(one.instrument, one.quantity + other.quantity, rounded)


def _known_by_openings_only(standing: Iterable[Transaction]) -> dict[InstrumentId, list[Transaction]]:
    """Per instrument its statement openings, where nothing else is known of it."""
    openings: dict[InstrumentId, list[Transaction]] = {}
    others: set[InstrumentId] = set()
    for transaction in standing:
        instrument = transaction.fact.instrument
        if instrument is None:
            continue
        if transaction.fact.kind is Kind.OPENING and transaction.source == "statement":
            openings.setdefault(instrument, []).append(transaction)
        elif transaction.fact.kind is not Kind.DIVIDEND:
            others.add(instrument)
    return {instrument: facts for instrument, facts in openings.items() if instrument not in others}


def _opening(claim: Claim) -> Opening | None:
    if claim.quantity == 0 or claim.average_price is None:
        return None
    cost = (claim.average_price * claim.quantity).rounded()
    return Opening(claim.instrument, claim.quantity, claim.average_price, cost)


def _says_the_same(former: Sequence[Transaction], opening: Opening) -> bool:
    if len(former) != 1:
        return False
    fact = former[0].fact
    return fact.quantity == opening.quantity and fact.amount == opening.cost and fact.price == opening.price
