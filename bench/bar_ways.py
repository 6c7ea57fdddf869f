"""Ways to keep daily bars, each as its own kind of storage would do it well: chunks, rows, DuckDB, Parquet.

Writing is durable in each: SQLite with synchronous=FULL, PostgreSQL with fsync and synchronous_commit, DuckDB
with a checkpoint, Parquet with fsync. Reading gives one instrument since a day, all columns, as arrays.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import psycopg
from numpy.typing import NDArray
from sqlalchemy import event, insert, text
from tests import postgres

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bars, Part
from tunefolio.store import bars, schema
from tunefolio.store.bars import BarsOf
from tunefolio.store.db import Database, open_database
from tunefolio.store.tables import instruments

INSTRUMENTS = 1_000
SINCE = TradingDay.parse("2013-03-01")
"""Ten years before the last day of the history."""
NOW = Instant(datetime(2026, 11, 20, tzinfo=UTC))
_ROWS = "instrument_id BIGINT, day INTEGER, open BIGINT, high BIGINT, low BIGINT, close BIGINT, volume BIGINT"
_ONE = (
    "SELECT day, open, high, low, close, volume FROM bar_rows"
    " WHERE instrument_id = {id} AND day >= {day} ORDER BY day"
)
_FROM = SINCE.date.toordinal()


@dataclass(frozen=True, slots=True)
class Way:
    """clear: forget all; write: all of them, durably; read: one instrument; size: bytes on disk."""

    name: str
    clear: Callable[[], object]
    write: Callable[[list[BarsOf]], object]
    read: Callable[[InstrumentId], object]
    size: Callable[[], int]


def history(count: int, length: int) -> list[BarsOf]:
    """Random walks with ticks of five paise, ranges and volumes as shares have them."""
    ordinals = np.arange(date(2004, 1, 1).toordinal(), date(2025, 12, 31).toordinal())
    days = ordinals[(ordinals % 7 != 6) & (ordinals % 7 != 0)][:length].astype(np.int32)
    rng = np.random.default_rng(1)
    return [BarsOf(InstrumentId(number + 1), INR, _walk(rng, days)) for number in range(count)]


def _walk(rng: np.random.Generator, days: NDArray[np.int32]) -> Bars:
    level = rng.integers(5_000, 400_000)
    growth = np.cumsum(rng.normal(0.0003, 0.018, len(days)))
    close = np.maximum(np.rint(level * np.exp(growth) / 5), 20).astype(np.int64) * 5
    gap, up, down = (
        np.rint(close * rng.normal(0, 0.008, len(days)) / 5).astype(np.int64) * 5 for _ in range(3)
    )
    open = np.maximum(close + gap, 5)
    high, low = np.maximum(open, close) + abs(up), np.maximum(np.minimum(open, close) - abs(down), 5)
    volume = np.exp(rng.normal(13, 1.2, len(days))).astype(np.int64)
    told = np.full(len(days), Part.RANGE | Part.VOLUME, np.uint8)
    return Bars(days, open, high, low, close, volume, told, np.zeros(len(days), np.uint8), ("nse",), 2)


def sqlite_house(path: Path) -> Database:
    url = f"sqlite:///{path}"
    schema.migrate(url)
    database = open_database(url)
    event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=FULL"))
    return with_instruments(database)


def with_instruments(database: Database) -> Database:
    row = {"exchange": "NSE", "name": "", "asset_class": "equity", "currency": "INR", "created_at": NOW}
    rows = [row | {"id": number + 1, "symbol": f"S{number}"} for number in range(INSTRUMENTS)]
    with database.writing() as db:
        db.execute_many(insert(instruments), rows)
    return database


@contextmanager
def ways(folder: Path) -> Iterator[list[Way]]:
    """Every way, on empty storage in this folder."""
    sqlite = sqlite_house(folder / "chunks.db")
    home = Path(tempfile.mkdtemp(prefix="bars-"))  # whoever runs PostgreSQL must be able to enter it
    server = with_instruments(_server(home))
    found = [
        chunks("SQLite, chunks", sqlite, lambda: _file_size(sqlite, folder / "chunks.db")),
        chunks("PostgreSQL, chunks", server, lambda: _of_server(server, "bar_years")),
        duck(folder / "bars.duckdb"),
        parquet(folder / "bars.parquet"),
        sqlite_rows(folder / "rows.db"),
        server_rows(server),
    ]
    try:
        yield found
    finally:
        sqlite.close()
        server.close()
        postgres.stop(home)


def _server(home: Path) -> Database:
    """A cluster as tests have it, but durable."""
    cluster = postgres.shared(home, "bench", os.getpid())
    with psycopg.connect(cluster.url("postgres").replace("+psycopg", ""), autocommit=True) as admin:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            admin.execute(f"ALTER SYSTEM SET {setting} = on".encode())
        admin.execute("SELECT pg_reload_conf()")
    url = cluster.url(cluster.create())
    schema.migrate(url)
    return open_database(url)


def chunks(name: str, database: Database, size: Callable[[], int]) -> Way:
    def write(batch: list[BarsOf]) -> None:
        with database.writing() as db:
            bars.put_many(db, batch, NOW)

    def read(id: InstrumentId) -> object:
        with database.reading() as db:
            return bars.of(db, [id], SINCE)

    return Way(name, lambda: _clear(database), write, read, size)


def _clear(database: Database) -> None:
    with database.writing() as db:
        verb = "DELETE FROM" if db.dialect == "sqlite" else "TRUNCATE"
        db.connection.execute(text(f"{verb} bar_chunks"))


def _file_size(database: Database, path: Path) -> int:
    """Of the file once everything is in it."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def _of_server(database: Database, where: str) -> int:
    query = text(
        "SELECT sum(pg_total_relation_size(pg_class.oid)) FROM pg_class"
        " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE (nspname = :name OR relname = :name) AND relkind = 'r'"
    )
    with database.reading() as db:
        return int(db.connection.execute(query, {"name": where}).scalar_one())


# Others -------------------------------------------------------------------------------------------


def table_of(batch: list[BarsOf]) -> pl.DataFrame:
    """All bars as one table, by instrument and day."""
    ids = np.concatenate([np.full(len(one.bars), one.instrument, np.int64) for one in batch])
    columns = {
        name: np.concatenate([getattr(one.bars, name) for one in batch])
        for name in ("days", "open", "high", "low", "close", "volume")
    }
    return pl.DataFrame({"instrument_id": ids, **columns}).rename({"days": "day"})


def _arrays(rows: Sequence[Any]) -> NDArray[np.int64]:
    return np.array(rows, np.int64)


def duck(path: Path) -> Way:
    connection = duckdb.connect(str(path))
    connection.execute(f"CREATE TABLE bar_rows ({_ROWS})")

    def write(batch: list[BarsOf]) -> None:
        connection.register("bulk", table_of(batch).to_arrow())
        connection.execute("INSERT INTO bar_rows SELECT * FROM bulk")
        connection.execute("CHECKPOINT")

    def read(id: InstrumentId) -> object:
        return connection.execute(_ONE.format(id=id, day=_FROM)).fetchnumpy()

    return Way(
        "DuckDB", lambda: connection.execute("DELETE FROM bar_rows"), write, read, lambda: path.stat().st_size
    )


def parquet(path: Path) -> Way:
    def write(batch: list[BarsOf]) -> None:
        table_of(batch).write_parquet(path, compression="zstd", row_group_size=100_000)
        with path.open("rb") as file:
            os.fsync(file.fileno())

    def read(id: InstrumentId) -> object:
        wanted = (pl.col("instrument_id") == id) & (pl.col("day") >= _FROM)
        return pl.scan_parquet(path).filter(wanted).collect().to_numpy()

    return Way("Parquet", path.unlink, write, read, lambda: path.stat().st_size)


def sqlite_rows(path: Path) -> Way:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"CREATE TABLE bar_rows ({_ROWS}, PRIMARY KEY (instrument_id, day)) WITHOUT ROWID")

    def write(batch: list[BarsOf]) -> None:
        connection.execute("BEGIN")
        rows = table_of(batch).iter_rows()
        connection.executemany("INSERT INTO bar_rows VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")

    def read(id: InstrumentId) -> object:
        return _arrays(connection.execute(_ONE.format(id=id, day=_FROM)).fetchall())

    def forget() -> None:
        connection.execute("DELETE FROM bar_rows")

    return Way("SQLite, rows", forget, write, read, lambda: path.stat().st_size)


def server_rows(database: Database) -> Way:
    with database.writing() as db:
        db.connection.execute(text(f"CREATE TABLE bar_rows ({_ROWS}, PRIMARY KEY (instrument_id, day))"))

    def write(batch: list[BarsOf]) -> None:
        with database.writing() as db:
            raw: Any = db.connection.connection.driver_connection
            with raw.cursor() as cursor, cursor.copy("COPY bar_rows FROM STDIN") as copy:
                copy.write(table_of(batch).write_csv(include_header=False, separator="\t"))

    def read(id: InstrumentId) -> object:
        with database.reading() as db:
            return _arrays(db.connection.exec_driver_sql(_ONE.format(id=id, day=_FROM)).all())

    def forget() -> None:
        with database.writing() as db:
            db.connection.execute(text("TRUNCATE bar_rows"))

    return Way("PostgreSQL, rows", forget, write, read, lambda: _of_server(database, "bar_rows"))
