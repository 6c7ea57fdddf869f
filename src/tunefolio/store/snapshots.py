"""Frozen valuations: one of an account, type and trading day; a second MANUAL replaces the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, tuple_, update

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, PersonId, PortfolioId, SnapshotId
from tunefolio.core.money import Currency, Money, Price, total
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.store.accounts import account_for_change
from tunefolio.store.columns import Day, Id, kept_price
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import accounts as homes
from tunefolio.store.tables import instruments, snapshot_lines, snapshots
from tunefolio.store.viewers import owned


class SnapshotType(StrEnum):
    """SOD: at the start of the day; EOD: after its close; MANUAL: when a person asked."""

    SOD = "SOD"
    EOD = "EOD"
    MANUAL = "MANUAL"


class SnapshotState(StrEnum):
    """missed: the house was not running in its window; replaced: a later MANUAL of the day stands."""

    TAKEN = "taken"
    MISSED = "missed"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """One position as it was worth then; price None: not priced, and value None."""

    instrument: InstrumentId
    quantity: Decimal
    invested: Money
    price: Price | None
    value: Money | None
    priced_at: Instant | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The sums of one frozen valuation; None for a missed one.

    value: of priced lines only; `unpriced` counts the others.
    """

    id: SnapshotId
    owner: PersonId
    account: AccountId
    type: SnapshotType
    day: TradingDay
    state: SnapshotState
    taken: Instant
    replaced: Instant | None
    invested: Money | None
    value: Money | None
    currency: Currency
    unpriced: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What accounts of one currency were worth together on one day; unpriced: lines the value leaves out."""

    day: TradingDay
    value: Money
    invested: Money
    unpriced: int


@dataclass(frozen=True, slots=True)
class SnapshotFilter:
    """Which of the viewer's snapshots to show; None: any. until is exclusive."""

    account: AccountId | None = None
    portfolio: PortfolioId | None = None
    type: SnapshotType | None = None
    since: TradingDay | None = None
    until: TradingDay | None = None
    with_replaced: bool = True


def put(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    type: SnapshotType,
    day: TradingDay,
    now: Instant,
    lines: Sequence[SnapshotLine],
) -> SnapshotId:
    """Freeze it, with its sums made from the lines. A second SOD or EOD of a day is the first one's id.

    Raises NotFound for another's account, CurrencyMismatch for a line in another currency than the account's,
    Misuse for an instrument named twice.
    """
    home = account_for_change(db, viewer, account)
    if len({line.instrument for line in lines}) < len(lines):
        raise Misuse("snapshot", "two lines name one instrument")
    standing = _standing(db, viewer, account, type, day)
    if standing is not None and type is not SnapshotType.MANUAL:
        return standing
    if standing is not None:
        old = (owned(snapshots, viewer), snapshots.c.id == standing)
        values = {"state": SnapshotState.REPLACED, "replaced_at": now}
        db.execute(update(snapshots).where(*old).values(values))
    priced = [line.value for line in lines if line.value is not None]
    sums = {
        "invested": total((line.invested for line in lines), home.currency).amount,
        "value": total(priced, home.currency).amount,
        "unpriced": len(lines) - len(priced),
    }
    key = _insert(db, viewer, account, type, day, now, home.currency, SnapshotState.TAKEN, sums)
    db.execute_many(insert(snapshot_lines), [_line_row(viewer, key, line) for line in lines])
    return key


def miss(
    db: WriteDb, viewer: Viewer, account: AccountId, type: SnapshotType, day: TradingDay, now: Instant
) -> SnapshotId:
    """Record that none was taken in its window; the id of the one that stands, if one does."""
    home = account_for_change(db, viewer, account)
    standing = _standing(db, viewer, account, type, day)
    if standing is not None:
        return standing
    nothing = {"invested": None, "value": None, "unpriced": 0}
    return _insert(db, viewer, account, type, day, now, home.currency, SnapshotState.MISSED, nothing)


def _standing(
    db: ReadDb, viewer: Viewer, account: AccountId, type: SnapshotType, day: TradingDay
) -> SnapshotId | None:
    found = find(db, viewer, account, type, day)
    return None if found is None else found.id


def _insert(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    type: SnapshotType,
    day: TradingDay,
    now: Instant,
    currency: Currency,
    state: SnapshotState,
    sums: dict[str, Any],
) -> SnapshotId:
    row = sums | {
        "owner_id": viewer.person,
        "account_id": account,
        "type": type,
        "day": day,
        "state": state,
        "taken_at": now,
        "currency": currency,
    }
    return SnapshotId(db.execute(insert(snapshots).values(row).returning(snapshots.c.id)).scalar_one())


def find(
    db: ReadDb, viewer: Viewer, account: AccountId, type: SnapshotType, day: TradingDay
) -> Snapshot | None:
    """The one that stands, taken or missed; on uq_snapshots_one_a_day."""
    query = select(snapshots).where(
        owned(snapshots, viewer),
        snapshots.c.account_id == account,
        snapshots.c.type == type,
        snapshots.c.day == day,
        snapshots.c.state != SnapshotState.REPLACED,
    )
    row = db.execute(query).one_or_none()
    return None if row is None else _snapshot(row)


def snapshot_of(db: ReadDb, viewer: Viewer, id: SnapshotId) -> Snapshot:
    """One snapshot of the viewer's, also a missed or a replaced one; raises NotFound. On the primary key."""
    query = select(snapshots).where(owned(snapshots, viewer), snapshots.c.id == id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("snapshot")
    return _snapshot(row)


def latest(db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId]) -> list[Snapshot]:
    """The newest snapshot taken of each account, in the order of `accounts`; those without one are absent."""
    taken = (snapshots.c.account_id.in_(accounts), snapshots.c.state == SnapshotState.TAKEN)
    newest = select(func.max(snapshots.c.id)).where(owned(snapshots, viewer), *taken)
    query = select(snapshots).where(
        owned(snapshots, viewer), snapshots.c.id.in_(newest.group_by(snapshots.c.account_id))
    )
    found = {row.account_id: _snapshot(row) for row in db.execute(query)}
    return [found[account] for account in accounts if account in found]


def page(
    db: ReadDb,
    viewer: Viewer,
    *,
    filter: SnapshotFilter,
    before: tuple[TradingDay, SnapshotId] | None,
    limit: int,
) -> list[Snapshot]:
    """The viewer's snapshots, newest day first, after `before`; keyset on ix_snapshots_owner_day."""
    query = select(snapshots).where(owned(snapshots, viewer), *_conditions(viewer, filter))
    if before is not None:
        query = query.where(tuple_(snapshots.c.day, snapshots.c.id) < tuple_(*before, types=(Day(), Id)))
    query = query.order_by(snapshots.c.day.desc(), snapshots.c.id.desc()).limit(limit)
    return [_snapshot(row) for row in db.execute(query)]


def _conditions(viewer: Viewer, wanted: SnapshotFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.account is not None:
        yield snapshots.c.account_id == wanted.account
    if wanted.portfolio is not None:
        inside = select(homes.c.id).where(owned(homes, viewer), homes.c.portfolio_id == wanted.portfolio)
        yield snapshots.c.account_id.in_(inside)
    if wanted.type is not None:
        yield snapshots.c.type == wanted.type
    if wanted.since is not None:
        yield snapshots.c.day >= wanted.since
    if wanted.until is not None:
        yield snapshots.c.day < wanted.until
    if not wanted.with_replaced:
        yield snapshots.c.state != SnapshotState.REPLACED


def lines(db: ReadDb, viewer: Viewer, id: SnapshotId) -> list[SnapshotLine]:
    """The lines of one snapshot of the viewer's, by instrument id; none for another's. On the primary key."""
    query = (
        select(snapshot_lines, snapshots.c.currency, instruments.c.currency.label("priced_in"))
        .join(instruments, instruments.c.id == snapshot_lines.c.instrument_id)
        .join(snapshots, and_(snapshots.c.id == snapshot_lines.c.snapshot_id, owned(snapshots, viewer)))
        .where(owned(snapshot_lines, viewer), snapshot_lines.c.snapshot_id == id)
        .order_by(snapshot_lines.c.instrument_id)
    )
    return [_line(row) for row in db.execute(query)]


def counts(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId]
) -> dict[InstrumentId, tuple[Instant, int]]:
    """For each instrument ever frozen in these accounts: when last, and in how many snapshots that stand.

    One grouped query on ix_snapshot_lines_instrument.
    """
    last = func.max(snapshots.c.taken_at, type_=snapshots.c.taken_at.type)
    query = (
        select(snapshot_lines.c.instrument_id, last, func.count())
        .join(snapshots, snapshots.c.id == snapshot_lines.c.snapshot_id)
        .where(owned(snapshot_lines, viewer), owned(snapshots, viewer))
        .where(snapshots.c.account_id.in_(accounts), snapshots.c.state == SnapshotState.TAKEN)
        .group_by(snapshot_lines.c.instrument_id)
    )
    return {InstrumentId(id): (at, count) for id, at, count in db.execute(query)}


def head(db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId]) -> tuple[int, int]:
    """The newest snapshot of these accounts and how many there are, 0 for none: together they name a state,
    because one is replaced only by a newer one."""
    query = select(func.max(snapshots.c.id), func.count()).where(
        owned(snapshots, viewer), snapshots.c.account_id.in_(accounts)
    )
    newest, number = db.execute(query).one()
    return newest or 0, number


_BEST_LAST = {SnapshotType.SOD: 0, SnapshotType.MANUAL: 1, SnapshotType.EOD: 2}


def value_curve(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId], since: TradingDay
) -> list[CurvePoint]:
    """One point a day and currency since then, oldest first: each account's EOD, else MANUAL, else SOD.

    An account without a snapshot that day counts with its last one before, so that a gap of one account is no
    fall of the sum. One query over the accounts' snapshots; about 1 ms for a hundred of them.
    """
    query = (
        select(snapshots)
        .where(owned(snapshots, viewer), snapshots.c.account_id.in_(accounts))
        .where(snapshots.c.state == SnapshotState.TAKEN)
        .order_by(snapshots.c.day)
    )
    by_day: dict[TradingDay, list[Snapshot]] = {}
    for row in db.execute(query):
        by_day.setdefault(row.day, []).append(_snapshot(row))
    known: dict[AccountId, Snapshot] = {}
    curve: list[CurvePoint] = []
    for day, taken in by_day.items():
        known |= {s.account: s for s in sorted(taken, key=lambda s: _BEST_LAST[s.type])}
        if day >= since:
            curve += _points(day, list(known.values()))
    return curve


def _points(day: TradingDay, known: list[Snapshot]) -> Iterator[CurvePoint]:
    for currency in sorted({snapshot.currency for snapshot in known}):
        here = [snapshot for snapshot in known if snapshot.currency == currency]
        value = total((s.value for s in here if s.value is not None), currency)
        invested = total((s.invested for s in here if s.invested is not None), currency)
        yield CurvePoint(day, value, invested, sum(s.unpriced for s in here))


def _line_row(viewer: Viewer, id: SnapshotId, line: SnapshotLine) -> dict[str, Any]:
    return {
        "owner_id": viewer.person,
        "snapshot_id": id,
        "instrument_id": line.instrument,
        "quantity": line.quantity,
        "invested": line.invested.amount,
        "price": kept_price(line.price),
        "value": None if line.value is None else line.value.amount,
        "priced_at": line.priced_at,
    }


def _line(row: Row[Any]) -> SnapshotLine:
    """What was paid and what it is worth in the snapshot's currency, the price in the instrument's."""
    currency = Currency(row.currency)
    return SnapshotLine(
        InstrumentId(row.instrument_id),
        row.quantity,
        Money(row.invested, currency),
        None if row.price is None else Price(row.price, Currency(row.priced_in)),
        None if row.value is None else Money(row.value, currency),
        row.priced_at,
    )


def _snapshot(row: Row[Any]) -> Snapshot:
    currency = Currency(row.currency)
    return Snapshot(
        SnapshotId(row.id),
        PersonId(row.owner_id),
        AccountId(row.account_id),
        SnapshotType(row.type),
        row.day,
        SnapshotState(row.state),
        row.taken_at,
        row.replaced_at,
        None if row.invested is None else Money(row.invested, currency),
        None if row.value is None else Money(row.value, currency),
        currency,
        row.unpriced,
    )
