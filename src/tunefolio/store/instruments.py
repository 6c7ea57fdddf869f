"""What can be held, shared by everyone. Outside claims become rows here, each stock of each exchange once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, case, or_, select, update

from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.money import Currency
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.instruments import AssetClass, Instrument, InstrumentClaim, Listing
from tunefolio.market.masters import Lineage, same_issuer
from tunefolio.store import revisions, spells
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.said import among_said, among_words, each
from tunefolio.store.tables import instruments

_COLUMNS = (
    instruments.c.id,
    instruments.c.exchange,
    instruments.c.symbol,
    instruments.c.series,
    instruments.c.isin,
    instruments.c.name,
    instruments.c.asset_class,
    instruments.c.currency,
)


@dataclass(slots=True)
class _Known:
    """A row, or one about to be: id None. Changes while claims fill what it lacks."""

    id: InstrumentId | None
    isin: str
    series: str
    name: str
    former: set[str] = field(default_factory=set)
    """ISINs it had before."""


Place = tuple[str, str]
_Shelf = dict[Place, list[_Known]]
Days = Mapping[InstrumentClaim, TradingDay]
NO_DAYS: Days = MappingProxyType({})


def resolve(
    db: WriteDb, claims: Sequence[InstrumentClaim], now: Instant, *, days: Days = NO_DAYS
) -> dict[InstrumentClaim, InstrumentId]:
    """The instrument of each claim, made where there is none; a few statements for any number of claims.

    days: of facts about a claim, where known: its symbol then means the company that had it on that day.
    0 A symbol that its company has given up is read as its symbol of today (docs/spec/instruments.md);
    1 a row of the exchange and symbol with the claim's ISIN is it, if the series agree or one is unknown, and
    else one that had that ISIN before; 2 else one without ISIN; 3 for a claim without ISIN the newest of that
    exchange and symbol; 4 else a new row. What a row lacks of ISIN, series or name is filled from the claim.
    A symbol with an ISIN that no row ever had (a split not announced yet) is a new instrument. Where two
    processes meet, the unique key decides and both get the winner.
    """
    chains = spells.lineage_of(db, {(claim.listing.exchange, claim.listing.symbol) for claim in claims})
    if chains is None:
        return _resolved(db, claims, now, None)
    today = _under_todays_names(db, chains, claims, days)
    ids = _resolved(db, list(dict.fromkeys(today.values())), now, chains)
    return {claim: ids[read] for claim, read in today.items()}


def standing(db: ReadDb, claims: Sequence[InstrumentClaim]) -> dict[InstrumentClaim, InstrumentId] | None:
    """The same where there is nothing to do: every claim has its row, which lacks nothing that the claim
    knows, and no name was ever given up. None where that is not so, and resolve() is to be asked.

    Three statements: what most statements of a broker say, every day.
    """
    places = {(claim.listing.exchange, claim.listing.symbol) for claim in claims}
    if spells.lineage_of(db, places) is not None:
        return None
    shelf = _shelf(db, claims)
    found: dict[InstrumentClaim, InstrumentId] = {}
    for claim in claims:
        row = _match(shelf.get((claim.listing.exchange, claim.listing.symbol), ()), claim)
        if row is None or row.id is None or _lacks(row, claim):
            return None
        found[claim] = row.id
    return found


def _under_todays_names(
    db: ReadDb, chains: Lineage, claims: Sequence[InstrumentClaim], days: Days
) -> dict[InstrumentClaim, InstrumentClaim]:
    """Each claim as it would be made today.

    Without a day a claim is taken at its word while a row has its symbol, or none has the symbol of today.
    """
    read: dict[InstrumentClaim, InstrumentClaim] = {}
    for claim in claims:
        exchange, symbol, _ = claim.listing
        today = chains.today(exchange, symbol, days.get(claim))
        if today != symbol:
            renamed = replace(claim, listing=claim.listing._replace(symbol=today))
            rows = _shelf(db, [claim, renamed])
            there, fits = rows.get((exchange, today), []), rows.get((exchange, symbol), [])
            is_theirs = any(same_issuer(row.isin, claim.isin) for row in there)
            if is_theirs or (claim in days and not there and not fits):
                read[claim] = renamed
                continue
        read[claim] = claim
    return read


def _resolved(
    db: WriteDb, claims: Sequence[InstrumentClaim], now: Instant, chains: Lineage | None
) -> dict[InstrumentClaim, InstrumentId]:
    shelf = _shelf(db, claims)
    fresh: dict[tuple[str, str, str, str], InstrumentClaim] = {}
    for claim in sorted(claims, key=_fullest_first):
        place = (claim.listing.exchange, claim.listing.symbol)
        known = shelf.setdefault(place, [])
        if _match(known, claim) is None:
            known.append(_Known(None, claim.isin or "", claim.listing.series, claim.name))
            fresh[(claim.isin or "", *place, claim.listing.series)] = claim
    if fresh:
        _insert(db, fresh, now)
        shelf = _shelf(db, claims)
    settled = _settle(db, shelf, claims)
    if chains is not None:
        for claim in fresh.values():
            exchange, symbol, _ = claim.listing
            if len(list(chains.former(exchange, symbol))) > 1:
                spells.write(db, settled[claim], chains, claim.listing, claim.isin or "")
    return settled


def _fullest_first(claim: InstrumentClaim) -> tuple[bool, bool, bool]:
    return (claim.isin is None, claim.listing.series == "", claim.name == "")


def _shelf(db: ReadDb, claims: Iterable[InstrumentClaim]) -> _Shelf:
    """Rows by exchange and symbol, newest last; on ix_instruments_symbol."""
    shelf: _Shelf = {}
    wanted = {(claim.listing.exchange, claim.listing.symbol) for claim in claims}
    for id, exchange, symbol, series, isin, name, *_ in _of_symbols(db, {symbol for _, symbol in wanted}):
        if (exchange, symbol) in wanted:
            known = _Known(InstrumentId(id), isin, series, name)
            shelf.setdefault((exchange, symbol), []).append(known)
    rows = {row.id: row for several in shelf.values() for row in several if row.id is not None}
    for id, told in spells.of_instruments(db, rows).items():
        rows[id].former |= {one.isin for one in told if one.isin}
    return shelf


def _of_symbols(db: ReadDb, symbols: Iterable[str]) -> Sequence[Any]:
    """_COLUMNS of what everyone sees under these symbols, oldest first."""
    return db.execute(_by_symbol(db.dialect), {"symbols": each(db, sorted(symbols))}).all()


@cache
def _by_symbol(dialect: str) -> Select[Any]:
    which = among_words(dialect, instruments.c.symbol, "symbols")
    return select(*_COLUMNS).where(which, _seen_by(None)).order_by(instruments.c.id)


def _match(known: Sequence[_Known], claim: InstrumentClaim) -> _Known | None:
    """The row that a claim means, by the steps of resolve()."""
    series = claim.listing.series
    fitting = [row for row in known if not row.series or not series or row.series == series]
    if claim.isin is not None:
        same = [row for row in fitting if row.isin == claim.isin]
        same = same or [row for row in fitting if claim.isin in row.former]
        fitting = same or [row for row in fitting if not row.isin]
    exact = [row for row in fitting if row.series == series]
    best = exact or fitting
    return best[-1] if best else None


def _insert(db: WriteDb, fresh: dict[tuple[str, str, str, str], InstrumentClaim], now: Instant) -> None:
    """In the order of the key, so that two processes cannot wait for each other crosswise."""
    rows = [
        {
            "isin": key[0],
            "exchange": key[1],
            "symbol": key[2],
            "series": key[3],
            "name": claim.name,
            "asset_class": claim.asset_class,
            "currency": claim.currency,
            "created_at": now,
        }
        for key, claim in sorted(fresh.items(), key=lambda item: item[0])
    ]
    db.execute_many(db.upsert(instruments).on_conflict_do_nothing(), rows)


def _settle(
    db: WriteDb, shelf: _Shelf, claims: Sequence[InstrumentClaim]
) -> dict[InstrumentClaim, InstrumentId]:
    """Every claim's row by now has an id; fill what the rows lack."""
    settled: dict[InstrumentClaim, InstrumentId] = {}
    filled: dict[InstrumentId, _Known] = {}
    for claim in sorted(claims, key=_fullest_first):
        row = _match(shelf[(claim.listing.exchange, claim.listing.symbol)], claim)
        if row is None or row.id is None:
            raise AssertionError(f"{claim.listing} has no row after it was inserted")
        settled[claim] = row.id
        if _fill(row, claim):
            filled[row.id] = row
    for id, row in filled.items():
        values = {"isin": row.isin, "series": row.series, "name": row.name}
        db.execute(update(instruments).where(instruments.c.id == id).values(values))
    if filled:
        revisions.move(db)
    return settled


def _lacks(row: _Known, claim: InstrumentClaim) -> bool:
    """Whether the claim knows something that the row does not say."""
    return bool(
        (claim.isin and not row.isin)
        or (claim.listing.series and not row.series)
        or (claim.name and not row.name)
    )


def _fill(row: _Known, claim: InstrumentClaim) -> bool:
    before = (row.isin, row.series, row.name)
    row.isin = row.isin or claim.isin or ""
    row.series = row.series or claim.listing.series
    row.name = row.name or claim.name
    return before != (row.isin, row.series, row.name)


def of_ids(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, Instrument]:
    """The instruments of these ids by primary key, thousands in one query; unknown ids are absent."""
    found = [_instrument(*row) for row in db.execute(_by_id(db.dialect), {"ids": each(db, ids)}).all()]
    return {instrument.id: instrument for instrument in found}


@cache
def _by_id(dialect: str) -> Select[Any]:
    return select(*_COLUMNS).where(among_said(dialect, instruments.c.id))


def visible(db: ReadDb, viewer: Viewer, ids: Iterable[InstrumentId]) -> dict[InstrumentId, Instrument]:
    """Like of_ids, without what is private to others: for ids that someone typed or sent."""
    query = select(*_COLUMNS).where(among(db, instruments.c.id, ids), _seen_by(viewer))
    found = [_instrument(*row) for row in db.execute(query).all()]
    return {instrument.id: instrument for instrument in found}


def find(db: ReadDb, exchange: str, symbol: str, *, viewer: Viewer | None = None) -> Instrument | None:
    """The newest instrument of that symbol there, the viewer's own first; on ix_instruments_symbol.

    viewer None: only what everyone sees. A symbol that nobody has now is looked for among former ones.
    """
    query = (
        select(*_COLUMNS)
        .where(instruments.c.symbol == symbol, instruments.c.exchange == exchange, _seen_by(viewer))
        .order_by(instruments.c.private_to.is_(None), instruments.c.id.desc())
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    if row is not None:
        return _instrument(*row)
    former = spells.named(db, exchange, symbol)
    return None if former is None else of_ids(db, [former]).get(former)


def of_symbol(db: ReadDb, exchange: str, symbol: str) -> list[Instrument]:
    """Every instrument that everyone sees under that symbol, oldest first: a split changes the ISIN."""
    query = select(*_COLUMNS).where(instruments.c.symbol == symbol, instruments.c.exchange == exchange)
    return [_instrument(*row) for row in db.execute(query.where(_seen_by(None)).order_by(instruments.c.id))]


def places(db: ReadDb, wanted: Iterable[Place]) -> set[Place]:
    """Which of these (exchange, symbol) are instruments that everyone sees; on ix_instruments_symbol."""
    asked = set(wanted)
    rows = _of_symbols(db, {symbol for _, symbol in asked})
    return {(exchange, symbol) for _, exchange, symbol, *_ in rows} & asked


def search(db: ReadDb, text: str, limit: int, *, viewer: Viewer | None = None) -> list[Instrument]:
    """Instruments whose symbol or name holds the text, in any case: symbols that begin with it first.

    Scans the table: for a person's typing, not for loops. viewer None: only what everyone sees.
    """
    symbol, name = instruments.c.symbol, instruments.c.name
    begins = case((symbol.istartswith(text, autoescape=True), 0), else_=1)
    query = (
        select(*_COLUMNS)
        .where(or_(symbol.icontains(text, autoescape=True), name.icontains(text, autoescape=True)))
        .where(_seen_by(viewer))
        .order_by(begins, symbol, instruments.c.exchange, instruments.c.id)
        .limit(limit)
    )
    return [_instrument(*row) for row in db.execute(query)]


def _seen_by(viewer: Viewer | None) -> ColumnElement[bool]:
    """What everyone sees, and what is the viewer's alone."""
    shared = instruments.c.private_to.is_(None)
    return shared if viewer is None else or_(shared, instruments.c.private_to == viewer.person)


@lru_cache(maxsize=20_000)
def _instrument(
    id: InstrumentId, exchange: str, symbol: str, series: str, isin: str, name: str, kind: str, currency: str
) -> Instrument:
    """The same row gives the very same value: whoever compares what was read twice sees it at once."""
    listing = Listing(exchange, symbol, series)
    return Instrument(id, listing, Isin(isin) if isin else None, name, AssetClass(kind), Currency(currency))
