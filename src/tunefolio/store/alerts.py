"""Alerts as rows: what is watched, where each stands, and which must be looked at after new quotes.

A change of standing names the revision it read; of two that judge at once, one changes the row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, insert, literal, or_, select, update

from tunefolio.core.alerts import (
    ACTIVE,
    QUOTED,
    AlertId,
    AlertKind,
    AlertState,
    Direction,
    Manner,
    Repeat,
    Standing,
    Wake,
)
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId, PersonId, PortfolioId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.actions import ActionKind
from tunefolio.store.batches import among
from tunefolio.store.columns import PRICE
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.keysets import newest
from tunefolio.store.tables import actions, alerts, quotes
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert watches: one instrument, or one account's or portfolio's holding of it, or all of one."""

    instrument: InstrumentId | None = None
    portfolio: PortfolioId | None = None
    account: AccountId | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest number an alert was judged by: its own measure (a price, money or a ratio), and when."""

    value: Decimal
    at: Instant


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. parameters: exact decimals as text; basis: the day in whose units they are written.

    problem: why it cannot be judged now, "" when it can. fired_times: how often it has spoken.
    """

    id: AlertId
    owner: PersonId
    kind: AlertKind
    subject: Subject
    parameters: Mapping[str, str]
    note: str
    manner: Manner
    standing: Standing
    seen: Seen | None
    wake: Wake
    fired_times: int
    problem: str
    revision: int
    basis: TradingDay
    created: Instant


@dataclass(frozen=True, slots=True)
class Woken:
    """An alert to look at, and the quote that woke it."""

    alert: Alert
    price: Decimal
    previous_close: Decimal | None
    as_of: Instant


@dataclass(frozen=True, slots=True)
class Judged:
    """What a look made of an alert. base: the previous close its levels stand on, None where none matters."""

    alert: Alert
    standing: Standing
    seen: Seen | None
    wake: Wake
    base: Decimal | None
    day: TradingDay
    problem: str = ""


def add(
    db: WriteDb,
    viewer: Viewer,
    kind: AlertKind,
    subject: Subject,
    parameters: Mapping[str, str],
    *,
    manner: Manner,
    note: str,
    basis: TradingDay,
    now: Instant,
) -> AlertId:
    """A new alert, not judged yet: the first quote looks at it."""
    row = {
        "owner_id": viewer.person,
        "kind": kind,
        "instrument_id": subject.instrument,
        "portfolio_id": subject.portfolio,
        "account_id": subject.account,
        "parameters": dict(parameters),
        "note": note,
        "state": AlertState.ARMED,
        "until_at": now - timedelta(days=36_500),
        "revision": 0,
        "basis_day": basis,
        "created_at": now,
    }
    added = insert(alerts).values(row | _manner(manner)).returning(alerts.c.id)
    return AlertId(db.execute(added).scalar_one())


def replace(
    db: WriteDb,
    viewer: Viewer,
    id: AlertId,
    parameters: Mapping[str, str],
    *,
    manner: Manner,
    note: str,
    basis: TradingDay,
    now: Instant,
) -> None:
    """Other parameters: it begins anew, and the next quote looks at it; raises NotFound."""
    values = {
        "parameters": dict(parameters),
        "note": note,
        "basis_day": basis,
        "state": AlertState.ARMED,
        "side": None,
        "until_at": now - timedelta(days=36_500),
        "problem": "",
    }
    _change(db, viewer, id, values | _manner(manner))


def alert_of(db: ReadDb, viewer: Viewer, id: AlertId) -> Alert:
    """One of the viewer's alerts; raises NotFound."""
    row = db.execute(select(alerts).where(owned(alerts, viewer), alerts.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("alert")
    return _alert(row)


def page(db: ReadDb, viewer: Viewer, before: AlertId | None, limit: int) -> list[Alert]:
    """The viewer's alerts, newest first, from the one after `before`; keyset on ix_alerts_owner."""
    return [_alert(row) for row in newest(db, alerts, owned(alerts, viewer), before, limit)]


def of_kinds(db: ReadDb, viewer: Viewer, kinds: Collection[AlertKind]) -> list[Alert]:
    """The viewer's active alerts of these kinds, oldest first."""
    query = select(alerts).where(
        owned(alerts, viewer), alerts.c.kind.in_(sorted(kinds)), alerts.c.state.in_(ACTIVE)
    )
    return [_alert(row) for row in db.execute(query.order_by(alerts.c.id))]


def count(db: ReadDb, viewer: Viewer) -> int:
    """How many the viewer has, in whatever state."""
    return int(db.execute(select(func.count()).select_from(alerts).where(owned(alerts, viewer))).scalar_one())


def pause(db: WriteDb, viewer: Viewer, id: AlertId) -> None:
    """Silent until resume(); raises NotFound."""
    _change(db, viewer, id, {"state": AlertState.PAUSED})


def resume(db: WriteDb, viewer: Viewer, id: AlertId, now: Instant) -> None:
    """Armed again, also after it was done; the next quote looks at it; raises NotFound."""
    _change(
        db,
        viewer,
        id,
        {"state": AlertState.ARMED, "side": None, "until_at": now - timedelta(days=36_500)},
    )


def forget(db: WriteDb, viewer: Viewer, id: AlertId) -> None:
    """Delete it; its notices stay. Raises NotFound."""
    if db.execute(delete(alerts).where(owned(alerts, viewer), alerts.c.id == id)).rowcount == 0:
        raise NotFound("alert")


def advance(db: WriteDb, viewer: Viewer, judged: Judged) -> bool:
    """Keep what a look made of one alert of the viewer's; False when it has been changed meanwhile."""
    which = (
        owned(alerts, viewer),
        alerts.c.id == judged.alert.id,
        alerts.c.revision == judged.alert.revision,
    )
    return db.execute(update(alerts).where(*which).values(_judged(judged))).rowcount > 0


# For the house, across owners --------------------------------------------------------------------


def woken(
    db: WriteDb,
    caretaker: Caretaker,  # noqa: ARG001 — leave, not input
    ids: Iterable[InstrumentId],
    split: Collection[InstrumentId],
) -> list[Woken]:
    """Alerts of these instruments whose quote may change them, locked, by id; the rest are not even read.

    split: instruments whose units changed lately: their alerts are looked at whatever the price. One query on
    ix_alerts_instrument.
    """
    rows, price = alerts.c, quotes.c.price
    is_due = [
        price >= rows.wake_above,
        price <= rows.wake_below,
        quotes.c.as_of >= rows.until_at,
        and_(
            rows.base.is_not(None),
            func.coalesce(quotes.c.previous_close, literal(Decimal(0), PRICE)) != rows.base,
        ),
    ]
    if split:
        is_due.append(among(db, rows.instrument_id, split))
    query = (
        select(alerts, price.label("price"), quotes.c.previous_close, quotes.c.as_of)
        .join(quotes, quotes.c.instrument_id == rows.instrument_id)
        .where(among(db, rows.instrument_id, ids), rows.state.in_(ACTIVE), rows.kind.in_(sorted(QUOTED)))
        .where(or_(*is_due))
        .order_by(rows.id)
        .with_for_update(of=alerts)
    )
    return [Woken(_alert(row), row.price, row.previous_close, row.as_of) for row in db.execute(query)]


def recently_split(
    db: ReadDb, ids: Iterable[InstrumentId], since: TradingDay, until: TradingDay
) -> set[InstrumentId]:
    """Which of these split, or gave bonus units, on one of these days; on ix_actions_instrument."""
    query = select(actions.c.instrument_id).where(
        among(db, actions.c.instrument_id, ids),
        actions.c.ex_day.between(since, until),
        actions.c.kind.in_([ActionKind.SPLIT, ActionKind.BONUS]),
    )
    return {InstrumentId(id) for id in db.execute(query.distinct()).scalars()}


def advance_all(db: WriteDb, caretaker: Caretaker, judged: Sequence[Judged]) -> None:  # noqa: ARG001
    """Keep what a look made of alerts that woken() has locked; one statement for any number."""
    statement = update(alerts).where(
        alerts.c.id == bindparam("the_id"), alerts.c.revision == bindparam("the_revision")
    )
    if not judged:
        return
    rows = [_judged(one) | {"the_id": one.alert.id, "the_revision": one.alert.revision} for one in judged]
    names = [name for name in rows[0] if not name.startswith("the_")]
    db.execute_many(statement.values({name: bindparam(name) for name in names}), rows)


def owners_of(
    db: ReadDb,
    caretaker: Caretaker,  # noqa: ARG001
    kinds: Collection[AlertKind],
    ids: Iterable[InstrumentId] | None = None,
) -> set[PersonId]:
    """Who has active alerts of these kinds; ids: of these instruments, or of none in particular."""
    query = select(alerts.c.owner_id).where(alerts.c.kind.in_(sorted(kinds)), alerts.c.state.in_(ACTIVE))
    if ids is not None:
        query = query.where(or_(alerts.c.instrument_id.is_(None), among(db, alerts.c.instrument_id, ids)))
    return {PersonId(id) for id in db.execute(query.distinct()).scalars()}


def all_watched(db: ReadDb, caretaker: Caretaker) -> set[InstrumentId]:  # noqa: ARG001
    """Every instrument that somebody's alert watches, but for done ones."""
    query = select(alerts.c.instrument_id).where(
        alerts.c.instrument_id.is_not(None), alerts.c.state != AlertState.DONE
    )
    return {InstrumentId(id) for id in db.execute(query.distinct()).scalars()}


def _change(db: WriteDb, viewer: Viewer, id: AlertId, values: Mapping[str, Any]) -> None:
    changed = dict(values) | {"revision": alerts.c.revision + 1}
    which = (owned(alerts, viewer), alerts.c.id == id)
    if db.execute(update(alerts).where(*which).values(changed)).rowcount == 0:
        raise NotFound("alert")


def _manner(manner: Manner) -> dict[str, Any]:
    return {
        "repeat": manner.repeat,
        "hysteresis": manner.band,
        "cooldown_seconds": int(manner.cooldown.total_seconds()),
    }


def _judged(one: Judged) -> dict[str, Any]:
    has_spoken = one.standing.fired is not None and one.standing.fired != one.alert.standing.fired
    return {
        "state": one.standing.state,
        "side": one.standing.side,
        "fired_at": one.standing.fired,
        "fired": one.alert.fired_times + has_spoken,
        "value": None if one.seen is None else one.seen.value,
        "valued_at": None if one.seen is None else one.seen.at,
        "wake_above": one.wake.above,
        "wake_below": one.wake.below,
        "until_at": one.wake.until,
        "base": one.base,
        "leveled_day": one.day,
        "problem": one.problem,
        "revision": one.alert.revision + 1,
    }


def _alert(row: Row[Any]) -> Alert:
    cooldown = timedelta(seconds=row.cooldown_seconds)
    return Alert(
        AlertId(row.id),
        PersonId(row.owner_id),
        AlertKind(row.kind),
        Subject(row.instrument_id, row.portfolio_id, row.account_id),
        row.parameters,
        row.note,
        Manner(Repeat(row.repeat), row.hysteresis, cooldown),
        Standing(AlertState(row.state), Direction(row.side) if row.side else None, row.fired_at),
        None if row.value is None else Seen(row.value, row.valued_at),
        Wake(row.wake_above, row.wake_below, row.until_at),
        row.fired,
        row.problem,
        row.revision,
        row.basis_day,
        row.created_at,
    )
