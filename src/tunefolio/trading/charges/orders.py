"""A day's trades as the orders they filled: what a broker is asked about, and what we say of the same.

1 Fills of one order are one order at their average price; a fill without an order is one by itself.
2 Of a share at one exchange, as many units as were both bought and sold are intraday: the earliest orders'
  first, so that units stay whole. The note gives to all orders in proportion: each order's figures differ a
  little, their sum does not, but for taxes that the note takes at the day's average price and rounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext

from tunefolio.trading.charges.charges import charges
from tunefolio.trading.charges.deals import EXACTLY, Deal, Segment
from tunefolio.trading.charges.levies import OUTSIDE_THE_NOTE
from tunefolio.trading.charges.lines import ZERO, Charges
from tunefolio.trading.charges.tariffs import Tariffs
from tunefolio.trading.orders import OrderSide

_PRICE = Decimal("1e-8")


def executed_orders(deals: Sequence[Deal]) -> tuple[Deal, ...]:
    """One deal for each order and way of settling, in the order of the trades. Without endings: an option
    that is exercised fills no order."""
    with localcontext(EXACTLY):
        whole = list(_whole(deals))
        return tuple(
            part for order, left in zip(whole, _matched(whole), strict=True) for part in _cut(order, left)
        )


def order_charges(order: Deal, tariffs: Tariffs) -> Charges:
    """Of one order alone, without what brokers book beside the note. Raises Misuse for what has no tariff."""
    found = charges(order, tariffs)
    inside = [line for line in found.lines if line.name not in OUTSIDE_THE_NOTE]
    return Charges(found.value, tuple(inside))


def _whole(deals: Sequence[Deal]) -> Iterator[Deal]:
    orders: dict[tuple[object, ...], list[Deal]] = {}
    for place, deal in enumerate(deals):
        if deal.ending is None:
            orders.setdefault((deal.exchange, deal.order or place, deal.scrip, deal.side), []).append(deal)
    for fills in orders.values():
        units = sum((deal.quantity for deal in fills), ZERO)
        value = sum((deal.value for deal in fills), ZERO)
        price = fills[0].price if len(fills) == 1 else (value / units).quantize(_PRICE, ROUND_HALF_UP)
        yield replace(fills[0], quantity=units, price=price)


def _matched(orders: Sequence[Deal]) -> Iterator[Decimal]:
    """For each order, how many of its units are intraday."""
    sums: dict[tuple[str, str, OrderSide], Decimal] = {}
    for deal in orders:
        if deal.segment.is_cash:
            key = (deal.exchange, deal.scrip, deal.side)
            sums[key] = sums.get(key, ZERO) + deal.quantity
    left = {
        (exchange, scrip, side): min(units, sums.get((exchange, scrip, other), ZERO))
        for (exchange, scrip, side), units in sums.items()
        for other in OrderSide
        if other is not side
    }
    for deal in orders:
        key = (deal.exchange, deal.scrip, deal.side)
        taken = min(left.get(key, ZERO), deal.quantity)
        if key in left:
            left[key] -= taken
        yield taken


def _cut(order: Deal, intraday: Decimal) -> Iterator[Deal]:
    if not order.segment.is_cash:
        yield order
        return
    if intraday:
        yield replace(order, quantity=intraday, segment=Segment.INTRADAY)
    if order.quantity > intraday:
        yield replace(order, quantity=order.quantity - intraday, segment=Segment.DELIVERY)
