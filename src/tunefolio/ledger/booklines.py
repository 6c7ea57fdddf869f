"""A text book written: the other direction of textbook.read_book. Grammar and examples: docs/spec/book.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.ledger.directives import (
    TextAccount,
    TextInstrument,
    TextPortfolio,
    account_line,
    instrument_line,
    portfolio_line,
)
from tunefolio.ledger.meanings import NameOf, Spellings
from tunefolio.ledger.notation import TakenBack, line, reversal_line
from tunefolio.ledger.textbook import TextBook
from tunefolio.ledger.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Shelves:
    """All of a book but its facts."""

    portfolios: Sequence[TextPortfolio]
    accounts: Sequence[TextAccount]
    instruments: Mapping[InstrumentId, TextInstrument]

    @property
    def instrument_name(self) -> NameOf:
        names = {id: instrument.name for id, instrument in self.instruments.items()}
        return names.__getitem__

    @property
    def account_name(self) -> Callable[[AccountId], str]:
        names = {account.id: account.name for account in self.accounts}
        return names.__getitem__


def write_book(book: TextBook) -> Iterator[str]:
    """The lines of a book: directives, then every account with its facts in the order given. read_book
    gives the same book back; of facts taken back all three lines stand."""
    histories = book.histories()
    shelves = Shelves(book.portfolios, book.accounts, book.instruments)
    yield from write_lines(shelves, spellings_of(book), lambda account: histories[account])


def write_lines(
    shelves: Shelves, spellings: Spellings, facts: Callable[[AccountId], Iterable[Transaction]]
) -> Iterator[str]:
    """The same of facts that come one by one: each account's are asked for when its turn has come."""
    yield from map(instrument_line, sorted(shelves.instruments.values(), key=lambda one: one.name))
    portfolios = {portfolio.name: portfolio for portfolio in shelves.portfolios}
    for name in dict.fromkeys(["", *portfolios]):
        if name:
            yield from ("", portfolio_line(portfolios[name]))
        for account in shelves.accounts:
            if account.portfolio == name:
                yield from ("", account_line(account))
                for transaction in facts(account.id):
                    yield _written(transaction, shelves, account, spellings)


def spellings_of(book: TextBook) -> Spellings:
    """How the book calls instruments, accounts and lots."""
    shelves = Shelves(book.portfolios, book.accounts, book.instruments)
    keys = {fact.id: fact.source_key for fact in book.transactions}
    return Spellings(shelves.instrument_name, shelves.account_name, keys.__getitem__)


def _written(transaction: Transaction, shelves: Shelves, account: TextAccount, spellings: Spellings) -> str:
    fact = transaction.fact
    if transaction.reverses is not None:
        key = spellings.lot(transaction.reverses)
        return reversal_line(TakenBack(fact.day, key))
    known = None if fact.instrument is None else shelves.instruments[fact.instrument].currency
    currency = known or account.currency
    return line(fact, spellings, transaction.tags, currency, key=transaction.source_key)
