"""Where two sources know the same past, the second is held against the first, and its habits named."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.time import TradingDay
from tunefolio.market import defects
from tunefolio.market.bars import Bars
from tunefolio.market.defects import Defect
from tunefolio.market.instruments import Instrument
from tunefolio.market.provider import BarSource
from tunefolio.market.validation import in_currency
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.services.markets import could_trade
from tunefolio.store import actions, bars, events, instruments, tracking
from tunefolio.store.tracking import Tracking, TrackState

_log = logging.getLogger(__name__)


@deed("compare_sources", max_attempts=3)
def compare_sources(house: House, work: Work) -> Mapping[str, Any]:
    """Hold a second source's past against what is held, instrument by instrument; what differs is noted under
    the defect's own name. A source that is away is compared another week."""
    with house.database.reading() as db:
        rows = tracking.followed(db, [TrackState.READY])
        known = instruments.of_ids(db, rows)
    found = compared = 0
    for place, (id, row) in enumerate(rows.items()):
        work.check()
        work.progress(place, len(rows), f"Comparing {known[id].symbol}")
        told = _compare(house, known[id], row)
        if told is None:
            continue
        compared, found = compared + 1, found + len(told)
        with house.database.writing() as db:
            tracking.settle(db, id, row.state, defects=told, compared_at=house.clock.now())
            events.emit(db, house.bus, events.Event("health", None, (id,)))
    work.progress(len(rows), len(rows), "Done")
    return {"compared": compared, "defects": found}


def _compare(house: House, instrument: Instrument, row: Tracking) -> list[dict[str, str]] | None:
    """What a second source tells otherwise; None where there is none, or it does not answer."""
    with house.database.reading() as db:
        held = bars.of(db, [instrument.id]).get(instrument.id)
        done = [(action.ex_day, action.terms) for action in actions.of_instruments(db, [instrument.id])]
    if held is None:
        return None
    theirs = _second(house, instrument, row, held)
    if theirs is None:
        return None
    source, other = theirs
    days = defects.phantoms(other.days, lambda day: could_trade(house, instrument, day))
    found = [*defects.compared(held.closes(), other.closes(), done), *days, *defects.flat(other)]
    return [_told(one, source) for one in found]


def _second(house: House, instrument: Instrument, row: Tracking, held: Bars) -> tuple[str, Bars] | None:
    """The first other source's bars of the same days."""
    since, until = held.day(0), held.day(len(held) - 1).plus_days(1)
    told = {held.source(place) for place in range(len(held))} | {row.source}
    for source in house.sources.bars(instrument.listing):
        if source.name not in told or len(told) > 1:
            found = _asked(source, instrument, since, until)
            if found is not None:
                return source.name, found
    return None


def _asked(source: BarSource, instrument: Instrument, since: TradingDay, until: TradingDay) -> Bars | None:
    try:
        claim = source.bars(instrument.listing, since, until)
    except (Retry, Rejected) as problem:
        _log.info("not compared", extra={"source": source.name, "problem": str(problem)})
        return None
    fitting = None if claim is None else in_currency(claim, instrument.currency)
    return Bars.of(fitting.bars, source.name) if fitting is not None and fitting.bars else None


def _told(one: Defect, source: str) -> dict[str, str]:
    return {
        "kind": str(one.kind),
        "first": one.first.iso(),
        "last": one.last.iso(),
        "words": one.words,
        "source": source,
    }
