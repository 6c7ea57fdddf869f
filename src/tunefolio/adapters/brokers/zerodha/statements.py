"""What Kite says a user holds: holdings, day positions and cash, read together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import (
    BROKER,
    PRICE_DIGITS,
    mapping,
    money,
    number,
    price,
    rows,
    text,
)
from tunefolio.adapters.brokers.zerodha.funds import equity_of, funds
from tunefolio.adapters.brokers.zerodha.instruments import DAY_PRODUCTS, NAMED, claim_of
from tunefolio.adapters.brokers.zerodha.kite import Kite, Pass
from tunefolio.adapters.unread import sifted
from tunefolio.core.errors import Rejected
from tunefolio.core.money import INR, Money, Price, quantized
from tunefolio.core.time import Instant
from tunefolio.ledger.statements import DayPosition, Holding, Statement, average_price


class ZerodhaStatements:
    """Raises Reauth after the daily token ends, Retry on 429 and 5xx; never returns half."""

    def __init__(self, kite: Kite, leave: Pass) -> None:
        self._kite = kite
        self._leave = leave

    def fetch(self, now: Instant) -> Statement:
        user = user_of(self._kite.get(self._leave, "/user/profile"))
        held = rows(self._kite.get(self._leave, "/portfolio/holdings"), "holdings")
        day = mapping(self._kite.get(self._leave, "/portfolio/positions"), "positions").get("net")
        money = cash(self._kite.get(self._leave, "/user/margins"))
        lines, odd = sifted(held, "holdings", claim_of, NAMED)
        net, odder = sifted(rows(day, "positions.net"), "positions.net", claim_of, NAMED)
        return Statement(BROKER, user, now, holdings(lines), money, positions({"net": net}), (*odd, *odder))


def user_of(data: Any) -> str:
    """The client id in `data` of /user/profile."""
    return text(mapping(data, "profile"), "user_id", "profile")


def holdings(data: Any) -> tuple[Holding, ...]:
    """`data` of /portfolio/holdings. A line sold out is left out."""
    lines = (holding(row, f"holdings[{at}]") for at, row in enumerate(rows(data, "holdings")))
    return tuple(line for line in lines if line.quantity > 0)


def holding(row: Mapping[str, Any], where: str = "holding") -> Holding:
    """One row. quantity is in demat, t1_quantity bought but not delivered; neither counts the units bought on
    margin (mtf), which stand in the demat as well, pledged for what is owed, and are owned.

    Kite writes 0 for an average cost or a price it does not know: None here. Its pnl leaves out the units on
    margin: None where there are any.
    """
    settled, unsettled = _units(row, "quantity", where), _units(row, "t1_quantity", where)
    average, pnl = price(row, "average_price", where), money(row, "pnl", where)
    funded, paid = _margin_funded(row, where)
    if funded:
        average = average_price(((settled + unsettled, average), (funded, paid)))
    return Holding(
        instrument=claim_of(row, where),
        settled=settled + funded,
        unsettled=unsettled,
        average_price=average,
        last_price=price(row, "last_price", where),
        close_price=price(row, "close_price", where),
        pnl=None if funded else pnl,
    )


def _margin_funded(row: Mapping[str, Any], where: str) -> tuple[Decimal, Price | None]:
    """Units bought on borrowed money and what each cost; none where the row says nothing of it."""
    told = row.get("mtf")
    if told is None:
        return Decimal(0), None
    funded, inside = mapping(told, f"mtf of {where}"), f"mtf of {where}"
    return _units(funded, "quantity", inside), price(funded, "average_price", inside)


def positions(data: Any) -> tuple[DayPosition, ...]:
    """The net ones of `data` of /portfolio/positions; closed ones (quantity 0) too, they carry P&L."""
    net = mapping(data, "positions").get("net")
    return tuple(_position(row, f"positions.net[{at}]") for at, row in enumerate(rows(net, "positions.net")))


def cash(data: Any) -> Money | None:
    """Cash of the equity segment of /user/margins, without today's use; None if it is not enabled."""
    return None if equity_of(data) is None else funds(data).cash


def _position(row: Mapping[str, Any], where: str) -> DayPosition:
    average, product = number(row, "average_price", where), text(row, "product", where)
    return DayPosition(
        instrument=claim_of(row, where),
        product=product,
        quantity=number(row, "quantity", where),
        average_price=Price(quantized(average, PRICE_DIGITS), INR),
        last_price=price(row, "last_price", where),
        pnl=money(row, "pnl", where),
        is_intraday=product in DAY_PRODUCTS,
    )


def _units(row: Mapping[str, Any], field: str, where: str) -> Decimal:
    units = number(row, field, where)
    if units < 0:
        raise Rejected(f"Zerodha: {field!r} of {where} is below zero", code="negative_units")
    return units
