"""Leases: one holder at a time on both databases, and those that stood among the duties go on holding."""

from __future__ import annotations

import threading
from datetime import timedelta

from alembic import command
from sqlalchemy import text

from tests.store.books import NOW
from tunefolio.store import duties, leases, schema
from tunefolio.store.columns import At
from tunefolio.store.db import Database, open_database

HALF_MINUTE = timedelta(seconds=30)
UNTIL = NOW + HALF_MINUTE


def test_of_many_that_take_a_lease_at_once_one_gets_it(database: Database) -> None:
    got: list[int] = []

    def reach(number: int) -> None:
        with database.writing() as db:
            if leases.take(db, "ticks", NOW, UNTIL + timedelta(seconds=number)):
                got.append(number)

    threads = [threading.Thread(target=reach, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_lapsed_lease_goes_to_another_and_its_former_holder_cannot_prolong_it(database: Database) -> None:
    later = UNTIL + timedelta(seconds=1)
    with database.writing() as db:
        assert leases.take(db, "ticks", NOW, UNTIL)
        assert leases.take(db, "other", NOW, UNTIL), "another name is another lease"
        assert not leases.take(db, "ticks", NOW, UNTIL + HALF_MINUTE)
        assert leases.take(db, "ticks", later, later + HALF_MINUTE), "it had lapsed"
        assert not leases.renew(db, "ticks", UNTIL, later + 2 * HALF_MINUTE)
        leases.release(db, "ticks", UNTIL, later)
        assert not leases.take(db, "ticks", later, later + HALF_MINUTE), "only its holder lets it go"
        leases.release(db, "ticks", later + HALF_MINUTE, later)
        assert leases.take(db, "ticks", later, later + 2 * HALF_MINUTE)


def test_a_lease_is_no_duty(database: Database) -> None:
    with database.writing() as db:
        leases.take(db, "ticks", NOW, UNTIL)
        assert duties.all_kept(db) == {}


def test_a_lease_of_before_still_holds_after_the_migration_and_after_the_way_back(database_url: str) -> None:
    command.upgrade(schema.configuration(database_url), "0009")
    database = open_database(database_url)
    insert = text("INSERT INTO duties (name, last_run_at) VALUES (:name, :at)")
    with database.writing() as db:
        for name, moment in (("lease:ticks", UNTIL), ("refresh_quotes", NOW)):
            at = At().process_bind_param(moment, db.connection.dialect)
            db.connection.execute(insert, {"name": name, "at": at})
    schema.migrate(database_url)
    with database.writing() as db:
        assert list(duties.all_kept(db)) == ["refresh_quotes"]
        assert duties.last_run(db, "refresh_quotes") == NOW
        assert not leases.take(db, "ticks", NOW, UNTIL + HALF_MINUTE)
        assert leases.renew(db, "ticks", UNTIL, UNTIL + HALF_MINUTE)
    command.downgrade(schema.configuration(database_url), "0009")
    with database.reading() as db:
        kept = {name: one.last_run for name, one in duties.all_kept(db).items()}
        assert kept == {"lease:ticks": UNTIL + HALF_MINUTE, "refresh_quotes": NOW}
    database.close()
