"""Gains of lots in foreign currency: what the price did, and apart from it what the rate did.

Cost counts at the rate of the lot's day, proceeds at the rate of the sale; docs/spec/periods.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.derivation import EXACT
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot, Match, Side
from tunefolio.market.fx import RateBook


@dataclass(frozen=True, slots=True)
class LotGain:
    """A gain in the report's currency, after charges. total = price + exchange, to the minor unit.

    price:    (proceeds − cost) at the rate of the day it is closed or valued.
    exchange: what the change of the rate since the lot's day did to the sum that was laid out (or, of a short
              sale, received) then; zero in one's own currency.
    """

    price: Money | Missing
    exchange: Money | Missing

    @property
    def total(self) -> Money | Missing:
        if isinstance(self.price, Missing):
            return self.price
        return self.exchange if isinstance(self.exchange, Missing) else self.price + self.exchange


def gain_of(match: Match, rates: RateBook, currency: Currency) -> LotGain:
    """A closed lot's gain. Of a short sale money came in on the lot's day and went on the match's."""
    first = match.lot.cost if match.side is Side.LONG else -match.proceeds
    return _parted(match.gain, first, match.lot, match.day, rates, currency)


def unrealised_of(lot: Lot, value: Money, day: TradingDay, rates: RateBook, currency: Currency) -> LotGain:
    """An open lot's gain at its value on the day; of a short lot give its value below zero.

    value in the lot's currency.
    """
    laid_out = lot.cost if value.amount >= 0 else -lot.cost
    return _parted(value - laid_out, laid_out, lot, day, rates, currency)


def cost_of(lot: Lot, rates: RateBook, currency: Currency) -> Money | Missing:
    """What the lot cost at the rate of its day."""
    rate = _rate_then(lot, rates, currency)
    return rate if isinstance(rate, Missing) else _times(lot.cost, rate, currency)


def _parted(
    gain: Money, first: Money, lot: Lot, day: TradingDay, rates: RateBook, currency: Currency
) -> LotGain:
    """gain: in the lot's currency. first: what was laid out on the lot's day (below zero: received)."""
    if gain.currency == currency:
        return LotGain(gain, Money.zero(currency))
    then, now = _rate_then(lot, rates, currency), rates.on(gain.currency, currency, day)
    price = now if isinstance(now, Missing) else _times(gain, now.rate, currency)
    if isinstance(then, Missing):
        return LotGain(price, missing_of([then, *([now] if isinstance(now, Missing) else [])]) or then)
    if isinstance(now, Missing):
        return LotGain(price, now)
    return LotGain(price, _times(first, EXACT.subtract(now.rate, then), currency))


def _rate_then(lot: Lot, rates: RateBook, currency: Currency) -> Decimal | Missing:
    if lot.cost.currency == currency:
        return Decimal(1)
    if lot.day is None:
        reason = f"the day of purchase of units first seen on {lot.seen}, whose rate their cost counts at"
        return Missing(reason, "Record the opening with its `acquired` day")
    rate = rates.on(lot.cost.currency, currency, lot.day)
    return rate if isinstance(rate, Missing) else rate.rate


def _times(amount: Money, rate: Decimal, currency: Currency) -> Money:
    if amount.currency == currency:
        return amount
    return Money(EXACT.multiply(amount.amount, rate), currency).rounded()
