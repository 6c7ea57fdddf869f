"""Look-ups at a glance: the same answers as in a transaction, of this very moment, and never a wait."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Dialect,
    Integer,
    String,
    bindparam,
    cast,
    func,
    select,
    text,
    update,
)

from tests.store.books import NOW, person
from tunefolio.core.identity import SessionId
from tunefolio.core.people import Scope, Viewer
from tunefolio.store import personal_tokens, persons, refresh_tokens, sessions
from tunefolio.store.db import Database, ReadDb, Unanswered, open_database
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
    with pytest.raises(Unanswered), database.glancing():
        pass
    with pytest.raises(Unanswered):
        asyncio.run(database.foretelling(persons.count))
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


def test_an_event_loop_is_told_the_same(database: Database) -> None:
    viewer, session = signed_in(database)

    def question(db: ReadDb) -> list[Any]:
        return [
            sessions.find(db, "here", NOW),
            sessions.find(db, "nowhere", NOW),
            personal_tokens.find(db, "mine", NOW),
            refresh_tokens.standing(db, viewer, session, NOW),
            db.dialect,
        ]

    with database.reading() as db:
        told = question(db)
    assert [one is None for one in told] == [False, True, False, False, False]
    assert asyncio.run(database.foretelling(question)) == told

    async def before_and_after() -> list[bool]:
        def is_here(db: ReadDb) -> bool:
            return sessions.find(db, "here", NOW) is not None

        before = await database.foretelling(is_here)
        with database.writing() as db:
            sessions.end(db, viewer, session, NOW)
        return [before, await database.foretelling(is_here)]

    assert asyncio.run(before_and_after()) == [True, False]


def test_an_event_loop_is_told_nothing_but_look_ups(database: Database) -> None:
    with pytest.raises(Unanswered):
        asyncio.run(database.foretelling(persons.count))
    with pytest.raises(Unanswered):
        asyncio.run(database.foretelling(lambda db: db.connection))


ASLEEP = Lookup(
    select(
        func.pg_backend_pid().label("pid"),
        func.clock_timestamp().label("begun"),
        func.pg_sleep(bindparam("seconds")),
        func.clock_timestamp().label("ended"),
    )
)


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_many_of_a_loop_share_few_connections_without_waiting_for_one_another(database: Database) -> None:
    def question(db: ReadDb) -> tuple[int, datetime, datetime]:
        row = db.find(ASLEEP, {"seconds": 0.2})
        assert row is not None
        return row.pid, row.begun, row.ended

    async def many() -> list[tuple[int, datetime, datetime]]:
        return list(await asyncio.gather(*[database.foretelling(question) for _ in range(8)]))

    found = asyncio.run(many())
    assert len({pid for pid, _, _ in found}) == 4
    first_end = min(ended for _, _, ended in found)
    assert sum(begun < first_end for _, begun, _ in found) == 4  # so many slept at once


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_whoever_gives_up_leaves_no_answer_for_another(database: Database) -> None:
    """A request that is cancelled in the middle of its look-up."""
    signed_in(database)

    async def given_up() -> bool:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await database.foretelling(lambda db: db.find(ASLEEP, {"seconds": 30}))
        return await database.foretelling(lambda db: sessions.find(db, "here", NOW)) is not None

    assert asyncio.run(given_up())


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_loops_connection_that_died_is_replaced(database: Database) -> None:
    signed_in(database)

    async def after_a_death() -> bool:
        assert await database.foretelling(is_here)
        with database.reading() as reader:
            reader.execute(OTHERS)
        with pytest.raises(Unanswered):
            await database.foretelling(is_here)
        return await database.foretelling(is_here)

    assert asyncio.run(after_a_death())


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_loop_hears_of_a_death_before_it_asks_again(database: Database) -> None:
    signed_in(database)

    async def after_a_death() -> bool:
        assert await database.foretelling(is_here)
        with database.reading() as reader:
            reader.execute(OTHERS)
        for _ in range(6000):
            time.sleep(0.01)
            if lines_of(database) == 1:
                break
        await asyncio.sleep(0.2)
        return await database.foretelling(is_here)

    assert asyncio.run(after_a_death())


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_loop_asks_with_any_values(database: Database) -> None:
    """Of every size and kind, named twice, beside a sign that marks values elsewhere; and again."""
    number: BindParameter[int] = bindparam("number", type_=BigInteger)
    word: BindParameter[str] = bindparam("word", type_=String)
    sums = (number % number).label("rest"), (number + number).label("sum")
    lookup = Lookup(select(*sums, (word + word).label("words")))

    def question(number: int, word: str) -> Callable[[ReadDb], tuple[Any, ...]]:
        return lambda db: tuple(db.find(lookup, {"number": number, "word": word}) or ())

    given = [(5, "x"), (10**6, "ü'\\"), (2**40, ""), (2**60, "%(word)s"), (-7, "$1")]

    async def all_of_them() -> list[tuple[Any, ...]]:
        return [await database.foretelling(question(*one)) for one in given * 2]

    assert asyncio.run(all_of_them()) == [(0, number * 2, word * 2) for number, word in given] * 2


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_question_that_is_refused_is_not_answered_by_its_like(database: Database) -> None:
    signed_in(database)
    number = cast(bindparam("number"), Integer)
    lookup = Lookup(select((number % number).label("rest")))

    async def after_a_refusal() -> bool:
        for _ in range(2):
            with pytest.raises(Unanswered):
                await database.foretelling(lambda db: db.find(lookup, {"number": 0}))
        return await database.foretelling(lambda db: sessions.find(db, "here", NOW)) is not None

    assert asyncio.run(after_a_refusal())


def is_here(db: ReadDb) -> bool:
    return sessions.find(db, "here", NOW) is not None


def test_what_is_asked_ahead_is_told_the_same(database: Database) -> None:
    viewer, session = signed_in(database)

    async def asked_ahead() -> list[bool]:
        assert database.ahead(is_here) is None, "nothing is prepared yet, or SQLite answers as soon"
        found = [await database.foretelling(is_here)]
        ahead = database.ahead(is_here)
        assert (ahead is not None) == database.is_elsewhere
        found.append(await database.foretelling(is_here, ahead))
        with database.writing() as db:
            sessions.end(db, viewer, session, NOW)
        ahead = database.ahead(is_here)
        await asyncio.sleep(0.1)
        return [*found, await database.foretelling(is_here, ahead)]

    assert asyncio.run(asked_ahead()) == [True, True, False]


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_no_more_is_asked_ahead_than_there_are_lines_and_what_nobody_wants_frees_its_line(
    database: Database,
) -> None:
    signed_in(database)

    async def many() -> None:
        await asyncio.gather(*[database.foretelling(is_here) for _ in range(8)])
        for _ in range(20):
            aheads = [one for one in (database.ahead(is_here) for _ in range(8)) if one is not None]
            assert 1 <= len(aheads) <= 4
            assert await database.foretelling(is_here, aheads.pop())
            async with asyncio.timeout(10):
                assert all(await asyncio.gather(*[database.foretelling(is_here) for _ in range(8)]))
        assert lines_of(database) <= 6, "four of the loop, one that wrote, this one"

    asyncio.run(many())


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_line_that_dies_under_a_question_is_replaced(database: Database, is_wanted: bool) -> None:
    """Whoever waits for it asks in a transaction; where nobody does it is not noticed."""
    signed_in(database)

    async def dying() -> bool:
        assert await database.foretelling(is_here)
        ahead = database.ahead(lambda db: db.find(ASLEEP, {"seconds": 30}))
        assert ahead is None, "not prepared"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await database.foretelling(lambda db: db.find(ASLEEP, {"seconds": 0.5}))
        await database.foretelling(lambda db: db.find(ASLEEP, {"seconds": 0}))
        ahead = database.ahead(lambda db: db.find(ASLEEP, {"seconds": 30}))
        assert ahead is not None
        with database.reading() as reader:
            reader.execute(OTHERS)
        if is_wanted:
            with pytest.raises(Unanswered):
                await ahead.row()
        else:
            await asyncio.sleep(0.2)
        return await database.foretelling(is_here)

    assert asyncio.run(dying())


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_house_that_closes_beside_a_running_loop_leaves_no_connection(database: Database) -> None:
    signed_in(database)

    async def closed_by_another() -> None:
        assert await database.foretelling(lambda db: sessions.find(db, "here", NOW))
        await asyncio.to_thread(database.close)
        for _ in range(6000):
            await asyncio.sleep(0.01)
            if lines_of(database) == 1:
                return
        raise AssertionError("the loop's line is still open")

    asyncio.run(closed_by_another())


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_loop_that_has_ended_keeps_no_connection(database: Database) -> None:
    for _ in range(6):
        asyncio.run(database.foretelling(is_here))
    assert lines_of(database) <= 3  # this one, a loop's, and one that is just leaving


OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def lines_of(database: Database) -> int:
    """Connections to it at this moment, this one counted; a transaction would tell what it saw first."""
    with database.reading() as db:
        count = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(db.execute(count).scalar_one())


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_connection_that_died_is_replaced(database: Database) -> None:
    signed_in(database)
    with database.glancing() as db:
        assert sessions.find(db, "here", NOW) is not None
    with database.reading() as reader:
        reader.execute(OTHERS)
    with database.glancing() as db, pytest.raises(Unanswered):
        sessions.find(db, "here", NOW)
    with database.glancing() as db:
        assert sessions.find(db, "here", NOW) is not None
