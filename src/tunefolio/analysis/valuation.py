"""What positions are worth: each with its price and age, or the reason there is none.

Sums in one currency need the day's rates for the others; a position without one is counted as unpriced.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from tunefolio.analysis.currency import cost_of
from tunefolio.analysis.derivation import EXACT
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money, Price, total
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot
from tunefolio.ledger.positions import Position
from tunefolio.market.fx import NO_RATES, RateBook
from tunefolio.market.quotes import Quote

NO_PRICE = "no price yet"


@dataclass(frozen=True)
class ValuedPosition:
    """A position at a price. quote None: `missing` says why, and value, pnl and day change are None.

    accrued: the value of a holding that earns a fixed return instead of having a price; then `missing` is "".
    is_margined: a future, for which nothing was paid: its value is only what it has gained.
    Owed units have a value below zero, and what they brought counts as invested below zero.
    Figures are worked out once: sums, sectors, order and pages all ask for them.
    """

    account: AccountId
    position: Position
    quote: Quote | None
    missing: str = ""
    accrued: Money | None = None
    is_margined: bool = False

    @property
    def instrument(self) -> InstrumentId:
        return self.position.instrument

    @property
    def quantity(self) -> Decimal:
        return self.position.quantity

    @cached_property
    def invested(self) -> Money:
        """The cost of open lots less what open short lots brought, charges included."""
        return Money.zero(self.position.currency) if self.is_margined else self._laid_out

    @cached_property
    def _laid_out(self) -> Money:
        brought = total((lot.cost for lot in self.position.shorts), self.position.currency)
        return self.position.cost - brought

    @cached_property
    def average_price(self) -> Price:
        """Of the units held; of owed ones, what one of them brought."""
        lots = self.position.lots or self.position.shorts
        cost = total((lot.cost for lot in lots), self.position.currency)
        return Price.per(cost, sum((lot.quantity for lot in lots), Decimal(0)))

    @cached_property
    def value(self) -> Money | None:
        """Quantity × price, rounded to the minor unit as brokers show it; or what has accrued."""
        if self.quote is None:
            return self.accrued
        worth = (self.quote.price * self.quantity).rounded()
        return worth - self._laid_out if self.is_margined else worth

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
    missing: why positions are not in the sums, each reason once.
    """

    positions: tuple[ValuedPosition, ...]
    currency: Currency
    invested: Money
    value: Money
    pnl: Money
    day_change: Money | None
    unpriced: int
    missing: tuple[str, ...] = ()

    def pnl_ratio(self) -> Decimal | None:
        """P&L ÷ cost of the priced positions; None when nothing was paid."""
        paid = self.value - self.pnl
        return None if paid.amount == 0 else self.pnl / paid


@dataclass(frozen=True, slots=True)
class Converted:
    """One line in a sum's currency. invested: each lot at the rate of its day; value at the day's rate."""

    invested: Money | Missing
    value: Money | Missing
    day_change: Money | None


def valued(
    account: AccountId,
    position: Position,
    quotes: Mapping[InstrumentId, Quote],
    *,
    rates: RateBook = NO_RATES,
    day: TradingDay | None = None,
    accrued: Mapping[InstrumentId, Money | Missing] | None = None,
    margined: Collection[InstrumentId] = (),
) -> ValuedPosition:
    """One position at its newest quote, or at what has accrued where `accrued` knows the instrument.

    margined: the futures among the instruments.

    A quote in another currency is converted at the rate of `day`, or is as good as none.
    """
    grown = (accrued or {}).get(position.instrument)
    if isinstance(grown, Money):
        return ValuedPosition(account, position, None, "", grown)
    if grown is not None:
        return ValuedPosition(account, position, None, str(grown))
    is_margined = position.instrument in margined
    quote = quotes.get(position.instrument)
    if quote is None:
        return ValuedPosition(account, position, None, NO_PRICE)
    if quote.price.currency == position.currency:
        return ValuedPosition(account, position, quote, is_margined=is_margined)
    rate = None if day is None else rates.on(quote.price.currency, position.currency, day)
    if rate is None or isinstance(rate, Missing):
        reason = f"price in {quote.price.currency}, cost in {position.currency}: no rate"
        return ValuedPosition(account, position, None, reason)
    here = _in_currency(quote, rate.rate, position.currency)
    return ValuedPosition(account, position, here, is_margined=is_margined)


def valuation(
    positions: Iterable[ValuedPosition],
    currency: Currency = INR,
    *,
    rates: RateBook = NO_RATES,
    day: TradingDay | None = None,
) -> Valuation:
    """Sum up, each position once; in another currency at the rates of `day` (its cost: of the lots' days).

    Without its rate a position counts as unpriced.
    """
    lines = tuple(positions)
    invested = value = pnl = change = Decimal(0)
    unpriced = 0
    day_known = False
    reasons: dict[str, None] = {}
    for line in lines:
        held = converted(line, currency, rates=rates, day=day)
        if isinstance(held.invested, Money):
            invested += held.invested.amount
        if isinstance(held.value, Missing) or isinstance(held.invested, Missing):
            unpriced += 1
            reasons |= {str(each): None for each in (held.value, held.invested) if isinstance(each, Missing)}
            continue
        value += held.value.amount
        pnl += held.value.amount - held.invested.amount
        if held.day_change is not None:
            change += held.day_change.amount
            day_known = True
    return Valuation(
        lines,
        currency,
        Money(invested, currency),
        Money(value, currency),
        Money(pnl, currency),
        Money(change, currency) if day_known else None,
        unpriced,
        tuple(reasons),
    )


def converted(
    line: ValuedPosition, currency: Currency, *, rates: RateBook = NO_RATES, day: TradingDay | None = None
) -> Converted:
    """A line's figures in the currency of a sum, each rounded once to its minor unit."""
    value: Money | Missing = line.value if line.value is not None else Missing(line.missing)
    if line.position.currency == currency:
        return Converted(line.invested, value, line.day_change)
    invested = Money.zero(currency) if line.is_margined else _invested(line.position, rates, currency)
    if day is None:
        rate = rates_lacking(line.position.currency, currency)
        return Converted(invested, rate, None)
    found = rates.on(line.position.currency, currency, day)
    if isinstance(found, Missing):
        return Converted(invested, found, None)
    change = line.day_change
    return Converted(
        invested,
        value if isinstance(value, Missing) else _at(value, found.rate, currency),
        None if change is None else _at(change, found.rate, currency),
    )


def rates_lacking(base: Currency, quote: Currency) -> Missing:
    return Missing(f"a rate {base}/{quote}", "Fetch the rates of that day, or record one")


def _invested(position: Position, rates: RateBook, currency: Currency) -> Money | Missing:
    """Open lots less open short lots, each at the rate of its day."""
    result = Money.zero(currency)
    signed: tuple[tuple[int, tuple[Lot, ...]], ...] = ((1, position.lots), (-1, position.shorts))
    for sign, lots in signed:
        for lot in lots:
            cost = cost_of(lot, rates, currency)
            if isinstance(cost, Missing):
                return cost
            result = result + cost * sign
    return result


def _at(amount: Money, rate: Decimal, currency: Currency) -> Money:
    return Money(EXACT.multiply(amount.amount, rate), currency).rounded()


def _in_currency(quote: Quote, rate: Decimal, currency: Currency) -> Quote:
    price = Price(EXACT.multiply(quote.price.amount, rate), currency)
    before = quote.previous_close
    closed = None if before is None else Price(EXACT.multiply(before.amount, rate), currency)
    return replace(quote, price=price, previous_close=closed)
