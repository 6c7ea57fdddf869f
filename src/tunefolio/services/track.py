"""What lacks of everything that is followed: found every morning, and whenever a person asks for hers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.core.identity import JobId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.market.provider import BarSource
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.backfill import ASK_AGAIN_AFTER, Filled, fill, gaps_of
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.lifetimes import first_days
from tunefolio.services.tracking import ask_backfills, wish_each
from tunefolio.store import bars, instruments, tracking, transactions
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.jobs import OPEN
from tunefolio.store.tracking import Tracking, TrackState


def ask_past(db: WriteDb, house: House, viewer: Viewer) -> JobId | None:
    """Ask for what lacks of the viewer's own instruments; None where no source has any past."""
    if not any(isinstance(one, BarSource) for one in house.sources.all):
        return None
    audit.note(db, house, viewer, Act.PRICES_ASKED)
    return ask(db, house, "track", {}, owner=viewer.person, dedupe_key=f"track:{viewer.person}")


@deed("track", max_attempts=8)
def track(house: House, work: Work) -> Mapping[str, Any]:
    """Find what lacks of everything followed and ask a job for each; with an owner, fetch here and now what
    her instruments lack."""
    if work.viewer is None:
        with house.database.writing() as db:
            _wish_unknown(db, house, Caretaker(work.job.kind))
            return {"asked": ask_backfills(db, house, _lacking(db, house))}
    with house.database.writing() as db:
        first = first_days(db, work.viewer)
        wish_each(db, house, first)
        rows = tracking.of_ids(db, first)
        mine = [id for id in first if id in rows]
    total = Filled()
    for done, id in enumerate(mine):
        work.progress(done, len(mine), "Past prices")
        found = fill(house, work, id)
        if found is not None:
            total.bars, total.doubted = total.bars + found.bars, total.doubted + found.doubted
    work.progress(len(mine), len(mine), "Done")
    return {"instruments": len(mine), "bars": total.bars, "doubted": total.doubted}


def _wish_unknown(db: WriteDb, house: House, keeper: Caretaker) -> None:
    """What facts speak of and nobody ever wished for: they were recorded before wishes were."""
    first = transactions.first_days(db, keeper)
    known = tracking.of_ids(db, first)
    wish_each(db, house, {id: day for id, day in first.items() if id not in known})


def _lacking(db: ReadDb, house: House) -> list[Tracking]:
    """What is followed, has gaps or was given up, and has no job at work."""
    rows = tracking.followed(db)
    known, held = instruments.of_ids(db, rows), bars.of(db, rows)
    busy = {id for id, job in tracking.fetching(db, rows.values()).items() if job.state in OPEN}
    now = house.clock.now()
    return [
        row
        for id, row in rows.items()
        if id in known
        and id not in busy
        and not (row.state is TrackState.UNKNOWN and row.asked and now - row.asked <= ASK_AGAIN_AFTER)
        and (row.state is not TrackState.READY or gaps_of(house, row, known[id], held.get(id)))
    ]
