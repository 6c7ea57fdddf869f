"""Streams that earlier versions wrote stay readable, alone and among new ones; a file keeps its pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import text

from tests.store.books import NOW, instrument, later
from tests.store.test_bars import FIRST, bar, kept, many_bars, random_bars, same, told, untold_is_empty
from tunefolio.core.errors import BrokenLaw
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.market.bars import Bars, Part
from tunefolio.market.daily import Days
from tunefolio.market.panel import Field, Prices, aligned, aligned_ticks
from tunefolio.store import bars, codec
from tunefolio.store.bar_rows import year_places
from tunefolio.store.codec import Chunk, compressor, packed_chunk, unpacked_bars, unpacked_closes
from tunefolio.store.db import Database, WriteDb, open_database
from tunefolio.store.panel_build import LAST_DAY, Wish, Write, build
from tunefolio.store.panels import open_panel
from tunefolio.store.tables import bar_chunks


def before(one: Bars) -> Chunk:
    """As it was written before noise stood last: every column folded, every plane in its place, one block."""
    close, has_range = one.close, (one.parts & Part.RANGE) != 0
    step = codec.step_of([close])
    days = np.diff(one.days.astype(np.int64), prepend=np.int64(0)).view(np.int64)
    body = laid([days, np.diff(close // step, prepend=np.int64(0)).view(np.int64)], step)
    if not one.parts.any():
        return Chunk(one.scale, len(one), compressor().compress(body), codes(one))
    offsets = [
        one.open - np.concatenate([close[:1], close[:-1]]),
        one.high - np.maximum(one.open, close),
        np.minimum(one.open, close) - one.low,
    ]
    offsets = [np.where(has_range, offset, 0) for offset in offsets]
    step = codec.step_of(offsets)
    rest = laid([*(offset // step for offset in offsets), one.volume], step) + one.parts.tobytes()
    both = (compressor().compress(stream) for stream in (body, rest))
    packed_body, packed_rest = both
    return Chunk(one.scale, len(one), packed_body, codes(one), packed_rest)


def laid(columns: list[NDArray[np.int64]], step: int) -> bytes:
    """Widths, step, planes."""
    folded = [((column << 1) ^ (column >> 63)).view(np.uint64) for column in columns]
    widths = [max(1, (int(column.max()).bit_length() + 7) // 8) for column in folded]
    planes = [
        (column >> np.uint64(8 * (width - 1 - depth))).astype(np.uint8).tobytes()
        for column, width in zip(folded, widths, strict=True)
        for depth in range(width)
    ]
    return bytes((*widths, step)) + b"".join(planes)


def codes(one: Bars) -> bytes | None:
    return compressor().compress(one.codes.tobytes()) if one.codes.any() else None


def write_as_before(db: WriteDb, one: InstrumentId, told_bars: Bars) -> None:
    """The rows of an instrument become what an earlier version would have kept."""
    for year, start, end in year_places(told_bars.days):
        chunk = before(told_bars.cut(slice(start, end)))
        which = (bar_chunks.c.instrument_id == one, bar_chunks.c.year == year)
        db.execute(bar_chunks.update().where(*which).values(body=chunk.body, rest=chunk.rest))


@given(many_bars())
def test_what_was_packed_before_is_unpacked(given_bars: Bars) -> None:
    assert same(unpacked_bars([before(given_bars)], [given_bars.sources]), given_bars)


@given(many_bars(), many_bars())
def test_old_and_new_chunks_are_unpacked_together(one: Bars, other: Bars) -> None:
    chunks = [before(one), packed_chunk(other), packed_chunk(one)]
    new = [packed_chunk(one), packed_chunk(other), packed_chunk(one)]
    names = [one.sources] * 3
    assert same(unpacked_bars(chunks, names), unpacked_bars(new, names))
    assert unpacked_closes(chunks).ticks.tolist() == unpacked_closes(new).ticks.tolist()


@given(many_bars(), st.booleans())
def test_compiled_loops_read_new_streams_and_old_ones(given_bars: Bars, is_old: bool) -> None:
    assert spread([(given_bars, before if is_old else packed_chunk)])


@settings(max_examples=30)
@given(many_bars(), many_bars())
def test_compiled_loops_read_both_side_by_side(one: Bars, other: Bars) -> None:
    one = replace(one, scale=other.scale)
    assert spread([(one, before), (other, packed_chunk)])


def spread(told_bars: list[tuple[Bars, Callable[[Bars], Chunk]]]) -> bool:
    """Whether the bars, each packed in its way year by year, are in a panel of ticks what they were."""
    rows = []
    for number, (one, packed) in enumerate(told_bars):
        for year, start, end in year_places(one.days):
            chunk = packed(one.cut(slice(start, end)))
            rows.append((InstrumentId(number), year, chunk.scale, chunk.length, chunk.body, chunk.rest))
    series = {InstrumentId(number): one for number, (one, _) in enumerate(told_bars)}
    expected = aligned_ticks(series, tuple(Field))
    days, grid = built(rows, tuple(series))
    same_ticks = [np.array_equal(grid[place], expected.fields[field]) for place, field in enumerate(Field)]
    return days.tolist() == expected.days.tolist() and all(same_ticks)


def built(rows: list[tuple[Any, ...]], ids: tuple[InstrumentId, ...]) -> tuple[Days, NDArray[np.int64]]:
    """The days and [field, T, N] of exact ticks, in memory."""
    found: list[Any] = []

    def room(days: Days, _: int) -> Write:
        found.extend((days, np.zeros((len(Field), len(days), len(ids)), np.int64)))
        return write

    def write(field: int, row: int, content: NDArray[np.int64]) -> None:
        found[1][field, row : row + len(content)] = content

    build(Wish(ids, tuple(Field), Prices.TICKS, None, 0, LAST_DAY), [rows] if rows else [], {}, room)
    return found[0], found[1]


def test_a_stream_whose_planes_have_not_one_length_is_refused() -> None:
    chunk = packed_chunk(told(*(bar(i, "10", "12", "9", str(10 + i % 2), volume=i) for i in range(50))))
    payload = codec.body_payload(chunk.body)
    for broken in (payload[:-1], payload[:4], payload[:1], b""):
        stream = compressor().compress(broken)
        with pytest.raises(BrokenLaw):
            unpacked_closes([chunk._replace(body=stream)])
        row = (InstrumentId(1), FIRST.date.year, chunk.scale, chunk.length, stream, chunk.rest)
        with pytest.raises(BrokenLaw, match="number of bars"):
            built([row], (InstrumentId(1),))


def test_a_frame_that_does_not_tell_its_length_is_refused() -> None:
    """Not as an error of its reader, whichever way it is opened."""
    frame = compressor().compressobj()
    stream = frame.compress(bytes(range(200))) + frame.flush()
    for streams in ([stream], [stream, stream[:10]]):
        with pytest.raises(BrokenLaw, match="cannot be unpacked"):
            codec.opened_all(streams)


def test_a_rest_that_is_no_rest_is_refused_by_compiled_loops() -> None:
    chunk = packed_chunk(told(*(bar(i, "10", "12", "9", str(10 + i % 2), volume=i) for i in range(4))))
    assert chunk.rest is not None
    payload = codec.body_payload(chunk.rest)
    for broken in (payload[:-1], payload[:8], payload[:1], b"", bytes([0x1F]) * len(payload)):
        stream = compressor().compress(broken)
        row = (InstrumentId(1), FIRST.date.year, chunk.scale, chunk.length, chunk.body, stream)
        with pytest.raises(BrokenLaw, match="number of bars"):
            built([row], (InstrumentId(1),))


def test_a_chunk_that_stands_in_another_year_is_refused_by_compiled_loops() -> None:
    chunk = packed_chunk(told(bar(0, "10"), bar(9, "11")))
    row = (InstrumentId(1), FIRST.date.year, chunk.scale, chunk.length, chunk.body, chunk.rest)
    with pytest.raises(BrokenLaw, match="another year"):
        built([row], (InstrumentId(1),))


def test_noise_is_not_compressed_in_vain() -> None:
    """Random volumes cost their bytes and what is regular beside them next to nothing, although both are
    in one stream."""
    rng = np.random.default_rng(3)
    days = np.arange(1, 251, dtype=np.int32)
    flat, none = np.full(250, 1_000), np.zeros(250, np.uint8)
    volume = rng.integers(0, 2**16, 250)
    chunk = packed_chunk(Bars(days, flat, flat, flat, flat, volume, none + np.uint8(3), none, ("nse",), 2))
    assert chunk.rest is not None
    assert 500 <= len(chunk.rest) < 560


def test_rows_of_an_earlier_version_are_read_and_added_to(database: Database, tmp_path: Path) -> None:
    rng = np.random.default_rng(17)
    one_bars, other_bars = random_bars(rng, 500), random_bars(rng, 400)
    with database.writing() as db:
        one, other = instrument(db), instrument(db, "ITC")
        bars.put(db, one, INR, one_bars, NOW)
        bars.put(db, other, INR, other_bars, NOW)
        write_as_before(db, one, one_bars)
    with database.reading() as db:
        assert same(bars.of(db, [one])[one], one_bars)
        panel = open_panel(db, tmp_path / "panels", [one, other], tuple(Field))
    expected = aligned({one: one_bars, other: other_bars}, tuple(Field))
    for field in Field:
        assert np.array_equal(panel.fields[field], expected.fields[field], equal_nan=True)
    with database.writing() as db:
        assert bars.put(db, one, INR, one_bars, later(1)) == 0
        assert bars.put(db, one, INR, told(bar(-1, "10", "12", "9", "11", volume=7)), later(2)) == 1
        assert kept(db, one)[0] == bar(-1, "10", "12", "9", "11", volume=7)
        assert same(bars.of(db, [one], FIRST)[one], one_bars)


def test_a_new_file_has_large_pages_and_an_older_one_keeps_its_own(tmp_path: Path) -> None:
    def page_bytes(path: Path) -> int:
        database = open_database(f"sqlite:///{path}")
        with database.writing() as db:
            db.connection.execute(text("CREATE TABLE IF NOT EXISTS mine (x INTEGER) STRICT"))
        with database.reading() as db:
            found = int(db.connection.execute(text("PRAGMA page_size")).scalar_one())
            assert db.connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        database.close()
        return found

    old = tmp_path / "old.db"
    with sqlite3.connect(old) as connection:
        connection.execute("PRAGMA page_size=4096")
        connection.execute("CREATE TABLE fact (x INTEGER) STRICT")
        connection.execute("INSERT INTO fact VALUES (7)")
    connection.close()
    assert page_bytes(tmp_path / "new.db") == 16_384
    assert page_bytes(old) == 4_096
    with sqlite3.connect(old) as connection:
        assert connection.execute("SELECT x FROM fact").fetchall() == [(7,)]
    connection.close()


def test_rows_stay_whole_in_new_partitions(database: Database) -> None:
    """On PostgreSQL nothing of an ordinary year lies in a second table."""
    rng = np.random.default_rng(23)
    given_bars = random_bars(rng, 360)
    given_bars = replace(given_bars, days=days_of_2024(360), volume=rng.integers(0, 2**48, 360))
    with database.writing() as db:
        one = instrument(db)
        bars.put(db, one, INR, untold_is_empty(given_bars), NOW)
        if database.dialect == "postgresql":
            query = text(
                "SELECT sum(pg_relation_size(reltoastrelid)) FROM pg_class"
                " WHERE relnamespace = 'bar_years'::regnamespace AND reltoastrelid > 0"
            )
            assert db.connection.execute(query).scalar_one() == 0
            whole = text("SELECT max(length(body) + length(rest)) FROM bar_chunks")
            assert db.connection.execute(whole).scalar_one() > 2_100
        assert len(kept(db, one)) == 360


def days_of_2024(count: int) -> NDArray[np.int32]:
    return np.arange(count, dtype=np.int32) + np.int32(date(2024, 1, 1).toordinal())
