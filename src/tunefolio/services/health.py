"""What an operator decides about doubted bars: kept after all, dropped, or taken from another source."""

from __future__ import annotations

from collections.abc import Sequence

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.market.bars import Bars
from tunefolio.market.gaps import Stretch
from tunefolio.market.instruments import Instrument
from tunefolio.market.provider import BarsClaim, BarSource
from tunefolio.market.validation import Reason, in_currency
from tunefolio.services import audit, noted, sifting
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.sources import first_answer
from tunefolio.services.tracking import ask_backfills
from tunefolio.services.views.data_health import concerns
from tunefolio.store import bars, events, instruments, quarantine, tracking
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.quarantine import Suspect, Verdict
from tunefolio.store.tracking import TrackState


def accept(
    db: WriteDb, house: House, admin: Viewer, instrument: InstrumentId, source: str, reason: Reason
) -> int:
    """Keep the doubted bars of one heap after all; how many. The source's word for those days is believed
    from now on. Raises NotFound, Forbidden."""
    heap = _heap(db, admin, instrument, source, reason)
    one = instruments.of_ids(db, [instrument])[instrument]
    kept = Bars.of((suspect.bar for suspect in heap), source)
    bars.put(db, instrument, one.currency, kept, house.clock.now())
    return _settled(db, house, admin, heap, Verdict.ACCEPTED)


def drop(
    db: WriteDb, house: House, admin: Viewer, instrument: InstrumentId, source: str, reason: Reason
) -> int:
    """Leave them out for good; how many. Told again the same, they stay out. Raises NotFound, Forbidden."""
    return _settled(db, house, admin, _heap(db, admin, instrument, source, reason), Verdict.DROPPED)


def replace_from_another(
    house: House, admin: Viewer, instrument: InstrumentId, source: str, reason: Reason
) -> int:
    """Ask the other sources for those days and keep what they tell and the rules believe; how many.

    Raises Misuse when no other source knows them, Retry, NotFound, Forbidden.
    """
    with house.database.reading() as db:
        heap = _heap(db, admin, instrument, source, reason)
        one = instruments.of_ids(db, [instrument])[instrument]
    days = [suspect.bar.day for suspect in heap]
    part = Stretch.of(min(days), max(days).plus_days(1))
    found = first_answer(_others(house, one, source), lambda other: _told(other, one, part))
    if found is None:
        raise Misuse("source", "no other source knows these days", cure="Accept or drop them")
    other, claim = found
    with house.database.writing() as db:
        sifted = sifting.sift(db, house, one, part, claim, source=other.name)
        sifting.keep(db, house, one, sifted, source=other.name)
        fresh = {bar.day for bar in sifted.good}
        settled = [suspect for suspect in heap if suspect.bar.day in fresh]
        if not settled:
            raise Misuse("source", f"{other.name} tells nothing better", cure="Accept or drop them")
        return _settled(db, house, admin, settled, Verdict.REPLACED, by=other.name)


def fetch_again(db: WriteDb, house: House, viewer: Viewer, instrument: InstrumentId) -> None:
    """Ask for one instrument's past again, also for what no source knew before. Raises NotFound, also for
    what the viewer neither held nor watches: whether another does is not told."""
    viewer.must_write()
    if instrument not in instruments.visible(db, viewer, [instrument]):
        raise NotFound("instrument")
    if not concerns(db, viewer, instrument):
        raise NotFound("instrument")
    row = tracking.of_ids(db, [instrument]).get(instrument)
    if row is None:
        raise NotFound("instrument")
    tracking.settle(db, instrument, TrackState.WANTED, covered=[], asked_at=None)
    fresh = tracking.of_ids(db, [instrument])[instrument]
    ask_backfills(db, house, [tracking.wanted(fresh, fresh.since, house.clock.now())])
    told = {"name": noted.listed(db, instrument)}
    audit.note(db, house, viewer, Act.PAST_ASKED, f"instrument:{instrument}", told)


def _heap(
    db: ReadDb, admin: Viewer, instrument: InstrumentId, source: str, reason: Reason
) -> Sequence[Suspect]:
    admin.must_administer()
    heap = quarantine.of_heap(db, instrument, source, reason)
    if not heap:
        raise NotFound("bar")
    return heap


def _settled(
    db: WriteDb, house: House, admin: Viewer, heap: Sequence[Suspect], verdict: Verdict, *, by: str = ""
) -> int:
    """by: the source whose bars stand now."""
    ids = [suspect.id for suspect in heap]
    count = quarantine.settle(db, ids, verdict, admin.person, house.clock.now())
    one = heap[0]
    told = {"before": "doubted", "after": verdict.value, "bars": count, "source": one.source}
    told |= {"reason": one.reason.value, "replaced_by": by}
    audit.note(db, house, admin, Act.BARS_SETTLED, f"instrument:{one.instrument}", told)
    touched = tuple({int(suspect.instrument) for suspect in heap})
    events.emit(db, house.bus, events.Event("health", None, touched))
    events.emit(db, house.bus, events.Event("bars", None, touched))
    return count


def _others(house: House, one: Instrument, source: str) -> list[BarSource]:
    return [other for other in house.sources.bars(one.listing) if other.name != source]


def _told(other: BarSource, one: Instrument, part: Stretch) -> BarsClaim | None:
    claim = other.bars(one.listing, part.first.plus_days(-14), part.end)
    fitting = None if claim is None else in_currency(claim, one.currency)
    return fitting if fitting is not None and fitting.bars else None


def reason_of(text: str) -> Reason:
    """A reason by its word; raises Misuse."""
    try:
        return Reason(text)
    except ValueError:
        raise Misuse("reason", f"{text[:40]!r} is unknown", cure=f"Known: {', '.join(Reason)}") from None
