"""The migrations lead to exactly what tables.py declares, up and down, and keep the tables STRICT."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, insert, inspect, text
from sqlalchemy.exc import DBAPIError

from tests.store.books import NOW, buy
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.ledger.accounts import Book
from tunefolio.store import schema
from tunefolio.store.columns import Exact
from tunefolio.store.db import Database, open_database
from tunefolio.store.migrations.change import changed
from tunefolio.store.tables import metadata, transactions
from tunefolio.store.transaction_rows import row_of
from tunefolio.store.transactions import of_accounts


def everything(connection: Connection) -> dict[str, str]:
    """Each object of the schema as text; on SQLite its very SQL."""
    if connection.dialect.name == "sqlite":
        query = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE tbl_name NOT LIKE 'alembic%'"
        rows = connection.execute(text(query)).all()
        return {row[0]: " ".join(str(row[1]).replace('"', "").split()) for row in rows}
    there = inspect(connection)
    return {
        name: repr((there.get_columns(name), there.get_indexes(name), there.get_check_constraints(name)))
        for name in there.get_table_names()
        if name != "alembic_version"
    }


def parts(sql: str) -> list[str]:
    """The pieces of a CREATE statement in an order of their own: constraints may be written in any.

    A table that was changed by a copy has its defaults in brackets, which mean nothing.
    """
    sql = sql.replace("DEFAULT ('')", "DEFAULT ''")
    return [*sorted(sql.removesuffix(" ) STRICT").split(", ")), sql.rpartition(" ")[2]]


def test_the_newest_migration_is_the_one_named() -> None:
    assert ScriptDirectory.from_config(schema.configuration("sqlite://")).get_heads() == [schema.head()]


def test_a_new_database_goes_up_down_and_up_again(database_url: str) -> None:
    assert schema.current(database_url) is None
    schema.migrate(database_url)
    assert schema.current(database_url) == schema.head()
    database = open_database(database_url)
    with database.reading() as db:
        first = {name: parts(sql) for name, sql in everything(db.connection).items()}
    for step in ("0002", "0001", "base"):
        command.downgrade(schema.configuration(database_url), step)
    with database.reading() as db:
        assert [name for name in everything(db.connection) if "sqlite_sequence" not in name] == []
    schema.migrate(database_url)
    with database.reading() as db:
        assert {name: parts(sql) for name, sql in everything(db.connection).items()} == first
    database.close()


def test_what_is_migrated_is_what_is_declared(database: Database) -> None:
    with database.reading() as db:
        context = MigrationContext.configure(db.connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_declared_and_migrated_tables_have_the_same_sql(migrated_sqlite: Path) -> None:
    """Alembic does not compare checks, STRICT and partial indexes: the text of SQLite's schema does."""
    migrated, declared = open_database(f"sqlite:///{migrated_sqlite}"), open_database("sqlite://")
    with declared.writing() as db:
        metadata.create_all(db.connection)
        wanted = {name: parts(sql) for name, sql in everything(db.connection).items()}
    with migrated.reading() as db:
        found = everything(db.connection)
    tables = {name: sql for name, sql in found.items() if not name.startswith("trigger")}
    assert {name: parts(sql) for name, sql in tables.items()} == wanted
    assert all(
        sql.endswith("STRICT")
        for name, sql in tables.items()
        if name.startswith("table ") and "sqlite_" not in name
    )
    migrated.close()
    declared.close()


def test_migrating_again_changes_nothing(migrated_url: str) -> None:
    schema.migrate(migrated_url)
    assert schema.current(migrated_url) == schema.head()


def test_two_first_starts_at_once_both_end_well(database_url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        for start in [pool.submit(schema.migrate, database_url) for _ in range(3)]:
            start.result(60)
    assert schema.current(database_url) == schema.head()


def test_a_database_of_a_newer_program_is_left_alone(migrated_url: str) -> None:
    database = open_database(migrated_url)
    with database.writing() as db:
        db.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(Misuse, match="Install a newer TuneFolio"):
        schema.migrate(migrated_url)


def test_an_absent_file_is_not_made_by_asking(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("absent") / "none.db"
    assert schema.current(f"sqlite:///{path}") is None
    assert not path.exists()


def test_facts_of_before_stand_as_they_were_and_stay_guarded(database_url: str) -> None:
    """Written under version 0002 by its own columns; read, guarded and fingerprinted under the newest."""
    command.upgrade(schema.configuration(database_url), "0002")
    fact = replace(buy(InstrumentId(1)), note="old")
    said = fact.fingerprint(AccountId(1), Book.LIVE)
    database = open_database(database_url)
    with database.writing() as db:
        for statement in OLD_HOUSE:
            at = "0" if database.dialect == "sqlite" else "now()"
            db.connection.execute(text(statement.format(at=at)))
        row = row_of(PersonId(1), AccountId(1), Book.LIVE, fact, "k", "file", NOW)
        row = {name: value for name, value in row.items() if name in OLD_COLUMNS} | {"generation": 0}
        db.execute(insert(transactions).values(row))
    schema.migrate(database_url)
    with database.reading() as db:
        (found,) = of_accounts(db, Viewer(PersonId(1), Role.ADMIN), [AccountId(1)])[AccountId(1)]
    assert (found.fact, found.fingerprint) == (fact, said)
    assert found.fact.fingerprint(found.account, found.book) == said
    for statement in ("UPDATE transactions SET tax = 1", "DELETE FROM transactions"):
        with pytest.raises(DBAPIError, match="append-only"), database.writing() as db:
            db.connection.execute(text(statement))
    database.close()


OLD_HOUSE = (
    (
        "INSERT INTO persons (id, email, name, password_hash, role, created_at) "
        "VALUES (1, 'a', 'a', '', 'admin', {at})"
    ),
    "INSERT INTO portfolios (id, owner_id, name, currency, created_at) VALUES (1, 1, 'a', 'INR', {at})",
    (
        "INSERT INTO accounts (id, owner_id, portfolio_id, name, kind, currency, created_at) "
        "VALUES (1, 1, 1, 'a', 'manual', 'INR', {at})"
    ),
    (
        "INSERT INTO instruments (id, exchange, symbol, name, asset_class, currency, created_at) "
        "VALUES (1, 'NSE', 'INFY', '', 'equity', 'INR', {at})"
    ),
)
OLD_COLUMNS = {
    "owner_id", "account_id", "book", "kind", "day", "at", "instrument_id", "quantity", "price", "amount",
    "fees", "currency", "note", "source", "source_key", "fingerprint", "recorded_at",
}  # fmt: skip


@pytest.mark.parametrize("table", ["transactions", "accounts", "snapshots"])
def test_a_table_stays_strict_and_guarded_when_it_is_changed(database: Database, table: str) -> None:
    with database.engine.connect() as connection:
        if database.dialect == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        with connection.begin():
            before = everything(connection)
            triggers = {n: s for n, s in before.items() if n.startswith("trigger")}
            with Operations.context(MigrationContext.configure(connection)):
                with changed(table) as batch:
                    batch.add_column(Column("extra", Exact(4), nullable=True))
                if database.dialect == "sqlite":
                    sql = everything(connection)[f"table {table}"]
                    assert sql.endswith("STRICT")
                    assert "extra INTEGER" in sql
                    assert "AUTOINCREMENT" in sql
                with changed(table) as batch:
                    batch.drop_column("extra")
            after = everything(connection)
    assert {n: s for n, s in after.items() if n.startswith("trigger")} == triggers
    assert after.keys() == before.keys()
    if database.dialect == "sqlite":
        assert after[f"table {table}"].count("CHECK") == before[f"table {table}"].count("CHECK")
        indexes = {name for name in before if name.startswith("index")}
        assert {name: after[name] for name in indexes} == {name: before[name] for name in indexes}
