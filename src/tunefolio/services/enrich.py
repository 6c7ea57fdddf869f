"""Sectors for instruments that have none: the packaged list first, then a provider, rarely and politely.

An answer, and that there is none, is kept: nobody is asked again for thirty days. Never in a page's way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tunefolio.core.errors import Retry
from tunefolio.core.identity import InstrumentId, JobId
from tunefolio.core.people import Viewer
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.market.provider import SectorClaim, SectorSource
from tunefolio.market.sectors import SectorSourceKind
from tunefolio.services import books
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.sources import first_answer
from tunefolio.store import events, instruments, sectors
from tunefolio.store.db import ReadDb, WriteDb

ASK_AGAIN_AFTER = timedelta(days=30)
_BATCH = 20
"""Answers kept together, so that a killed job loses at most these."""
_SURE = frozenset({SectorSourceKind.USER, SectorSourceKind.HOUSE, SectorSourceKind.EXCHANGE})
_CLASSED = frozenset({AssetClass.EQUITY, AssetClass.ETF, AssetClass.FUND})


def ask_enrich(db: WriteDb, house: House, viewer: Viewer) -> JobId | None:
    """Ask for enrichment; None where it is switched off or no provider is configured."""
    if not house.rules.enrichment or not house.sources.sectors():
        return None
    return ask(db, house, "enrich", {}, owner=viewer.person, dedupe_key=f"enrich:{viewer.person}")


@deed("enrich", max_attempts=3)
def enrich(house: House, work: Work) -> Mapping[str, Any]:
    """Ask the provider about what its owner holds and nobody has classified. Raises Retry when it is away;
    what was answered before is kept, so the next try goes on from there."""
    sources = house.sources.sectors()
    if not sources or not house.rules.enrichment:
        return {"skipped": "no sector source"}
    with house.database.reading() as db:
        unknown = lacking(db, house, work.owner)
    found = 0
    for start in range(0, len(unknown), _BATCH):
        work.check()
        work.progress(start, len(unknown), "Looking up sectors")
        found += _look_up(house, work.owner, sources, unknown[start : start + _BATCH])
    work.progress(len(unknown), len(unknown), "Done")
    return {"asked": len(unknown), "found": found}


def lacking(db: ReadDb, house: House, viewer: Viewer) -> list[Instrument]:
    """What the viewer holds that neither the viewer nor the exchange's list classifies, and that the provider
    has not been asked about within thirty days; by id."""
    folds = books.folded(db, viewer, active_accounts(db, viewer))
    ids = {p.instrument for fold in folds.values() for p in fold.holdings.open()}
    own, asked = sectors.in_force(db, viewer), sectors.provided(db, list(ids))
    since = house.clock.now() - ASK_AGAIN_AFTER
    return [
        instrument
        for id, instrument in sorted(instruments.of_ids(db, list(ids)).items())
        if instrument.asset_class in _CLASSED
        and not (id in asked and asked[id].fetched > since)
        and house.sectors.classify(instrument, own.get(id), None).source not in _SURE
    ]


def _look_up(house: House, viewer: Viewer, sources: list[SectorSource], batch: list[Instrument]) -> int:
    """Ask about a batch and keep the answers, also those before the providers went away; then raises that."""
    answers: dict[InstrumentId, tuple[str, SectorClaim | None]] = {}
    away: Retry | None = None
    for instrument in batch:
        try:
            found = first_answer(sources, lambda one: one.sector(instrument.listing))  # noqa: B023
        except Retry as problem:
            away = problem
            break
        answers[instrument.id] = (found[0].name, found[1]) if found else (sources[0].name, None)
    now = house.clock.now()
    known = [id for id, (_, claim) in answers.items() if claim is not None]
    with house.database.writing() as db:
        for id, (source, claim) in answers.items():
            sectors.put_provided(db, id, source, claim, now)
        if known:
            events.emit(db, house.bus, events.Event("sync", viewer.person, ()))
    if away is not None:
        raise away
    return len(known)
