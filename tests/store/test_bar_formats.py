"""Streams that earlier versions wrote stay readable, alone and among new ones; a file keeps its pages."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray
from sqlalchemy import text

from tests.store.books import NOW, instrument, later
from tests.store.test_bars import FIRST, bar, kept, many_bars, random_bars, same, told, untold_is_empty
from tunefolio.core.errors import BrokenLaw
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.market.bars import Bars, Part
from tunefolio.market.panel import Field, aligned
from tunefolio.store import bars, codec
from tunefolio.store.bar_rows import year_places
from tunefolio.store.codec import Chunk, compressor, opened_all, packed_chunk, unpacked_bars, unpacked_closes
from tunefolio.store.db import Database, WriteDb, open_database
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


@given(many_bars())
def test_compiled_loops_lay_new_streams_as_old_ones(given_bars: Bars) -> None:
    """Up to a plane of zeros that folding might have needed."""
    new, old = packed_chunk(given_bars), before(given_bars)
    streams = [chunk.body for chunk in (new, old)]
    if new.rest is not None and old.rest is not None:
        streams += [new.rest, old.rest]
    data, ends = opened_all(streams)
    starts = [0, *ends.tolist()]
    found = [data[starts[k] : starts[k + 1]].tobytes() for k in range(len(streams))]
    for k in range(0, len(found), 2):
        assert columns_of(found[k], 4 if k else 2, len(given_bars)) == columns_of(
            found[k + 1], 4 if k else 2, len(given_bars)
        )


def columns_of(payload: bytes, wide: int, count: int) -> list[object]:
    """The folded numbers of each column, the step and what follows, whatever the widths."""
    found: list[object] = [payload[wide]]
    at = wide + 1
    for width in payload[:wide]:
        planes = np.frombuffer(payload, np.uint8, width * count, at).reshape(width, count)
        found.append([int.from_bytes(planes[:, i].tobytes()) for i in range(count)])
        at += width * count
    return [*found, payload[at:]]


def test_a_stream_whose_planes_have_not_one_length_is_refused() -> None:
    chunk = packed_chunk(told(*(bar(i, "10", "12", "9", str(10 + i % 2), volume=i) for i in range(50))))
    payload = codec.body_payload(chunk.body)
    for broken in (payload[:-1], payload[:4], payload[:1], b""):
        stream = compressor().compress(broken)
        with pytest.raises(BrokenLaw):
            unpacked_closes([chunk._replace(body=stream)])
    with pytest.raises(BrokenLaw, match="one length"):
        opened_all([compressor().compress(payload[:-1])])


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
