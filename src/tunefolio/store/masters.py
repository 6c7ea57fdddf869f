"""What every source lists, kept so that reading it again writes nothing. docs/spec/instruments.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, update

from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.masters import CONTRACTS, Change, ChangeKind
from tunefolio.market.provider import MasterRow
from tunefolio.store import listing_writes
from tunefolio.store.batches import among, batches
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import instruments, listing_changes, listings, masters

Key = tuple[str, str, str]
"""Exchange, symbol, series: what one source tells its rows apart by."""


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row as an earlier edition of the list left it."""

    id: int
    mark: int
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """One source's row, whole."""

    id: int
    source: str
    row: MasterRow
    first_seen: TradingDay
    gone: TradingDay | None
    reason: str


@dataclass(frozen=True, slots=True)
class MasterState:
    """How one source's list stands. refreshed: when it was last read to its end; problem: "" where it was."""

    source: str
    refreshed: Instant | None
    tried: Instant
    listed: int
    problem: str


@dataclass(frozen=True, slots=True)
class Told:
    """A change as it is kept."""

    id: int
    source: str
    day: TradingDay
    change: Change


@dataclass(frozen=True, slots=True)
class Token:
    """What a source calls a listing in its own calls. Of expired contracts they are given again."""

    token: str
    listing: Listing
    tick: Decimal | None
    lot: Decimal | None
    expiry: TradingDay | None
    strike: Decimal | None


def key_of(row: MasterRow) -> Key:
    listing = row.claim.listing
    return listing.exchange, listing.symbol, listing.series


def mark_of(row: MasterRow) -> int:
    """A digest of everything a row says; 63 bits, so that both databases keep it as a number."""
    claim = row.claim
    said = (
        claim.isin, claim.name, claim.asset_class.value, claim.currency, row.token,
        row.tick, row.lot, row.expiry, row.strike, row.listed,
    )  # fmt: skip
    text = "\x1f".join("" if one is None else str(one) for one in said)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def known(db: ReadDb, source: str) -> dict[Key, KnownRow]:
    """Every row of one source by its key, without what it says."""
    columns = listings.c
    query = select(
        columns.exchange, columns.symbol, columns.series, columns.id, columns.mark, columns.gone.is_not(None)
    ).where(columns.source == source)
    return {
        (exchange, symbol, series): KnownRow(id, mark, bool(gone))
        for exchange, symbol, series, id, mark, gone in db.execute(query)
    }


def add(db: WriteDb, source: str, rows: Sequence[tuple[MasterRow, int]], day: TradingDay) -> None:
    """Rows (with their marks) that the source never had before; thousands at once."""
    listing_writes.insert(db, source, rows, day)


def rewrite(db: WriteDb, rows: Mapping[int, tuple[MasterRow, int]]) -> None:
    """What the source now says of rows it had before; one that was gone is back."""
    if not rows:
        return
    values = [
        {**listing_writes.values_of(row), "mark": mark, "gone": None, "reason": "", "row_id": id}
        for id, (row, mark) in sorted(rows.items())
    ]
    listing_writes.update_all(db, values)


def of_ids(db: ReadDb, ids: Iterable[int]) -> dict[int, Listed]:
    """Whole rows by primary key."""
    found = db.execute(select(listings).where(among(db, listings.c.id, ids)))
    return {row.id: _listed(row) for row in found}


def end(db: WriteDb, ids: Iterable[int], day: TradingDay, reasons: Mapping[int, str]) -> None:
    """These rows stand in the list no more; they are kept. reasons: in one word, "" where nobody says."""
    groups: dict[str, list[int]] = {}
    for id in ids:
        groups.setdefault(reasons.get(id, ""), []).append(id)
    for reason, several in sorted(groups.items()):
        for batch in batches(sorted(several)):
            which = among(db, listings.c.id, batch)
            db.execute(update(listings).where(which).values(gone=day, reason=reason))


def drop_expired(db: WriteDb, before: TradingDay) -> int:
    """Forget contracts that expired before that day and that nobody met; how many."""
    met = select(instruments.c.id).where(
        instruments.c.symbol == listings.c.symbol, instruments.c.exchange == listings.c.exchange
    )
    which = and_(
        listings.c.expiry < before,
        listings.c.asset_class.in_([str(one) for one in CONTRACTS]),
        ~met.exists(),
    )
    return int(db.execute(delete(listings).where(which)).rowcount)


def tell(db: WriteDb, source: str, changes: Iterable[Change], day: TradingDay) -> None:
    """Keep what changed."""
    rows = [
        {
            "source": source,
            "day": day,
            "kind": change.kind,
            "exchange": change.listing.exchange,
            "symbol": change.listing.symbol,
            "series": change.listing.series,
            "before": change.before,
            "after": change.after,
        }
        for change in changes
    ]
    db.execute_many(listing_changes.insert(), rows)


def changes(
    db: ReadDb, limit: int, *, before: int | None = None, kind: ChangeKind | None = None
) -> list[Told]:
    """What changed, newest first; before: the id after which the last page ended."""
    query = select(listing_changes).order_by(listing_changes.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(listing_changes.c.id < before)
    if kind is not None:
        query = query.where(listing_changes.c.kind == kind)
    return [
        Told(
            row.id,
            row.source,
            row.day,
            Change(
                ChangeKind(row.kind), Listing(row.exchange, row.symbol, row.series), row.before, row.after
            ),
        )
        for row in db.execute(query)
    ]


def forget_changes(db: WriteDb, before: TradingDay) -> None:
    db.execute(delete(listing_changes).where(listing_changes.c.day < before))


# How each source's list stands --------------------------------------------------------------------


def set_state(db: WriteDb, source: str, now: Instant, *, listed: int | None, problem: str = "") -> None:
    """After a try. listed None: it was not read to its end, so when it was last read stays."""
    row: dict[str, Any] = {"source": source, "tried_at": now, "problem": problem}
    if listed is not None:
        row |= {"refreshed_at": now, "listed": listed}
    statement = db.upsert(masters).values(row)
    fill = {name: statement.excluded[name] for name in row if name != "source"}
    db.execute(statement.on_conflict_do_update(index_elements=["source"], set_=fill))


def states(db: ReadDb) -> dict[str, MasterState]:
    """By source."""
    return {
        row.source: MasterState(row.source, row.refreshed_at, row.tried_at, row.listed, row.problem)
        for row in db.execute(select(masters).order_by(masters.c.source))
    }


def standing_count(db: ReadDb, source: str, today: TradingDay) -> int:
    """How many rows of a source stand, contracts that have expired left out."""
    columns = listings.c
    alive = or_(columns.expiry.is_(None), columns.expiry >= today)
    query = select(func.count()).where(columns.source == source, columns.gone.is_(None), alive)
    return int(db.execute(query).scalar_one())


# Looked up ----------------------------------------------------------------------------------------


def of_symbols(db: ReadDb, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Listed]]:
    """What all sources say of these (exchange, symbol), those that stand first; on ix_listings_symbol."""
    wanted = set(places)
    found: dict[tuple[str, str], list[Listed]] = {}
    for batch in batches(sorted({symbol for _, symbol in wanted})):
        query = select(listings).where(listings.c.symbol.in_(batch)).order_by(listings.c.id)
        for row in db.execute(query):
            if (row.exchange, row.symbol) in wanted:
                found.setdefault((row.exchange, row.symbol), []).append(_listed(row))
    for several in found.values():
        several.sort(key=lambda one: (one.gone is not None, one.id))
    return found


def standing_isins(db: ReadDb, source: str, isins: Iterable[Isin]) -> dict[Isin, list[Listing]]:
    """Under what one source lists these ISINs now; on ix_listings_isin."""
    columns = listings.c
    found: dict[Isin, list[Listing]] = {}
    for batch in batches(sorted(isins)):
        query = select(columns.isin, columns.exchange, columns.symbol, columns.series)
        which = (columns.isin.in_(batch), columns.source == source, columns.gone.is_(None))
        for isin, *listing in db.execute(query.where(*which).order_by(columns.id)):
            found.setdefault(Isin(isin), []).append(Listing(*listing))
    return found


def tokens(db: ReadDb, source: str, ids: Iterable[InstrumentId]) -> dict[InstrumentId, Token]:
    """What a source calls these instruments today; what it does not list is absent."""
    columns = listings.c
    query = (
        select(instruments.c.id.label("met"), instruments.c.series.label("met_series"), listings)
        .join(instruments, and_(instruments.c.symbol == columns.symbol,
                                instruments.c.exchange == columns.exchange))
        .where(among(db, instruments.c.id, ids), columns.source == source, columns.gone.is_(None))
        .order_by(columns.id)
    )  # fmt: skip
    best: dict[InstrumentId, tuple[bool, Token]] = {}
    for row in db.execute(query):
        id, fits = InstrumentId(row.met), plain_series(row.series) == plain_series(row.met_series)
        if id not in best or (fits and not best[id][0]):
            listing = Listing(row.exchange, row.symbol, row.series)
            best[id] = fits, Token(row.token, listing, row.tick, row.lot, row.expiry, row.strike)
    return {id: token for id, (_, token) in best.items()}


def of_token(db: ReadDb, source: str, token: str, day: TradingDay) -> Listing | None:
    """What a source meant by a token on that day; on ix_listings_token."""
    columns = listings.c
    query = (
        select(columns.exchange, columns.symbol, columns.series)
        .where(columns.source == source, columns.token == token, columns.first_seen <= day)
        .where(or_(columns.gone.is_(None), columns.gone > day))
        .where(or_(columns.expiry.is_(None), columns.expiry >= day))
        .order_by(columns.first_seen.desc(), columns.id.desc())
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return None if row is None else Listing(*row)


def plain_series(series: str) -> str:
    """EQ is what most sources leave unsaid."""
    return "" if series == "EQ" else series


def _listed(row: Row[Any]) -> Listed:
    claim = InstrumentClaim(
        Listing(row.exchange, row.symbol, row.series),
        Isin(row.isin) if row.isin else None,
        row.name,
        AssetClass(row.asset_class),
        Currency(row.currency),
    )
    master = MasterRow(claim, row.token, row.tick, row.lot, row.expiry, row.strike, row.listed)
    return Listed(row.id, row.source, master, row.first_seen, row.gone, row.reason)


def is_underlying(db: ReadDb, symbol: str, today: TradingDay) -> bool:
    """Whether a list has a future or an option on that share which has not expired; on ix_listings_symbol.

    Every list spells a contract by what it is about and a figure (24NOV26, 26NOV), and figures come before
    letters in every collation: so much of the index is read.
    """
    columns = listings.c
    query = select(columns.id).where(
        columns.symbol > symbol,
        columns.symbol < symbol + "A",
        columns.exchange.in_(("NFO", "BFO")),
        columns.name == symbol,
        columns.asset_class.in_([str(one) for one in CONTRACTS]),
        columns.gone.is_(None),
        or_(columns.expiry.is_(None), columns.expiry >= today),
    )
    return db.execute(query.limit(1)).first() is not None
