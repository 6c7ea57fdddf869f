"""A last price with its age; missing is a value with a reason, never zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant


class QuoteKind(StrEnum):
    """last: a price of the running session; close: the official close of a finished one."""

    LAST = "last"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Quote:
    """The newest price known for one instrument. previous_close: of the session before as_of's."""

    instrument: InstrumentId
    price: Price
    previous_close: Price | None
    as_of: Instant
    source: str
    kind: QuoteKind = QuoteKind.LAST

    def age(self, now: Instant) -> timedelta:
        return now - self.as_of

    def day_change_ratio(self) -> Decimal | None:
        """(price − previous close) ÷ previous close; None when the close is unknown or zero."""
        if self.previous_close is None or self.previous_close.amount == 0:
            return None
        return self.price.amount / self.previous_close.amount - 1

    def day_change(self, quantity: Decimal) -> Money | None:
        """Money gained since the previous close by `quantity` units; None when the close is unknown."""
        if self.previous_close is None:
            return None
        return self.price * quantity - self.previous_close * quantity
