"""What Angel One says a client holds: holdings, positions and cash, read together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.angelone.errors import BROKER, missing
from tunefolio.adapters.brokers.angelone.fields import (
    DAY_PRODUCTS,
    NAMED,
    PRICE_DIGITS,
    claim,
    mapping,
    money,
    number,
    price,
    rows,
    text,
    units,
)
from tunefolio.adapters.brokers.angelone.funds import funds
from tunefolio.adapters.brokers.angelone.smart import SECURE, Lane, Leave, Smart
from tunefolio.adapters.unread import sifted
from tunefolio.core.money import INR, Price, quantized
from tunefolio.core.time import Instant
from tunefolio.ledger.statements import DayPosition, Holding, Statement


class AngelStatements:
    """Raises Reauth after the session's end, Retry when asked too often or away; never returns half."""

    def __init__(self, smart: Smart, leave: Leave) -> None:
        self._smart = smart
        self._leave = leave

    def fetch(self, now: Instant) -> Statement:
        held = listed(self._get("/portfolio/v1/getAllHolding", Lane.HOLDINGS))
        day = rows(self._get("/order/v1/getPosition", Lane.POSITIONS), "positions")
        cash = funds(self._get("/user/v1/getRMS", Lane.FUNDS)).cash
        lines, odd = sifted(held, "holdings", claim, NAMED)
        carried, odder = sifted(day, "positions", claim, NAMED)
        return Statement(
            BROKER,
            self._leave.client,
            now,
            holdings(lines),
            cash,
            positions(carried),
            (*odd, *odder),
            self._smart.config.holdings_include_today,
        )

    def _get(self, path: str, lane: Lane) -> Any:
        return self._smart.get(self._leave, SECURE + path, lane)


def listed(data: Any) -> list[Mapping[str, Any]]:
    """The rows in `data` of getAllHolding ({holdings, totalholding}) or of getHolding (the list alone)."""
    if isinstance(data, dict) and "holdings" not in data:
        raise missing("holdings", "all holdings")
    return rows(mapping(data, "holdings").get("holdings") if isinstance(data, dict) else data, "holdings")


def holdings(data: Any) -> tuple[Holding, ...]:
    """Of what listed() takes; lines of no units are left out."""
    lines = (holding(row, f"holdings[{at}]") for at, row in enumerate(listed(data)))
    return tuple(line for line in lines if line.quantity > 0)


def holding(row: Mapping[str, Any], where: str = "holding") -> Holding:
    """One row. t1quantity is bought and not delivered; `quantity` may count it, and pledged units, or not.

    Settled is therefore what `quantity` says beyond t1, and never less than what is realised.
    """
    whole, unsettled = number(row, "quantity", where), units(row, "t1quantity", where)
    settled = max(units(row, "realisedquantity", where), whole - unsettled)
    return Holding(
        instrument=claim(row, where),
        settled=settled,
        unsettled=unsettled,
        average_price=price(row, "averageprice", where),
        last_price=price(row, "ltp", where),
        close_price=price(row, "close", where),
        pnl=money(row, "profitandloss", where),
    )


def positions(data: Any) -> tuple[DayPosition, ...]:
    """`data` of getPosition, closed ones (quantity 0) too."""
    return tuple(_position(row, f"positions[{at}]") for at, row in enumerate(rows(data, "positions")))


def _position(row: Mapping[str, Any], where: str) -> DayPosition:
    """Its average is that of the side it stands on; 0 when closed."""
    quantity, product = number(row, "netqty", where), text(row, "producttype", where)
    average = Decimal(0)
    if quantity:
        average = number(row, "totalbuyavgprice" if quantity > 0 else "totalsellavgprice", where)
    return DayPosition(
        instrument=claim(row, where),
        product=product,
        quantity=quantity,
        average_price=Price(quantized(average, PRICE_DIGITS), INR),
        last_price=price(row, "ltp", where),
        pnl=money(row, "pnl", where),
        is_intraday=product in DAY_PRODUCTS,
    )
