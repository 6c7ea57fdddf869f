"""Daily closes as they were paid, shared by everyone: a packed row for each instrument and year."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row, func, select

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.closes import Close, Closes, PriceBook
from tunefolio.market.daily import Daily
from tunefolio.store import revisions
from tunefolio.store.batches import among
from tunefolio.store.codec import packed, unpacked
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import close_chunks

_KEY = ("instrument_id", "year")


@dataclass(frozen=True, slots=True)
class Span:
    """From which day to which the closes of an instrument are known; asked: when a source was last asked."""

    first: TradingDay
    last: TradingDay
    asked: Instant


def put(
    db: WriteDb,
    instrument: InstrumentId,
    currency: Currency,
    closes: Iterable[Close],
    source: str,
    now: Instant,
) -> int:
    """Keep these closes beside those known; a day given again is replaced. How many days are new or changed.

    Twice is once. Closes known in another currency are given up for the new ones. A year touched is one row.
    """
    by_year: dict[int, list[Close]] = {}
    for close in closes:
        by_year.setdefault(close.day.date.year, []).append(close)
    if not by_year:
        return 0
    _drop_other_currencies(db, instrument, currency)
    known = _years(db, instrument, by_year)
    changed, rows = 0, []
    for year, fresh in sorted(by_year.items()):
        before = known.get(year)
        merged = _merged(before, fresh)
        changed += _news(before, merged)
        rows.append(_row(instrument, year, currency, merged, source, now))
    statement = db.upsert(close_chunks)
    fill = {name: statement.excluded[name] for name in rows[0] if name not in _KEY}
    db.execute_many(statement.on_conflict_do_update(index_elements=list(_KEY), set_=fill), rows)
    if changed:
        revisions.move(db)
    return changed


def _drop_other_currencies(db: WriteDb, instrument: InstrumentId, currency: Currency) -> None:
    chunks = close_chunks.c
    db.execute(close_chunks.delete().where(chunks.instrument_id == instrument, chunks.currency != currency))


def _years(db: ReadDb, instrument: InstrumentId, years: Collection[int]) -> dict[int, Daily]:
    query = select(close_chunks).where(
        close_chunks.c.instrument_id == instrument, close_chunks.c.year.in_(sorted(years))
    )
    return {row.year: _daily(row) for row in db.execute(query)}


def _merged(before: Daily | None, fresh: Sequence[Close]) -> Daily:
    old = [] if before is None else [(before.day(i), before.at(i)) for i in range(len(before))]
    return Daily.of([*old, *((close.day, close.price) for close in fresh)])


def _news(before: Daily | None, after: Daily) -> int:
    """Days of `after` that `before` did not have, or had with another number."""
    if before is None:
        return len(after)
    old = {before.days[i]: before.at(i) for i in range(len(before))}
    return sum(old.get(after.days[i]) != after.at(i) for i in range(len(after)))


def _row(
    instrument: InstrumentId, year: int, currency: Currency, daily: Daily, source: str, now: Instant
) -> dict[str, Any]:
    return {
        "instrument_id": instrument,
        "year": year,
        "currency": currency,
        "source": source,
        "scale": daily.scale,
        "count": len(daily),
        "first_day": daily.day(0),
        "last_day": daily.day(len(daily) - 1),
        "body": packed(daily),
        "updated_at": now,
    }


def book(
    db: ReadDb,
    instruments: Iterable[InstrumentId],
    since: TradingDay | None = None,
    *,
    names: Mapping[InstrumentId, str] | None = None,
) -> PriceBook:
    """The closes of these instruments, from the year of `since` on; one query on the primary key.

    names: how reasons call the instruments. An instrument without closes is absent.
    """
    chunks = close_chunks.c
    query = select(
        chunks.instrument_id, chunks.currency, chunks.source, chunks.scale, chunks.count, chunks.body
    ).where(among(db, chunks.instrument_id, instruments))
    if since is not None:
        query = query.where(chunks.year >= since.date.year)
    found: dict[InstrumentId, list[Row[Any]]] = {}
    for row in db.execute(query.order_by(chunks.instrument_id, chunks.year)):
        found.setdefault(InstrumentId(row.instrument_id), []).append(row)
    return PriceBook({id: _closes(id, rows) for id, rows in found.items()}, names=names or {})


def _closes(instrument: InstrumentId, rows: Sequence[Row[Any]]) -> Closes:
    """One run of all years, at the finest scale of them."""
    years = [_daily(row) for row in rows]
    scale = max(year.scale for year in years)
    ticks = [year.ticks * np.int64(10 ** (scale - year.scale)) for year in years]
    daily = Daily(np.concatenate([year.days for year in years]), np.concatenate(ticks), scale)
    return Closes(instrument, Currency(rows[-1].currency), daily, rows[-1].source)


def _daily(row: Row[Any]) -> Daily:
    return unpacked(row.body, row._mapping["count"], row.scale)


def spans(db: ReadDb, instruments: Iterable[InstrumentId]) -> dict[InstrumentId, Span]:
    """What is known of each, without unpacking any of it; one query on the primary key.

    asked: of the oldest year, which a source is asked for first and with all the others.
    """
    chunks = close_chunks.c
    query = (
        select(chunks.instrument_id, func.min(chunks.first_day), func.max(chunks.last_day))
        .where(among(db, chunks.instrument_id, instruments))
        .group_by(chunks.instrument_id)
    )
    days = {InstrumentId(id): (first, last) for id, first, last in db.execute(query)}
    oldest = select(chunks.instrument_id, chunks.updated_at).where(among(db, chunks.instrument_id, days))
    asked: dict[InstrumentId, Instant] = {}
    for id, at in db.execute(oldest.order_by(chunks.year)):
        asked.setdefault(InstrumentId(id), at)
    return {id: Span(first, last, asked[id]) for id, (first, last) in days.items()}
