"""Exchange rates by day, shared by everyone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import and_, func, or_, select

from tunefolio.core.money import Currency, quantized
from tunefolio.core.time import TradingDay
from tunefolio.market.fx import Pair, Rate, RateBook
from tunefolio.store import revisions
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.market_tables import RATE
from tunefolio.store.tables import rates

_KEY = ("base", "quote", "day")


def put(db: WriteDb, news: Iterable[Rate]) -> int:
    """Keep these rates, to 10 places; one of a day given again replaces it. How many were given."""
    rows = {(rate.base, rate.quote, rate.day): _row(rate) for rate in news}
    statement = db.upsert(rates)
    fill = {name: statement.excluded[name] for name in ("rate", "source")}
    ordered = [rows[key] for key in sorted(rows, key=lambda key: (key[0], key[1], key[2].date))]
    db.execute_many(statement.on_conflict_do_update(index_elements=list(_KEY), set_=fill), ordered)
    if rows:
        revisions.move(db)
    return len(rows)


def _row(rate: Rate) -> dict[str, Any]:
    return {
        "base": rate.base,
        "quote": rate.quote,
        "day": rate.day,
        "rate": quantized(rate.rate, RATE.scale),
        "source": rate.source,
    }


def book(db: ReadDb, pairs: Collection[Pair] | None = None) -> RateBook:
    """The rates of these pairs (either way round), or of all; on the primary key."""
    columns = rates.c
    query = select(columns.base, columns.quote, columns.day, columns.rate, columns.source)
    if pairs is not None:
        either = {*pairs, *((quote, base) for base, quote in pairs)}
        wanted = [and_(columns.base == base, columns.quote == quote) for base, quote in sorted(either)]
        if not wanted:
            return RateBook()
        query = query.where(or_(*wanted))
    found = db.execute(query.order_by(columns.base, columns.quote, columns.day))
    return RateBook.of(Rate(Currency(base), Currency(quote), *rest) for base, quote, *rest in found)


def spans(db: ReadDb) -> dict[Pair, tuple[TradingDay, TradingDay]]:
    """The first and the last day known of each pair."""
    columns = rates.c
    query = select(columns.base, columns.quote, func.min(columns.day), func.max(columns.day))
    found = db.execute(query.group_by(columns.base, columns.quote))
    return {(Currency(base), Currency(quote)): (first, last) for base, quote, first, last in found}
