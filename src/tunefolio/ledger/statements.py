"""What a broker reports: a claim to check our positions against, not the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant
from tunefolio.market.instruments import InstrumentClaim


def average_price(lines: Iterable[tuple[Decimal, Price | None]]) -> Price | None:
    """The average cost of all these units together, as (units, average cost) of each line; unrounded.

    None when there are no units, or when the cost of some is unknown: an average over the rest would lie.
    """
    told = [(units, price) for units, price in lines if units != 0]
    paid: Money | None = None
    for units, price in told:
        if price is None:
            return None
        paid = price * units if paid is None else paid + price * units
    return None if paid is None else Price.per(paid, sum((units for units, _ in told), Decimal(0)))


@dataclass(frozen=True, slots=True)
class Holding:
    """One line of a broker's demat statement; or a contract, as its positions carry it (contracts.carried).

    settled, unsettled: units in demat, and bought but not yet delivered (T1); both ≥ 0. Of a contract settled
                        is what is carried, below zero where it is owed.
    average_price:      the broker's average cost per unit, None when the broker shows none.
    pnl:                the broker's own figure, kept to compare, never used.
    """

    instrument: InstrumentClaim
    settled: Decimal
    unsettled: Decimal
    average_price: Price | None
    last_price: Price | None
    close_price: Price | None
    pnl: Money | None = None

    @property
    def quantity(self) -> Decimal:
        """Settled and unsettled units together: what the person owns."""
        return self.settled + self.unsettled


@dataclass(frozen=True, slots=True)
class DayPosition:
    """One line of the broker's day and carry-forward positions; quantity is signed, short below zero.

    is_intraday: by its product it is squared off the same day, and nothing is delivered.
    """

    instrument: InstrumentClaim
    product: str
    quantity: Decimal
    average_price: Price
    last_price: Price | None
    pnl: Money | None
    is_intraday: bool = False


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """A line that names what nobody knows. symbol: as written; reason: why.

    place: in the broker's answer; of a trade, what is known of it (fills.UnreadTrade).
    """

    place: str
    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything one account's broker claims at one moment; whole or not at all.

    positions: whole, the carried ones with the day's trades on top: a contract not named is not held.
    unread: lines left out because their exchange or symbol is unknown; while there are any, what is not
    named is not known to be gone. includes_today: the holdings count what was delivered by today's trades.
    """

    broker: str
    broker_user: str
    at: Instant
    holdings: tuple[Holding, ...]
    cash: Money | None = None
    positions: tuple[DayPosition, ...] = ()
    unread: tuple[UnreadLine, ...] = ()
    includes_today: bool = False


@dataclass(frozen=True, slots=True)
class Funds:
    """Money at the broker: what may be spent now (available), of it cash, pledged collateral's worth, and
    what open positions use. None where the broker does not say."""

    available: Money
    cash: Money | None
    collateral: Money | None
    used: Money | None


class StatementSource(Protocol):
    """Fetches a whole statement; raises Reauth, Retry, Rejected; never returns half."""

    def fetch(self, now: Instant) -> Statement: ...
