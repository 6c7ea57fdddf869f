"""Search as one types, over everything that any list has. The same answers on both databases.

The texts lie in this process's memory (search_index.py), read again when their generation moves; of the
database only the rows that are shown are asked. Ranking: docs/spec/instruments.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.money import Currency
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import EXCHANGES, AssetClass, Instrument, Listing
from tunefolio.market.masters import CONTRACTS, same_issuer
from tunefolio.market.words import compact, words_of
from tunefolio.store import instruments as met
from tunefolio.store import masters, search_index, spells
from tunefolio.store.db import ReadDb
from tunefolio.store.search_index import GONE, id_of, line_of, part_of, symbol_of
from tunefolio.store.tables import instruments, search_parts

MOST = 100
LONGEST = 60
_FRESH_SECONDS = 60.0
_ENOUGH = 1_500
_PLACES = {exchange: place for place, exchange in enumerate(EXCHANGES)}
_CONTRACT_WORDS = frozenset(str(one) for one in CONTRACTS)


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
class Asked:
    """What was typed. whole: in one piece; words: each of them."""

    whole: bytes
    words: tuple[bytes, ...]

    @classmethod
    def of(cls, text: str) -> Asked:
        """At most LONGEST characters count; EXCHANGE: before a symbol is left to the caller."""
        words = words_of(text[:LONGEST]) or tuple(text[:LONGEST].lower().split()[:1])
        words = tuple(word for word in words if any(one.isalnum() for one in word))
        return cls("".join(words).encode(), tuple(word.encode() for word in words))

    def tier(self, line: bytes) -> int | None:
        """0: the symbol begins with it; 1: every word begins one; 2: every word stands in it; else None.

        A mere letter only counts where it begins a word.
        """
        text = line[: line.rindex(b"\t")]
        if text.startswith(self.whole, 2):
            return 0
        if all(b" " + word in text for word in self.words):
            return 1
        return 2 if all(len(word) > 1 and word in text for word in self.words) else None


@dataclass(order=True, frozen=True, slots=True)
class _Hit:
    """In the order of the answer. id: of an instrument where it is known, else of a listing."""

    is_gone: bool
    is_contract: bool
    tier: int
    is_new: bool
    length: int
    symbol: bytes
    place: int
    line: bytes = field(repr=False)
    id: int = 0


@dataclass(slots=True)
class _Known:
    """The instruments that everyone sees, as lines of parts; newest: the largest id read."""

    newest: int = 0
    read_at: float = float("-inf")
    lines: dict[str, list[bytes]] = field(default_factory=dict)
    parts: dict[str, bytes] = field(default_factory=dict)


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
    head, colon, rest = text.partition(":")
    if colon and head.strip().upper() in EXCHANGES:
        exchange, text = head.strip().upper(), rest
    asked = Asked.of(text)
    if not asked.words:
        return []
    limit = min(limit, MOST)
    wanted = frozenset(str(one) for one in classes)
    parts, known = _current(db)
    hits = _known_hits(asked, known, limit, wanted, exchange) + _private_hits(
        db, asked, viewer, wanted, exchange
    )
    more = limit + len(hits)
    for group in ((False, False), (False, True), (True, False)):
        hits += _listed_hits(asked, parts, more, wanted, exchange, group)
        if sum((hit.is_gone, hit.is_contract) <= group for hit in hits) >= more:
            break
    return _shown(db, sorted(hits), limit)


def _listed_hits(
    asked: Asked,
    parts: dict[str, bytes],
    limit: int,
    classes: frozenset[str],
    exchange: str,
    group: tuple[bool, bool],
) -> list[_Hit]:
    """group: whether no list has it any more, whether it is a contract; such come after all others."""
    gone, contract = group
    found: list[_Hit] = []
    for name, body in parts.items():
        where, kind, state = name.split("|")
        if (kind in _CONTRACT_WORDS) is not contract or (state == GONE) is not gone:
            continue
        if (not exchange or where == exchange) and (not classes or kind in classes):
            found += [
                _hit(line, tier, where, is_new=True, is_gone=gone, is_contract=contract)
                for tier, line in matches(asked, body, limit)
            ]
    return found


def _hit(line: bytes, tier: int, exchange: str, *, is_new: bool, is_gone: bool, is_contract: bool) -> _Hit:
    symbol = symbol_of(line)
    place = _PLACES.get(exchange, len(_PLACES))
    id = id_of(line[line.rindex(b"\t") + 1 :])
    return _Hit(is_gone, is_contract, tier, is_new, len(symbol), symbol, place, line, id)


def matches(asked: Asked, body: bytes, limit: int) -> Iterator[tuple[int, bytes]]:
    """The best `limit` lines of one part with their tiers, in no order.

    A rare word is looked for once and its lines are judged; a frequent one tier by tier, each cut short.
    """
    for word in sorted(asked.words, key=len, reverse=True):
        lines = list(_lines(body, word, _ENOUGH))
        if len(lines) < _ENOUGH:
            judged = [(tier, line) for line in lines if (tier := asked.tier(line)) is not None]
            judged.sort(key=lambda one: one[0])  # a stable sort: within a tier the part's own order stays
            yield from judged[:limit]
            return
    rarest = min(asked.words, key=body.count) if len(asked.words) > 1 else asked.words[0]
    left = limit
    for tier, needle in enumerate((b"\n " + asked.whole, b" " + rarest, rarest)):
        for line in _lines(body, needle, None):
            if left == 0:
                return
            if asked.tier(line) == tier:
                left -= 1
                yield tier, line


def _lines(body: bytes, needle: bytes, most: int | None) -> Iterator[bytes]:
    """Each line that holds the needle, once; at most `most`."""
    at, count = 0, 0
    while (at := body.find(needle, at)) >= 0 and count != most:
        start = body.rfind(b"\n", 0, at + 1)
        end = body.find(b"\n", max(at, start) + 1)
        if end < 0:
            return
        yield body[start:end]
        count += 1
        at = end


# What is known here -------------------------------------------------------------------------------


def _current(db: ReadDb) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The texts of this database: (of all lists, of the instruments that everyone sees)."""
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
        return texts.parts, texts.known.parts


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


def _known_hits(
    asked: Asked, parts: dict[str, bytes], limit: int, classes: frozenset[str], exchange: str
) -> list[_Hit]:
    found: list[_Hit] = []
    for name, body in list(parts.items()):
        where, kind, _ = name.split("|")
        if (not exchange or where == exchange) and (not classes or kind in classes):
            found += [
                _hit(line, tier, where, is_new=False, is_gone=False, is_contract=kind in _CONTRACT_WORDS)
                for tier, line in matches(asked, body, limit)
            ]
    return sorted(found)[:limit]


def _private_hits(
    db: ReadDb, asked: Asked, viewer: Viewer | None, classes: frozenset[str], exchange: str
) -> list[_Hit]:
    """What is the viewer's alone; on uq_instruments_private."""
    if viewer is None:
        return []
    columns = instruments.c
    query = select(columns.id, columns.exchange, columns.symbol, columns.name, columns.asset_class)
    found: list[_Hit] = []
    for id, where, symbol, name, kind in db.execute(query.where(columns.private_to == viewer.person)):
        line = _known_line(id, symbol, name, "")
        tier = asked.tier(line)
        if tier is not None and (not exchange or where == exchange) and (not classes or kind in classes):
            found.append(_hit(line, tier, where, is_new=False, is_gone=False, is_contract=False))
    return found


# Shown --------------------------------------------------------------------------------------------


def _shown(db: ReadDb, hits: list[_Hit], limit: int) -> list[Found]:
    """The first of them with all they are; a listing that is an instrument already is shown once, as that."""
    known_ids = [InstrumentId(hit.id) for hit in hits if not hit.is_new]
    here = met.of_ids(db, known_ids) if known_ids else {}
    rows = masters.of_ids(db, [hit.id for hit in hits if hit.is_new][: 2 * limit])
    ours = _instruments_of(db, rows.values())
    found: dict[InstrumentId | int, Found] = {}
    for hit in hits:
        if len(found) == limit:
            break
        if not hit.is_new:
            id = InstrumentId(hit.id)
            if id in here and id not in found:
                found[id] = _of_instrument(here[id])
        elif hit.id in rows:
            known = ours.get(hit.id)
            if known is None:
                found[-hit.id] = _of_listing(rows[hit.id], None, is_gone=hit.is_gone)
            elif known not in found:
                found[known] = _of_listing(rows[hit.id], known, is_gone=hit.is_gone)
    return list(found.values())


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
