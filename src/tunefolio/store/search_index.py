"""The texts that search reads: one packed part for each exchange and class, rebuilt when a list has changed.

A line is a newline, then each word after a blank, the symbol first, then a tab and the id. Words are folded
(market/words.py), the id stands in capitals, which no folded text has. So a newline, a blank and "rel" finds
symbols that begin with it, a blank and "rel" words, and "rel" anything that holds it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import zstandard
from sqlalchemy import Row, delete, func, select

from tunefolio.core.money import plain
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import AssetClass
from tunefolio.market.masters import CONTRACTS
from tunefolio.market.words import compact, words_of
from tunefolio.store import spells
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.masters import plain_series
from tunefolio.store.tables import listings, search_parts

GONE = "gone"
_DIGITS = str.maketrans("0123456789", "ABCDEFGHIJ")
_FIGURES = str.maketrans("ABCDEFGHIJ", "0123456789")
_LEVEL = 3
_STALE = "stale"
_AT_ONCE = 10_000
_CONTRACT_CLASSES = frozenset(str(one) for one in CONTRACTS)


def part_of(exchange: str, asset_class: str, state: str = "") -> str:
    """The name of the part that holds such listings. state: GONE for those that no list has any more."""
    return f"{exchange}|{asset_class}|{state}"


def line_of(id: int, symbol: str, words: Iterable[str]) -> bytes:
    """How something is written into a part; words are folded already and may repeat."""
    said = " ".join(dict.fromkeys((compact(symbol) or symbol.lower(), *words)))
    return f"\n {said}\t".encode() + coded(id)


def symbol_of(line: bytes) -> bytes:
    """The symbol of a line, folded."""
    end = line.find(b" ", 2)
    return line[2:end] if end > 0 else line[2 : line.index(b"\t")]


def coded(id: int) -> bytes:
    """An id in letters, so that no digit that is typed is found in it."""
    return str(id).translate(_DIGITS).encode()


def id_of(code: bytes) -> int:
    return int(code.decode().translate(_FIGURES))


def packed(lines: list[bytes]) -> bytes:
    """Lines of one part, the shortest symbol first: among equals it is what somebody means who types it."""
    lines.sort(key=_order)
    return b"".join(lines) + b"\n"


def _order(line: bytes) -> tuple[int, bytes]:
    return len(symbol_of(line)), line


def spoil(db: WriteDb) -> None:
    """The texts no longer say what the lists say; kept with the change itself, so that no crash loses it."""
    row = {"part": _STALE, "generation": 0, "body": b""}
    db.execute(db.upsert(search_parts).values(row).on_conflict_do_nothing())


def is_stale(db: ReadDb) -> bool:
    return db.execute(select(search_parts.c.part).where(search_parts.c.part == _STALE)).first() is not None


def generation(db: ReadDb) -> int:
    """Moves when the texts change; 0 before there are any."""
    return int(db.execute(select(func.max(search_parts.c.generation))).scalar() or 0)


def parts(db: ReadDb) -> dict[str, bytes]:
    """Every part, unpacked."""
    packer = zstandard.ZstdDecompressor()
    query = select(search_parts).where(search_parts.c.part != _STALE)
    return {row.part: packer.decompress(row.body) for row in db.execute(query)}


def rebuild(db: WriteDb, order: Sequence[str], today: TradingDay) -> int:
    """Write the texts anew from all lists; order: of the sources, the first one's word counts."""
    shelves: dict[str, list[bytes]] = defaultdict(list)
    chains = spells.lineage(db)
    places = {source: place for place, source in enumerate(order)}
    homes = _homes(db, places)
    for (symbol, exchange), rows in groupby(_rows(db), key=itemgetter(0, 1)):
        several = list(rows)
        if several[0].asset_class in _CONTRACT_CLASSES:
            one = next((row for row in several if row.source == homes.get(exchange)), None)
            if one is not None and one.gone is None and (one.expiry is None or one.expiry >= today):
                line = line_of(one.id, symbol, _contract_words(one))
                shelves[part_of(exchange, one.asset_class)].append(line)
            continue
        several.sort(key=lambda row: (places.get(row.source, len(places)), row.id))
        aliases = [former for former, _, _ in chains.former(exchange, symbol)][1:]
        for part, row, isin in _told(several):
            spoken = [] if _says_more(row.name, symbol) else _names(several, symbol)
            shelves[part].append(line_of(row.id, symbol, _words(row, isin, [*aliases, *spoken])))
    packer = zstandard.ZstdCompressor(level=_LEVEL)
    next_one = generation(db) + 1
    db.execute(delete(search_parts))
    written = [
        {"part": part, "generation": next_one, "body": packer.compress(packed(lines))}
        for part, lines in sorted(shelves.items())
    ]
    db.execute_many(search_parts.insert(), written)
    return sum(len(lines) for lines in shelves.values())


def _rows(db: ReadDb) -> Iterator[Row[Any]]:
    columns = listings.c
    query = select(
        columns.symbol, columns.exchange, columns.id, columns.source, columns.series, columns.isin,
        columns.name, columns.asset_class, columns.expiry, columns.strike, columns.gone,
    ).order_by(columns.symbol, columns.exchange)  # fmt: skip
    yield from db.execute(query).yield_per(_AT_ONCE)


def _homes(db: ReadDb, places: Mapping[str, int]) -> dict[str, str]:
    """Whose contracts of an exchange count: every broker spells them its own way, so one source must do."""
    columns = listings.c
    query = select(columns.exchange, columns.source).distinct()
    found = db.execute(query.where(columns.asset_class.in_(_CONTRACT_CLASSES), columns.gone.is_(None)))
    pairs = sorted(found, key=lambda row: places.get(row.source, len(places)), reverse=True)
    return {row.exchange: row.source for row in pairs}


def _told(rows: Sequence[Row[Any]]) -> Iterator[tuple[str, Row[Any], str]]:
    """What stands under one symbol of one exchange: (part, the row to show, its ISIN) for each series."""
    alive = [row for row in rows if row.gone is None]
    state = "" if alive else GONE
    by_series: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in alive or rows:
        by_series[plain_series(row.series) if row.exchange == "NSE" else ""].append(row)
    for several in by_series.values():
        row = next((one for one in several if one.name), several[0])
        isin = next((one.isin for one in several if one.isin), "")
        yield part_of(row.exchange, row.asset_class, state), row, isin


def _says_more(name: str, symbol: str) -> bool:
    """Whether a source's name is one: some lists repeat the symbol where they have none."""
    return bool(name) and compact(name) != compact(symbol)


def _names(rows: Iterable[Row[Any]], symbol: str) -> list[str]:
    """What other lists call a listing whose own list only repeats its symbol."""
    return list(dict.fromkeys(row.name for row in rows if _says_more(row.name, symbol)))[:1]


def _words(row: Row[Any], isin: str, aliases: Sequence[str]) -> list[str]:
    """What a listing is found by beside its symbol."""
    said = [*words_of(row.symbol), *words_of(row.name)]
    for alias in aliases:
        said += [compact(alias), *words_of(alias)]
    return [*said, isin.lower()] if isin else said


def _contract_words(row: Row[Any]) -> list[str]:
    """What a contract is found by beside its symbol: what it is about, strike, kind, expiry."""
    said = [*words_of(row.name)]
    if row.strike is not None:
        said.append(plain(row.strike))
    kind = "fut" if row.asset_class == AssetClass.FUTURE else row.symbol[-2:].lower()
    return [*said, kind, *_expiry_words(row.expiry)]


@lru_cache(maxsize=1_000)
def _expiry_words(expiry: TradingDay | None) -> tuple[str, ...]:
    """24nov, nov, 2026."""
    if expiry is None:
        return ()
    day = expiry.date
    return f"{day:%d%b}".lower(), f"{day:%b}".lower(), f"{day:%Y}"
