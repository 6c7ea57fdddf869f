"""Names and sectors that an admin has corrected for everyone. They outlive every refresh: no source writes
here, and `store.sectors.in_force` asks here before any source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, or_, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store import revisions
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import corrections, instruments


@dataclass(frozen=True, slots=True)
class Correction:
    """The house's word on one instrument. "" in name or sector: as others say."""

    instrument: InstrumentId
    name: str
    former_name: str
    sector: str
    industry: str
    reason: str
    by: PersonId
    at: Instant


@dataclass(frozen=True, slots=True)
class Listed:
    """An instrument that everyone sees, as lists of admins show it."""

    id: InstrumentId
    exchange: str
    symbol: str
    name: str
    asset_class: str


def of_ids(db: ReadDb, ids: list[InstrumentId]) -> dict[InstrumentId, Correction]:
    """The corrections of these; those never corrected are absent."""
    query = select(corrections).where(among(db, corrections.c.instrument_id, ids))
    return {InstrumentId(row.instrument_id): _correction(row) for row in db.execute(query)}


def put(
    db: WriteDb,
    admin: Viewer,
    instrument: InstrumentId,
    *,
    name: str,
    sector: str,
    industry: str,
    reason: str,
    now: Instant,
) -> None:
    """Say what holds for everyone; replaces what was said. Raises Forbidden for all but admins, NotFound for
    an instrument that is somebody's own."""
    admin.must_administer()
    listed = listed_of(db, instrument)
    former = of_ids(db, [instrument]).get(instrument)
    as_sources_say = former.former_name if former is not None and former.name else listed.name
    words = {
        "name": name,
        "former_name": as_sources_say,
        "sector": sector,
        "industry": industry,
        "reason": reason,
        "set_by": admin.person,
        "set_at": now,
    }
    statement = db.upsert(corrections).values({"instrument_id": instrument} | words)
    db.execute(statement.on_conflict_do_update(index_elements=["instrument_id"], set_=words))
    _rename(db, instrument, name or as_sources_say)


def clear(db: WriteDb, admin: Viewer, instrument: InstrumentId) -> bool:
    """Back to what others say; whether anything was corrected. Raises Forbidden for all but admins."""
    admin.must_administer()
    former = of_ids(db, [instrument]).get(instrument)
    if former is None:
        return False
    db.execute(delete(corrections).where(corrections.c.instrument_id == instrument))
    if former.name:
        _rename(db, instrument, former.former_name)
    revisions.move(db)
    return True


def listed_of(db: ReadDb, instrument: InstrumentId) -> Listed:
    """One instrument that everyone sees; raises NotFound."""
    query = select(instruments).where(instruments.c.id == instrument, instruments.c.private_to.is_(None))
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("instrument")
    return _listed(row)


def listed(
    db: ReadDb, admin: Viewer, text: str, after: InstrumentId | None, limit: int, *, corrected: bool
) -> list[Listed]:
    """Instruments that everyone sees, by id, whose symbol, name or ISIN holds the text; keyset on the primary
    key. corrected: only those with a correction. Raises Forbidden for all but admins."""
    admin.must_administer()
    query = select(instruments).where(instruments.c.private_to.is_(None))
    if text:
        held = [
            func.lower(column).contains(text.lower(), autoescape=True)
            for column in (instruments.c.symbol, instruments.c.name, instruments.c.isin)
        ]
        query = query.where(or_(*held))
    if corrected:
        query = query.where(instruments.c.id.in_(select(corrections.c.instrument_id)))
    if after is not None:
        query = query.where(instruments.c.id > after)
    return [_listed(row) for row in db.execute(query.order_by(instruments.c.id).limit(limit))]


def _rename(db: WriteDb, instrument: InstrumentId, name: str) -> None:
    db.execute(update(instruments).where(instruments.c.id == instrument).values(name=name))
    revisions.move(db)


def _listed(row: Row[Any]) -> Listed:
    return Listed(InstrumentId(row.id), row.exchange, row.symbol, row.name, row.asset_class)


def _correction(row: Row[Any]) -> Correction:
    return Correction(
        InstrumentId(row.instrument_id),
        row.name,
        row.former_name,
        row.sector,
        row.industry,
        row.reason,
        PersonId(row.set_by),
        row.set_at,
    )
