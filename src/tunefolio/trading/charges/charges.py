"""The charges of one order by itself, as a calculator has them before a trade."""

from __future__ import annotations

from tunefolio.trading.charges.counting import Debit, Ordered, Turnover, counted
from tunefolio.trading.charges.deals import Deal, Segment
from tunefolio.trading.charges.lines import ZERO, Charges
from tunefolio.trading.charges.tariffs import Tariffs
from tunefolio.trading.orders import OrderSide


def charges(deal: Deal, tariffs: Tariffs) -> Charges:
    """As if the day had no other deal: a delivery sold bears the depository's charge of its scrip.

    Raises Misuse for what no tariff is made for; a line that no source covers is a MissingLine. Each line's
    `exact` agrees with what Kite's charges API answers.
    """
    tariff, value = tariffs.of(deal), deal.value
    bought, sold = (value, ZERO) if deal.side is OrderSide.BUY else (ZERO, value)
    turnover = Turnover("", tariff, bought, sold, bought, sold)
    leaves = deal.segment is Segment.DELIVERY and deal.side is OrderSide.SELL
    debits = [Debit("", tariff, value)] if leaves else []
    return counted([turnover], [Ordered("", tariff, value, deal.services)], debits)
