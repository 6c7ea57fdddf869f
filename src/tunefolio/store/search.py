"""Search as one types, over everything that any list has. The same answers on both databases.

The texts lie in this process's memory (search_index.py), read again when their generation moves; of the
database only the rows that are shown are asked. Ranking: docs/spec/instruments.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.money import Currency
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import EXCHANGES, AssetClass, Instrument, Listing
from tunefolio.market.masters import same_issuer
from tunefolio.market.words import compact, words_of
from tunefolio.store import instruments as met_here
from tunefolio.store import masters, search_index, spells
from tunefolio.store.db import ReadDb
from tunefolio.store.search_hits import CONTRACT_WORDS, Asked, Hit, Position, hit_of, line_with, matches
from tunefolio.store.search_index import GONE, line_of, part_of
from tunefolio.store.tables import instruments, search_parts

MOST = 100
_FRESH_SECONDS = 60.0
Lines = Sequence[tuple[str, bytes]]
"""Lines with the parts they stand in."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that can be held. instrument None: nobody here has met it yet.

    listing_id None: found by what is known here alone. is_gone: no list has it any more.
    """

    listing_id: int | None
    instrument: InstrumentId | None
    listing: Listing
    isin: Isin | None
    name: str
    asset_class: AssetClass
    currency: Currency
    is_gone: bool = False
    expiry: TradingDay | None = None

    @property
    def key(self) -> str:
        return f"{self.listing.exchange}:{self.listing.symbol}"


@dataclass(frozen=True, slots=True)
class Page:
    """What was found. next: where the following page goes on; None at the end."""

    found: list[Found]
    next: Position | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for. classes: none for all; exchange: "" for all."""

    asked: Asked
    classes: frozenset[str]
    exchange: str

    def has(self, part: str) -> bool:
        exchange, kind, _ = part.split("|")
        return (not self.exchange or exchange == self.exchange) and (not self.classes or kind in self.classes)


@dataclass(slots=True)
class _Known:
    """The instruments that everyone sees, as lines of parts; newest: the largest id read."""

    newest: int = 0
    read_at: float = float("-inf")
    lines: dict[str, list[bytes]] = field(default_factory=dict)
    parts: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Now:
    """Parts by name: of all lists, and of the instruments that everyone sees."""

    listed: Mapping[str, bytes]
    known: Mapping[str, bytes]


@dataclass(slots=True)
class _Texts:
    generation: int = -1
    parts: dict[str, bytes] = field(default_factory=dict)
    known: _Known = field(default_factory=_Known)


_lock = threading.Lock()
_texts: WeakKeyDictionary[Engine, _Texts] = WeakKeyDictionary()


def search(
    db: ReadDb,
    text: str,
    limit: int,
    *,
    viewer: Viewer | None = None,
    classes: Collection[AssetClass] = (),
    exchange: str = "",
) -> list[Found]:
    """What somebody may mean who types this; nothing for nothing. EXCHANGE:SYMBOL narrows to that exchange.

    viewer None: only what everyone sees. limit: at most MOST.
    """
    return page(db, text, limit, viewer=viewer, classes=classes, exchange=exchange).found


def page(
    db: ReadDb,
    text: str,
    limit: int,
    *,
    after: Position | None = None,
    viewer: Viewer | None = None,
    classes: Collection[AssetClass] = (),
    exchange: str = "",
) -> Page:
    """The same, a page at a time: what comes after the position that the page before ended with.

    Pages hold each thing once and leave none out, whatever their size, while the lists stay as they are.
    """
    head, colon, rest = text.partition(":")
    if colon and head.strip().upper() in EXCHANGES:
        exchange, text = head.strip().upper(), rest
    asked = Asked.of(text)
    if not asked.words:
        return Page([], None)
    texts = _current(db)
    wanted = _Wanted(asked, frozenset(str(one) for one in classes), exchange)
    private = _private_lines(db, viewer)
    last = None if after is None else after.hit(_line_of(after, texts, private))
    limit, deep = min(limit, MOST), 2  # what is known here is often listed, too
    while True:
        found = _sought(wanted, texts, private, (limit + 1) * deep, last)
        shown = _shown(db, found, limit + 1)
        if len(shown) > limit or not found.is_cut:
            break
        deep *= 4  # so many of them are one and the same that a page was not filled
    there = [one for _, one in shown[:limit]]
    return Page(there, Position.of(shown[limit - 1][0]) if len(shown) > limit else None)


@dataclass(slots=True)
class _Sought:
    """Matches of a page in order. earlier: those of pages before, for each exchange and symbol; is_cut: more
    would be found if more were asked for."""

    hits: list[Hit] = field(default_factory=list)
    earlier: dict[tuple[int, bytes], list[Hit]] = field(default_factory=dict)
    is_cut: bool = False

    def take(self, hits: Iterable[Hit], most: int, last: Hit | None) -> None:
        """The first `most` of them that come after `last`; they come in order."""
        count = 0
        for hit in hits:
            if last is not None and hit <= last:
                self.earlier.setdefault(hit.where, []).append(hit)
                continue
            if count == most:
                self.is_cut = True
                return
            self.hits.append(hit)
            count += 1


def _sought(wanted: _Wanted, texts: _Now, private: Lines, most: int, last: Hit | None) -> _Sought:
    """The best matches after `last`: `most` of them, or all there are."""
    asked, found = wanted.asked, _Sought()
    for part, body in texts.known.items():
        if wanted.has(part):
            known = (hit_of(part, tier, line, is_new=False) for tier, line in matches(asked, body))
            found.take(known, most, last)
    own = [
        hit_of(part, tier, line, is_new=False)
        for part, line in private
        if wanted.has(part) and (tier := asked.tier(line)) is not None
    ]
    found.take(sorted(own), most, last)
    for group in ((False, False), (False, True), (True, False)):
        for part, body in texts.listed.items():
            if wanted.has(part) and _group_of(part) == group:
                listed = (hit_of(part, tier, line, is_new=True) for tier, line in matches(asked, body))
                found.take(listed, most, last)
        if sum((hit.is_gone, hit.is_contract) <= group for hit in found.hits) >= most:
            found.is_cut = True
            break
    found.hits.sort()
    if found.is_cut:  # each part gave its best `most`: beyond so many of all, some may lack
        del found.hits[most:]
    return found


def _group_of(part: str) -> tuple[bool, bool]:
    """Whether no list has it any more, whether it is a contract; such come after all others."""
    _, kind, state = part.split("|")
    return state == GONE, kind in CONTRACT_WORDS


def _line_of(after: Position, texts: _Now, private: Lines) -> bytes:
    """The line of the match a page ended with; b"" when the lists have changed and it is gone."""
    if after.is_new:
        bodies = iter(texts.listed.values())
    else:
        bodies = chain(texts.known.values(), (line + b"\n" for _, line in private))
    return next((line for body in bodies if (line := line_with(body, after.id))), b"")


# What is known here -------------------------------------------------------------------------------


def _current(db: ReadDb) -> _Now:
    """The texts of this database as they stand now."""
    engine = db.connection.engine
    newest_id = select(func.max(instruments.c.id)).scalar_subquery()
    now, newest = db.execute(select(func.max(search_parts.c.generation), newest_id)).one()
    now, newest = int(now or 0), int(newest or 0)
    with _lock:
        texts = _texts.setdefault(engine, _Texts())
        if texts.generation != now:
            texts.parts, texts.generation = search_index.parts(db), now
        if time.monotonic() - texts.known.read_at > _FRESH_SECONDS or newest < texts.known.newest:
            texts.known = _Known(read_at=time.monotonic())
        if newest > texts.known.newest:
            _read_known(db, texts.known, newest)
        return _Now(texts.parts, dict(texts.known.parts))


def _read_known(db: ReadDb, known: _Known, newest: int) -> None:
    """Only what came since; names that changed are noticed within a minute."""
    columns = instruments.c
    query = select(
        columns.id, columns.exchange, columns.symbol, columns.name, columns.isin, columns.asset_class
    )
    fresh = db.execute(
        query.where(columns.id > known.newest, columns.id <= newest, columns.private_to.is_(None))
    ).all()
    told = spells.of_instruments(db, [InstrumentId(row.id) for row in fresh])
    touched: set[str] = set()
    for id, exchange, symbol, name, isin, kind in fresh:
        former = [one.listing.symbol for one in told.get(id, ())]
        part = part_of(exchange, kind)
        known.lines.setdefault(part, []).append(_known_line(id, symbol, name, isin, former))
        touched.add(part)
    for part in touched:
        known.parts[part] = search_index.packed(known.lines[part])
    known.newest = newest


def _known_line(id: int, symbol: str, name: str, isin: str, former: Iterable[str] = ()) -> bytes:
    said = [*words_of(name), *words_of(symbol)]
    for one in former:
        said += [compact(one), *words_of(one)]
    return line_of(id, symbol, [*said, isin.lower()] if isin else said)


def _private_lines(db: ReadDb, viewer: Viewer | None) -> Lines:
    """What is the viewer's alone, with the parts it would stand in; on uq_instruments_private."""
    if viewer is None:
        return []
    columns = instruments.c
    query = select(columns.id, columns.exchange, columns.symbol, columns.name, columns.asset_class)
    rows = db.execute(query.where(columns.private_to == viewer.person))
    return [
        (part_of(exchange, kind), _known_line(id, symbol, name, ""))
        for id, exchange, symbol, name, kind in rows
    ]


# Shown --------------------------------------------------------------------------------------------


def _shown(db: ReadDb, sought: _Sought, limit: int) -> list[tuple[Hit, Found]]:
    """The first of them with all they are; a listing that is an instrument already is shown once, as that."""
    found: list[tuple[Hit, Found]] = []
    met: set[InstrumentId | int] = set()
    for begin in range(0, len(sought.hits), 2 * limit):
        hits = sought.hits[begin : begin + 2 * limit]
        before = [one for where in {hit.where for hit in hits} for one in sought.earlier.get(where, ())]
        seen = _told(db, [*before, *hits])
        met |= {seen[hit][0] for hit in before if hit in seen}
        for hit in hits:
            if hit in seen and seen[hit][0] not in met:
                met.add(seen[hit][0])
                found.append((hit, seen[hit][1]))
                if len(found) == limit:
                    return found
    return found


def _told(db: ReadDb, hits: Collection[Hit]) -> dict[Hit, tuple[InstrumentId | int, Found]]:
    """Each match with all it is, and what it is one with: its instrument, else minus its listing's id."""
    known_ids = [InstrumentId(hit.id) for hit in hits if not hit.is_new]
    here = met_here.of_ids(db, known_ids) if known_ids else {}
    rows = masters.of_ids(db, [hit.id for hit in hits if hit.is_new])
    ours = _instruments_of(db, rows.values())
    told: dict[Hit, tuple[InstrumentId | int, Found]] = {}
    for hit in hits:
        if not hit.is_new:
            if (id := InstrumentId(hit.id)) in here:
                told[hit] = id, _of_instrument(here[id])
        elif hit.id in rows:
            known = ours.get(hit.id)
            told[hit] = known or -hit.id, _of_listing(rows[hit.id], known, is_gone=hit.is_gone)
    return told


def _instruments_of(db: ReadDb, rows: Collection[masters.Listed]) -> dict[int, InstrumentId]:
    """Which of these listings are instruments already, by the id of the listing; on ix_instruments_symbol."""
    columns = instruments.c
    symbols = {row.row.claim.listing.symbol for row in rows}
    query = select(columns.id, columns.exchange, columns.symbol, columns.series, columns.isin)
    met_there: dict[tuple[str, str], list[tuple[InstrumentId, str, str]]] = {}
    for id, exchange, symbol, series, isin in db.execute(
        query.where(columns.symbol.in_(symbols), columns.private_to.is_(None)).order_by(columns.id.desc())
    ):
        met_there.setdefault((exchange, symbol), []).append((id, masters.plain_series(series), isin))
    found: dict[int, InstrumentId] = {}
    for row in rows:
        exchange, symbol, series = row.row.claim.listing
        plain = masters.plain_series(series)
        for id, their_series, isin in met_there.get((exchange, symbol), []):
            fits = not plain or not their_series or plain == their_series
            if fits and same_issuer(isin, row.row.claim.isin):
                found[row.id] = id
                break
    return found


def _of_instrument(one: Instrument) -> Found:
    return Found(None, one.id, one.listing, one.isin, one.name, one.asset_class, one.currency)


def _of_listing(row: masters.Listed, instrument: InstrumentId | None, *, is_gone: bool) -> Found:
    claim = row.row.claim
    return Found(
        row.id,
        instrument,
        claim.listing,
        claim.isin,
        claim.name,
        claim.asset_class,
        claim.currency,
        is_gone,
        row.row.expiry,
    )
