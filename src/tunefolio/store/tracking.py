"""Whose prices are followed, shared by everyone: since when, how far they are fetched, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, func, select, update

from tunefolio.core.identity import InstrumentId, JobId
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.gaps import Stretch, joined
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.said import among_said, each
from tunefolio.store.tables import instruments, jobs, tracking


class TrackState(StrEnum):
    """wanted: asked for; fetching: a job is at it; ready: all there is; unknown: no source knows it;
    failed: the job gave up; stopped: nobody holds or watches it, and what is known stays."""

    WANTED = "wanted"
    FETCHING = "fetching"
    READY = "ready"
    UNKNOWN = "unknown"
    FAILED = "failed"
    STOPPED = "stopped"


FOLLOWED = tuple(state for state in TrackState if state is not TrackState.STOPPED)
"""The states of what somebody holds or watches."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """How far one instrument is followed.

    since: the first day somebody needs. covered: the days for which a source has answered, bars or none.
    reason, cure: why it is not ready. asked: when a source was last asked for its past. defects: how a second
    source differs, each with kind, first, last, words and source.
    """

    instrument: InstrumentId
    since: TradingDay
    state: TrackState
    wished: Instant
    reason: str = ""
    cure: str = ""
    source: str = ""
    covered: tuple[Stretch, ...] = ()
    asked: Instant | None = None
    job: JobId | None = None
    stopped: Instant | None = None
    defects: tuple[Mapping[str, Any], ...] = ()
    compared: Instant | None = None


@dataclass(frozen=True, slots=True)
class Fetching:
    """How far the job of one instrument is. due: when it is tried (again); problem: of the last try."""

    state: str
    due: Instant
    attempts: int
    max_attempts: int
    done: int
    total: int | None
    stage: str
    problem: str


_OWN = (
    "since", "state", "reason", "cure", "source", "covered", "wished_at", "asked_at", "job_id", "stopped_at",
)  # fmt: skip


def put(db: WriteDb, rows: Sequence[Tracking]) -> None:
    """Keep these as they are now, in the order of their ids, so that two writers cannot cross."""
    statement = db.upsert(tracking)
    fill = {name: statement.excluded[name] for name in _OWN}
    ordered = [_values(row) for row in sorted(rows, key=lambda row: row.instrument)]
    db.execute_many(statement.on_conflict_do_update(index_elements=["instrument_id"], set_=fill), ordered)


def of_ids(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, Tracking]:
    """What is followed of these; the others are absent."""
    rows = db.execute(_of_ids(db.dialect), {"ids": each(db, ids)})
    return {found.instrument: found for found in map(_tracking, rows)}


@cache
def _of_ids(dialect: str) -> Select[Any]:
    return select(tracking).where(among_said(dialect, tracking.c.instrument_id))


def for_change(db: WriteDb, id: InstrumentId) -> Tracking | None:
    """One row, held until the transaction ends."""
    row = db.execute(select(tracking).where(tracking.c.instrument_id == id).with_for_update()).one_or_none()
    return None if row is None else _tracking(row)


def followed(db: ReadDb, states: Iterable[TrackState] = FOLLOWED) -> dict[InstrumentId, Tracking]:
    """Everything in these states, by id."""
    query = select(tracking).where(tracking.c.state.in_([str(state) for state in states]))
    rows = db.execute(query.order_by(tracking.c.instrument_id))
    return {found.instrument: found for found in map(_tracking, rows)}


def page(db: ReadDb, states: Iterable[TrackState], after: InstrumentId | None, limit: int) -> list[Tracking]:
    """Those in these states by id, from the one after `after`; keyset on ix_tracking_state."""
    query = select(tracking).where(tracking.c.state.in_([str(state) for state in states]))
    if after is not None:
        query = query.where(tracking.c.instrument_id > after)
    return [_tracking(row) for row in db.execute(query.order_by(tracking.c.instrument_id).limit(limit))]


def counts(db: ReadDb) -> dict[TrackState, int]:
    """How many instruments are in each state; states of none are absent."""
    query = select(tracking.c.state, func.count()).group_by(tracking.c.state)
    return {TrackState(state): count for state, count in db.execute(query)}


def settle(db: WriteDb, id: InstrumentId, state: TrackState, **values: Any) -> None:
    """One row comes to another state; `values` are columns by name."""
    statement = update(tracking).where(tracking.c.instrument_id == id)
    db.execute(statement.values(state=str(state), **values))


def cover(db: WriteDb, id: InstrumentId, stretch: Stretch, *, source: str, now: Instant) -> None:
    """A source has answered for these days, in the transaction that kept its bars."""
    row = for_change(db, id)
    if row is None:
        return
    covered = joined([*row.covered, stretch])
    statement = update(tracking).where(tracking.c.instrument_id == id)
    db.execute(statement.values(covered=[list(one) for one in covered], source=source, asked_at=now))


def currencies(db: ReadDb) -> dict[Currency, TradingDay]:
    """In what everything ever followed is quoted, and since when the earliest of each is needed."""
    query = (
        select(instruments.c.currency, func.min(tracking.c.since))
        .join(tracking, tracking.c.instrument_id == instruments.c.id)
        .group_by(instruments.c.currency)
    )
    return {Currency(code): since for code, since in db.execute(query)}


def fetching(db: ReadDb, rows: Iterable[Tracking]) -> dict[InstrumentId, Fetching]:
    """How far the job of each is; without those whose job is forgotten or that have none."""
    by_job = {row.job: row.instrument for row in rows if row.job is not None}
    found = db.execute(select(jobs).where(among(db, jobs.c.id, by_job)))
    return {
        by_job[JobId(row.id)]: Fetching(
            row.state,
            row.due_at,
            row.attempts,
            row.max_attempts,
            row.done,
            row.total,
            row.stage,
            row.problem,
        )
        for row in found
    }


def wanted(row: Tracking, since: TradingDay, now: Instant) -> Tracking:
    """The row once somebody needs it since that day: earlier widens it, and it is followed again."""
    return replace(
        row,
        since=min(row.since, since),
        state=TrackState.WANTED,
        wished=now,
        reason="",
        cure="",
        stopped=None,
    )


def _values(row: Tracking) -> dict[str, Any]:
    return {
        "instrument_id": row.instrument,
        "since": row.since,
        "state": str(row.state),
        "reason": row.reason,
        "cure": row.cure,
        "source": row.source,
        "covered": [list(one) for one in row.covered],
        "wished_at": row.wished,
        "asked_at": row.asked,
        "job_id": row.job,
        "stopped_at": row.stopped,
    }


def _tracking(row: Row[Any]) -> Tracking:
    return Tracking(
        InstrumentId(row.instrument_id),
        row.since,
        TrackState(row.state),
        row.wished_at,
        row.reason,
        row.cure,
        row.source,
        tuple(Stretch(*pair) for pair in row.covered),
        row.asked_at,
        None if row.job_id is None else JobId(row.job_id),
        row.stopped_at,
        tuple(row.defects),
        row.compared_at,
    )
