"""What a company does to its holders: pure functions over lots, then each kind applied to a stock.

Units are kept to eight decimals; a total is rounded once and apportioned, so that lots add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.money import Money
from tunefolio.ledger.lots import EXACT, UNITS_DIGITS, Lot, shares
from tunefolio.ledger.ordering import units_of
from tunefolio.ledger.queues import LotQueue, Taken
from tunefolio.ledger.state import ZERO, Books, Stock, add, sum_of
from tunefolio.ledger.trades import sold
from tunefolio.ledger.transactions import Ratio, Transaction

_UNIT = Decimal(1).scaleb(-UNITS_DIGITS)


def units_after(held: Decimal, ratio: Ratio) -> Decimal:
    """held × new ÷ old, to eight decimals, half away from zero."""
    return EXACT.quantize(EXACT.divide(EXACT.multiply(held, ratio.new), ratio.old), _UNIT)


def with_units(lots: Sequence[Lot], total: Decimal) -> tuple[Lot, ...]:
    """The same lots holding `total` units between them, pro rata; day and cost kept.

    A lot too small for a hundred-millionth of a unit gives its cost to the largest.
    Raises Misuse when nothing at all is left.
    """
    if not lots:
        return ()
    if total <= 0:
        raise Misuse(
            "ratio", "leaves less than 0.00000001 units", cure="Record the units as written off or sold"
        )
    parts = shares(total, [lot.quantity for lot in lots], _UNIT)
    resized = [replace(lot, quantity=part) for lot, part in zip(lots, parts, strict=True) if part]
    lost = [lot for lot, part in zip(lots, parts, strict=True) if not part]
    if lost:
        largest = max(range(len(resized)), key=lambda place: resized[place].quantity)
        for lot in lost:
            kept = resized[largest]
            resized[largest] = replace(kept, cost=kept.cost + lot.cost, fees=kept.fees + lot.fees)
    return tuple(resized)


def divided(
    lots: Sequence[Lot], cost_ratio: Decimal, unit: Decimal
) -> tuple[tuple[Lot, ...], tuple[Lot, ...]]:
    """(what stays, what goes): both with all units; `cost_ratio` of the cost goes, rounded once in total."""
    whole = sum((lot.cost.amount for lot in lots), ZERO)
    charges = sum((lot.fees.amount for lot in lots), ZERO)
    costs = _parts([lot.cost.amount for lot in lots], whole, cost_ratio, unit)
    fees = _parts([lot.fees.amount for lot in lots], charges, cost_ratio, unit)
    goes: list[Lot] = []
    stays: list[Lot] = []
    for lot, cost, charge in zip(lots, costs, fees, strict=True):
        currency = lot.cost.currency
        money = (Money(cost, currency), Money(charge, currency))
        goes.append(replace(lot, cost=money[0], fees=money[1]))
        stays.append(replace(lot, cost=lot.cost - money[0], fees=lot.fees - money[1]))
    return tuple(stays), tuple(goes)


def _parts(amounts: Sequence[Decimal], whole: Decimal, ratio: Decimal, unit: Decimal) -> list[Decimal]:
    """`ratio` of each amount, adding up to `ratio` of the whole."""
    total = EXACT.quantize(EXACT.multiply(whole, ratio), unit)
    if not whole:
        return [ZERO] * len(amounts)
    parts: list[Decimal] = []
    left, weight_left = total, whole
    for amount in amounts:
        part = (
            EXACT.quantize(EXACT.divide(EXACT.multiply(left, amount), weight_left), unit) if amount else ZERO
        )
        parts.append(part)
        left, weight_left = left - part, weight_left - amount
    return parts


def repaid(lots: Sequence[Lot], amount: Decimal, unit: Decimal) -> tuple[tuple[Lot, ...], Decimal, Decimal]:
    """(lots, from price, from charges): each unit is paid the same; a lot's cost falls to zero at most.

    What the units cost falls first, then the charges in it; what is paid beyond both is gain.
    """
    parts = shares(amount, [lot.quantity for lot in lots], unit)
    lowered: list[Lot] = []
    prices = charges = ZERO
    for lot, part in zip(lots, parts, strict=True):
        price = min(part, max(lot.price_cost.amount, ZERO))
        charge = min(part - price, lot.fees.amount)
        currency = lot.cost.currency
        cost, fees = lot.cost.amount - price - charge, lot.fees.amount - charge
        lowered.append(replace(lot, cost=Money(cost, currency), fees=Money(fees, currency)))
        prices, charges = prices + price, charges + charge
    return tuple(lowered), prices, charges


def split(books: Books, transaction: Transaction) -> None:
    """Each lot's units × new ÷ old; with `other`, under its new ISIN."""
    fact, stock = transaction.fact, books.held(transaction)
    before = stock.long.units - stock.short.units
    _resize(stock.long, _ratio(transaction), fact.quantity)
    _resize(stock.short, _ratio(transaction), None if stock.long.units else fact.quantity)
    after = stock.long.units - stock.short.units
    if fact.other is None:
        books.move(transaction, stock, units=after - before)
        return
    _become(books, transaction, stock, units=before)


def rename(books: Books, transaction: Transaction) -> None:
    """Every lot becomes a lot of `other`."""
    stock = books.held(transaction)
    _become(books, transaction, stock, units=stock.long.units - stock.short.units)


def bonus(books: Books, transaction: Transaction) -> None:
    """New units for old ones held, at no cost, acquired that day; owed units owe theirs."""
    fact, stock = transaction.fact, books.held(transaction)
    change = ZERO
    stated = fact.quantity
    for queue, sign in ((stock.long, 1), (stock.short, -1)):
        if not queue.units:
            continue
        units = stated if stated is not None else units_after(queue.units, _ratio(transaction))
        stated = None
        if units:
            queue.add(stock.lot(transaction, units, ZERO, ZERO))
            change += sign * units
    books.move(transaction, stock, units=change)


def rights(books: Books, transaction: Transaction) -> None:
    """A lot of the entitlement `other` at no cost."""
    fact, stock = transaction.fact, books.held(transaction)
    other, units = books.other(transaction, stock), units_of(fact)
    other.long.add(other.lot(transaction, units, ZERO, ZERO))
    books.move(transaction, stock, moved_in=other.instrument, moved_units=-units)
    books.move(transaction, other, units=units, moved_in=other.instrument, moved_units=units)


def subscribe(books: Books, transaction: Transaction) -> None:
    """A lot at amount + fees and the cost of the entitlements used up."""
    fact, stock = transaction.fact, books.stock(transaction)
    units, amount, fees = units_of(fact), fact.amount.amount, sum_of(fact.fees)
    if fact.other is None:
        stock.long.add(stock.lot(transaction, units, amount + fees, fees))
        books.move(
            transaction, stock, units=units, cost=amount, fees=fees, lot_fees=fees, cash=-(amount + fees)
        )
        return
    other = books.other(transaction, stock)
    taken = other.long.take(units, fact.day)
    price, charges = taken.price_cost(), taken.fees()
    lot = stock.lot(transaction, units, amount + fees + price + charges, fees + charges)
    stock.long.add(lot, averaged=amount + fees + taken.averaged)
    books.move(
        transaction, other, units=-units, cost=-price, lot_fees=-charges, moved=-price,
        moved_in=other.instrument, moved_units=-units,
    )  # fmt: skip
    books.move(
        transaction, stock, units=units, cost=amount + price, fees=fees, lot_fees=fees + charges,
        cash=-(amount + fees), moved=price, moved_in=other.instrument, moved_units=units,
    )  # fmt: skip


def merger(books: Books, transaction: Transaction) -> None:
    """All units become units of `other`, or money, or both."""
    fact, stock = transaction.fact, books.held(transaction)
    if fact.amount.amount and stock.short.units:
        raise Misuse("instrument", f"units are owed on {fact.day}", cure="Cover the short sale first")
    if fact.other is None:
        sold(books, transaction, stock, stock.long.take(stock.long.units, fact.day))
        return
    fees, tax = sum_of(fact.fees), sum_of(fact.tax)
    if fact.amount.amount:
        _realise_rest(books, transaction, stock)
    elif fees or tax:
        add(books.fees, stock.account, stock.currency, fees)
        stock.taxes += tax
        books.move(transaction, stock, fees=fees, taxes=tax, cash=-fees - tax)
    before = stock.long.units - stock.short.units
    _resize(stock.long, _ratio(transaction), fact.quantity)
    _resize(stock.short, _ratio(transaction), None if stock.long.units else fact.quantity)
    _become(books, transaction, stock, units=before)


def _realise_rest(books: Books, transaction: Transaction, stock: Stock) -> None:
    """The money of a merger for shares and money: it takes the cost that does not go to the new units."""
    fact = transaction.fact
    ratio = _cost_ratio(transaction)
    gross, fees, tax = fact.amount.amount, sum_of(fact.fees), sum_of(fact.tax)
    stays, goes = divided(stock.long.lots(), ratio, stock.unit)
    averaged = EXACT.quantize(EXACT.multiply(stock.long.averaged, ratio), stock.unit)
    taken = Taken(stays, stock.long.averaged - averaged)
    realised = stock.settle(transaction, taken, gross=gross, fees=fees)
    stock.taxes += tax
    stock.long.reset(goes, averaged)
    books.move(
        transaction, stock, cost=realised - gross, realised=realised, fees=fees, taxes=tax,
        cash=gross - fees - tax, lot_fees=-taken.fees(),
    )  # fmt: skip


def demerger(books: Books, transaction: Transaction) -> None:
    """Each lot gives `cost_ratio` of its cost to a lot of `other` that inherits its day."""
    fact, stock = transaction.fact, books.held(transaction)
    other, ratio = books.other(transaction, stock), _cost_ratio(transaction)
    units, price, charges = ZERO, ZERO, ZERO
    stated = fact.quantity
    for queue, target, sign in ((stock.long, other.long, 1), (stock.short, other.short, -1)):
        if not queue.units:
            continue
        new = stated if stated is not None else units_after(queue.units, _ratio(transaction))
        stated = None
        stays, goes = divided(queue.lots(), ratio, stock.unit)
        averaged = EXACT.quantize(EXACT.multiply(queue.averaged, ratio), stock.unit)
        queue.reset(stays, queue.averaged - averaged)
        given = with_units(goes, new)
        _add_all(target, given, averaged)
        units += sign * new
        price += sum(((lot.price_cost if sign > 0 else -lot.brought).amount for lot in given), ZERO)
        charges += sum((lot.fees.amount for lot in given), ZERO)
    share = {"moved_in": other.instrument}
    books.move(transaction, stock, cost=-price, lot_fees=-charges, moved=-price, moved_units=-units, **share)
    books.move(
        transaction, other, units=units, cost=price, lot_fees=charges, moved=price, moved_units=units, **share
    )


def repayment(books: Books, transaction: Transaction) -> None:
    """Lowers the cost of every lot by the same sum per unit; what is paid beyond cost is gain."""
    fact, stock = transaction.fact, books.held(transaction)
    if not stock.long.units:
        raise Misuse("instrument", f"units are only owed on {fact.day}", cure="Record it as a fee")
    amount, fees, tax = fact.amount.amount, sum_of(fact.fees), sum_of(fact.tax)
    averaged = stock.long.averaged
    lots, prices, charges = repaid(stock.long.lots(), amount, stock.unit)
    stock.long.reset(lots, max(averaged - amount, ZERO))
    stock.averaged_gain += max(amount - averaged, ZERO)
    stock.repaid += amount - prices - charges
    stock.taxes += tax
    if fees:
        add(books.fees, stock.account, stock.currency, fees)
    books.move(
        transaction, stock, cost=-prices, realised=amount - prices, fees=fees, taxes=tax,
        cash=amount - fees - tax, lot_fees=-charges,
    )  # fmt: skip


def _become(books: Books, transaction: Transaction, stock: Stock, *, units: Decimal) -> None:
    """All lots, already counted in units of `other`, go there. units: what they were of this instrument."""
    other = books.other(transaction, stock)
    new = stock.long.units - stock.short.units
    price = stock.long.cost - stock.long.fees - stock.short.cost - stock.short.fees
    charges = stock.long.fees + stock.short.fees
    for queue, target in ((stock.long, other.long), (stock.short, other.short)):
        _add_all(target, queue.lots(), queue.averaged)
        queue.reset((), ZERO)
    margined = stock.margined
    state = {"notional": price} if margined else {"cost": price, "moved": price}
    share = {"moved_in": other.instrument}
    books.move(
        transaction, stock, units=-units, lot_fees=-charges, moved_units=-new, **share,
        **{name: -value for name, value in state.items()},
    )  # fmt: skip
    books.move(transaction, other, units=new, lot_fees=charges, moved_units=new, **share, **state)


def _add_all(queue: LotQueue, lots: Sequence[Lot], averaged: Decimal) -> None:
    """Lots with what they cost at plain average, which may differ from their own cost."""
    for place, lot in enumerate(lots):
        queue.add(lot, averaged if place == 0 else ZERO)


def _resize(queue: LotQueue, ratio: Ratio, stated: Decimal | None) -> None:
    if queue.units:
        total = stated if stated is not None else units_after(queue.units, ratio)
        queue.reset(with_units(queue.lots(), total), queue.averaged)


def _ratio(transaction: Transaction) -> Ratio:
    ratio = transaction.fact.ratio
    if ratio is None:
        raise BrokenLaw("a corporate action says its ratio", f"transaction {transaction.id}")
    return ratio


def _cost_ratio(transaction: Transaction) -> Decimal:
    ratio = transaction.fact.cost_ratio
    if ratio is None:
        kind = transaction.fact.kind.value
        raise Misuse("cost_ratio", f"not available: the ratio of a {kind}", cure="Give the published share")
    return ratio
