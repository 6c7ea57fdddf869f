"""A recorded trade as a deal that a tariff can be asked about, or why it has none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.tax.assets import TaxClass, fund_class
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR
from tunefolio.ledger.kinds import Delivery, Kind
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.trading.charges.deals import Deal, Ending, Segment, Units
from tunefolio.trading.orders import OrderSide

_BUYS = frozenset({Kind.BUY, Kind.COVER, Kind.ASSIGNMENT})
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
_UNITS = "INF"
"""How the ISIN of every unit of an Indian fund begins."""
_INDICES_OF_BSE = ("SENSEX", "BANKEX")
ONE_ORDER = (
    "Where the books know no order number, trades of one instrument, side and moment are taken as one order,"
    " and a trade without a moment as an order of its own"
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
    category: str = "",
) -> Dealt:
    """A trade, exercise or assignment under the terms of its account. category: what a list calls a fund."""
    fact = transaction.fact
    if fact.instrument is None or fact.instrument not in known:
        return Dealt(None, LeftOut("?", "its instrument is not known", ""))
    one = known[fact.instrument]
    segment = _SEGMENTS.get((one.exchange, one.asset_class))
    if segment is None or fact.amount.currency != INR:
        reason = f"no tariff is known for a {one.asset_class} on {one.exchange}"
        return Dealt(None, LeftOut(one.symbol, reason, "Its charges stand on the broker's own note"))
    units = units_of(one, category)
    remarks = _assumed(one, units, category)
    try:
        deal = _deal(fact, one, segment, units, (broker, plan, _group(one, segment, group)))
    except Misuse as wrong:
        return Dealt(None, LeftOut(one.symbol, f"{wrong.field}: {wrong.problem}", wrong.cure), tuple(remarks))
    return Dealt(deal, None, tuple(remarks) if fact.order else (*remarks, ONE_ORDER))


def _assumed(one: Instrument, units: Units, category: str) -> list[str]:
    """By what a fund was taken for what it is: its category, or the name where that does not say it."""
    if units is Units.SHARE:
        return []
    sort = "an equity fund" if units is Units.EQUITY_FUND else "a gold, debt or overseas fund"
    if _units_by(one, category) is not None:
        return [f"{one.symbol} is taken as units of {sort} by its category, “{category}”"]
    open_said = f", since its category, “{category}”, leaves it open" if category else ""
    return [f"{one.symbol} is taken as units of {sort} by its name{open_said}"]


def _deal(fact: Fact, one: Instrument, segment: Segment, units: Units, terms: tuple[str, str, str]) -> Deal:
    broker, plan, group = terms
    quantity = fact.quantity or Decimal(0)
    price = fact.price.amount if fact.price is not None else _price(fact, quantity)
    side = _side(fact)
    return Deal(
        fact.day, broker, one.exchange, segment, side, quantity, price, one.economic_key, plan, group,
        order_of(fact, side), units, ending=_ending(fact),
    )  # fmt: skip


def _side(fact: Fact) -> OrderSide:
    """Who receives the shares of a delivery buys; the writer of an option settled in cash pays as a buyer."""
    if fact.delivery is not None:
        return OrderSide.BUY if fact.delivery is Delivery.TAKES else OrderSide.SELL
    return OrderSide.BUY if fact.kind in _BUYS else OrderSide.SELL


def order_of(fact: Fact, side: OrderSide) -> str:
    """Which order a trade belongs to: its number where the books know it, else its instrument, side and
    moment; "" for a trade that is an order of its own."""
    if fact.order or fact.at is None:
        return fact.order
    return f"{fact.instrument} {side} {fact.at.iso()}"


def _price(fact: Fact, quantity: Decimal) -> Decimal:
    if quantity <= 0:
        raise Misuse("quantity", "is not above zero", cure="Correct the trade")
    return fact.amount.amount / quantity


def _ending(fact: Fact) -> Ending | None:
    """By delivery it is settled in shares; in cash at what the option was worth, to its holder or by its
    writer."""
    if fact.kind not in {Kind.EXERCISE, Kind.ASSIGNMENT}:
        return None
    if fact.delivery is not None:
        return Ending.PHYSICAL
    return Ending.EXERCISED if fact.kind is Kind.EXERCISE else Ending.ASSIGNED


def _group(one: Instrument, segment: Segment, group: str) -> str:
    """The scrip group at BSE: of the listing, else as asked; of an option whether it is on an index."""
    if one.exchange == "BFO" and segment is Segment.OPTIONS:
        return "INDEX" if one.symbol.upper().startswith(_INDICES_OF_BSE) else "STOCK"
    if one.exchange != "BSE" or not segment.is_cash:
        return ""
    return one.listing.series.upper() or group


def units_of(one: Instrument, category: str = "") -> Units:
    """A share, or which sort of fund: by its category, else by its name. category: what a list calls the fund
    ("Other Scheme - Gold ETF"), "" where none knows it."""
    if one.asset_class is not AssetClass.ETF and not (one.isin or "").startswith(_UNITS):
        return Units.SHARE
    found = _units_by(one, category)
    if found is not None:
        return found
    words = f"{one.symbol} {one.name}"
    return Units.OTHER_FUND if _OTHER_FUNDS.search(words) else Units.EQUITY_FUND


def _units_by(one: Instrument, category: str) -> Units | None:
    """None where the category is not known or leaves it open."""
    found = fund_class(category, name=f"{one.symbol} {one.name}") if category else None
    if found is None or isinstance(found, Missing):
        return None
    return Units.EQUITY_FUND if found is TaxClass.EQUITY_FUND else Units.OTHER_FUND
