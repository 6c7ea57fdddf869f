"""Prices that grew old though their market traded: found after each round, told to who asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tunefolio.core.alerts import AlertKind
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import IST, Instant
from tunefolio.market.instruments import Instrument
from tunefolio.services.ages import expected_since
from tunefolio.services.alerts import happened
from tunefolio.services.house import House
from tunefolio.services.markets import calendar_of
from tunefolio.store import alerts, quotes, transactions, watchlists
from tunefolio.store.db import ReadDb, WriteDb


@dataclass(frozen=True, slots=True)
class Old:
    """A price older than its market's hours explain. as_of None: there is none at all."""

    instrument: Instrument
    as_of: Instant | None
    source: str
    expected: Instant


def old_of(db: ReadDb, house: House, live: Iterable[Instrument], now: Instant) -> list[Old]:
    """Those whose newest price is more than a round behind what the hours of their market make one expect."""
    ours = list(live)
    newest = quotes.latest(db, [one.id for one in ours])
    found: list[Old] = []
    for one in ours:
        quote = newest.get(one.id)
        expected = expected_since(calendar_of(house, one), now) - house.rules.refresh_every
        if quote is None or quote.as_of < expected:
            as_of, source = (None, "") if quote is None else (quote.as_of, quote.source)
            found.append(Old(one, as_of, source, expected))
    return found


def tell_of_old(db: WriteDb, house: House, asked: Iterable[Instrument]) -> int:
    """Tell everybody who has such an alert of what is old after a round that asked for it, among what they
    hold, watch or have named in it, once a day for each instrument; how many instruments are old."""
    now, keeper = house.clock.now(), Caretaker("stale")
    old = {one.instrument.id: one for one in old_of(db, house, asked, now)}
    if not old:
        return 0
    held = transactions.holders(db, keeper, old)
    watched = watchlists.watchers(db, keeper, old)
    for owner in sorted(alerts.owners_of(db, keeper, {AlertKind.DATA_STALE})):
        mine = {id for id, homes in held.items() if any(owner == one for one, _ in homes)}
        mine |= {id for id, owners in watched.items() if owner in owners}
        for id in sorted(mine | (_named(db, owner) & old.keys())):
            _tell(db, house, owner, old[id], now)
    return len(old)


def _named(db: ReadDb, owner: PersonId) -> set[InstrumentId]:
    """Instruments that such an alert of this person names."""
    mine = alerts.of_kinds(db, Viewer(owner), {AlertKind.DATA_STALE})
    return {one.subject.instrument for one in mine if one.subject.instrument is not None}


def _tell(db: WriteDb, house: House, owner: PersonId, one: Old, now: Instant) -> None:
    name = f"{one.instrument.exchange}:{one.instrument.symbol}"
    seen = "there is none yet" if one.as_of is None else f"the newest is of {_words(one.as_of)}"
    happened(
        db,
        house,
        AlertKind.DATA_STALE,
        owner,
        f"stale:{one.instrument.id}:{now.in_zone(IST).date().isoformat()}",
        title=f"Old price: {name}",
        text=f"Prices up to {_words(one.expected)} exist; {seen}. Data health shows which source is away.",
        link="/data-health",
        instrument=one.instrument.id,
    )


def _words(moment: Instant) -> str:
    return moment.in_zone(IST).strftime("%d %b %Y %H:%M IST")
