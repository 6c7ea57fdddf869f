"""Look-ups at a glance: the same answers as in a transaction, of this very moment, and never a wait."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Dialect, bindparam, select, text, update

from tests.store.books import NOW, person
from tunefolio.core.identity import SessionId
from tunefolio.core.people import Scope, Viewer
from tunefolio.store import personal_tokens, persons, refresh_tokens, sessions
from tunefolio.store.db import Database, Unanswered, open_database
from tunefolio.store.lookups import Asked, Lookup
from tunefolio.store.tables import persons as persons_table

LATER = NOW + timedelta(days=30)


def signed_in(database: Database) -> tuple[Viewer, SessionId]:
    """Asha, signed in with the token whose hash is `here`, and with a program's token, hash `mine`."""
    with database.writing() as db:
        viewer = person(db)
        persons.set_preferences(db, viewer, {"theme": "dark"})
        session = sessions.add(db, viewer, "here", "Firefox", "192.0.2.1", NOW, LATER)
        scopes = [Scope.READ, Scope.SYNC]
        personal_tokens.add(db, viewer, "script", "mine", "abcd", scopes, now=NOW, expires=LATER)
    return viewer, session


def test_a_glance_tells_what_a_transaction_tells(database: Database) -> None:
    viewer, session = signed_in(database)
    with database.reading() as slow, database.glancing() as quick:
        assert sessions.find(slow, "here", NOW) == sessions.find(quick, "here", NOW)
        assert personal_tokens.find(slow, "mine", NOW) == personal_tokens.find(quick, "mine", NOW)
        asked = (viewer, session, NOW)
        assert refresh_tokens.standing(slow, *asked) == refresh_tokens.standing(quick, *asked)
        found = sessions.find(quick, "here", NOW)
        assert found is not None
        assert (found[0].created, found[0].expires, found[1].preferences) == (NOW, LATER, {"theme": "dark"})
        token = personal_tokens.find(quick, "mine", NOW)
        assert token is not None
        assert token[0].scopes == {Scope.READ, Scope.SYNC}
        assert sessions.find(quick, "nowhere", NOW) is None
        assert sessions.find(quick, "here", LATER) is None


def test_what_another_server_has_ended_is_ended_at_the_next_glance(database: Database) -> None:
    viewer, session = signed_in(database)
    other = open_database(database.engine.url.render_as_string(hide_password=False))
    try:
        with database.glancing() as db:
            assert sessions.find(db, "here", NOW) is not None
            with other.writing() as there:
                sessions.end(there, viewer, session, NOW)
            assert sessions.find(db, "here", NOW) is None
            assert refresh_tokens.standing(db, viewer, session, NOW) is None
            with other.writing() as there:
                personal_tokens.revoke_all(there, viewer, NOW)
            assert personal_tokens.find(db, "mine", NOW) is None
    finally:
        other.close()


def test_a_glance_holds_no_moment_fast(database: Database) -> None:
    """Else a file's log could not be emptied, and PostgreSQL not tidied, while a connection is idle."""
    signed_in(database)
    with database.glancing() as db:
        sessions.find(db, "here", NOW)
        signed_in_again(database)
        with database.engine.connect() as connection:
            if database.dialect == "sqlite":
                question = "PRAGMA wal_checkpoint(TRUNCATE)"  # answers first whether a reader was in the way
            else:
                question = (  # of this database alone: beside it lie those of other tests
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND state LIKE 'idle in%'"
                )
            raw: Any = connection.connection.driver_connection
            assert raw.execute(question).fetchone()[0] == 0


def signed_in_again(database: Database) -> None:
    """So that there is something newer than what was looked up."""
    with database.writing() as db:
        person(db, "bela")


def test_more_than_a_look_up_is_asked_in_a_transaction(database: Database) -> None:
    with database.glancing() as db:
        assert db.dialect == database.dialect
        with pytest.raises(Unanswered):
            persons.count(db)


class Sly(Lookup):
    """Says UPDATE where its query says SELECT."""

    def asked(self, dialect: Dialect) -> Asked:
        honest = super().asked(dialect)
        mark = honest.text.rpartition("= ")[2]
        return replace(honest, text=f"UPDATE persons SET name = 'sly' WHERE id = {mark}")


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_glance_changes_nothing(database: Database) -> None:
    """PostgreSQL would, for nothing is set on connections that a pooler may share: there the type alone
    stands before it, and the next test's refusal."""
    viewer, _ = signed_in(database)
    sly = Sly(select(persons_table.c.id).where(persons_table.c.id == bindparam("person")))
    with database.glancing() as db, pytest.raises(Unanswered) as refused:
        db.find(sly, {"person": viewer.person})
    assert "readonly" in str(refused.value.__cause__)
    with database.reading() as db:
        assert persons.person_of(db, viewer.person).name != "sly"


def test_a_look_up_is_no_change() -> None:
    sly: Any = update(persons_table).values(name=bindparam("name"))
    with pytest.raises(TypeError, match="changes nothing"):
        Lookup(sly)


def test_a_look_up_brings_no_values_of_its_own() -> None:
    query = select(persons_table.c.id).where(persons_table.c.role == "admin")
    with pytest.raises(TypeError, match="from outside"):
        Lookup(query).asked(open_database("sqlite://").engine.dialect)


def test_a_database_in_memory_has_no_glances() -> None:
    database = open_database("sqlite://")
    assert not database.is_near
    with pytest.raises(Unanswered), database.glancing():
        pass
    database.close()


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_locked_file_is_not_waited_for(database: Database) -> None:
    """The one lock that shuts readers out of a file with a log, as its recovery after a crash takes it."""
    signed_in(database)
    with database.glancing() as db:
        sessions.find(db, "here", NOW)
    database.close()
    alone = sqlite3.connect(str(database.engine.url.database), isolation_level=None)
    alone.execute("PRAGMA locking_mode=EXCLUSIVE")
    alone.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(Unanswered), database.glancing() as db:
        sessions.find(db, "here", NOW)
    assert time.monotonic() - begun < 5  # a transaction would wait for thirty seconds
    alone.execute("ROLLBACK")
    alone.close()
    with database.glancing() as db:
        assert sessions.find(db, "here", NOW) is not None


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_connection_that_died_is_replaced(database: Database) -> None:
    signed_in(database)
    with database.glancing() as db:
        assert sessions.find(db, "here", NOW) is not None
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with database.reading() as reader:
        reader.execute(others)
    with database.glancing() as db, pytest.raises(Unanswered):
        sessions.find(db, "here", NOW)
    with database.glancing() as db:
        assert sessions.find(db, "here", NOW) is not None
