"""A fact as a row, and a row as a fact: the one place where the two shapes meet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from tunefolio.core.identity import AccountId, InstrumentId, PersonId, TransactionId
from tunefolio.core.money import Currency, Money, Price
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.transactions import Fact, Kind, Transaction
from tunefolio.store.tables import transactions

COLUMNS = tuple(
    column for column in transactions.c if column.name not in {"owner_id", "generation", "import_id"}
)
_COPIED = (
    "account_id",
    "book",
    "kind",
    "day",
    "at",
    "instrument_id",
    "quantity",
    "price",
    "amount",
    "fees",
    "currency",
    "note",
    "fingerprint",
)


def row_of(
    owner: PersonId, account: AccountId, book: Book, fact: Fact, source_key: str, source: str, now: Instant
) -> dict[str, Any]:
    """The row to insert; `generation` and `import_id` are the caller's."""
    return {
        "owner_id": owner,
        "account_id": account,
        "book": book,
        "kind": fact.kind,
        "day": fact.day,
        "at": fact.at,
        "instrument_id": fact.instrument,
        "quantity": fact.quantity,
        "price": None if fact.price is None else fact.price.amount,
        "amount": fact.amount.amount,
        "fees": fact.charges.amount,
        "currency": fact.amount.currency,
        "note": fact.note,
        "source": source,
        "source_key": source_key,
        "fingerprint": fact.fingerprint(account, book),
        "recorded_at": now,
    }


def reversal_row(row: Row[Any], owner: PersonId, source: str, now: Instant) -> dict[str, Any]:
    """The row that takes `row` back: it says the same again and names what it reverses."""
    copied = {name: getattr(row, name) for name in _COPIED}
    return copied | {
        "owner_id": owner,
        "source": source,
        "source_key": f"reverses:{row.id}",
        "generation": 0,
        "reverses": row.id,
        "recorded_at": now,
    }


def transaction(row: Row[Any], tags: tuple[str, ...]) -> Transaction:
    """The fact in its place. No fees and zero fees are one: both come back as None."""
    currency = Currency(row.currency)
    fact = Fact(
        Kind(row.kind),
        row.day,
        Money(row.amount, currency),
        None if row.instrument_id is None else InstrumentId(row.instrument_id),
        row.quantity,
        None if row.price is None else Price(row.price, currency),
        None if row.fees == 0 else Money(row.fees, currency),
        row.note,
        row.at,
    )
    return Transaction(
        TransactionId(row.id),
        AccountId(row.account_id),
        Book(row.book),
        fact,
        row.source,
        row.source_key,
        row.recorded_at,
        row.fingerprint,
        None if row.reverses is None else TransactionId(row.reverses),
        tags,
    )
