"""How much of a trade's recorded charges is securities transaction tax, where no contract note says so.

1 Where none is taken (abroad, crypto, units bought from a fund house) it is nothing. 2 On an exchange the
trades of one account, day and scrip are taxed together, as their contract note does it, and the tax is given
back to them by units: of intraday units to the sales alone. 3 It is never more than the charges recorded.
4 Where the broker told the parts of a fact's charges, that is what counts. Before the tariffs begin, and for
units redeemed at a fund house, it stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import quantized
from tunefolio.core.time import TradingDay
from tunefolio.ledger.feeparts import FeeName, stated
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Transaction
from tunefolio.trading.charges.deals import NO_BROKER, Deal, Segment, Units
from tunefolio.trading.charges.lines import Part
from tunefolio.trading.charges.notes import tax_of
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.trading.orders import OrderSide

_ZERO = Decimal(0)
_SIDES = {Kind.BUY: OrderSide.BUY, Kind.SELL: OrderSide.SELL}
_UNITS = {
    TaxClass.LISTED_EQUITY: Units.SHARE,
    TaxClass.BUSINESS_TRUST: Units.SHARE,
    TaxClass.EQUITY_FUND: Units.EQUITY_FUND,
    TaxClass.OTHER_FUND: Units.OTHER_FUND,
    TaxClass.DEBT_FUND: Units.OTHER_FUND,
    TaxClass.HYBRID_FUND: Units.OTHER_FUND,
    TaxClass.GOLD: Units.OTHER_FUND,
}
_UNTAXED = frozenset(TaxClass) - _UNITS.keys() - {TaxClass.DERIVATIVE}
"""No such tax is taken on them anywhere."""

_Key = tuple[AccountId, TradingDay, InstrumentId]


def stt_of(
    facts: Iterable[Transaction], assets: Mapping[InstrumentId, Asset]
) -> dict[TransactionId, Decimal]:
    """By fact, rupees to the paisa; a fact whose share nobody knows is absent. Linear after a sort."""
    found: dict[TransactionId, Decimal] = {}
    stated_by_broker: dict[TransactionId, Decimal] = {}
    traded: dict[_Key, list[Transaction]] = {}
    for one in facts:
        asset = None if one.fact.instrument is None else assets.get(one.fact.instrument)
        if asset is None or not one.fact.charges.amount:
            continue
        if asset.tax_class in _UNTAXED or (not asset.is_listed and one.fact.kind is Kind.BUY):
            found[one.id] = _ZERO
        elif asset.is_listed and asset.tax_class in _UNITS and one.fact.kind in _SIDES:
            traded.setdefault((one.account, one.fact.day, asset.instrument), []).append(one)
        if one.fact.parts:
            told = quantized(stated(one.fact.parts, FeeName.STT), 2)
            stated_by_broker[one.id] = min(told, one.fact.charges.amount)
    for (_account, day, instrument), some in traded.items():
        tax_class = assets[instrument].tax_class
        if day >= tariffs().begins and isinstance(tax_class, TaxClass):
            found.update(_levied(some, _UNITS[tax_class]))
    return found | stated_by_broker


def _levied(some: Sequence[Transaction], units: Units) -> Iterator[tuple[TransactionId, Decimal]]:
    """The tax of one scrip's day, given back to its trades and held to their charges."""
    deals = [_deal(one, units) for one in some]
    parts = [part for part in tax_of(deals, tariffs()) if isinstance(part, Part)]
    if not parts:
        return
    matched = min(_units(deals, OrderSide.BUY), _units(deals, OrderSide.SELL))
    shares = dict.fromkeys((one.id for one in some), _ZERO)
    for part in parts:
        weights = _weights(some, deals, matched, part)
        for id, amount in _handed_out(part.rounded or _ZERO, weights):
            shares[id] += amount
    for one in some:
        yield one.id, min(shares[one.id], one.fact.charges.amount)


def _deal(one: Transaction, units: Units) -> Deal:
    fact = one.fact
    if fact.quantity is None or fact.price is None:
        raise AssertionError("a trade has both")
    return Deal(
        fact.day, NO_BROKER, "NSE", Segment.DELIVERY, _SIDES[fact.kind], fact.quantity, fact.price.amount,
        scrip=str(fact.instrument), units=units,
    )  # fmt: skip


def _weights(
    some: Sequence[Transaction], deals: Sequence[Deal], matched: Decimal, part: Part
) -> dict[TransactionId, Decimal]:
    """Units of each trade that the part of the tax was taken on."""
    rule = part.rules[0]
    sides = {OrderSide.SELL} if rule.word("side") == "sell" else {OrderSide.BUY, OrderSide.SELL}
    found: dict[TransactionId, Decimal] = {}
    for one, deal in zip(some, deals, strict=True):
        if deal.side not in sides:
            continue
        whole = _units(deals, deal.side)
        taken = matched if ".intraday" in rule.name else whole - matched
        found[one.id] = deal.quantity * taken / whole
    return found


def _units(deals: Sequence[Deal], side: OrderSide) -> Decimal:
    return sum((deal.quantity for deal in deals if deal.side is side), _ZERO)


def _handed_out(
    amount: Decimal, weights: Mapping[TransactionId, Decimal]
) -> Iterator[tuple[TransactionId, Decimal]]:
    """The amount by weight, to the paisa, each paisa once."""
    whole = sum(weights.values(), _ZERO)
    if not whole:
        return
    run = before = _ZERO
    for id, weight in weights.items():
        run += weight
        after = quantized(amount * run / whole, 2)
        yield id, after - before
        before = after
