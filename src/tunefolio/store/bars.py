"""Daily bars as they were paid, shared by everyone: a packed row for each instrument and year.

Rules and format: docs/spec/bars.md. Closes alone are read without touching the rest: store/closes.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bar_merge import merged, trimmed
from tunefolio.market.bars import Bars
from tunefolio.store import bar_years, revisions
from tunefolio.store.bar_bulk import BarsOf as BarsOf
from tunefolio.store.bar_bulk import put_fresh
from tunefolio.store.bar_rows import (
    KEY,
    WHOLE,
    bars_of,
    checked,
    lock,
    of_years,
    row_of,
    rows_of,
    year_places,
)
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import bar_chunks, instruments


@dataclass(frozen=True, slots=True)
class Span:
    """From which day to which the prices of an instrument are known; asked: when a source was last asked."""

    first: TradingDay
    last: TradingDay
    asked: Instant


def put(db: WriteDb, instrument: InstrumentId, currency: Currency, bars: Bars, now: Instant) -> int:
    """Keep these bars beside those known. How many days are new or changed; twice is once.

    By day the later put wins; range and volume that it does not tell stay, if its close is the one known.
    Bars known in another currency are given up for the new ones. Two writers at once lose nothing of each
    other's.
    """
    told = trimmed(checked(bars))
    years = {year: told.cut(slice(start, end)) for year, start, end in year_places(told.days)}
    if not years:
        return 0
    bar_years.ensure(db, years)
    lock(db, [instrument])
    _drop_other_currencies(db, instrument, currency)
    known = of_years(db, instrument, years)
    changed, rows = 0, []
    for year, fresh in years.items():
        both, news = merged(bars_of([known[year]]) if year in known else Bars.empty(), fresh)
        changed += news
        if news:
            rows.append(row_of(instrument, year, currency, both, now))
    statement = db.upsert(bar_chunks)
    fill = {name: statement.excluded[name] for name in bar_chunks.c.keys() if name not in KEY}  # noqa: SIM118
    db.execute_many(statement.on_conflict_do_update(index_elements=list(KEY), set_=fill), rows)
    _touch(db, instrument, set(years) - {row["year"] for row in rows}, now)
    if changed:
        revisions.move(db)
    return changed


def put_many(db: WriteDb, batch: Iterable[BarsOf], now: Instant) -> int:
    """Keep the bars of many instruments; as put() for each of them, in the order of their ids.

    Instruments of which nothing is known yet are packed all at once by compiled loops: five million bars in
    about a second. The first call in a process loads numba, and the first on a machine compiles.
    """
    wanted = sorted((one for one in batch if len(one.bars)), key=lambda one: one.instrument)
    ids = [one.instrument for one in wanted]
    lock(db, ids)
    query = select(bar_chunks.c.instrument_id).where(among(db, bar_chunks.c.instrument_id, ids))
    known = set(db.execute(query.distinct()).scalars())
    seen: set[InstrumentId] = set()
    fresh: list[BarsOf] = []
    others: list[BarsOf] = []
    for one in wanted:
        is_fresh = one.instrument not in known and one.instrument not in seen
        (fresh if is_fresh else others).append(one)
        seen.add(one.instrument)
    changed = put_fresh(db, fresh, now)
    changed += sum(put(db, one.instrument, one.currency, one.bars, now) for one in others)
    if changed:
        revisions.move(db)
    return changed


def _drop_other_currencies(db: WriteDb, instrument: InstrumentId, currency: Currency) -> None:
    chunks = bar_chunks.c
    db.execute(delete(bar_chunks).where(chunks.instrument_id == instrument, chunks.currency != currency))


def _touch(db: WriteDb, instrument: InstrumentId, years: Iterable[int], now: Instant) -> None:
    """Rows of which nothing is new were asked for all the same."""
    chunks = bar_chunks.c
    if listed := sorted(years):
        which = (chunks.instrument_id == instrument, chunks.year.in_(listed))
        db.execute(update(bar_chunks).where(*which).values(updated_at=now))


def drop_year(db: WriteDb, year: int) -> int:
    """Forget every bar of a calendar year: retention. How many instruments had some."""
    dropped = bar_years.drop(db, year)
    if dropped:
        revisions.move(db)
    return dropped


def of(
    db: ReadDb,
    ids: Iterable[InstrumentId],
    since: TradingDay | None = None,
    until: TradingDay | None = None,
) -> dict[InstrumentId, Bars]:
    """The bars of [since, until) of these instruments; one query. An instrument without any is absent."""
    rows = rows_of(db, WHOLE, ids, since, until)
    found = {id: bars_of(one).between(since, until) for id, one in rows.items()}
    return {id: bars for id, bars in found.items() if len(bars)}


def shared(db: ReadDb) -> list[InstrumentId]:
    """Every instrument that has bars and that everyone sees."""
    known = select(bar_chunks.c.instrument_id).distinct()
    query = select(instruments.c.id).where(instruments.c.id.in_(known), instruments.c.private_to.is_(None))
    return list(db.execute(query.order_by(instruments.c.id)).scalars())


def spans(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, Span]:
    """What is known of each, without unpacking any of it; one query on the primary key.

    asked: of the oldest year, which a source is asked for first and with all the others.
    """
    chunks = bar_chunks.c
    query = (
        select(chunks.instrument_id, func.min(chunks.first_day), func.max(chunks.last_day))
        .where(among(db, chunks.instrument_id, ids))
        .group_by(chunks.instrument_id)
    )
    days = {InstrumentId(id): (first, last) for id, first, last in db.execute(query)}
    oldest = select(chunks.instrument_id, chunks.updated_at).where(among(db, chunks.instrument_id, days))
    asked: dict[InstrumentId, Instant] = {}
    for id, at in db.execute(oldest.order_by(chunks.year)):
        asked.setdefault(InstrumentId(id), at)
    return {id: Span(first, last, asked[id]) for id, (first, last) in days.items()}
