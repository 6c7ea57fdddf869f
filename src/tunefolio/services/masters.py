"""Reads the lists of everything that can be held, and follows names that change. docs/spec/instruments.md."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunefolio.core.errors import Misuse, NotFound, Rejected, Retry
from tunefolio.core.identity import InstrumentId, JobId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.market import masters as names
from tunefolio.market.instruments import AssetClass, Instrument, InstrumentClaim
from tunefolio.market.masters import PACKAGED
from tunefolio.market.provider import Contract, InstrumentSource, Renamed
from tunefolio.services import audit, funds, master_diffs, noted
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.store import events, masters, search_index, spells
from tunefolio.store.db import ReadDb, WriteDb

_log = logging.getLogger(__name__)
KIND = "refresh_masters"
_KEEP_CONTRACTS_DAYS = 90
_KEEP_CHANGES_DAYS = 400
_WITH_CONTRACTS = {"NSE", "BSE"}


@dataclass(slots=True)
class _Tally:
    """What came of one source. changes: how many of each kind; problem: "" where its list was read whole."""

    listed: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    problem: str = ""

    def words(self) -> dict[str, Any]:
        return {"listed": self.listed, **self.changes, **({"problem": self.problem} if self.problem else {})}


def ask_refresh(db: WriteDb, house: House, viewer: Viewer) -> JobId:
    """Ask for the lists to be read now; one that runs is returned. Raises Misuse without a source."""
    viewer.must_write()
    if not house.sources.instruments() and not house.sources.renames():
        raise Misuse("source", "no source of instruments is configured", cure="See TUNEFOLIO_SOURCES")
    audit.note(db, house, viewer, Act.LISTS_ASKED)
    return ask(db, house, KIND, {}, owner=viewer.person, dedupe_key=KIND)


@deed(KIND)
def refresh_masters(house: House, work: Work) -> Mapping[str, Any]:
    """Every source's list, each by itself: one that is away or sends nonsense stops no other.

    Steps: 1 the renames that are known; 2 each list against what it said last time; 3 instruments get the
    names of today, funds the category that the lists say; 4 old contracts and old news are forgotten; 5 the
    texts of search are written anew if anything changed. Broken off, it goes on where it was: what has been
    written is not news again.
    """
    sources = house.sources.instruments()
    today = TradingDay(calendar_date(house.clock.now()))
    tallies: dict[str, _Tally] = {}
    work.progress(0, len(sources) + 2, "Names that changed")
    renames = _read_renames(house)
    for place, source in enumerate(sources, 1):
        work.check()
        work.progress(place, len(sources) + 2, f"Reading the list of {source.name}")
        tallies[source.name] = _read(house, work, source, today)
    work.progress(len(sources) + 1, len(sources) + 2, "Following names")
    followed, left = follow_names(house)
    categories = funds.refresh(house)
    dropped = _forget(house, today)
    with house.database.writing() as db:
        if search_index.is_stale(db):
            search_index.rebuild(db, [source.name for source in sources], today)
            events.emit(db, house.bus, events.Event("instruments", None, tuple(followed)))
    work.progress(len(sources) + 2, len(sources) + 2, "Done")
    return {
        "sources": {name: tally.words() for name, tally in tallies.items()},
        "renames": renames,
        "fund_categories": categories,
        "renamed_instruments": len(followed),
        "left_instruments": len(left),
        "dropped_contracts": dropped,
    }


def _read_renames(house: House) -> int:
    """Keep what sources and the packaged table tell; how many are new."""
    told: list[tuple[str, Sequence[Renamed]]] = [(PACKAGED, names.packaged()[0])]
    for source in house.sources.renames():
        try:
            told.append((source.name, source.renames()))
        except (Retry, Rejected) as problem:
            _log.warning("renames are not read", extra={"source": source.name, "problem": str(problem)})
    fresh = 0
    with house.database.writing() as db:
        for name, renames in reversed(told):
            fresh += len(spells.put_renames(db, name, renames))
        if fresh:
            search_index.spoil(db)
    return fresh


def _read(house: House, work: Work, source: InstrumentSource, today: TradingDay) -> _Tally:
    """One source's list; why it was not read is kept, and the other sources go on."""
    tally = _Tally()
    try:
        tally.listed = master_diffs.read(house, source, today, work.check, tally.changes)
    except (Retry, Rejected) as problem:
        tally.problem = str(problem)
        _log.warning("a list is not read", extra={"source": source.name, "problem": tally.problem})
    listed = None if tally.problem else tally.listed
    with house.database.writing() as db:
        masters.set_state(db, source.name, house.clock.now(), listed=listed, problem=tally.problem)
    return tally


def follow_names(house: House) -> tuple[list[InstrumentId], list[InstrumentId]]:
    """Instruments whose symbol was given up get that of today: (done, left to a person)."""
    with house.database.writing() as db:
        chains = spells.lineage(db)
        old = chains.given_up()
        today = {(exchange, chains.today(exchange, symbol)) for exchange, symbol in old}
        listed = masters.of_symbols(db, today) if old else {}
        isins = {
            place: next((one.row.claim.isin or "" for one in several if one.row.claim.isin), "")
            for place, several in listed.items()
        }
        return spells.follow(db, chains, old, isins)


def _forget(house: House, today: TradingDay) -> int:
    with house.database.writing() as db:
        masters.forget_changes(db, today.plus_days(-_KEEP_CHANGES_DAYS))
        dropped = masters.drop_expired(db, today.plus_days(-_KEEP_CONTRACTS_DAYS))
        if dropped:
            search_index.spoil(db)
        return dropped


def pick(db: WriteDb, house: House, listing_id: int) -> InstrumentId:
    """A listing becomes an instrument, with what all lists say of it; the same one for the same listing.

    Raises NotFound.
    """
    chosen = masters.of_ids(db, [listing_id]).get(listing_id)
    if chosen is None:
        raise NotFound("listing")
    claim = full_claim(chosen, masters.of_symbols(db, [_place(chosen)])[_place(chosen)])
    return resolved(db, house, [claim])[claim]


def terms_of(db: ReadDb, contracts: Iterable[Instrument]) -> dict[InstrumentId, Contract]:
    """What futures and options are about, as a list has it; those that no list has are absent."""
    several = list(contracts)
    listed = masters.of_symbols(db, {(one.exchange, one.symbol) for one in several})
    found = {one.id: _contract(listed.get((one.exchange, one.symbol), [])) for one in several}
    return {id: contract for id, contract in found.items() if contract is not None}


def underlyings(db: ReadDb, shares: Iterable[Instrument], today: TradingDay) -> frozenset[str]:
    """Symbols of those that a list has a future or an option of which has not expired: as it is today."""
    symbols = {one.symbol for one in shares if one.exchange in _WITH_CONTRACTS}
    return frozenset(symbol for symbol in symbols if masters.is_underlying(db, symbol, today))


def _contract(rows: Iterable[masters.Listed]) -> Contract | None:
    """The terms of the first row that tells them all. Lists name a contract by what it is about."""
    for one in rows:
        claim, expiry, strike = one.row.claim, one.row.expiry, one.row.strike
        if not claim.name or expiry is None:
            continue
        if claim.asset_class is AssetClass.FUTURE:
            return Contract(claim.name, expiry)
        if claim.asset_class is AssetClass.OPTION and strike is not None:
            return Contract(claim.name, expiry, claim.listing.symbol[-2:], strike)
    return None


def take_up(db: WriteDb, house: House, viewer: Viewer, listing_id: int) -> InstrumentId:
    """The listing as an instrument that the viewer will look at. Raises NotFound."""
    found = pick(db, house, listing_id)
    told = {"name": noted.listed(db, found)}
    audit.note(db, house, viewer, Act.INSTRUMENT_PICKED, f"instrument:{found}", told)
    return found


def full_claim(chosen: masters.Listed, others: Iterable[masters.Listed]) -> InstrumentClaim:
    """The chosen row's claim; ISIN and name from other lists of the same series where it says none."""
    claim = chosen.row.claim
    series = masters.plain_series(claim.listing.series)
    same = [
        one.row.claim for one in others if masters.plain_series(one.row.claim.listing.series) in {series, ""}
    ]
    isin = claim.isin or next((one.isin for one in same if one.isin), None)
    name = claim.name or next((one.name for one in same if one.name), "")
    return InstrumentClaim(claim.listing, isin, name, claim.asset_class, claim.currency)


def _place(row: masters.Listed) -> tuple[str, str]:
    return row.row.claim.listing.exchange, row.row.claim.listing.symbol
