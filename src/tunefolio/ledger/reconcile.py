"""A broker's claims beside our positions: openings where we have no history, breaks where we disagree.

Nothing is changed here; the result is a proposal that services record (docs/spec/reconcile.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Money, Price, quantized
from tunefolio.ledger.fills import moved_by
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import Position, fold, in_force
from tunefolio.ledger.restated import STATEMENT
from tunefolio.ledger.statements import average_price
from tunefolio.ledger.transactions import Transaction


class Cause(StrEnum):
    """How a broker's count and ours differ; why is found out by breaks.diagnosed."""

    MORE_AT_BROKER = "more at the broker"
    FEWER_AT_BROKER = "fewer at the broker"
    NO_COST = "no cost at the broker"
    OTHER_LISTING = "held under another listing"


@dataclass(frozen=True, slots=True)
class Claim:
    """What the broker says of one instrument: units, of a contract below zero where they are owed, and its
    average cost, if it shows one."""

    instrument: InstrumentId
    quantity: Decimal
    average_price: Price | None


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening position to record: held before our records begin, acquired on an unknown day.

    quantity: units; below zero those of a contract that were sold short. cost: what they cost, or brought.
    """

    instrument: InstrumentId
    quantity: Decimal
    price: Price
    cost: Money

    @property
    def kind(self) -> Kind:
        return Kind.OPENING if self.quantity > 0 else Kind.SHORT


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


def compare(
    claims: Iterable[Claim],
    history: Sequence[Transaction],
    held: Mapping[InstrumentId, Position] | None = None,
    kin: Mapping[InstrumentId, str] | None = None,
    unsaid: Collection[InstrumentId] = (),
) -> Reconciliation:
    """The whole statement against the whole history of one account.

    1. Claims on one instrument are added up (a stock can stand in two lines).
    2. An instrument known only by openings is restated: the broker is the only source we have.
    3. An instrument with real history is compared by units, held less owed; a difference is a Break, never a
       change.
    4. What we hold and the broker does not name counts as a claim of zero.
    5. A newcomer whose very units are missing under another listing of the company is a Break: an opening
       would count them twice.

    held: the account's positions where they are folded already (one linked by transfers cannot be folded
    alone). kin: what makes two instruments one company's, as their ISIN. unsaid: instruments of which the
    statement says nothing either way, as some of its lines could not be read: they are not judged.
    """
    told = _added_up(claims)
    standing = in_force(history)
    positions = fold(standing).positions if held is None else held
    comparison = _Comparison(told, positions, known_by_openings_only(standing), kin or {})
    named = told.keys() | {i for i, position in positions.items() if position.quantity}
    for instrument in sorted(named - set(unsaid)):
        comparison.judge(instrument)
    return Reconciliation(tuple(comparison.openings), tuple(comparison.reversals), tuple(comparison.breaks))


class _Comparison:
    """The running result of one comparison."""

    def __init__(
        self,
        told: Mapping[InstrumentId, Claim],
        held: Mapping[InstrumentId, Position],
        restatable: Mapping[InstrumentId, list[Transaction]],
        kin: Mapping[InstrumentId, str],
    ) -> None:
        self.told, self.held, self.restatable, self.kin = told, held, restatable, kin
        self.openings: list[Opening] = []
        self.reversals: list[Transaction] = []
        self.breaks: list[Break] = []

    def judge(self, instrument: InstrumentId) -> None:
        claim = self._claim(instrument)
        former, ours = self.restatable.get(instrument, []), self._ours(instrument)
        if instrument in self.held and not former:
            if claim.quantity != ours:
                more = claim.quantity > ours
                cause = Cause.MORE_AT_BROKER if more else Cause.FEWER_AT_BROKER
                self.breaks.append(Break(instrument, ours, claim.quantity, cause))
            return
        opening = _opening(claim)
        if not former and claim.quantity > 0 and self._is_missing_elsewhere(claim):
            self.breaks.append(Break(instrument, ours, claim.quantity, Cause.OTHER_LISTING))
        elif opening is None and claim.quantity != 0:
            self.breaks.append(Break(instrument, ours, claim.quantity, Cause.NO_COST))
        elif opening is None or not _says_the_same(former, opening):
            self.reversals.extend(former)
            self.openings.extend([opening] if opening else [])

    def _claim(self, instrument: InstrumentId) -> Claim:
        return self.told.get(instrument, Claim(instrument, Decimal(0), None))

    def _ours(self, instrument: InstrumentId) -> Decimal:
        position = self.held.get(instrument)
        return position.quantity if position else Decimal(0)

    def _is_missing_elsewhere(self, claim: Claim) -> bool:
        """Just these units are held by the books, and not by the broker, under another listing."""
        key = self.kin.get(claim.instrument)
        return key is not None and any(
            self.kin.get(other) == key
            and other not in self.restatable
            and self._ours(other) - self._claim(other).quantity == claim.quantity
            for other in self.held
            if other != claim.instrument
        )


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


_LEAVES_UNITS = frozenset({Kind.DIVIDEND, Kind.INTEREST, Kind.FEE, Kind.TAX})
"""Kinds that say nothing of the units held: beside them a statement may restate its opening."""
_OPENS = frozenset({Kind.OPENING, Kind.SHORT})
"""As which a statement's opening is recorded: of units held, and of a contract's that are owed."""


def known_by_openings_only(standing: Iterable[Transaction]) -> dict[InstrumentId, list[Transaction]]:
    """Per instrument its statement openings, where nothing else is known of it."""
    openings: dict[InstrumentId, list[Transaction]] = {}
    others: set[InstrumentId] = set()
    for transaction in standing:
        fact = transaction.fact
        if fact.other is not None:
            others.add(fact.other)
        if fact.instrument is None:
            continue
        if fact.kind in _OPENS and transaction.source == STATEMENT:
            openings.setdefault(fact.instrument, []).append(transaction)
        elif fact.kind not in _LEAVES_UNITS:
            others.add(fact.instrument)
    return {instrument: facts for instrument, facts in openings.items() if instrument not in others}


def _opening(claim: Claim) -> Opening | None:
    if claim.quantity == 0 or claim.average_price is None:
        return None
    cost = (claim.average_price * abs(claim.quantity)).rounded()
    return Opening(claim.instrument, claim.quantity, claim.average_price, cost)


def _says_the_same(former: Sequence[Transaction], opening: Opening) -> bool:
    if len(former) != 1:
        return False
    fact = former[0].fact
    return moved_by(fact) == opening.quantity and fact.amount == opening.cost and fact.price == opening.price
