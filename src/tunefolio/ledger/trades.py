"""What trades do: units that come for money, units that leave for money, short sales and derivatives."""

from __future__ import annotations

from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.money import plain
from tunefolio.ledger.kinds import Delivery, Kind
from tunefolio.ledger.lots import Lot, Side
from tunefolio.ledger.ordering import units_of
from tunefolio.ledger.queues import Taken
from tunefolio.ledger.state import ZERO, Books, Stock, add, sum_of
from tunefolio.ledger.transactions import Transaction


def opening(books: Books, transaction: Transaction) -> None:
    """A lot without money; its day only where it is known."""
    fact, stock = transaction.fact, books.stock(transaction)
    units, amount = units_of(fact), fact.amount.amount
    arrive(books, transaction, stock, units=units, amount=amount)


def arrive(books: Books, transaction: Transaction, stock: Stock, *, units: Decimal, amount: Decimal) -> None:
    """Units that come from outside the books at a known cost."""
    fact = transaction.fact
    fees, seen = sum_of(fact.fees), fact.acquired or fact.day
    money = (stock.money(amount), stock.money(ZERO))
    stock.long.add(Lot(transaction.id, fact.acquired, seen, units, *money))
    sums = {"notional": amount} if stock.margined else {"cost": amount, "moved": amount}
    if fees:
        sums |= {"fees": fees, "cash": -fees}
        add(books.fees, stock.account, stock.currency, fees)
    books.move(transaction, stock, units=units, moved_in=stock.instrument, moved_units=units, **sums)


def buy(books: Books, transaction: Transaction) -> None:
    """A lot at amount + fees; accrued interest paid is negative income."""
    fact, stock = transaction.fact, books.stock(transaction)
    units, amount, fees = units_of(fact), fact.amount.amount, sum_of(fact.fees)
    stock.long.add(stock.lot(transaction, units, amount + fees, fees))
    stock.traded(transaction, Side.LONG)
    accrued = sum_of(fact.accrued)
    stock.income -= accrued
    if stock.margined:
        books.move(
            transaction, stock, units=units, notional=amount, fees=fees, lot_fees=fees, income=-accrued,
            cash=-accrued - fees,
        )  # fmt: skip
        return
    books.move(
        transaction, stock, units=units, cost=amount, fees=fees, lot_fees=fees, income=-accrued,
        cash=-(amount + accrued + fees),
    )  # fmt: skip


def sell(books: Books, transaction: Transaction) -> None:
    """SELL, BUYBACK, WRITE_OFF: proceeds matched to the picked lots, today's, or those the method chooses."""
    fact, stock = transaction.fact, books.stock(transaction)
    first = stock.today(fact.day, Side.LONG) if fact.kind is Kind.SELL and not fact.picks else ()
    taken = stock.long.take(units_of(fact), fact.day, picks=fact.picks, first=first)
    sold(books, transaction, stock, taken)


def sold(books: Books, transaction: Transaction, stock: Stock, taken: Taken) -> None:
    """Lots that left for the fact's amount, less its charges and tax, with its accrued interest."""
    fact = transaction.fact
    gross, fees, tax = fact.amount.amount, sum_of(fact.fees), sum_of(fact.tax)
    accrued = sum_of(fact.accrued)
    realised = stock.settle(transaction, taken, gross=gross, fees=fees)
    stock.taxes += tax
    stock.income += accrued
    cost = gross - realised
    state = {"notional": -cost} if stock.margined else {"cost": -cost}
    paid = realised if stock.margined else gross
    books.move(
        transaction, stock, units=-_units(taken), realised=realised, income=accrued, fees=fees, taxes=tax,
        cash=paid + accrued - fees - tax, lot_fees=-taken.fees(), **state,
    )  # fmt: skip


def short(books: Books, transaction: Transaction) -> None:
    """A short lot that brought amount − fees."""
    fact, stock = transaction.fact, books.stock(transaction)
    units, amount, fees = units_of(fact), fact.amount.amount, sum_of(fact.fees)
    stock.short.add(stock.lot(transaction, units, amount - fees, fees))
    stock.traded(transaction, Side.SHORT)
    state = {"notional": -amount} if stock.margined else {"cost": -amount}
    paid = ZERO if stock.margined else amount
    books.move(transaction, stock, units=-units, fees=fees, lot_fees=fees, cash=paid - fees, **state)


def cover(books: Books, transaction: Transaction) -> None:
    """Short lots closed: the picked ones, today's, or those the method chooses."""
    fact, stock = transaction.fact, books.stock(transaction)
    first = () if fact.picks else stock.today(fact.day, Side.SHORT)
    taken = stock.short.take(units_of(fact), fact.day, picks=fact.picks, first=first)
    covered(books, transaction, stock, taken)


def covered(books: Books, transaction: Transaction, stock: Stock, taken: Taken) -> None:
    """Units no longer owed, bought back for the fact's amount and charges."""
    fact = transaction.fact
    gross, fees, tax = fact.amount.amount, sum_of(fact.fees), sum_of(fact.tax)
    realised = stock.settle_short(transaction, taken, gross=gross, fees=fees)
    stock.taxes += tax
    brought = realised + gross
    state = {"notional": brought} if stock.margined else {"cost": brought}
    paid = realised if stock.margined else -gross
    books.move(
        transaction, stock, units=_units(taken), realised=realised, fees=fees, taxes=tax,
        cash=paid - fees - tax, lot_fees=-taken.fees(), **state,
    )  # fmt: skip


def expire(books: Books, transaction: Transaction) -> None:
    """Units held are sold, or units owed bought back, at the settlement amount."""
    fact, stock = transaction.fact, books.stock(transaction)
    units = units_of(fact)
    if stock.long.units >= units or not stock.short.units:
        sold(books, transaction, stock, stock.long.take(units, fact.day))
    else:
        covered(books, transaction, stock, stock.short.take(units, fact.day))


def exercise(books: Books, transaction: Transaction) -> None:
    """An option used by its holder: settled in cash as a sale, or by taking or giving units of `other`."""
    fact, stock = transaction.fact, books.stock(transaction)
    taken = stock.long.take(units_of(fact), fact.day)
    if fact.delivery is None:
        sold(books, transaction, stock, taken)
        return
    price = taken.price_cost()
    _leave_for(books, transaction, stock, taken, cost=-price)
    _deliver(books, transaction, stock, price=price, fees=taken.fees(), averaged=taken.averaged)


def assignment(books: Books, transaction: Transaction) -> None:
    """An option used against its writer: settled in cash as a cover, or by taking or giving `other`."""
    fact, stock = transaction.fact, books.stock(transaction)
    taken = stock.short.take(units_of(fact), fact.day)
    if fact.delivery is None:
        covered(books, transaction, stock, taken)
        return
    brought = taken.cost() + taken.fees()
    _leave_for(books, transaction, stock, taken, cost=brought)
    _deliver(books, transaction, stock, price=-brought, fees=taken.fees(), averaged=-taken.averaged)


def _leave_for(books: Books, transaction: Transaction, stock: Stock, taken: Taken, *, cost: Decimal) -> None:
    """An option that ends in units of another instrument: its cost goes there, nothing is realised here.
    cost: minus what a held option cost, plus what a written one brought."""
    if stock.margined:
        raise Misuse(
            "delivery", "a margined contract settles in cash", cure="Record its expiry, then the trade"
        )
    units = -_units(taken) if transaction.fact.kind is Kind.EXERCISE else _units(taken)
    books.move(
        transaction, stock, units=units, cost=cost, lot_fees=-taken.fees(), moved=cost,
        moved_in=stock.instrument, moved_units=units,
    )  # fmt: skip


def _deliver(
    books: Books, transaction: Transaction, option: Stock, *, price: Decimal, fees: Decimal, averaged: Decimal
) -> None:
    """Units of `other` taken at, or given for, the fact's amount and the option's own price.

    price: what the option cost before charges, below zero what it brought; fees: the charges on it.
    averaged: the same with charges, at plain average.
    """
    fact = transaction.fact
    other, units = books.other(transaction, option), units_of(fact)
    amount, own_fees, tax = fact.amount.amount, sum_of(fact.fees), sum_of(fact.tax)
    moved_units = units if fact.kind is Kind.EXERCISE else -units
    share = {"moved": price, "moved_in": option.instrument, "moved_units": moved_units}
    if fact.delivery is Delivery.TAKES:
        if tax:
            raise Misuse("tax", "is withheld from what is received; taking units pays")
        _must_not_be_negative(amount + price + own_fees + fees, transaction)
        lot = other.lot(transaction, units, amount + price + own_fees + fees, own_fees + fees)
        other.long.add(lot, averaged=amount + own_fees + averaged)
        books.move(
            transaction, other, units=units, cost=amount + price, fees=own_fees, lot_fees=own_fees + fees,
            cash=-(amount + own_fees), **share,
        )  # fmt: skip
        return
    taken = other.long.take(units, fact.day)
    realised = other.settle(transaction, taken, gross=amount - price, fees=own_fees + fees)
    other.averaged_gain += (price + fees) - averaged
    other.taxes += tax
    books.move(
        transaction, other, units=-units, cost=-taken.price_cost(), realised=realised, fees=own_fees,
        taxes=tax, cash=amount - own_fees - tax, lot_fees=-taken.fees(), **share,
    )  # fmt: skip


def _must_not_be_negative(cost: Decimal, transaction: Transaction) -> None:
    if cost < 0:
        raise Misuse(
            "amount",
            f"transaction {transaction.id}: the option brought more than its units cost: {plain(cost)}",
            cure="Check the amount of the assignment and of the short sale",
        )


def _units(taken: Taken) -> Decimal:
    return sum((lot.quantity for lot in taken.lots), ZERO)
