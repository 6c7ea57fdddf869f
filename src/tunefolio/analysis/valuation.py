"""What positions are worth: each with its price and age, or the reason there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import INR, Currency, Money, Price
from tunefolio.ledger.positions import Position
from tunefolio.market.quotes import Quote

NO_PRICE = "no price yet"


@dataclass(frozen=True)
class ValuedPosition:
    """A position at a price. quote None: `missing` says why, and value, pnl and day change are None.

    Figures are worked out once: sums, sectors, order and pages all ask for them.
    """

    account: AccountId
    position: Position
    quote: Quote | None
    missing: str = ""

    @property
    def instrument(self) -> InstrumentId:
        return self.position.instrument

    @property
    def quantity(self) -> Decimal:
        return self.position.quantity

    @property
    def invested(self) -> Money:
        return self.position.cost

    @cached_property
    def average_price(self) -> Price:
        return Price.per(self.position.cost, self.position.quantity)

    @cached_property
    def value(self) -> Money | None:
        """Quantity × price, rounded to the minor unit as brokers show it."""
        return None if self.quote is None else (self.quote.price * self.quantity).rounded()

    @cached_property
    def pnl(self) -> Money | None:
        value = self.value
        return None if value is None else value - self.invested

    @cached_property
    def day_change(self) -> Money | None:
        if self.quote is None:
            return None
        change = self.quote.day_change(self.quantity)
        return None if change is None else change.rounded()


@dataclass(frozen=True, slots=True)
class Valuation:
    """Many valued positions and their sums in one currency.

    value, pnl: over priced positions only; `unpriced` counts the others, so a total never hides a hole.
    pnl compares like with like: it leaves the cost of unpriced positions out as well.
    """

    positions: tuple[ValuedPosition, ...]
    currency: Currency
    invested: Money
    value: Money
    pnl: Money
    day_change: Money | None
    unpriced: int

    def pnl_ratio(self) -> Decimal | None:
        """P&L ÷ cost of the priced positions; None when nothing was paid."""
        paid = self.value - self.pnl
        return None if paid.amount == 0 else self.pnl / paid


def valued(account: AccountId, position: Position, quotes: Mapping[InstrumentId, Quote]) -> ValuedPosition:
    """One position at its newest quote; a quote in another currency is as good as none."""
    quote = quotes.get(position.instrument)
    if quote is None:
        return ValuedPosition(account, position, None, NO_PRICE)
    if quote.price.currency != position.cost.currency:
        reason = f"price in {quote.price.currency}, cost in {position.cost.currency}: no rate"
        return ValuedPosition(account, position, None, reason)
    return ValuedPosition(account, position, quote)


def valuation(positions: Iterable[ValuedPosition], currency: Currency = INR) -> Valuation:
    """Sum up; positions in another currency count as unpriced until there is a dated rate."""
    lines = tuple(positions)
    invested = value = pnl = day = Decimal(0)
    unpriced = 0
    day_known = False
    for line in lines:
        if line.invested.currency == currency:
            invested += line.invested.amount
        line_value, line_pnl = line.value, line.pnl
        if line_value is None or line_pnl is None or line_value.currency != currency:
            unpriced += 1
            continue
        value += line_value.amount
        pnl += line_pnl.amount
        change = line.day_change
        if change is not None:
            day += change.amount
            day_known = True
    return Valuation(
        lines,
        currency,
        Money(invested, currency),
        Money(value, currency),
        Money(pnl, currency),
        Money(day, currency) if day_known else None,
        unpriced,
    )
