"""Sectors as people set them for themselves, and as providers gave them for everyone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select

from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.market.provider import SectorClaim
from tunefolio.market.sectors import HOUSE_TAXONOMY
from tunefolio.store import revisions
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import classifications, corrections, sector_overrides
from tunefolio.store.viewers import owned

OWN_TAXONOMY = "own"
"""The taxonomy of what a person set by hand."""


@dataclass(frozen=True, slots=True)
class ProvidedSector:
    """A provider's answer. claim None: it knew none when asked, at `fetched`."""

    claim: SectorClaim | None
    source: str
    fetched: Instant


def overrides(db: ReadDb, viewer: Viewer) -> dict[InstrumentId, SectorClaim]:
    """Everything the viewer set by hand; on the primary key."""
    query = select(sector_overrides).where(owned(sector_overrides, viewer))
    return {
        InstrumentId(row.instrument_id): SectorClaim(row.sector, row.industry, OWN_TAXONOMY)
        for row in db.execute(query)
    }


def of_house(db: ReadDb) -> dict[InstrumentId, SectorClaim]:
    """Every sector that an admin corrected for everyone; a handful."""
    query = select(corrections.c.instrument_id, corrections.c.sector, corrections.c.industry)
    return {
        InstrumentId(row.instrument_id): SectorClaim(row.sector, row.industry, HOUSE_TAXONOMY)
        for row in db.execute(query.where(corrections.c.sector != ""))
    }


def in_force(db: ReadDb, viewer: Viewer) -> dict[InstrumentId, SectorClaim]:
    """What goes before every source: the viewer's own word, else what an admin corrected for everyone."""
    return of_house(db) | overrides(db, viewer)


def set_override(
    db: WriteDb, viewer: Viewer, instrument: InstrumentId, sector: str, industry: str, now: Instant
) -> None:
    """The viewer's own word for one instrument; replaces a former one."""
    words = {"sector": sector, "industry": industry, "set_at": now}
    row = {"owner_id": viewer.person, "instrument_id": instrument} | words
    statement = db.upsert(sector_overrides).values(row)
    db.execute(statement.on_conflict_do_update(index_elements=["owner_id", "instrument_id"], set_=words))


def clear_override(db: WriteDb, viewer: Viewer, instrument: InstrumentId) -> bool:
    """Back to what others say; whether there was an own word."""
    which = (owned(sector_overrides, viewer), sector_overrides.c.instrument_id == instrument)
    return db.execute(delete(sector_overrides).where(*which)).rowcount > 0


def provided(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, ProvidedSector]:
    """The best answer of any provider for each: one that knew before one that did not, then the newest.

    By primary key, thousands in one query; instruments never asked about are absent.
    """
    found: dict[InstrumentId, ProvidedSector] = {}
    query = (
        select(classifications)
        .where(among(db, classifications.c.instrument_id, ids))
        .order_by(classifications.c.sector != "", classifications.c.fetched_at, classifications.c.source)
    )
    for row in db.execute(query):
        claim = SectorClaim(row.sector, row.industry, row.taxonomy) if row.sector else None
        found[InstrumentId(row.instrument_id)] = ProvidedSector(claim, row.source, row.fetched_at)
    return found


def put_provided(
    db: WriteDb, instrument: InstrumentId, source: str, claim: SectorClaim | None, now: Instant
) -> None:
    """Keep a provider's answer, None for "it knows none"; replaces its former one."""
    words = {
        "sector": claim.sector if claim else "",
        "industry": claim.industry if claim else "",
        "taxonomy": claim.taxonomy if claim else "",
        "fetched_at": now,
    }
    row = {"instrument_id": instrument, "source": source} | words
    statement = db.upsert(classifications).values(row)
    db.execute(statement.on_conflict_do_update(index_elements=["instrument_id", "source"], set_=words))
    revisions.move(db)
