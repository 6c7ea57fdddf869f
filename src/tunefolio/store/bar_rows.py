"""A chunk of bars as a row, and back; how the rows of one instrument are kept from two writers at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson
from sqlalchemy import BigInteger, ColumnElement, Row, Text, any_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bars
from tunefolio.market.daily import Days, day_of
from tunefolio.store.batches import among
from tunefolio.store.codec import Chunk, packed_chunk, unpacked_bars
from tunefolio.store.db import ReadDb
from tunefolio.store.tables import bar_chunks, instruments

KEY = ("instrument_id", "year")
WHOLE = ("instrument_id", "source", "scale", "count", "body", "codes", "rest")
"""The columns that bars_of() needs, in the order of a Chunk."""
_LAST_YEAR = 9_999
_DIGEST_BYTES = 6
"""So that the sum of an instrument's digests, a century of years, fits 64 bits."""


def row_of(
    instrument: InstrumentId, year: int, currency: Currency, bars: Bars, now: Instant
) -> dict[str, Any]:
    """The row of one year's bars, at least one."""
    chunk, source = packed_chunk(bars), sources_text(bars.sources)
    return {
        "instrument_id": instrument,
        "year": year,
        "currency": currency,
        "source": source,
        "scale": chunk.scale,
        "count": chunk.length,
        "first_day": bars.day(0),
        "last_day": bars.day(len(bars) - 1),
        "updated_at": now,
        "digest": digest(currency, source, chunk),
        "body": chunk.body,
        "codes": chunk.codes,
        "rest": chunk.rest,
    }


def digest(currency: str, source: str, chunk: Chunk) -> int:
    """48 bits of what a row tells."""
    told = blake2b(chunk.body, digest_size=_DIGEST_BYTES)
    for part in (chunk.rest, chunk.codes, f"{currency} {source} {chunk.scale}".encode()):
        told.update(part or b"")
    return int.from_bytes(told.digest())


def sources_text(sources: Sequence[str]) -> str:
    """The names of a row's sources in one text; raises Misuse for a name with a comma."""
    if any("," in name for name in sources):
        raise Misuse("source", f"{sources} must not have a comma")
    return ",".join(sources)


def bars_of(rows: Sequence[Sequence[Any]]) -> Bars:
    """The bars of rows of one instrument, ascending by year; each ends with what WHOLE has from source on."""
    chunks = [Chunk._make(row[-5:]) for row in rows]
    return unpacked_bars(chunks, [tuple(row[-6].split(",")) for row in rows])


@lru_cache(maxsize=32)
def _reading(dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    """The rows of `ids` from year `since` to `until`, by instrument and year, as the driver takes them.

    Made once: to build and compile the statement takes longer than to execute it.
    """
    chunks = bar_chunks.c
    query = select(*(chunks[name] for name in columns)).where(
        among_ids(dialect.name), chunks.year.between(bindparam("since"), bindparam("until"))
    )
    compiled = query.order_by(chunks.instrument_id, chunks.year).compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return compiled


def among_ids(dialect: str) -> ColumnElement[bool]:
    """As batches.among(), for a statement that is made once: the ids come as ids_value() under `ids`."""
    column_of_ids = bar_chunks.c.instrument_id
    if dialect == "postgresql":
        return column_of_ids == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    values = func.json_each(bindparam("ids", type_=Text)).table_valued(column("value"))
    return column_of_ids.in_(select(values.c.value))


def ids_value(db: ReadDb, ids: Iterable[InstrumentId]) -> Any:
    numbers = list(dict.fromkeys(ids))
    return numbers if db.dialect == "postgresql" else orjson.dumps(numbers).decode()


def rows_of(
    db: ReadDb,
    columns: tuple[str, ...],
    ids: Iterable[InstrumentId],
    since: TradingDay | None = None,
    until: TradingDay | None = None,
) -> dict[InstrumentId, list[tuple[Any, ...]]]:
    """The rows of each instrument, ascending, of the years that [since, until) touches; absent where none.

    instrument_id is the first of the columns.
    """
    years = (0 if since is None else since.date.year, _LAST_YEAR if until is None else until.date.year)
    found: dict[InstrumentId, list[tuple[Any, ...]]] = {}
    for row in _cursor(db, columns, ids, years):
        found.setdefault(row[0], []).append(row)
    return found


def blocks_of(
    db: ReadDb, columns: tuple[str, ...], ids: Iterable[InstrumentId], *, years: tuple[int, int], size: int
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of the first to the last of these years, `size` at a time, by instrument and year."""
    cursor = _cursor(db, columns, ids, years)
    while rows := cursor.fetchmany(size):
        yield rows


def _cursor(db: ReadDb, columns: tuple[str, ...], ids: Iterable[InstrumentId], years: tuple[int, int]) -> Any:
    """Rows as the driver gives them: numbers, texts and bytes are already what they are here, and one
    instrument's rows are read in less time than SQLAlchemy takes to wrap them."""
    values = {"ids": ids_value(db, ids), "since": years[0], "until": years[1]}
    statement = _reading(db.connection.dialect, columns)
    given: Any = values if statement.positiontup is None else [values[name] for name in statement.positiontup]
    driver: Any = db.connection.connection.driver_connection
    return driver.execute(str(statement), given)


def of_years(db: ReadDb, instrument: InstrumentId, years: Collection[int]) -> dict[int, Row[Any]]:
    chunks = bar_chunks.c
    query = select(chunks.year, *(chunks[name] for name in WHOLE)).where(
        chunks.instrument_id == instrument, chunks.year.in_(sorted(years))
    )
    return {row.year: row for row in db.execute(query)}


def year_places(days: Days) -> list[tuple[int, int, int]]:
    """Each calendar year that has days, and the places where it begins and ends."""
    if not len(days):
        return []
    first, last = (day_of(int(days[place])).date.year for place in (0, -1))
    starts = np.array([date(year, 1, 1).toordinal() for year in range(first, last + 1)])
    places = [*np.searchsorted(days, starts).tolist(), len(days)]
    years = zip(range(first, last + 1), places[:-1], places[1:], strict=True)
    return [(year, start, end) for year, start, end in years if end > start]


def lock(db: ReadDb, ids: Iterable[InstrumentId]) -> None:
    """Whoever else writes bars of these instruments waits until this transaction ends; in the order of ids.

    SQLite has one writer at a time anyway.
    """
    if db.dialect != "sqlite":
        query = select(instruments.c.id).where(among(db, instruments.c.id, ids)).order_by(instruments.c.id)
        db.execute(query.with_for_update(key_share=True)).all()


def checked(bars: Bars) -> Bars:
    """Raises Misuse where days are not ascending, each once, or a column has another length."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.parts, bars.codes)
    if any(len(column) != len(bars.days) for column in columns):
        raise Misuse("bars", "have columns of different lengths")
    if len(bars) > 1 and not (np.diff(bars.days) > 0).all():
        raise Misuse("bars", "must be ascending, each day once")
    return bars
