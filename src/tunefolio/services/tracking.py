"""What somebody holds or watches is followed: its past fetched once, its prices refreshed, until nobody does.

A wish is written with the fact that gave rise to it, so that no fact is ever without its prices; many wishes
for one instrument are one job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.transactions import Fact
from tunefolio.market.instruments import AssetClass, Instrument, InstrumentClaim, Listing
from tunefolio.services.backfill import ASK_AGAIN_AFTER, BACKFILL
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.services.jobs import ask
from tunefolio.store import events, instruments, tracking
from tunefolio.store.db import WriteDb
from tunefolio.store.tracking import Tracking, TrackState

BENCHMARK = InstrumentClaim(Listing("NSE", "NIFTY 50"), None, "Nifty 50", AssetClass.INDEX, INR)
"""What returns are set beside when nobody chooses another; followed as long as anything is."""

UNFOLLOWED = frozenset({"OWN"})
"""Exchanges of what has no market: its value follows its own terms."""


def wish(db: WriteDb, house: House, ids: Iterable[InstrumentId], since: TradingDay | None = None) -> None:
    """These are held or watched since that day (None: today), in the caller's transaction: their past is
    fetched once that is kept. Cheap for what is followed already; an earlier day widens what is wanted."""
    day = since or TradingDay(calendar_date(house.clock.now()))
    wish_each(db, house, dict.fromkeys(ids, day))


def wish_each(db: WriteDb, house: House, first: Mapping[InstrumentId, TradingDay]) -> None:
    """Like `wish`, each since a day of its own; and the benchmark since the earliest of them."""
    known = instruments.of_ids(db, first)
    needed = {id: first[id] for id, one in known.items() if one.exchange not in UNFOLLOWED}
    if not needed:
        return
    benchmark = resolved(db, house, [BENCHMARK])[BENCHMARK]
    needed[benchmark] = min(needed.values())
    standing, now = tracking.of_ids(db, needed), house.clock.now()
    fresh = [
        Tracking(id, day, TrackState.WANTED, now)
        if id not in standing
        else tracking.wanted(standing[id], day, now)
        for id, day in needed.items()
        if is_news(standing.get(id), day, now)
    ]
    ask_backfills(db, house, fresh)


def wish_for(db: WriteDb, house: House, facts: Iterable[Fact]) -> None:
    """Everything that these facts speak of is followed since then."""
    first: dict[InstrumentId, TradingDay] = {}
    for fact in facts:
        for id in (fact.instrument, fact.other):
            if id is not None:
                first[id] = min(fact.day, first.get(id, fact.day))
    wish_each(db, house, first)


def is_news(standing: Tracking | None, since: TradingDay, now: Instant) -> bool:
    """Whether a wish changes anything: it is new, earlier, was given up or stopped, or long unknown."""
    if standing is None or since < standing.since:
        return True
    if standing.state in (TrackState.STOPPED, TrackState.FAILED):
        return True
    if standing.state is TrackState.UNKNOWN:
        return standing.asked is None or now - standing.asked > ASK_AGAIN_AFTER
    return False


def ask_backfills(db: WriteDb, house: House, rows: Iterable[Tracking]) -> int:
    """Keep these rows and ask one job for each, whose id they then carry; how many."""
    asked = [_with_job(db, house, row) for row in rows]
    if asked:
        tracking.put(db, asked)
        events.emit(db, house.bus, events.Event("tracking"))
    return len(asked)


def is_followed(instrument: Instrument) -> bool:
    """Whether an instrument has a market whose prices can be followed."""
    return instrument.exchange not in UNFOLLOWED


def _with_job(db: WriteDb, house: House, row: Tracking) -> Tracking:
    key = f"{BACKFILL}:{row.instrument}"
    job = ask(db, house, BACKFILL, {"instrument": row.instrument}, owner=None, dedupe_key=key)
    return replace(row, job=job)
