"""What income, charges and plain money do: dividends, rewards, fees, taxes, deposits, conversions."""

from __future__ import annotations

from tunefolio.core.errors import BrokenLaw
from tunefolio.ledger.ordering import units_of
from tunefolio.ledger.state import ZERO, Books, add, sum_of
from tunefolio.ledger.transactions import Transaction


def income(books: Books, transaction: Transaction) -> None:
    """DIVIDEND, INTEREST: income A; charges and tax were withheld. Interest may be of cash alone."""
    fact = transaction.fact
    amount, fees, tax = fact.amount.amount, sum_of(fact.fees), sum_of(fact.tax)
    sums = {"income": amount, "fees": fees, "taxes": tax, "cash": amount - fees - tax}
    if fact.instrument is None:
        account, currency = transaction.account, fact.amount.currency
        add(books.income, account, currency, amount - fees)
        add(books.taxes, account, currency, tax)
        books.move_cash(transaction, currency, **sums)
        return
    stock = books.stock(transaction)
    stock.income += amount - fees
    stock.taxes += tax
    books.move(transaction, stock, **sums)


def reward(books: Books, transaction: Transaction) -> None:
    """REINVEST, STAKING, AIRDROP: income A+F+T that became a lot at A+F."""
    fact, stock = transaction.fact, books.stock(transaction)
    units, amount, fees, tax = units_of(fact), fact.amount.amount, sum_of(fact.fees), sum_of(fact.tax)
    stock.long.add(stock.lot(transaction, units, amount + fees, fees))
    stock.income += amount + fees + tax
    stock.taxes += tax
    books.move(
        transaction, stock, units=units, cost=amount, income=amount + fees + tax, fees=fees, taxes=tax,
        lot_fees=fees,
    )  # fmt: skip


def in_specie(books: Books, transaction: Transaction) -> None:
    """Units of `other` as a dividend of the payer: income A+T there, a lot at A here."""
    payer, fact = books.held(transaction), transaction.fact
    other, units = books.other(transaction, payer), units_of(fact)
    amount, tax = fact.amount.amount, sum_of(fact.tax)
    payer.income += amount + tax
    payer.taxes += tax
    other.long.add(other.lot(transaction, units, amount, ZERO))
    books.move(
        transaction, payer, income=amount + tax, taxes=tax, moved=-amount, moved_in=other.instrument,
        moved_units=-units,
    )  # fmt: skip
    books.move(
        transaction, other, units=units, cost=amount, moved=amount, moved_in=other.instrument,
        moved_units=units,
    )  # fmt: skip


def fee(books: Books, transaction: Transaction) -> None:
    """A charge that belongs to no trade."""
    fact = transaction.fact
    amount, currency = fact.amount.amount, fact.amount.currency
    add(books.fees, transaction.account, currency, amount)
    books.enter(transaction, fact.instrument, currency, fees=amount, cash=-amount)


def tax(books: Books, transaction: Transaction) -> None:
    """Tax that belongs to no other fact."""
    fact = transaction.fact
    amount, currency = fact.amount.amount, fact.amount.currency
    add(books.taxes, transaction.account, currency, amount)
    books.enter(transaction, fact.instrument, currency, taxes=amount, cash=-amount)


def deposit(books: Books, transaction: Transaction) -> None:
    """DEPOSIT, and a transfer of money in: cash from outside the account."""
    amount = transaction.fact.amount
    books.move_cash(transaction, amount.currency, cash=amount.amount, outside=amount.amount)


def withdrawal(books: Books, transaction: Transaction) -> None:
    """WITHDRAWAL, and a transfer of money out: cash to outside the account."""
    amount = transaction.fact.amount
    books.move_cash(transaction, amount.currency, cash=-amount.amount, outside=-amount.amount)


def convert(books: Books, transaction: Transaction) -> None:
    """Pays A and the charges in one currency, receives `counter` in another."""
    fact = transaction.fact
    if fact.counter is None:
        raise BrokenLaw("a conversion says what it brought", f"transaction {transaction.id}")
    amount, fees, counter = fact.amount.amount, sum_of(fact.fees), fact.counter
    if fees:
        add(books.fees, transaction.account, fact.amount.currency, fees)
    books.move_cash(transaction, fact.amount.currency, cash=-(amount + fees), fees=fees, moved=-amount)
    books.move_cash(transaction, counter.currency, cash=counter.amount, moved=counter.amount)
