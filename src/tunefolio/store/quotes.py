"""The newest price known of each instrument, shared by everyone; one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Dialect, Select, select
from sqlalchemy.dialects import sqlite

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency, Price
from tunefolio.core.time import Instant
from tunefolio.market.quotes import Quote, QuoteKind
from tunefolio.store import revisions
from tunefolio.store.columns import kept_price
from tunefolio.store.db import ReadDb, WriteDb, upserting
from tunefolio.store.said import among_said, each
from tunefolio.store.tables import quotes

_COLUMNS = (
    quotes.c.instrument_id,
    quotes.c.price,
    quotes.c.previous_close,
    quotes.c.currency,
    quotes.c.as_of,
    quotes.c.source,
    quotes.c.kind,
)


def put(db: WriteDb, news: Sequence[Quote]) -> None:
    """Keep these prices, each unless a newer one stands; rounded to 8 places. One executemany for any number.

    Rows are written in the order of their ids, so that two writers cannot wait for each other crosswise.
    """
    newest: dict[InstrumentId, Quote] = {}
    for quote in news:
        standing = newest.get(quote.instrument)
        if standing is None or standing.as_of <= quote.as_of:
            newest[quote.instrument] = quote
    db.execute_many(_put(db.dialect), [_row(newest[id]) for id in sorted(newest)])
    revisions.move(db)


@cache
def _put(dialect: str) -> sqlite.Insert:
    statement = upserting(dialect, quotes)
    fresh = {name: statement.excluded[name] for name in quotes.c.keys() if name != "instrument_id"}  # noqa: SIM118
    is_newer = statement.excluded.as_of >= quotes.c.as_of
    return statement.on_conflict_do_update(index_elements=["instrument_id"], set_=fresh, where=is_newer)


def latest(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, Quote]:
    """The quotes of these instruments by primary key, thousands in one query; unknown ones are absent.

    Rows are read as the driver gives them and turned into values only when they differ from those read last:
    the same row gives the very same value, so that whoever compares what was read twice sees it at once.
    """
    cursor = db.execute(_of_ids(db.dialect), {"ids": each(db, ids)}).cursor
    if cursor is None:
        return {}
    found: dict[InstrumentId, Quote] = {}
    for row in cursor.fetchall():
        known = _read.get(row[0])
        if known is None or known[0] != row:
            known = _remembered(db, row)
        found[known[1].instrument] = known[1]
    return found


@cache
def _of_ids(dialect: str) -> Select[Any]:
    return select(*_COLUMNS).where(among_said(dialect, quotes.c.instrument_id))


_MOST_REMEMBERED = 50_000
_read: dict[int, tuple[tuple[Any, ...], Quote]] = {}
"""The rows read last, as their driver gave them, and their values; the row says whether it still holds."""


def _remembered(db: ReadDb, row: tuple[Any, ...]) -> tuple[tuple[Any, ...], Quote]:
    if len(_read) >= _MOST_REMEMBERED:
        _read.clear()
    readers = _readers(db.connection.dialect)
    values = [value if read is None else read(value) for read, value in zip(readers, row, strict=True)]
    kept = (row, _quote(*values))
    _read[row[0]] = kept
    return kept


@lru_cache(maxsize=4)
def _readers(dialect: Dialect) -> tuple[Callable[[Any], Any] | None, ...]:
    """What turns a driver's value of each column into ours."""
    return tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in _COLUMNS)


def _row(quote: Quote) -> dict[str, Any]:
    return {
        "instrument_id": quote.instrument,
        "price": kept_price(quote.price),
        "previous_close": kept_price(quote.previous_close),
        "currency": quote.price.currency,
        "as_of": quote.as_of,
        "source": quote.source,
        "kind": quote.kind,
    }


def _quote(
    id: InstrumentId,
    price: Decimal,
    previous_close: Decimal | None,
    currency: Currency,
    as_of: Instant,
    source: str,
    kind: str,
) -> Quote:
    before = None if previous_close is None else Price(previous_close, currency)
    return Quote(id, Price(price, currency), before, as_of, source, QuoteKind(kind))
