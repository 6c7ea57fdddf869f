"""Futures and options in a sync: held or owed, named by a broker's positions and never by its holdings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price
from tunefolio.ledger.fills import moved_by
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import Position
from tunefolio.ledger.reconcile import Reconciliation
from tunefolio.ledger.statements import DayPosition, Holding, average_price
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.instruments import InstrumentClaim, Listing, usual_class
from tunefolio.market.masters import CONTRACTS

OPENED = ":opened"
"""Ends the key of the part of a fill that opened a position, where its first part closed another."""
_ZERO = Decimal(0)


def is_contract(listing: Listing) -> bool:
    """Whether an exchange lists futures and options: what is traded there is settled, never delivered to a
    demat as such."""
    return usual_class(listing.exchange, listing.symbol) in CONTRACTS


def carried(positions: Iterable[DayPosition], named: Collection[InstrumentClaim] = ()) -> tuple[Holding, ...]:
    """What a broker says is held (above zero) or owed of every contract, all products together. Closed
    ones and positions of the day are left out, and so is what its holdings have `named` already.

    The average is that of the side that is left; None where the broker shows none.
    """
    lines: dict[InstrumentClaim, list[DayPosition]] = {}
    for line in positions:
        claim = line.instrument
        if line.quantity and not line.is_intraday and is_contract(claim.listing) and claim not in named:
            lines.setdefault(claim, []).append(line)
    return tuple(_netted(of_one) for of_one in lines.values() if sum(line.quantity for line in of_one))


def _netted(lines: Collection[DayPosition]) -> Holding:
    net = sum((line.quantity for line in lines), _ZERO)
    side = [line for line in lines if (line.quantity > 0) == (net > 0)]
    first = side[0]
    average = average_price((line.quantity, _shown(line.average_price)) for line in side)
    return Holding(first.instrument, net, _ZERO, average, first.last_price, None)


def _shown(price: Price) -> Price | None:
    """Brokers write 0 for an average they do not know."""
    return price if price.amount > 0 else None


def at_first_sight(units: Decimal, average: Price | None, former: Sequence[Transaction]) -> Price | None:
    """The average of so many units of a contract of which only statement openings (`former`) tell: that of
    the first day while the units stay. A broker that settles contracts daily names another every morning,
    and each would be a new opening without a past."""
    is_same = len(former) == 1 and moved_by(former[0].fact) == units
    return former[0].fact.price if is_same else average


def left_by(positions: Mapping[InstrumentId, Position], found: Reconciliation) -> dict[InstrumentId, Decimal]:
    """Units held less owed once what a comparison proposes is recorded."""
    left = {id: position.quantity for id, position in positions.items()}
    for former in found.reversals:
        if former.fact.instrument is not None:
            left[former.fact.instrument] = left.get(former.fact.instrument, _ZERO) - moved_by(former.fact)
    for opening in found.openings:
        left[opening.instrument] = left.get(opening.instrument, _ZERO) + opening.quantity
    return left


def parts_of(stands: Decimal, units: Decimal) -> tuple[tuple[Kind, Decimal], ...]:
    """What buying (above zero) or selling so many units does where `stands` are held (above zero) or owed.

    A purchase covers what is owed and buys the rest; a sale sells what is held and the rest is sold short.
    One that does both is two, the closing one first.
    """
    close, open_ = (Kind.COVER, Kind.BUY) if units > 0 else (Kind.SELL, Kind.SHORT)
    closing = min(abs(units), max(_ZERO, -stands if units > 0 else stands))
    told = ((close, closing), (open_, abs(units) - closing))
    return tuple((kind, some) for kind, some in told if some)


def directed(fact: Fact, stands: Decimal) -> tuple[Fact, ...]:
    """A purchase or sale of a contract as what it does to what stands; the amounts add up to the whole."""
    parts = parts_of(stands, moved_by(fact))
    if len(parts) == 1 or fact.price is None:
        return (replace(fact, kind=parts[0][0]),)
    (close, closing), (open_, rest) = parts
    first = (fact.price * closing).rounded()
    return (
        replace(fact, kind=close, quantity=closing, amount=first),
        replace(fact, kind=open_, quantity=rest, amount=fact.amount - first),
    )
