"""Lots: units that came together, and what remains of them; which of them a sale takes.

Rules and worked examples: docs/spec/lots.md. Sums follow pro rata and are exact in total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import Money, minor_digits, plain
from tunefolio.core.time import TradingDay

EXACT = Context(prec=38, rounding=ROUND_HALF_UP)
"""The arithmetic of the fold: 38 digits, half away from zero. Whoever folds enters it once."""
UNITS_DIGITS = 8
_ZERO = Decimal(0)


class Method(StrEnum):
    """Which lots a sale takes when it names none."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    AVERAGE = "average"


class Side(StrEnum):
    """Units held, or units owed after a short sale."""

    LONG = "long"
    SHORT = "short"


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


class Overcovered(Misuse):
    """More units bought back than are owed; record the missing short sale, or a purchase."""

    def __init__(self, wanted: Decimal, owed: Decimal, day: TradingDay | None = None) -> None:
        on = f" on {day}" if day else ""
        super().__init__(
            "quantity",
            f"closes {plain(wanted)}{on} but only {plain(owed)} are owed",
            cure="Record the missing short sale first, or a purchase instead",
        )
        self.wanted = wanted
        self.owed = owed


@dataclass(frozen=True, slots=True)
class Lot:
    """Units that came together, and what remains of them.

    opened:   the fact that brought them into this account, which is what a Pick names.
    day:      session of purchase, kept through transfers, mergers and demergers; None where nobody knows it.
    seen:     the day an opening position was first seen; equals `day` where that is known.
    quantity: units still held, > 0.
    cost:     paid for exactly those units, charges included, exact. Of a short lot: what it brought, net.
    fees:     the part of `cost` that were charges; of a short lot, the charges taken out of what it brought.
    origin:   the fact that first brought them, in another account, where they came by a transfer.
    """

    opened: TransactionId
    day: TradingDay | None
    seen: TradingDay
    quantity: Decimal
    cost: Money
    fees: Money
    origin: TransactionId | None = None

    @property
    def price_cost(self) -> Money:
        """What the units themselves cost, before charges."""
        return self.cost - self.fees

    @property
    def brought(self) -> Money:
        """Of a short lot: what its sale brought before charges."""
        return self.cost + self.fees


@dataclass(frozen=True, slots=True)
class Match:
    """Units of one lot given up by one fact. gain = proceeds − cost, both after charges.

    proceeds: the lot's share of what came in, net of `fees`, its share of the charges on it.
    side:     SHORT: `lot` has the day of the short sale and what buying back cost with its charges; proceeds
              and fees are those of the short sale.
    """

    closed: TransactionId
    day: TradingDay
    lot: Lot
    proceeds: Money
    fees: Money
    side: Side = Side.LONG

    @property
    def gain(self) -> Money:
        return self.proceeds - self.lot.cost

    @property
    def gain_before_charges(self) -> Money:
        return self.proceeds + self.fees - self.lot.price_cost


def shares(whole: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """`whole` pro rata, each part rounded to `unit`; the last takes the rounding: parts sum to it."""
    if len(weights) == 1:
        return [whole]
    if not whole:
        return [_ZERO] * len(weights)
    left, weight_left = whole, sum(weights, _ZERO)
    parts: list[Decimal] = []
    for weight in weights[:-1]:
        part = EXACT.quantize(EXACT.divide(EXACT.multiply(left, weight), weight_left), unit)
        parts.append(part)
        left, weight_left = left - part, weight_left - weight
    return [*parts, left] if weights else []


def apportioned(whole: Money, weights: Sequence[Decimal]) -> list[Money]:
    """`whole` pro rata, each part rounded to the minor unit; the last takes the rounding: parts sum to it."""
    unit = Decimal(1).scaleb(-minor_digits(whole.currency))
    return [Money(part, whole.currency) for part in shares(whole.amount, weights, unit)]
