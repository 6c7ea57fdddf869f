"""The prices of everything that is followed, refreshed for everyone at once while its market trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.market.instruments import Instrument
from tunefolio.market.quotes import Quote
from tunefolio.services import quotes as asking
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.services.markets import may_move
from tunefolio.services.quotes import AT_ONCE, BrokerLine
from tunefolio.services.stale import tell_of_old
from tunefolio.store import accounts, instruments, persons, quotes, tracking
from tunefolio.store.db import ReadDb


@deed("refresh_quotes", max_attempts=3)
def refresh_quotes(house: House, work: Work) -> Mapping[str, Any]:
    """Newest prices: of what its owner holds; without an owner, of everything followed whose market trades,
    and of what has no price yet."""
    if work.viewer is not None:
        with house.database.reading() as db:
            wanted = asking.held(db, work.viewer)
        work.progress(0, len(wanted), "Asking for prices")
        fresh = asking.refresh(house, work.viewer, wanted)
        work.progress(len(wanted), len(wanted), "Done")
        return {"wanted": len(wanted), "refreshed": len(fresh)}
    with house.database.reading() as db:
        due = moving(db, house, house.clock.now())
        lines = _lines(db, house) if due else []
    refreshed = 0
    for start in range(0, len(due), AT_ONCE):
        work.check()
        work.progress(start, len(due), "Asking for prices")
        refreshed += _refresh(house, lines, due[start : start + AT_ONCE])
    work.progress(len(due), len(due), "Done")
    with house.database.writing() as db:
        old = tell_of_old(db, house, due)
    return {"wanted": len(due), "refreshed": refreshed, "old": old}


def moving(db: ReadDb, house: House, now: Instant) -> list[Instrument]:
    """What is followed and may have another price by now, or has none yet; by id."""
    followed = tracking.followed(db)
    known, priced = instruments.of_ids(db, followed), quotes.latest(db, followed)
    return [one for id, one in sorted(known.items()) if id not in priced or may_move(house, one, now)]


def _refresh(house: House, lines: Sequence[BrokerLine], batch: Sequence[Instrument]) -> int:
    fresh: dict[InstrumentId, Quote] = {}
    for there in lines:
        fresh |= there.asked(house, [one for one in batch if one.id not in fresh])
    fresh |= asking.asked_of_market(house, [one for one in batch if one.id not in fresh])
    asking.keep_all(house, fresh.values())
    return len(fresh)


def _lines(db: ReadDb, house: House) -> list[BrokerLine]:
    """One line for each broker that anyone is connected to: prices are nobody's secret."""
    found: dict[str, BrokerLine] = {}
    owners = {
        account.owner
        for account in accounts.all_active(db, Caretaker("refresh_quotes"))
        if account.broker in house.brokers
    }
    for owner in sorted(owners):
        if persons.person_of(db, owner).disabled is not None:
            continue
        for there in asking.broker_lines(db, house, Viewer(owner)):
            found.setdefault(there.account.broker, there)
        if len(found) == len(house.brokers):
            break
    return list(found.values())
