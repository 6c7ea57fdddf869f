"""How a migration changes a table that exists: on SQLite by a copy, STRICT and with the triggers kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy import text

_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


@contextmanager
def changed(table: str) -> Iterator[BatchOperations]:
    """Like op.batch_alter_table, but the copy stays STRICT and every trigger is put back.

    All triggers leave while a table is copied, because those of other tables may speak of this one.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        with op.batch_alter_table(table) as batch:
            yield batch
        return
    triggers = connection.execute(text(_TRIGGERS)).all()
    for trigger in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{trigger.name}"')
    options = {"sqlite_strict": True, "sqlite_autoincrement": True}
    with op.batch_alter_table(table, table_kwargs=options, recreate="always") as batch:
        yield batch
    for trigger in triggers:
        connection.exec_driver_sql(trigger.sql)
