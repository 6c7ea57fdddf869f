"""A fact as a row, and a row as a fact: the one place where the two shapes meet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from tunefolio.core.identity import AccountId, PersonId
from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.transactions import Fact, Kind, Transaction
from tunefolio.store.tables import transactions

COLUMNS = tuple(
    transactions.c[name]
    for name in (
        "id",
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
        "source",
        "source_key",
        "fingerprint",
        "reverses",
        "recorded_at",
    )
)
"""In the order in which transaction() takes them."""

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


def transaction(row: Row[*tuple[Any, ...]], tags: tuple[str, ...]) -> Transaction:
    """The fact in its place; row: of COLUMNS. No fees and zero fees are one: both come back as None.

    Unpacked at once, because naming sixteen columns of each row is a third of the time a history takes.
    """
    (
        id, account, book, kind, day, at, instrument, quantity, price, amount, fees, currency, note,
        source, source_key, fingerprint, reverses, recorded,
    ) = row  # fmt: skip
    fact = Fact(
        _KINDS[kind],
        day,
        Money(amount, currency),
        instrument,
        quantity,
        None if price is None else Price(price, currency),
        Money(fees, currency) if fees else None,
        note,
        at,
    )
    return Transaction(
        id, account, _BOOKS[book], fact, source, source_key, recorded, fingerprint, reverses, tags
    )


_KINDS = {kind.value: kind for kind in Kind}
_BOOKS = {book.value: book for book in Book}
