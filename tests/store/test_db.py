"""The two kinds of session."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from tests.store.books import NOW, person, portfolio
from tunefolio.core.errors import Misuse
from tunefolio.store import persons, portfolios
from tunefolio.store.db import Database, open_database
from tunefolio.store.tables import duties


def test_a_reader_cannot_write_and_the_next_writer_can(database: Database) -> None:
    for _ in range(2):
        with pytest.raises(DBAPIError, match=r"readonly|read-only"), database.reading() as db:
            db.execute(insert(duties), {"name": "x", "last_run_at": NOW})
        with database.writing() as writer:
            person(writer, f"p{persons.count(writer)}")
    with database.reading() as db:
        assert persons.count(db) == 2


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.reading() as reader:
        assert persons.count(reader) == 0
        with database.writing() as writer:
            person(writer)
        assert persons.count(reader) == 0
    with database.reading() as reader:
        assert persons.count(reader) == 1


def test_a_broken_write_leaves_nothing_and_promises_nothing(database: Database) -> None:
    rung: list[str] = []

    class Stop(Exception):
        pass

    def broken() -> None:
        with database.writing() as db:
            person(db)
            db.after_commit(lambda: rung.append("broken"))
            raise Stop

    with pytest.raises(Stop):
        broken()
    with database.writing() as db:
        assert persons.count(db) == 0
        person(db)
        db.after_commit(lambda: rung.append("kept"))
        assert rung == []
    assert rung == ["kept"]


def test_a_taken_name_is_misuse_and_the_transaction_goes_on(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        portfolio(db, viewer, "Family")
        with pytest.raises(Misuse, match="name is already"):
            portfolio(db, viewer, "Family")
        portfolio(db, viewer, "Other")
    with database.reading() as db:
        assert [p.name for p in portfolios.listed(db, viewer)] == ["Family", "Other"]


def test_writers_wait_for_each_other(database: Database) -> None:
    with database.writing() as db:
        db.execute(insert(duties), {"name": "count", "last_run_at": NOW})

    def work() -> None:
        for _ in range(20):
            with database.writing() as db:
                db.connection.execute(text("UPDATE duties SET name = name"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def test_only_two_databases_are_spoken(tmp_path: object) -> None:
    with pytest.raises(Misuse, match="mysql is not supported"):
        open_database("mysql://localhost/x")


def test_a_database_in_memory_is_one_database() -> None:
    database = open_database("sqlite://")
    with database.writing() as db:
        db.connection.execute(text("CREATE TABLE t (x INTEGER) STRICT"))
    with database.reading() as db:
        assert db.connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
    database.close()
