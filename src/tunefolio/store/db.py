"""The two kinds of session. A reader cannot be passed where a writer is wanted.

A request reads in one ReadDb or changes in one WriteDb: one request, one transaction. What was promised
with after_commit (doorbells, events) happens only when the transaction has been kept. Who asks is found
before that, at a glance: one statement that sees what is kept at its moment.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    Executable,
    PoolProxiedConnection,
    Row,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from tunefolio.core.errors import Misuse, TunefolioError
from tunefolio.store.asking import Ahead, Asker
from tunefolio.store.lookups import Lookup
from tunefolio.store.lookups import Unanswered as Unanswered

_TURN_SECONDS = 30.0

T = TypeVar("T")
Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class ReadDb:
    """A consistent view of the books; cannot change them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> Connection:
        return self._connection

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    def find(self, lookup: Lookup, values: Mapping[str, Any]) -> Row[*tuple[Any, ...]] | None:
        """The row that is looked up, or None."""
        return self.execute(lookup.query, values).one_or_none()

    def execute(self, statement: Executable, values: Values | None = None) -> CursorResult[*tuple[Any, ...]]:
        return self.connection.execute(statement, values)


class GlanceDb(ReadDb):
    """Look-ups alone, each a statement that sees what is kept at its moment; no transaction, no waiting for a
    lock. Raises Unanswered for whatever else is asked, and where the database does not answer at once."""

    def __init__(self, engine: Engine, raw: PoolProxiedConnection) -> None:
        self._engine = engine
        self._raw = raw

    @property
    def connection(self) -> Connection:
        raise Unanswered

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    def find(self, lookup: Lookup, values: Mapping[str, Any]) -> Row[*tuple[Any, ...]] | None:
        """The row that is looked up, or None. All rows are fetched, so that the statement ends here."""
        asked = lookup.asked(self._engine.dialect)
        connection: Any = self._raw.driver_connection
        try:
            rows = connection.execute(asked.text, asked.bound(values)).fetchall()
        except self._engine.dialect.loaded_dbapi.Error as error:
            self._raw.invalidate(error)
            raise Unanswered from error
        return asked.found(rows[0]) if rows else None


class Wanted(Exception):
    """A row that is not there yet: find it, and go the way once more."""

    def __init__(self, lookup: Lookup, values: Mapping[str, Any]) -> None:
        super().__init__()
        self.lookup = lookup
        self.values = values


class ForetoldDb(ReadDb):
    """Answers look-ups with rows found beforehand, in the order in which they are asked for. Raises Wanted at
    the first that is missing, and Unanswered for whatever is no look-up."""

    def __init__(self, dialect: str, rows: Sequence[Row[*tuple[Any, ...]] | None]) -> None:
        self._dialect = dialect
        self._rows = iter(rows)

    @property
    def connection(self) -> Connection:
        raise Unanswered

    @property
    def dialect(self) -> str:
        return self._dialect

    def find(self, lookup: Lookup, values: Mapping[str, Any]) -> Row[*tuple[Any, ...]] | None:
        for row in self._rows:
            return row
        raise Wanted(lookup, values)


class WriteDb(ReadDb):
    """One change of the books, whole or not at all. Every writer can read; no reader can write."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._after_commit: list[Callable[[], None]] = []

    def execute_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """One statement over many rows by executemany; nothing happens for no rows."""
        if rows:
            self.connection.execute(statement, rows)

    def upsert(self, table: Table) -> sqlite.Insert:
        """An INSERT that can say what happens on a conflict; both databases spell it alike."""
        return upserting(self.dialect, table)

    @contextmanager
    def unique(self, field: str, problem: str, *, cure: str = "") -> Iterator[None]:
        """Turns a taken name into Misuse; what the block wrote is undone, what came before it stands."""
        try:
            with self.connection.begin_nested():
                yield
        except IntegrityError as error:
            if is_taken(error):
                raise Misuse(field, problem, cure=cure) from None
            raise

    def after_commit(self, deed: Callable[[], None]) -> None:
        """Run `deed` once the transaction is kept; never if it is rolled back."""
        self._after_commit.append(deed)

    def kept(self) -> None:
        deeds, self._after_commit = self._after_commit, []
        for deed in deeds:
            deed()


class Database:
    """One engine and the ways into it. glances: another, for look-ups; None where there can be none. asker:
    for those of an event loop, where the database is another process."""

    def __init__(self, engine: Engine, glances: Engine | None = None, asker: Asker | None = None) -> None:
        self.engine = engine
        self._glances = glances
        self._asker = asker
        self._turn = Lock() if engine.dialect.name == "sqlite" else None

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is another process, which can work while this one does."""
        return self._asker is not None

    @contextmanager
    def glancing(self) -> Iterator[ReadDb]:
        """For a look-up or two: who asks. Sees whatever any process has kept until each of them. Raises
        Unanswered, whereupon `reading` tells."""
        if self._glances is None:
            raise Unanswered
        try:
            raw = self._glances.raw_connection()
        except (self._glances.dialect.loaded_dbapi.Error, PoolTimeout) as error:
            raise Unanswered from error
        try:
            yield GlanceDb(self._glances, raw)
        finally:
            raw.close()

    def ahead(self, question: Callable[[ReadDb], object]) -> Ahead | None:
        """Sends the first look-up that `question` asks for, from within a running loop, and does not wait:
        `foretelling` goes on from there. None where nothing is gained by it."""
        if self._asker is not None:
            try:
                question(ForetoldDb(self.dialect, ()))
            except Wanted as wanted:
                return self._asker.ahead(wanted.lookup, wanted.values)
            except (TunefolioError, Unanswered):  # told when it is asked in earnest
                pass
        return None

    async def foretelling(self, question: Callable[[ReadDb], T], ahead: Ahead | None = None) -> T:
        """What `question` makes of the look-ups it asks for, without holding up the loop: it is gone through
        again after each row that was missing, so it must do nothing but ask. ahead: of the same question.
        Raises Unanswered, whereupon `reading` tells."""
        if self._asker is None:
            with self.glancing() as db:
                return question(db)
        rows: list[Row[*tuple[Any, ...]] | None] = []
        if ahead is not None:
            rows.append(await ahead.row())
        while True:
            try:
                return question(ForetoldDb(self.dialect, rows))
            except Wanted as wanted:
                rows.append(await self._asker.find(wanted.lookup, wanted.values))

    @contextmanager
    def reading(self) -> Iterator[ReadDb]:
        """A read-only transaction: REPEATABLE READ on PostgreSQL, a snapshot under query_only on SQLite."""
        options: dict[str, Any] = {"tunefolio_reading": True}
        if self.dialect == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield ReadDb(connection)

    @contextmanager
    def writing(self) -> Iterator[WriteDb]:
        """A transaction that is kept when the block ends well; BEGIN IMMEDIATE on SQLite.

        SQLite has one writer. Threads of one process take turns before they take a connection: waiting inside
        SQLite they would sleep in growing steps, and hold all connections so that nobody could read.
        """
        with self._its_turn(), self.engine.connect() as connection, connection.begin():
            db = WriteDb(connection)
            yield db
        db.kept()

    @contextmanager
    def _its_turn(self) -> Iterator[None]:
        """Whoever waits too long goes on to SQLite, which waits for other processes and says what is up."""
        is_ours = self._turn is not None and self._turn.acquire(timeout=_TURN_SECONDS)
        try:
            yield
        finally:
            if is_ours and self._turn is not None:
                self._turn.release()

    def close(self) -> None:
        self.engine.dispose()
        if self._asker is not None:
            self._asker.close()
        if self._glances is not None:
            self._glances.dispose()


def open_database(url: str) -> Database:
    """Open SQLite or PostgreSQL by URL; raises Misuse for any other. The schema is migrations' affair."""
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return Database(_sqlite(parsed), None if _is_in_memory(parsed) else _sqlite_glances(parsed))
        case "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            engine = create_engine(parsed, pool_size=10, max_overflow=10, pool_pre_ping=True)
            return Database(engine, _postgresql_glances(parsed), Asker(engine))
        case other:
            raise Misuse(
                "TUNEFOLIO_DATABASE_URL", f"{other} is not supported", cure="Use sqlite:/// or postgresql://"
            )


def upserting(dialect: str, table: Table) -> sqlite.Insert:
    """WriteDb.upsert for who makes the statement once and runs it later."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    return cast(sqlite.Insert, postgresql.insert(table))


def is_taken(error: IntegrityError) -> bool:
    """Whether a UNIQUE or PRIMARY KEY refused the row, on either database."""
    if getattr(error.orig, "sqlstate", None) == "23505":
        return True
    return getattr(error.orig, "sqlite_errorname", "") in {
        "SQLITE_CONSTRAINT_UNIQUE",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
    }


PAGE_BYTES = 16_384
"""Of a file that is made. A row of bars takes some two kilobytes: seven or eight share a page of this size,
where each would have one of SQLite's own four kilobytes to itself. A file keeps the size it was made with."""
_GLANCES = 4
"""Connections kept for them by each process; on PostgreSQL no more are opened."""
_GLANCE_SECONDS = 1.0
_WAL_TRIES = 1_000
_WAL_PAUSE_SECONDS = 0.02
PRAGMAS = (
    "busy_timeout=30000",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "cache_size=-32768",
    "temp_store=MEMORY",
    "secure_delete=FAST",  # what is changed or deleted leaves no copy in a page that is written anyway
    "recursive_triggers=ON",  # so that REPLACE cannot delete a fact behind its trigger
)


def _sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": 30, "check_same_thread": False}}
    if _is_in_memory(url):
        options["poolclass"] = StaticPool
    else:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        options |= {"pool_size": 10, "max_overflow": 10}
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _is_in_memory(url: URL) -> bool:
    return url.database in {None, "", ":memory:"}


def _sqlite_glances(url: URL) -> Engine:
    """Never waits: neither for a lock nor for a connection."""
    options = {"connect_args": {"timeout": 0, "check_same_thread": False, "isolation_level": None}}
    engine = create_engine(url, pool_size=_GLANCES, max_overflow=-1, pool_reset_on_return=None, **options)

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA cache_size=-1024")

    event.listen(engine, "connect", prepare)
    return engine


def _postgresql_glances(url: URL) -> Engine:
    """No ping before use: one that is found dead is not used again, and a transaction tells instead."""
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=_GLANCES,
        max_overflow=0,
        pool_timeout=_GLANCE_SECONDS,
        pool_reset_on_return=None,
    )

    def prepare(connection: Any, _record: object) -> None:
        connection.autocommit = True  # nothing else is set: behind a pooler it would stay for others

    event.listen(engine, "connect", prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, never by the driver
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")  # before the first page is written, WAL's among them
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    _use_wal(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    """The mode is kept in the file. SQLite does not wait when another first opener sets it: so we do."""
    for _ in range(_WAL_TRIES):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as busy:
            if "locked" not in str(busy):
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
    connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    """query_only belongs to the pooled connection, so it is set for each transaction, before it begins."""
    reading = bool(connection.get_execution_options().get("tunefolio_reading"))
    if connection.info.get("query_only") is not reading:
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        connection.info["query_only"] = reading
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
