"""A fact as a row, and a row as a fact: the one place where the two shapes meet."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Text, and_, case, cast, func, null, type_coerce

from tunefolio.core.identity import AccountId, PersonId, TransactionId
from tunefolio.core.money import Currency, Money, Price, plain
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.feeparts import FeeName, FeePart
from tunefolio.ledger.kinds import Delivery, Kind
from tunefolio.ledger.transactions import Fact, Pick, Ratio, Transaction
from tunefolio.store.columns import MONEY, QUANTITY, Exact
from tunefolio.store.market_tables import COST_RATIO
from tunefolio.store.tables import transactions

_FEW = tuple(
    transactions.c[name]
    for name in (
        "tax",
        "accrued",
        "other_id",
        "ratio_new",
        "ratio_old",
        "cost_ratio",
        "counter_amount",
        "counter_currency",
        "counterpart_id",
        "acquired",
        "picks",
        "delivery",
        "fee_parts",
    )
)
"""What few facts carry, in the order in which _further() takes them."""


def _packed() -> ColumnElement[str | None]:
    """The columns of _FEW as one text, NULL for a fact that has none: as many more columns a row would make
    every history a third slower to read."""
    is_plain = [each == Decimal(0) if each.name in {"tax", "accrued"} else each.is_(None) for each in _FEW]
    texts: list[ColumnElement[str]] = [func.coalesce(cast(each, Text), "") for each in _FEW]
    joined = reduce(lambda all, one: all.concat("|").concat(one), texts)
    return case((and_(*is_plain), null()), else_=joined)


COLUMNS = (
    *(
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
            "order_number",
        )
    ),
    type_coerce(_packed(), Text).label("further"),
)
"""In the order in which transaction() takes them."""

_COPIED = (
    *(
        transactions.c[name]
        for name in (
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
            "order_number",
        )
    ),
    *_FEW,
)
REVERSIBLE = (transactions.c.id, *_COPIED)
"""What reversal_row() needs of the row it takes back."""


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
        "tax": fact.withheld.amount,
        "accrued": fact.interest.amount,
        "other_id": fact.other,
        "ratio_new": None if fact.ratio is None else fact.ratio.new,
        "ratio_old": None if fact.ratio is None else fact.ratio.old,
        "cost_ratio": fact.cost_ratio,
        "counter_amount": None if fact.counter is None else fact.counter.amount,
        "counter_currency": None if fact.counter is None else fact.counter.currency,
        "counterpart_id": fact.counterpart,
        "acquired": fact.acquired,
        "picks": [[pick.lot, plain(pick.quantity)] for pick in fact.picks] or None,
        "delivery": fact.delivery,
        "fee_parts": [[part.name, plain(part.amount)] for part in fact.parts] or None,
        "order_number": fact.order or None,
    }


def reversal_row(row: Row[Any], owner: PersonId, source: str, now: Instant) -> dict[str, Any]:
    """The row that takes `row` (of REVERSIBLE) back: it says the same again and names what it reverses."""
    copied = {column.name: getattr(row, column.name) for column in _COPIED}
    return copied | {
        "owner_id": owner,
        "source": source,
        "source_key": f"reverses:{row.id}",
        "generation": 0,
        "reverses": row.id,
        "recorded_at": now,
    }


def transaction(row: Row[*tuple[Any, ...]], tags: tuple[str, ...]) -> Transaction:
    """The fact in its place; row: of COLUMNS. No fees and zero fees are one: both come back as None; so tax
    and accrued.

    Unpacked at once, because naming the columns of each row is a third of the time a history takes.
    """
    (
        id, account, book, kind, day, at, instrument, quantity, price, amount, fees, currency, note,
        source, source_key, fingerprint, reverses, recorded, order, further,
    ) = row  # fmt: skip
    said = (
        _KINDS[kind],
        day,
        Money(amount, currency),
        instrument,
        quantity,
        None if price is None else Price(price, currency),
        Money(fees, currency) if fees else None,
        note,
        at,
        *(_NOTHING_MORE if further is None else _further(currency, further)),
        order or "",
    )
    fact = _new(Fact)
    for fill, value in zip(_FILLS, said, strict=True):
        fill(fact, value)
    return Transaction(
        id, account, _BOOKS[book], fact, source, source_key, recorded, fingerprint, reverses, tags
    )


def _further(currency: Currency, text: str) -> tuple[Any, ...]:
    """What few facts carry, in the order of Fact; text: of _packed()."""
    (
        tax, accrued, other, ratio_new, ratio_old, cost_ratio, counter, counter_currency, counterpart,
        acquired, picks, delivery, parts,
    ) = text.split("|")  # fmt: skip
    withheld, interest = _number(tax, MONEY), _number(accrued, MONEY)
    return (
        Money(withheld, currency) if withheld else None,
        Money(interest, currency) if interest else None,
        int(other) if other else None,
        Ratio(_number(ratio_new, QUANTITY), _number(ratio_old, QUANTITY)) if ratio_new else None,
        _number(cost_ratio, COST_RATIO) if cost_ratio else None,
        Money(_number(counter, MONEY), Currency(counter_currency)) if counter else None,
        int(counterpart) if counterpart else None,
        TradingDay.parse(acquired) if acquired else None,
        tuple(Pick(TransactionId(lot), Decimal(units)) for lot, units in orjson.loads(picks or "[]")),
        Delivery(delivery) if delivery else None,
        tuple(FeePart(FeeName(name), Decimal(amount)) for name, amount in orjson.loads(parts or "[]")),
    )


def _number(text: str, kind: Exact) -> Decimal:
    """PostgreSQL writes the point; SQLite gives the scaled integer, which has none."""
    return Decimal(text) if "." in text else Decimal(text).scaleb(-kind.scale)


_NOTHING_MORE = (None, None, None, None, None, None, None, None, (), None, ())

_new = object.__new__
_FILLS = [getattr(Fact, name).__set__ for name in Fact.__slots__]
"""Sets a field of a new Fact. Facts were checked when they came, by the rules of then: checking each again
takes longer than reading it."""

_KINDS = {kind.value: kind for kind in Kind}
_BOOKS = {book.value: book for book in Book}
