"""Following ends when nobody holds or watches an instrument any more; what is known of it stays for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.quotes import held
from tunefolio.services.tracking import BENCHMARK
from tunefolio.store import accounts, events, instruments, tracking, transactions, watchlists
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tracking import TrackState

_KIND = "untrack"
_FEW = 5
"""For more instruments than this at once everything is looked at."""

_LEAVING = frozenset(
    {
        Kind.SELL, Kind.COVER, Kind.TRANSFER_OUT, Kind.MERGER, Kind.BUYBACK, Kind.RENAME, Kind.WRITE_OFF,
        Kind.EXPIRY, Kind.EXERCISE, Kind.ASSIGNMENT,
    }
)  # fmt: skip
"""Kinds of fact after which nothing may be left."""

_SETTLED = (TrackState.READY, TrackState.UNKNOWN, TrackState.FAILED)
"""What may be let go: whose past was fetched, or could not be. The past of what was sold is needed too."""


def ask_untrack(db: WriteDb, house: House, fresh: Iterable[Fact], gone: Iterable[Fact]) -> None:
    """Have it looked at whether what these facts took away is still needed."""
    ids = {fact.instrument for fact in fresh if fact.kind in _LEAVING} | {fact.instrument for fact in gone}
    known = sorted(id for id in ids if id is not None)
    if not known:
        return
    args: Mapping[str, Any] = {"instruments": known} if len(known) <= _FEW else {}
    key = ":".join([_KIND, *map(str, args.get("instruments", ()))])
    ask(db, house, _KIND, args, owner=None, dedupe_key=key)


@deed(_KIND)
def untrack(house: House, work: Work) -> Mapping[str, Any]:
    """Stop following what nobody holds or watches, of the instruments named or of all."""
    keeper = Caretaker(work.job.kind)
    named = [InstrumentId(id) for id in work.args.get("instruments", ())]
    now = house.clock.now()
    with house.database.writing() as db:
        rows = tracking.followed(db, _SETTLED)
        asked = {id for id in (named or rows) if id in rows}
        needed = _needed(db, keeper, asked if named else None) if asked else set()
        free = asked - needed
        idle = sorted(free - _benchmark(db, tracking.followed(db).keys() - free))
        for id in idle:
            tracking.settle(db, id, TrackState.STOPPED, stopped_at=now, reason="", cure="")
        if idle:
            events.emit(db, house.bus, events.Event("tracking"))
    return {"stopped": len(idle)}


def _needed(db: ReadDb, keeper: Caretaker, ids: Collection[InstrumentId] | None) -> set[InstrumentId]:
    """What anyone holds in an active account or watches; of these instruments, None for all."""
    owners = {account.owner for account in accounts.all_active(db, keeper)}
    if ids is not None:
        owners &= {owner for homes in transactions.holders(db, keeper, ids).values() for owner, _ in homes}
    found = set(watchlists.all_watched(db, keeper))
    for owner in sorted(owners):
        found |= held(db, Viewer(owner))
    return found


def _benchmark(db: ReadDb, others: Collection[InstrumentId]) -> set[InstrumentId]:
    """The benchmark stays as long as anything else is followed."""
    found = instruments.find(db, BENCHMARK.listing.exchange, BENCHMARK.listing.symbol)
    return {found.id} if found is not None and set(others) - {found.id} else set()
