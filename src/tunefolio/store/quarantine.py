"""Bars that were not believed, and the daily files that came: what data health shows and settles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.money import plain
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.validation import Doubt, Reason
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import quarantine


class Verdict(StrEnum):
    """accepted: the bar is kept after all; dropped: it is not; replaced: another source's bar stands."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A bar of one source that was not believed. settled None: nobody has decided yet."""

    id: int
    instrument: InstrumentId
    source: str
    bar: Bar
    reason: Reason
    detail: str
    cure: str
    found: Instant
    settled: Instant | None = None
    verdict: Verdict | None = None
    by: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Heap:
    """Open suspects of one instrument, source and reason together: a vendor errs by the hundred."""

    instrument: InstrumentId
    source: str
    reason: Reason
    count: int
    first: TradingDay
    last: TradingDay
    newest: int


def put(
    db: WriteDb,
    instrument: InstrumentId,
    source: str,
    doubts: Iterable[Doubt],
    *,
    now: Instant,
    verdict: Verdict | None = None,
) -> int:
    """Keep what was doubted; how many are new or told otherwise than before.

    The very bar told again stays as it was settled. verdict: for what the house settles by itself.
    """
    known = {one.bar.day: one for one in _of_source(db, instrument, source)}
    fresh = [doubt for doubt in doubts if _is_news(known.get(doubt.bar.day), doubt)]
    if not fresh:
        return 0
    statement = db.upsert(quarantine)
    fill = {name: statement.excluded[name] for name in _FILLED}
    rows = [_row(instrument, source, doubt, now, verdict) for doubt in fresh]
    key = ["instrument_id", "day", "source"]
    db.execute_many(statement.on_conflict_do_update(index_elements=key, set_=fill), rows)
    return len(fresh)


_FILLED = ("bar", "reason", "detail", "cure", "found_at", "settled_at", "verdict", "settled_by")


def _is_news(known: Suspect | None, doubt: Doubt) -> bool:
    return known is None or known.bar != doubt.bar


def of_id(db: ReadDb, id: int) -> Suspect:
    """One of them; raises NotFound."""
    row = db.execute(select(quarantine).where(quarantine.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("bar")
    return _suspect(row)


def accepted_days(db: ReadDb, instrument: InstrumentId, source: str) -> frozenset[TradingDay]:
    """The days of a source that a person vouched for."""
    query = select(quarantine.c.day).where(
        quarantine.c.instrument_id == instrument,
        quarantine.c.source == source,
        quarantine.c.verdict == Verdict.ACCEPTED,
    )
    return frozenset(db.execute(query).scalars())


def heaps(
    db: ReadDb,
    among_ids: Iterable[InstrumentId] | None,
    after: int | None,
    limit: int,
) -> list[Heap]:
    """What waits for a decision, newest first, heap by heap; of these instruments, None for all.

    after: the `newest` of the last heap seen.
    """
    columns = quarantine.c
    newest = func.max(columns.id)
    query = select(
        columns.instrument_id, columns.source, columns.reason,
        func.count(), func.min(columns.day), func.max(columns.day), newest,
    ).where(columns.settled_at.is_(None))  # fmt: skip
    if among_ids is not None:
        query = query.where(among(db, columns.instrument_id, among_ids))
    query = query.group_by(columns.instrument_id, columns.source, columns.reason)
    if after is not None:
        query = query.having(newest < after)
    rows = db.execute(query.order_by(newest.desc()).limit(limit))
    return [Heap(InstrumentId(id), source, Reason(reason), *rest) for id, source, reason, *rest in rows]


def of_heap(
    db: ReadDb, instrument: InstrumentId, source: str, reason: Reason, *, limit: int | None = None
) -> list[Suspect]:
    """The open suspects of one heap, newest day first."""
    query = select(quarantine).where(_heap(instrument, source, reason))
    if limit is not None:
        query = query.limit(limit)
    return [_suspect(row) for row in db.execute(query.order_by(quarantine.c.day.desc()))]


def settled(db: ReadDb, among_ids: Iterable[InstrumentId] | None, limit: int) -> list[Suspect]:
    """The newest decisions, those the house took by itself among them."""
    query = select(quarantine).where(quarantine.c.settled_at.is_not(None))
    if among_ids is not None:
        query = query.where(among(db, quarantine.c.instrument_id, among_ids))
    query = query.order_by(quarantine.c.settled_at.desc(), quarantine.c.id.desc())
    return [_suspect(row) for row in db.execute(query.limit(limit))]


def settle(db: WriteDb, ids: Sequence[int], verdict: Verdict, by: PersonId, now: Instant) -> int:
    """The person decided so; how many were open."""
    statement = update(quarantine).where(among(db, quarantine.c.id, ids), quarantine.c.settled_at.is_(None))
    values = {"verdict": str(verdict), "settled_at": now, "settled_by": by}
    return db.execute(statement.values(values)).rowcount


def open_count(db: ReadDb) -> int:
    """How many bars wait for a decision."""
    query = select(func.count()).select_from(quarantine).where(quarantine.c.settled_at.is_(None))
    return int(db.execute(query).scalar_one())


def _heap(instrument: InstrumentId, source: str, reason: Reason) -> ColumnElement[bool]:
    columns = quarantine.c
    return and_(
        columns.instrument_id == instrument,
        columns.source == source,
        columns.reason == str(reason),
        columns.settled_at.is_(None),
    )


def _of_source(db: ReadDb, instrument: InstrumentId, source: str) -> list[Suspect]:
    query = select(quarantine).where(quarantine.c.instrument_id == instrument, quarantine.c.source == source)
    return [_suspect(row) for row in db.execute(query)]


def _row(
    instrument: InstrumentId, source: str, doubt: Doubt, now: Instant, verdict: Verdict | None
) -> dict[str, Any]:
    return {
        "instrument_id": instrument,
        "day": doubt.bar.day,
        "source": source,
        "bar": _told(doubt.bar),
        "reason": str(doubt.reason),
        "detail": doubt.detail,
        "cure": doubt.cure,
        "found_at": now,
        "settled_at": None if verdict is None else now,
        "verdict": None if verdict is None else str(verdict),
        "settled_by": None,
    }


def _told(bar: Bar) -> dict[str, Any]:
    """Prices as text, so that none is rounded."""
    prices = {"close": bar.close, "open": bar.open, "high": bar.high, "low": bar.low}
    told: dict[str, Any] = {name: plain(price) for name, price in prices.items() if price is not None}
    return told if bar.volume is None else told | {"volume": bar.volume}


def _bar(day: TradingDay, told: Mapping[str, Any]) -> Bar:
    def price(name: str) -> Decimal | None:
        return Decimal(told[name]) if name in told else None

    return Bar(day, Decimal(told["close"]), price("open"), price("high"), price("low"), told.get("volume"))


def _suspect(row: Row[Any]) -> Suspect:
    return Suspect(
        row.id,
        InstrumentId(row.instrument_id),
        row.source,
        _bar(row.day, row.bar),
        Reason(row.reason),
        row.detail,
        row.cure,
        row.found_at,
        row.settled_at,
        None if row.verdict is None else Verdict(row.verdict),
        None if row.settled_by is None else PersonId(row.settled_by),
    )
