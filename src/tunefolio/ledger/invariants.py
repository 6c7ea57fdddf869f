"""The laws of the books as predicates, the same for property tests, `tunefolio check` and the nightly job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.ledger import tallies
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Lot, Side
from tunefolio.ledger.positions import Holdings, Position, in_force
from tunefolio.ledger.state import sum_of
from tunefolio.ledger.transactions import Transaction
from tunefolio.ledger.transfers import TRANSFERS, paired

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that does not hold, and where."""

    law: str
    detail: str


Law = Callable[[Sequence[Transaction], Holdings], Iterator[str]]


def units_are_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Units held and owed are what the sign table counts, for each instrument."""
    tally = tallies.units(history)
    for name, counted in (("held", tally.held), ("owed", tally.owed)):
        for instrument, expected in counted.items():
            position = holdings.positions.get(instrument)
            there = _ZERO if position is None else position.held if name == "held" else position.owed
            if there != expected:
                yield f"instrument {instrument}: facts leave {expected:f} {name}, lots hold {there:f}"


def cost_is_conserved(_history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """What movements add up to is in the open lots, to the last digit: units, cost, charges in it."""
    moved_of = _by_instrument(holdings)
    for instrument, position in holdings.positions.items():
        mine = moved_of[instrument]
        lots = sum((lot.price_cost.amount for lot in position.lots), _ZERO)
        lots -= sum((lot.brought.amount for lot in position.shorts), _ZERO)
        fees = sum((lot.fees.amount for lot in (*position.lots, *position.shorts)), _ZERO)
        told = {
            "units": (_sum(mine, "units"), position.quantity),
            "cost": (_sum(mine, "cost") + _sum(mine, "notional"), lots),
            "charges": (_sum(mine, "lot_fees"), fees),
        }
        for name, (moved, kept) in told.items():
            if moved != kept:
                yield f"instrument {instrument}: {name} moved {moved:f}, lots carry {kept:f}"


def proceeds_are_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """What each fact brought or cost after charges is shared by its matches, for all its units."""
    brought: dict[tuple[TransactionId, Side], tuple[Decimal, Decimal]] = {}
    for position in holdings.positions.values():
        for match in position.matches:
            key = (match.closed, match.side)
            money = match.proceeds if match.side is Side.LONG else match.lot.cost
            units, total = brought.get(key, (_ZERO, _ZERO))
            brought[key] = (units + match.lot.quantity, total + money.amount)
    for transaction in in_force(history):
        fact, fees = transaction.fact, sum_of(transaction.fact.fees)
        if fact.delivery is not None or fact.kind not in _CLOSING:
            continue
        long, short = (brought.get((transaction.id, side)) for side in Side)
        if long is not None and long[1] != fact.amount.amount - fees:
            yield f"transaction {transaction.id} brought {fact.amount.amount - fees:f}, matches {long[1]:f}"
        if short is not None and short[1] != fact.amount.amount + fees:
            yield f"transaction {transaction.id} cost {fact.amount.amount + fees:f}, matches {short[1]:f}"
        units = sum((side[0] for side in (long, short) if side is not None), _ZERO)
        if fact.kind is not Kind.MERGER and units != fact.quantity:
            yield f"transaction {transaction.id} closes {fact.quantity}, matches {units:f}"


_CLOSING = frozenset(
    {
        Kind.SELL, Kind.BUYBACK, Kind.WRITE_OFF, Kind.COVER, Kind.EXPIRY, Kind.EXERCISE, Kind.ASSIGNMENT,
        Kind.MERGER,
    }
)  # fmt: skip


def gains_are_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Gains before charges of all matches, and repayments beyond cost, are what movements realised."""
    repaid = {t.fact.instrument for t in in_force(history) if t.fact.kind is Kind.REPAYMENT}
    moved_of = _by_instrument(holdings)
    for instrument, position in holdings.positions.items():
        realised = _sum(moved_of[instrument], "realised")
        matched = _gains(position) + position.repaid.amount
        charges_repaid = realised - matched
        if charges_repaid < 0 or (charges_repaid and instrument not in repaid):
            yield f"instrument {instrument}: movements realised {realised:f}, matches {matched:f}"


def cash_is_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Cash is what the sign table says came and went, per currency; a future pays only its gains."""
    margined = {m.instrument: _ZERO for m in holdings.movements if m.notional and m.instrument is not None}
    for instrument in margined:
        if instrument in holdings.positions:
            margined[instrument] = _gains(holdings.positions[instrument])
    expected = tallies.cash(history, margined)
    for currency in sorted(expected.keys() | holdings.cash.keys()):
        money = holdings.cash.get(currency)
        held, amount = money.amount if money is not None else _ZERO, expected.get(currency, _ZERO)
        if held != amount:
            yield f"cash {currency}: facts leave {amount:f}, the fold holds {held:f}"


def income_and_charges_are_conserved(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Income, fees and taxes of each fact's movements are those it says."""
    moved: dict[TransactionId, list[Decimal]] = defaultdict(lambda: [_ZERO] * 3)
    for movement in holdings.movements:
        sums = moved[movement.transaction]
        for place, amount in enumerate((movement.income, movement.fees, movement.taxes)):
            sums[place] += amount
    for transaction in in_force(history):
        told = list(tallies.earned(transaction))
        if moved[transaction.id] != told:
            yield f"transaction {transaction.id} says {_words(told)}, moved {_words(moved[transaction.id])}"


def movements_balance(_history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """cost = realised + income − fees − taxes − cash + moved, for each movement; cash likewise."""
    for movement in holdings.movements:
        if not movement.is_balanced:
            yield f"transaction {movement.transaction} does not balance"


def moves_cancel(history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Cost that leaves one instrument arrives in another; only openings, transfers and conversions differ."""
    moved: dict[TransactionId, Decimal] = {}
    for movement in holdings.movements:
        moved[movement.transaction] = moved.get(movement.transaction, _ZERO) + movement.moved
    free = {Kind.OPENING, Kind.CONVERT, *TRANSFERS}
    for transaction in in_force(history):
        amount = moved.get(transaction.id, _ZERO)
        if amount and transaction.fact.kind not in free:
            yield f"transaction {transaction.id} moved {amount:f} to nowhere"


def lots_are_sound(_history: Sequence[Transaction], holdings: Holdings) -> Iterator[str]:
    """Every open or matched lot has units above zero, and open ones stand by day with no cost below zero."""
    for instrument, position in holdings.positions.items():
        for lot in (*position.lots, *position.shorts, *(match.lot for match in position.matches)):
            if lot.quantity <= 0 or lot.fees.amount < 0:
                yield f"instrument {instrument}: lot of {lot.quantity:f} units with charges {lot.fees}"
        for lot in position.lots:
            if lot.cost.amount < 0:
                yield f"instrument {instrument}: lot of {lot.quantity:f} units at {lot.cost}"
        for lots in (position.lots, position.shorts):
            if list(lots) != sorted(lots, key=_place):
                yield f"instrument {instrument}: lots do not stand in the order of their days"


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
    "gains are conserved": gains_are_conserved,
    "cash is conserved": cash_is_conserved,
    "income and charges are conserved": income_and_charges_are_conserved,
    "movements balance": movements_balance,
    "moves cancel": moves_cancel,
    "lots are sound": lots_are_sound,
    "reversals are single": reversals_are_single,
    "fingerprints hold": fingerprints_hold,
}
"""What one account's books must fulfil."""


def violations(history: Sequence[Transaction], holdings: Holdings) -> list[Violation]:
    """Every law that one account's books break; empty for sound books. holdings: folded from this history,
    together with the accounts it exchanges units with."""
    return [Violation(name, detail) for name, law in LAWS.items() for detail in law(history, holdings)]


def transfers_are_paired(
    histories: Mapping[AccountId, Sequence[Transaction]], holdings: Mapping[AccountId, Holdings]
) -> Iterator[str]:
    """Each transfer between accounts has both halves; units and cost that left have arrived."""
    facts = [fact for history in histories.values() for fact in in_force(history)]
    moved: dict[TransactionId, tuple[InstrumentId | None, Decimal, Decimal]] = {}
    for held in holdings.values():
        for movement in held.movements:
            cost = movement.cost + movement.notional
            moved[movement.transaction] = (movement.instrument, movement.units, cost)
    try:
        pairs = paired(facts)
    except Misuse as problem:
        yield str(problem)
        return
    nothing = (None, _ZERO, _ZERO)
    for pair in pairs:
        if pair.arrives is None or pair.leaves.fact.instrument is None:
            continue
        left, came = moved.get(pair.leaves.id, nothing), moved.get(pair.arrives.id, nothing)
        if (left[1], left[2]) != (-came[1], -came[2]):
            yield f"transfer {pair.leaves.id}: {-left[1]:f} units left at {-left[2]:f}, {came[1]:f} came"


def family_violations(
    histories: Mapping[AccountId, Sequence[Transaction]], holdings: Mapping[AccountId, Holdings]
) -> list[Violation]:
    """What only several accounts together can break; empty for sound books."""
    law = "transfers are paired"
    return [Violation(law, detail) for detail in transfers_are_paired(histories, holdings)]


def _by_instrument(holdings: Holdings) -> Mapping[InstrumentId | None, Sequence[Movement]]:
    movements: defaultdict[InstrumentId | None, list[Movement]] = defaultdict(list)
    for movement in holdings.movements:
        movements[movement.instrument].append(movement)
    return movements


def _place(lot: Lot) -> int:
    return lot.day.date.toordinal() if lot.day is not None else 0


def _gains(position: Position) -> Decimal:
    return sum((match.gain_before_charges.amount for match in position.matches), _ZERO)


def _sum(movements: Sequence[Movement], name: str) -> Decimal:
    return sum((getattr(movement, name) for movement in movements), _ZERO)


def _words(sums: Sequence[Decimal]) -> str:
    return ", ".join(f"{name} {sum:f}" for name, sum in zip(("income", "fees", "taxes"), sums, strict=True))
