"""One source's list against what it said last: written in steps, told as news, ended only if whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from tunefolio.core.errors import Rejected
from tunefolio.core.identity import Isin
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import EXCHANGES, Listing
from tunefolio.market.masters import CONTRACTS, Change, ChangeKind, packaged, same_issuer
from tunefolio.market.provider import InstrumentSource, MasterRow, Renamed
from tunefolio.services.house import House
from tunefolio.store import masters, search_index, spells
from tunefolio.store.db import WriteDb
from tunefolio.store.masters import Key, KnownRow, key_of, mark_of

AT_ONCE = 20_000
"""Rows in one transaction: others must not wait for a whole list."""

LEAST_SHARE = 0.8
"""A list with fewer of the rows that stood than this was cut off. Contracts that expired do not count."""

_FEW = 50
"""Below so many rows a share says nothing."""

_LONGEST = 200


@dataclass(slots=True)
class _Reading:
    """How far one list is. fresh: rows it never had; other: rows it says otherwise, by id."""

    source: str
    today: TradingDay
    is_first: bool
    known: dict[Key, KnownRow]
    seen: set[int] = field(default_factory=set)
    added: set[Key] = field(default_factory=set)
    fresh: list[tuple[MasterRow, int]] = field(default_factory=list)
    other: dict[int, tuple[MasterRow, int]] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return len(self.fresh) + len(self.other)


def read(
    house: House,
    source: InstrumentSource,
    today: TradingDay,
    check: Callable[[], None],
    counts: Counter[str],
) -> int:
    """Read the list to its end; how many rows it has. counts: of what changed, by kind.

    Steps: 1 compare each row's mark; 2 write what is new or otherwise, AT_ONCE rows at a time; 3 if the list
    is whole, end what it lacks. Raises Retry, Rejected; nothing is ended then.
    """
    with house.database.reading() as db:
        state = masters.states(db).get(source.name)
        standing = masters.standing_count(db, source.name, today)
        reading = _Reading(
            source.name, today, state is None or state.refreshed is None, masters.known(db, source.name)
        )
    total = 0
    for row in _usable(source.instruments()):
        total += 1
        _compare(reading, row)
        if reading.waiting >= AT_ONCE:
            check()
            _write(house, reading, counts)
    _write(house, reading, counts)
    there = sum(not known.is_gone and known.id in reading.seen for known in reading.known.values())
    _must_be_whole(there, standing, total)
    _end(house, reading, counts)
    return total


def _must_be_whole(there: int, standing: int, total: int) -> None:
    if total == 0:
        raise Rejected("the list is empty", code="truncated")
    if standing >= _FEW and there < standing * LEAST_SHARE:
        reason = f"the list has only {there} of the {standing} rows that stood; nothing is ended"
        raise Rejected(reason, code="truncated")


def _usable(rows: Iterable[MasterRow]) -> Iterator[MasterRow]:
    """Rows of exchanges we know, their words in one line and of a sane length."""
    for row in rows:
        claim = row.claim
        exchange, symbol, series = claim.listing
        if exchange in EXCHANGES and symbol.strip() and len(symbol) <= _LONGEST:
            listing = Listing(exchange, _line(symbol).upper(), _line(series))
            yield replace(row, claim=replace(claim, listing=listing, name=_line(claim.name)[:_LONGEST]))


def _line(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())


def _compare(reading: _Reading, row: MasterRow) -> None:
    key = key_of(row)
    known = reading.known.get(key)
    if known is None:
        if key not in reading.added:
            reading.added.add(key)
            reading.fresh.append((row, mark_of(row)))
    elif known.id not in reading.seen:
        reading.seen.add(known.id)
        mark = mark_of(row)
        if mark != known.mark or known.is_gone:
            reading.other[known.id] = (row, mark)


def _write(house: House, reading: _Reading, counts: Counter[str]) -> None:
    """New and changed rows with the news they are, in one transaction; ISINs that changed are followed."""
    if not reading.waiting:
        return
    with house.database.writing() as db:
        told = (
            []
            if reading.is_first
            else [
                Change(ChangeKind.NEW, one[0].claim.listing)
                for one in reading.fresh
                if one[0].claim.asset_class not in CONTRACTS
            ]
        )
        before = masters.of_ids(db, reading.other)
        for id, (row, _) in reading.other.items():
            told += _differences(before[id], row)
        masters.add(db, reading.source, reading.fresh, reading.today)
        masters.rewrite(db, reading.other)
        masters.tell(db, reading.source, told, reading.today)
        search_index.spoil(db)
        for change in told:
            if change.kind is ChangeKind.ISIN and same_issuer(change.before, change.after):
                exchange, symbol, _ = change.listing
                old, new = Isin(change.before), Isin(change.after)
                spells.change_isin(db, exchange, symbol, old, new, reading.today)
    counts.update(str(change.kind) for change in told)
    counts["rows_written"] += reading.waiting
    reading.fresh, reading.other = [], {}


def _differences(before: masters.Listed, row: MasterRow) -> Iterator[Change]:
    """What is news in a row that was known: prices' steps and tokens change every day and are none."""
    was, now = before.row.claim, row.claim
    if before.gone is not None and now.asset_class not in CONTRACTS:
        yield Change(ChangeKind.BACK, now.listing, before.gone.iso())
    if was.isin and now.isin and was.isin != now.isin:
        yield Change(ChangeKind.ISIN, now.listing, was.isin, now.isin)
    if was.name and now.name and was.name != now.name:
        yield Change(ChangeKind.NAME, now.listing, was.name, now.name)


# What the list lacks --------------------------------------------------------------------------------


def _end(house: House, reading: _Reading, counts: Counter[str]) -> None:
    """Rows that stood and stand no more: gone, renamed or of another series. Their instruments stay."""
    ids = [one.id for one in reading.known.values() if not one.is_gone and one.id not in reading.seen]
    if not ids:
        return
    with house.database.writing() as db:
        ended = masters.of_ids(db, ids)
        told, reasons, renamed = _explained(db, reading, ended)
        masters.end(db, ids, reading.today, reasons)
        masters.tell(db, reading.source, told, reading.today)
        spells.put_renames(db, reading.source, renamed)
        search_index.spoil(db)
    counts.update(str(change.kind) for change in told)
    counts["rows_written"] += len(ids)


def _explained(
    db: WriteDb, reading: _Reading, ended: dict[int, masters.Listed]
) -> tuple[list[Change], dict[int, str], list[Renamed]]:
    """(news, reasons by id, renames that the list itself shows: one ISIN under another symbol)."""
    heirs = _heirs(db, reading, ended.values())
    merged = {(one.listing.exchange, one.listing.symbol): one.into.symbol for one in packaged()[1]}
    chains = spells.lineage(db)
    told: list[Change] = []
    reasons: dict[int, str] = {}
    renamed: list[Renamed] = []
    for id, one in ended.items():
        claim, heir = one.row.claim, heirs.get(id)
        exchange, symbol, series = claim.listing
        if claim.asset_class in CONTRACTS or (one.row.expiry and one.row.expiry < reading.today):
            reasons[id] = "expired"
        elif heir is not None and heir.symbol == symbol:
            reasons[id] = "series"
            told.append(Change(ChangeKind.SERIES, heir, series, heir.series))
        elif heir is not None:
            reasons[id] = "renamed"
            told.append(Change(ChangeKind.RENAMED, heir, symbol, heir.symbol))
            if chains.today(exchange, symbol) == symbol:
                renamed.append(Renamed(claim.listing, heir, reading.today, claim.name))
        else:
            reasons[id] = "merged" if (exchange, symbol) in merged else "delisted"
            told.append(Change(ChangeKind.GONE, claim.listing, "", merged.get((exchange, symbol), "")))
    return told, reasons, renamed


def _heirs(db: WriteDb, reading: _Reading, ended: Iterable[masters.Listed]) -> dict[int, Listing]:
    """Under what each ended row goes on in the same list: the same symbol in another series, else the same
    ISIN, else the symbol that the chain of renames leads to."""
    gone = {one.id: one for one in ended if one.row.claim.asset_class not in CONTRACTS}
    alive = {key for key, one in reading.known.items() if one.id in reading.seen} | reading.added
    by_symbol = {(exchange, symbol): Listing(exchange, symbol, series) for exchange, symbol, series in alive}
    isins = {one.row.claim.isin for one in gone.values() if one.row.claim.isin}
    by_isin = masters.standing_isins(db, reading.source, isins)
    chains = spells.lineage(db)
    found: dict[int, Listing] = {}
    for id, one in gone.items():
        claim = one.row.claim
        exchange, symbol, _ = claim.listing
        same = [
            heir
            for heir in by_isin.get(claim.isin or Isin(""), [])
            if heir.exchange == exchange and heir != claim.listing and tuple(heir) in alive
        ]
        later = by_symbol.get((exchange, chains.today(exchange, symbol)))
        at_home = [heir for heir in same if heir.symbol == symbol]
        if not claim.isin and (exchange, symbol) in by_symbol:
            at_home.append(by_symbol[exchange, symbol])
        heirs = [*at_home, *same, *([later] if later is not None else [])]
        if heirs:
            found[id] = heirs[0]
    return found
