"""Kotak's positions: quantities and amounts of four kinds, from which price and profit are computed.

The rules are Kotak's own. A position is carried from yesterday (cf…) and filled today (fl…); amounts are
scaled by NF = multiplier × genNum/genDen × prcNum/prcDen, never by the lot: lots only show quantities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tunefolio.adapters.brokers.kotakneo.errors import PRICE_DIGITS, find_number, optional, text, wrong
from tunefolio.core.money import INR, Money, Price, quantized
from tunefolio.ledger.statements import DayPosition
from tunefolio.market.instruments import InstrumentClaim

DAY_PRODUCTS = frozenset({"MIS", "CO", "BO"})
"""Products that Kotak squares off the same day: nothing is delivered."""

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class Legs:
    """One position's figures. carried: bought less sold before today, signed. NF is `scale`."""

    bought: Decimal
    sold: Decimal
    carried: Decimal
    paid: Decimal
    received: Decimal
    scale: Decimal
    digits: int

    @property
    def net(self) -> Decimal:
        return self.bought - self.sold

    @property
    def average(self) -> Decimal:
        """Of the side that is open: what a long was bought at, what a short was sold at; 0 when closed."""
        if self.net > 0:
            return self._rounded(self.paid / (self.bought * self.scale))
        if self.net < 0:
            return self._rounded(self.received / (self.sold * self.scale))
        return _ZERO

    def profit(self, last: Decimal) -> Decimal:
        """Since it was entered, what is closed and what is open together."""
        return self._rounded(self.received - self.paid + self.net * last * self.scale)

    def _rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(_ONE.scaleb(-self.digits), ROUND_HALF_UP)


def position(
    row: Mapping[str, Any], instrument: InstrumentClaim, cost: Price | None, where: str = "position"
) -> DayPosition:
    """One row. cost: what the carried units of a share cost each, from the holdings; without it they stand at
    yesterday's close, as those of a contract always do (it is settled every day)."""
    legs = legs_of(row, None if optional(row, "exSeg").endswith("_fo") else cost, where)
    last = find_number(row, "ltp", where)
    product = text(row, "prod", where)
    has_last = last is not None and last > 0  # Kotak sometimes writes 0
    return DayPosition(
        instrument=instrument,
        product=product,
        quantity=legs.net,
        average_price=Price(quantized(legs.average, PRICE_DIGITS), INR),
        last_price=Price(quantized(last, PRICE_DIGITS), INR) if has_last and last else None,
        pnl=Money(legs.profit(last), INR) if has_last and last is not None else None,
        is_intraday=product in DAY_PRODUCTS,
    )


def legs_of(row: Mapping[str, Any], cost: Price | None, where: str) -> Legs:
    """The figures of one row; a blank one is 0, a blank factor 1."""

    def told(field: str) -> Decimal:
        return find_number(row, field, where) or _ZERO

    carried = told("cfBuyQty") - told("cfSellQty")
    paid, received = told("cfBuyAmt"), told("cfSellAmt")
    if cost is not None and carried != 0:
        worth = cost.amount * abs(carried)
        paid, received = (worth, _ZERO) if carried > 0 else (_ZERO, worth)
    return Legs(
        bought=told("cfBuyQty") + told("flBuyQty"),
        sold=told("cfSellQty") + told("flSellQty"),
        carried=carried,
        paid=paid + told("buyAmt"),
        received=received + told("sellAmt"),
        scale=_scale(row, where),
        digits=_digits(row, where),
    )


def _scale(row: Mapping[str, Any], where: str) -> Decimal:
    factors = {
        name: find_number(row, name, where) or _ONE
        for name in ("multiplier", "genNum", "genDen", "prcNum", "prcDen")
    }
    over = factors["multiplier"] * factors["genNum"] * factors["prcNum"]
    return over / (factors["genDen"] * factors["prcDen"])


def _digits(row: Mapping[str, Any], where: str) -> int:
    digits = find_number(row, "precision", where)
    if digits is None:
        return 2
    if not 0 <= digits <= PRICE_DIGITS or digits != int(digits):
        raise wrong("precision", where, "a count of decimals")
    return int(digits)
