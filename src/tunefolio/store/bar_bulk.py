"""Bars of many instruments of which nothing is known: packed by compiled loops, written as they are ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy.engine import Dialect

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant
from tunefolio.market.bar_merge import trimmed
from tunefolio.market.bars import Bars
from tunefolio.market.daily import day_of
from tunefolio.store import bar_years
from tunefolio.store.bar_rows import checked, digest, sources_text, year_places
from tunefolio.store.codec import BODY_HEAD, REST_HEAD, Chunk, compressor, framed
from tunefolio.store.columns import At, Day
from tunefolio.store.db import WriteDb

_AT_ONCE = 25
"""Instruments packed together: their arrays stay in the processor's cache."""
_WIDEST_ROW = 6 * 8 + 1
_HEADS = BODY_HEAD + REST_HEAD
_COLUMNS = (
    "instrument_id", "year", "currency", "source", "scale", "count", "first_day", "last_day", "updated_at",
    "digest", "body", "codes", "rest",
)  # fmt: skip
_Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BarsOf:
    """The bars of one instrument, in its currency."""

    instrument: InstrumentId
    currency: Currency
    bars: Bars


def put_fresh(db: WriteDb, batch: Sequence[BarsOf], now: Instant) -> int:
    """Insert the bars of instruments that have none; how many. Two threads pack while this one writes."""
    if not batch:
        return 0
    from tunefolio.store import bar_kernels  # loaded once, before threads ask for it

    bar_years.ensure(db, {year for one in batch for year, _, _ in year_places(one.bars.days)})
    groups = [batch[at : at + _AT_ONCE] for at in range(0, len(batch), _AT_ONCE)]
    bind = _binder(db.connection.dialect, now)
    with ThreadPoolExecutor(2, thread_name_prefix="bars") as pool:
        for rows in pool.map(lambda group: _rows(group, bind, bar_kernels.pack), groups):
            _insert(db, rows)
    return sum(len(one.bars) for one in batch)


_Bind = Callable[[BarsOf, int, int, int, Chunk, str], _Values]


def _binder(dialect: Dialect, now: Instant) -> _Bind:
    """Makes a row's values as the driver takes them: one call a row in place of one a value."""
    at, day_type = At().process_bind_param(now, dialect), Day()

    @lru_cache(maxsize=4_096)
    def day(ordinal: int) -> Any:
        return day_type.process_bind_param(day_of(ordinal), dialect)

    def bind(one: BarsOf, year: int, first: int, last: int, chunk: Chunk, source: str) -> _Values:
        said = digest(one.currency, source, chunk)
        head = (int(one.instrument), year, str(one.currency), source, chunk.scale, chunk.length)
        return (*head, day(first), day(last), at, said, chunk.body, chunk.codes, chunk.rest)

    return bind


def _rows(group: Sequence[BarsOf], bind: _Bind, pack: Callable[..., None]) -> list[_Values]:
    rows: list[_Values] = []
    room = np.empty(max(len(one.bars) for one in group) * _WIDEST_ROW + 400 * _HEADS, np.uint8)
    for one in group:
        bars = trimmed(checked(one.bars))
        if one.bars.codes.any() or len(bars.sources) != 1:
            _refuse_strangers(bars)
        rows += _rows_of(one, bars, bind, pack, room)
    return rows


def _refuse_strangers(bars: Bars) -> None:
    if int(bars.codes.max(initial=0)) >= len(bars.sources):
        raise Misuse("bars", "name a source that they do not have")


def _rows_of(one: BarsOf, bars: Bars, bind: _Bind, pack: Callable[..., None], room: Any) -> list[_Values]:
    """The rows of one instrument, ascending by year."""
    years = year_places(bars.days)
    need = len(bars) * _WIDEST_ROW + len(years) * _HEADS
    out = room if len(room) >= need else np.empty(need, np.uint8)
    starts = np.array([start for _, start, _ in years] + [len(bars)], np.int64)
    places = np.empty(4 * len(years) + 1, np.int64)
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.parts)
    pack(bars.days, *map(np.ascontiguousarray, columns), starts, out, places)
    view, source = memoryview(out.data), sources_text(bars.sources)
    ends, rows = places.tolist(), []
    for k, (year, start, end) in enumerate(years):
        body, body_noise, rest, rest_noise, after = ends[4 * k : 4 * k + 5]
        told, codes = source, None
        if len(bars.sources) > 1:
            told, codes = _sources(bars, start, end)
        packed_rest = framed(view[rest:rest_noise], view[rest_noise:after]) if after > rest else None
        packed_body = framed(view[body:body_noise], view[body_noise:rest])
        chunk = Chunk(bars.scale, end - start, packed_body, codes, packed_rest)
        rows.append(bind(one, year, int(bars.days[start]), int(bars.days[end - 1]), chunk, told))
    return rows


def _sources(bars: Bars, start: int, end: int) -> tuple[str, bytes | None]:
    """The names that stand in one year, and whose each row is."""
    used, codes = np.unique(bars.codes[start:end], return_inverse=True)
    names = sources_text([bars.sources[place] for place in used])
    return names, compressor().compress(codes.astype(np.uint8).tobytes()) if len(used) > 1 else None


def _insert(db: WriteDb, rows: Sequence[_Values]) -> None:
    names = ", ".join(_COLUMNS)
    if db.dialect == "sqlite":
        marks = ", ".join("?" * len(_COLUMNS))
        db.connection.exec_driver_sql(f"INSERT INTO bar_chunks ({names}) VALUES ({marks})", list(rows))  # noqa: S608 — our names
        return
    raw: Any = db.connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY bar_chunks ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int4", "text", "text", "int4", "int4", "date", "date", "timestamptz", "int8",
                        "bytea", "bytea", "bytea"])  # fmt: skip
        for row in rows:
            copy.write_row(row)
