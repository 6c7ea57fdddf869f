"""What instruments were called when: renames as facts of the market, spells as what they mean for our rows.

A row of `instruments` carries the name of today; its spells carry all the others. docs/spec/instruments.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, delete, or_, select, update

from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import Listing
from tunefolio.market.masters import Lineage, Spell, same_issuer
from tunefolio.market.provider import Renamed
from tunefolio.store import revisions
from tunefolio.store.batches import among, batches
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.said import among_said, among_words, each
from tunefolio.store.tables import instrument_spells, instruments, renames

Place = tuple[str, str]
"""Exchange and symbol."""

_MOST_LINKS = 20


# Renames ------------------------------------------------------------------------------------------


def put_renames(db: WriteDb, source: str, found: Iterable[Renamed]) -> list[Renamed]:
    """Keep these; those that are new, by day. Who said one first stays its source."""
    told = {(one.old.exchange, one.old.symbol, one.day): one for one in found if one.old != one.new}
    known = {(row.exchange, row.old, row.day) for row in db.execute(select(renames))}
    fresh = [told[key] for key in sorted(told, key=lambda key: (key[2], *key[:2])) if key not in known]
    rows = [
        {
            "exchange": one.old.exchange,
            "old": one.old.symbol,
            "day": one.day,
            "new": one.new.symbol,
            "name": one.name,
            "source": source,
        }
        for one in fresh
    ]
    db.execute_many(db.upsert(renames).on_conflict_do_nothing(), rows)
    return fresh


def lineage(db: ReadDb) -> Lineage:
    """All chains of names; a thousand rows."""
    return Lineage([_renamed(row) for row in db.execute(select(renames))])


def lineage_of(db: ReadDb, places: Iterable[Place]) -> Lineage | None:
    """The chains that these names stand in; None when none of them was ever given up or taken."""
    found: dict[tuple[str, str, TradingDay], Renamed] = {}
    open_symbols = {symbol for _, symbol in places}
    seen: set[str] = set()
    for _ in range(_MOST_LINKS):
        seen |= open_symbols
        rows = db.execute(_of_names(db.dialect), {"names": each(db, sorted(open_symbols))})
        found |= {(row.exchange, row.old, row.day): _renamed(row) for row in rows}
        ends = {one.old.symbol for one in found.values()} | {one.new.symbol for one in found.values()}
        open_symbols = ends - seen
        if not open_symbols:
            break
    return Lineage(found.values()) if found else None


@cache
def _of_names(dialect: str) -> Select[Any]:
    return select(renames).where(
        or_(among_words(dialect, renames.c.old, "names"), among_words(dialect, renames.c.new, "names"))
    )


def _renamed(row: Row[Any]) -> Renamed:
    return Renamed(Listing(row.exchange, row.old), Listing(row.exchange, row.new), row.day, row.name)


# Spells -------------------------------------------------------------------------------------------


def of_instruments(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, list[Spell]]:
    """Every spell of these, oldest first; what never changed its name has none."""
    found: dict[InstrumentId, list[Spell]] = {}
    for row in db.execute(_of_ids(db.dialect), {"ids": each(db, ids)}):
        found.setdefault(InstrumentId(row.instrument_id), []).append(_spell(row))
    return found


@cache
def _of_ids(dialect: str) -> Select[Any]:
    columns = instrument_spells.c
    query = select(instrument_spells).where(among_said(dialect, columns.instrument_id))
    return query.order_by(columns.since.is_not(None), columns.since, columns.id)


def of_instrument(db: ReadDb, id: InstrumentId) -> list[Spell]:
    return of_instruments(db, [id]).get(id, [])


def named(db: ReadDb, exchange: str, symbol: str, day: TradingDay | None = None) -> InstrumentId | None:
    """The instrument that everyone sees and that had this symbol on that day.

    Without a day: the one that has it now, else the one that gave it up last.
    """
    columns = instruments.c
    query = select(columns.id).where(columns.symbol == symbol, columns.exchange == exchange)
    rows = db.execute(query.where(columns.private_to.is_(None)).order_by(columns.id.desc()))
    current = [InstrumentId(id) for (id,) in rows]
    if day is None and current:
        return current[0]
    spells = instrument_spells.c
    query = select(instrument_spells).where(spells.symbol == symbol, spells.exchange == exchange)
    told = [(InstrumentId(row.instrument_id), _spell(row)) for row in db.execute(query)]
    if day is None:
        told.sort(key=lambda one: one[1].until.iso() if one[1].until else "~")
        return told[-1][0] if told else None
    if covering := [id for id, spell in told if spell.covers(day)]:
        return covering[-1]
    dated = {id for id, _ in told}
    return next((id for id in current if id not in dated), None)


def of_isin(db: ReadDb, isin: Isin) -> list[InstrumentId]:
    """Instruments that everyone sees and that have or had that ISIN, oldest first."""
    former = select(instrument_spells.c.instrument_id).where(instrument_spells.c.isin == isin)
    query = select(instruments.c.id).where(
        or_(instruments.c.isin == isin, instruments.c.id.in_(former)), instruments.c.private_to.is_(None)
    )
    return [InstrumentId(id) for (id,) in db.execute(query.order_by(instruments.c.id))]


def first_names(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, Listing]:
    """What each was called when it was first recorded; absent for what never changed its name.

    References of corporate actions are made of it, so that they stay the same for ever.
    """
    recorded = instrument_spells.c
    query = select(instrument_spells).where(
        among(db, recorded.instrument_id, ids), recorded.source == RECORDED
    )
    return {
        InstrumentId(row.instrument_id): Listing(row.exchange, row.symbol, row.series)
        for row in db.execute(query.order_by(recorded.id.desc()))
    }


RECORDED = "recorded"
"""The source of the spell of the name under which a row was made, where that is not its name of today."""


def follow(
    db: WriteDb, chains: Lineage, old: Iterable[Place], isins: Mapping[Place, str]
) -> tuple[list[InstrumentId], list[InstrumentId]]:
    """Give rows of these old names the names of today, with spells for those of before: (done, left).

    isins: what is listed under a name now. Left are rows whose new name is another row's already, for the
    same ISIN and series: facts point at both, and only a person can say that they are one.
    """
    wanted = sorted(set(old))
    done: list[InstrumentId] = []
    left: list[InstrumentId] = []
    for batch in batches([symbol for _, symbol in wanted]):
        query = select(instruments).where(instruments.c.symbol.in_(batch), instruments.c.private_to.is_(None))
        for row in db.execute(query.order_by(instruments.c.id)).all():
            today = chains.today(row.exchange, row.symbol)
            if (row.exchange, row.symbol) not in wanted or today == row.symbol:
                continue
            if not same_issuer(row.isin, isins.get((row.exchange, today))):
                continue
            (done if _renamed_row(db, chains, row, today) else left).append(InstrumentId(row.id))
    if done:
        revisions.move(db)
    return done, left


def _renamed_row(db: WriteDb, chains: Lineage, row: Row[Any], today: str) -> bool:
    if _is_taken(db, row.isin, row.exchange, today, row.series):
        return False
    db.execute(update(instruments).where(instruments.c.id == row.id).values(symbol=today))
    write(db, InstrumentId(row.id), chains, Listing(row.exchange, today, row.series), row.isin, row.symbol)
    return True


def _is_taken(db: ReadDb, isin: str, exchange: str, symbol: str, series: str) -> bool:
    columns = instruments.c
    query = select(columns.id).where(
        columns.isin == isin, columns.exchange == exchange, columns.symbol == symbol, columns.series == series
    )
    return db.execute(query.where(columns.private_to.is_(None))).first() is not None


def write(
    db: WriteDb, id: InstrumentId, chains: Lineage, today: Listing, isin: str, recorded: str = ""
) -> None:
    """All spells of one instrument by its chain of names, in place of those before; ISIN spells stay.

    recorded: the name its row was made under, where it has changed since.
    """
    first = first_names(db, [id]).get(id)
    kept = [one for one in of_instrument(db, id) if one.source == _ISIN]
    db.execute(delete(instrument_spells).where(instrument_spells.c.instrument_id == id))
    told = [
        Spell(Listing(today.exchange, symbol, today.series), Isin(isin), since, until, "rename")
        for symbol, since, until in chains.former(today.exchange, today.symbol)
    ]
    original = first.symbol if first else recorded
    _insert(
        db,
        id,
        [
            Spell(one.listing, one.isin, one.since, one.until, RECORDED)
            if one.listing.symbol == original and one.listing.symbol != today.symbol
            else one
            for one in told
        ]
        + kept,
    )


_ISIN = "isin"


def change_isin(
    db: WriteDb, exchange: str, symbol: str, before: Isin, after: Isin, day: TradingDay
) -> list[InstrumentId]:
    """The same share under a new ISIN from that day on, as after a split of face values; whose rows moved.

    A row stays as it is where another one has the new ISIN already: the two are kin (services/announcements).
    """
    columns = instruments.c
    query = select(instruments).where(
        columns.symbol == symbol, columns.exchange == exchange, columns.isin == before
    )
    moved: list[InstrumentId] = []
    for row in db.execute(query.where(columns.private_to.is_(None)).order_by(columns.id)).all():
        taken = select(columns.id).where(
            columns.symbol == symbol, columns.exchange == exchange, columns.isin == after
        )
        if db.execute(taken).first() is not None:
            continue
        id = InstrumentId(row.id)
        db.execute(update(instruments).where(columns.id == id).values(isin=after))
        listing = Listing(exchange, symbol, row.series)
        _insert(
            db,
            id,
            [Spell(listing, before, None, day, _ISIN), Spell(listing, after, day, None, _ISIN)],
        )
        moved.append(id)
    if moved:
        revisions.move(db)
    return moved


def _insert(db: WriteDb, id: InstrumentId, spells: Sequence[Spell]) -> None:
    rows = [
        {
            "instrument_id": id,
            "exchange": one.listing.exchange,
            "symbol": one.listing.symbol,
            "series": one.listing.series,
            "isin": one.isin or "",
            "since": one.since,
            "until": one.until,
            "source": one.source,
        }
        for one in spells
    ]
    db.execute_many(instrument_spells.insert(), rows)


def _spell(row: Row[Any]) -> Spell:
    listing = Listing(row.exchange, row.symbol, row.series)
    return Spell(listing, Isin(row.isin) if row.isin else None, row.since, row.until, row.source)
