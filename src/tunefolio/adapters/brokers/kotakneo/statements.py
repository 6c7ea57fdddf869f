"""What Kotak says a customer holds: holdings, positions and cash, read together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.kotakneo.errors import (
    BROKER,
    TITLE,
    data_of,
    money,
    number,
    optional,
    price,
    rows,
    told_of,
)
from tunefolio.adapters.brokers.kotakneo.funds import ALL, cash
from tunefolio.adapters.brokers.kotakneo.neo import Neo, Pass
from tunefolio.adapters.brokers.kotakneo.positions import position
from tunefolio.adapters.brokers.kotakneo.scrips import Scrips, segment_of
from tunefolio.adapters.http import Answer
from tunefolio.adapters.unread import ClaimOf, sifted
from tunefolio.core.errors import Rejected
from tunefolio.core.money import Price
from tunefolio.core.time import Instant
from tunefolio.ledger.statements import DayPosition, Holding, Statement
from tunefolio.market.instruments import InstrumentClaim

HOLDINGS = "/portfolio/v1/holdings"
POSITIONS = "/portfolio/v2/positions"
FORMER_POSITIONS = "/quick/user/positions"
LIMITS = "/quick/user/limits"

NAMED = ("exchangeSegment", "exSeg", "displaySymbol", "trdSym")
"""The fields by which a row of either answer names its instrument."""

Costs = Mapping[tuple[str, str], Price]
"""Average cost by (segment, token)."""


class KotakStatements:
    """Raises Reauth after the daily end of the session, Retry on 429 and 5xx; never returns half."""

    def __init__(self, neo: Neo, scrips: Scrips, leave: Pass) -> None:
        self._neo = neo
        self._scrips = scrips
        self._leave = leave

    def fetch(self, now: Instant) -> Statement:
        told = rows(data_of(self._neo.get(self._leave, HOLDINGS), "holdings"), "holdings")
        day = rows(data_of(self._positions(), "positions"), "positions")
        held, odd = sifted(told, "holdings", self._held, NAMED)
        carried, odder = sifted(day, "positions", self._traded, NAMED)
        limits = told_of(self._neo.post(self._leave, LIMITS, ALL), "limits")
        return Statement(
            BROKER,
            self._leave.ucc,
            now,
            holdings(held, self._held),
            cash(limits),
            positions(carried, self._traded, costs(held)),
            (*odd, *odder),
            self._neo.config.holdings_include_today,
        )

    def _positions(self) -> Answer:
        """From the newer address; an installation that does not have it yet has the former one."""
        try:
            return self._neo.get(self._leave, POSITIONS)
        except Rejected as refusal:
            if refusal.code not in {"http_404", "404"}:
                raise
            return self._neo.get(self._leave, FORMER_POSITIONS)

    def _held(self, row: Mapping[str, Any], where: str) -> InstrumentClaim:
        return self._scrips.claim(self._leave, row, where, token="exchangeIdentifier")

    def _traded(self, row: Mapping[str, Any], where: str) -> InstrumentClaim:
        return self._scrips.claim(self._leave, row, where)


def holdings(told: list[Mapping[str, Any]], claim: ClaimOf) -> tuple[Holding, ...]:
    """`data` of the holdings; a line sold out is left out."""
    lines = [holding(row, claim, f"holdings[{at}]") for at, row in enumerate(told)]
    return tuple(line for line in lines if line.quantity > 0)


def holding(row: Mapping[str, Any], claim: ClaimOf, where: str = "holding") -> Holding:
    """One row. Kotak does not tell what is still on its way, nor a last price: its value is at the close."""
    units = number(row, "quantity", where)
    if units < 0:
        raise Rejected(f"{TITLE}: 'quantity' of {where} is below zero", code="negative_units")
    worth, paid = money(row, "mktValue", where), money(row, "holdingCost", where)
    return Holding(
        instrument=claim(row, where),
        settled=units,
        unsettled=Decimal(0),
        average_price=price(row, "averagePrice", where),
        last_price=None,
        close_price=price(row, "closingPrice", where),
        pnl=worth - paid if worth is not None and paid is not None else None,
    )


def costs(told: list[Mapping[str, Any]]) -> Costs:
    """What the carried units of shares cost: a position is told by the token of its holding."""
    found = {}
    for at, row in enumerate(told):
        where = f"holdings[{at}]"
        token, paid = optional(row, "exchangeIdentifier"), price(row, "averagePrice", where)
        if token and paid is not None:
            found[(segment_of(row, where), token)] = paid
    return found


def positions(told: list[Mapping[str, Any]], claim: ClaimOf, cost: Costs) -> tuple[DayPosition, ...]:
    """`data` of the positions; closed ones (quantity 0) too, they carry P&L."""
    found = []
    for at, row in enumerate(told):
        where = f"positions[{at}]"
        paid = cost.get((segment_of(row, where), optional(row, "tok")))
        found.append(position(row, claim(row, where), paid, where))
    return tuple(found)
