"""Lots: units bought together, and what remains of them. FIFO matching with exact total cost.

Rules and worked examples: docs/spec/lots.md.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import Money, plain
from tunefolio.core.time import TradingDay


class Oversold(Misuse):
    """More units sold than held; record the missing purchase or an opening position first."""

    def __init__(self, wanted: Decimal, held: Decimal, day: TradingDay | None = None) -> None:
        on = f" on {day}" if day else ""
        super().__init__(
            "quantity",
            f"sells {plain(wanted)}{on} but only {plain(held)} are held",
            cure="Record the missing purchase or an opening position first",
        )
        self.wanted = wanted
        self.held = held


@dataclass(frozen=True, slots=True)
class Lot:
    """Units bought together, and what remains of them.

    opened:   the fact that brought them; orders FIFO within one day.
    day:      session of purchase; None for an opening position, whose purchase day nobody knows.
    seen:     the day an opening position was first seen; equals `day` otherwise. Orders FIFO.
    quantity: units still held, > 0.
    cost:     paid for exactly those units, charges included, exact to the paisa.
    """

    opened: TransactionId
    day: TradingDay | None
    seen: TradingDay
    quantity: Decimal
    cost: Money

    def take(self, wanted: Decimal) -> tuple[Lot, Lot | None]:
        """Split into (taken, rest). Cost follows pro rata; rounding stays in `rest`."""
        if not 0 < wanted <= self.quantity:
            raise Oversold(wanted, self.quantity)
        if wanted == self.quantity:
            return self, None
        cost = (self.cost * wanted / self.quantity).rounded()
        taken = replace(self, quantity=wanted, cost=cost)
        return taken, replace(self, quantity=self.quantity - wanted, cost=self.cost - cost)


@dataclass(frozen=True, slots=True)
class Match:
    """Units of one lot given up by one sale. gain = proceeds − cost, both after charges."""

    closed: TransactionId
    day: TradingDay
    lot: Lot
    proceeds: Money

    @property
    def gain(self) -> Money:
        return self.proceeds - self.lot.cost


class LotQueue:
    """The open lots of one instrument in FIFO order; each lot is added and used up once, so a fold is linear.

    An opening position comes before every dated lot: it was held before the records begin.
    """

    def __init__(self) -> None:
        self._openings: deque[Lot] = deque()
        self._dated: deque[Lot] = deque()
        self._held = Decimal(0)

    def add(self, lot: Lot) -> None:
        """Behind all lots of its sort; lots arrive in the order of the fold, by day."""
        (self._openings if lot.day is None else self._dated).append(lot)
        self._held += lot.quantity

    def take(self, wanted: Decimal, day: TradingDay) -> tuple[Lot, ...]:
        """The oldest units out of the queue; raises Oversold, with nothing taken, when fewer are held."""
        if wanted > self._held:
            raise Oversold(wanted, self._held, day)
        taken: list[Lot] = []
        left = wanted
        while left > 0:
            queue = self._openings or self._dated
            part, rest = queue[0].take(min(left, queue[0].quantity))
            taken.append(part)
            left -= part.quantity
            if rest is None:
                queue.popleft()
            else:
                queue[0] = rest
        self._held -= wanted
        return tuple(taken)

    def lots(self) -> tuple[Lot, ...]:
        return (*self._openings, *self._dated)
