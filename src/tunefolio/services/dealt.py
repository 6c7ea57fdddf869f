"""A recorded trade as a deal that a tariff can be asked about, or why it has none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.trading.charges.deals import Deal, Ending, Segment, Units
from tunefolio.trading.orders import OrderSide

_BUYS = frozenset({Kind.BUY, Kind.COVER})
_SEGMENTS = {
    ("NSE", AssetClass.EQUITY): Segment.DELIVERY,
    ("BSE", AssetClass.EQUITY): Segment.DELIVERY,
    ("NSE", AssetClass.ETF): Segment.DELIVERY,
    ("BSE", AssetClass.ETF): Segment.DELIVERY,
    ("NFO", AssetClass.FUTURE): Segment.FUTURES,
    ("BFO", AssetClass.FUTURE): Segment.FUTURES,
    ("NFO", AssetClass.OPTION): Segment.OPTIONS,
    ("BFO", AssetClass.OPTION): Segment.OPTIONS,
    ("CDS", AssetClass.FUTURE): Segment.CURRENCY_FUTURES,
    ("BCD", AssetClass.FUTURE): Segment.CURRENCY_FUTURES,
    ("CDS", AssetClass.OPTION): Segment.CURRENCY_OPTIONS,
    ("BCD", AssetClass.OPTION): Segment.CURRENCY_OPTIONS,
    ("MCX", AssetClass.FUTURE): Segment.COMMODITY_FUTURES,
    ("MCX", AssetClass.OPTION): Segment.COMMODITY_OPTIONS,
}
_OTHER_FUNDS = re.compile(
    r"GOLD|SILVER|LIQUID|GILT|BOND|G-?SEC|SDL|OVERNIGHT|1D ?RATE|TREASUR|NASDAQ|NASQ|S&P ?500|HANG ?SENG|"
    r"FANG|MON100|MASPTOP|MAHKTECH|CASH",
    re.IGNORECASE,
)
"""Words that names of gold, debt and overseas funds have: their sale bears no transaction tax."""
_INDICES_OF_BSE = ("SENSEX", "BANKEX")
ONE_ORDER = (
    "The books keep no order numbers: trades of one instrument, side and moment are taken as one order, and a"
    " trade without a moment as an order of its own"
)
NO_BROKER_KNOWN = "Counted without a broker: only what state and exchange take"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A trade that no tariff of ours is made for."""

    what: str
    reason: str
    cure: str


@dataclass(frozen=True, slots=True)
class Dealt:
    """Either the deal or why there is none; remarks: what was assumed."""

    deal: Deal | None
    left_out: LeftOut | None
    remarks: tuple[str, ...] = ()


def dealt(
    transaction: Transaction,
    known: Mapping[InstrumentId, Instrument],
    *,
    broker: str,
    plan: str,
    group: str,
) -> Dealt:
    """A trade, exercise or assignment under the terms of its account."""
    fact = transaction.fact
    if fact.instrument is None or fact.instrument not in known:
        return Dealt(None, LeftOut("?", "its instrument is not known", ""))
    one = known[fact.instrument]
    if fact.kind is Kind.ASSIGNMENT and fact.delivery is None:
        reason = "what an assignment settled in cash costs is in no source we have"
        return Dealt(None, LeftOut(one.symbol, reason, "Take it from the contract note"))
    segment = _SEGMENTS.get((one.exchange, one.asset_class))
    if segment is None or fact.amount.currency != INR:
        reason = f"no tariff is known for a {one.asset_class} on {one.exchange}"
        return Dealt(None, LeftOut(one.symbol, reason, "Its charges stand on the broker's own note"))
    units = units_of(one)
    remarks = _assumed(one, units)
    try:
        deal = _deal(fact, one, segment, units, (broker, plan, _group(one, segment, group)))
    except Misuse as wrong:
        return Dealt(None, LeftOut(one.symbol, f"{wrong.field}: {wrong.problem}", wrong.cure), tuple(remarks))
    return Dealt(deal, None, (*remarks, ONE_ORDER))


def _assumed(one: Instrument, units: Units) -> list[str]:
    if one.asset_class is not AssetClass.ETF:
        return []
    sort = "an equity fund" if units is Units.EQUITY_FUND else "a gold, debt or overseas fund"
    return [f"{one.symbol} is taken as units of {sort} by its name"]


def _deal(fact: Fact, one: Instrument, segment: Segment, units: Units, terms: tuple[str, str, str]) -> Deal:
    broker, plan, group = terms
    quantity = fact.quantity or Decimal(0)
    price = fact.price.amount if fact.price is not None else _price(fact, quantity)
    side = OrderSide.BUY if fact.kind in _BUYS else OrderSide.SELL
    moment = "" if fact.at is None else fact.at.iso()
    return Deal(
        fact.day, broker, one.exchange, segment, side, quantity, price, one.economic_key, plan, group,
        f"{one.id} {side} {moment}" if moment else "", units, ending=_ending(fact),
    )  # fmt: skip


def _price(fact: Fact, quantity: Decimal) -> Decimal:
    if quantity <= 0:
        raise Misuse("quantity", "is not above zero", cure="Correct the trade")
    return fact.amount.amount / quantity


def _ending(fact: Fact) -> Ending | None:
    """By delivery it is settled in shares; an exercise in cash at what the option was worth."""
    if fact.kind not in {Kind.EXERCISE, Kind.ASSIGNMENT}:
        return None
    return Ending.EXERCISED if fact.delivery is None else Ending.PHYSICAL


def _group(one: Instrument, segment: Segment, group: str) -> str:
    """The scrip group at BSE: of the listing, else as asked; of an option whether it is on an index."""
    if one.exchange == "BFO" and segment is Segment.OPTIONS:
        return "INDEX" if one.symbol.upper().startswith(_INDICES_OF_BSE) else "STOCK"
    if one.exchange != "BSE" or not segment.is_cash:
        return ""
    return one.listing.series.upper() or group


def units_of(one: Instrument) -> Units:
    """A share, or which sort of fund: by its name, since no list we read tells."""
    if one.asset_class is not AssetClass.ETF:
        return Units.SHARE
    words = f"{one.symbol} {one.name}"
    return Units.OTHER_FUND if _OTHER_FUNDS.search(words) else Units.EQUITY_FUND
