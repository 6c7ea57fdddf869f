"""Port to a broker that says what executed orders cost: orders in, each one's charges line by line out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, runtime_checkable

from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.feeparts import FeeName
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import Listing

FeeAmounts = Mapping[FeeName, Decimal]
"""Charges by name, rupees, as told: unrounded, zero where the broker says zero, absent where it says nothing.
Without IPFT, EXCHANGE holds it."""


@dataclass(frozen=True, slots=True)
class ChargedOrder:
    """An order as it was filled, or the part of one that settles in one way.

    number: what tells it from the others of one question. kind: BUY or SELL. quantity: units, not lots, above
    zero. price: the average of its fills. is_intraday: squared off the same day, nothing is delivered.
    """

    number: str
    listing: Listing
    kind: Kind
    quantity: Decimal
    price: Decimal
    is_intraday: bool


@dataclass(frozen=True, slots=True)
class StatedCharges:
    """A broker's answer. whole: of all orders that it was asked about. each: by number; empty where the
    broker tells the sum alone. unknown: numbers of orders that it could not be asked about."""

    whole: FeeAmounts
    each: Mapping[str, FeeAmounts] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


@runtime_checkable
class ChargesSource(Protocol):
    """A broker that counts the charges of orders it is told of. It counts by the rates of today."""

    def charges(self, api_key: str, session: BrokerSession, orders: Sequence[ChargedOrder]) -> StatedCharges:
        """Raises Reauth, Retry, Rejected. Asks in as many pieces as the broker's limits need."""
        ...


def added(amounts: Sequence[FeeAmounts]) -> FeeAmounts:
    """Charges of several orders together, by name."""
    names = dict.fromkeys(name for one in amounts for name in one)
    return {name: sum((one.get(name, Decimal(0)) for one in amounts), Decimal(0)) for name in names}
