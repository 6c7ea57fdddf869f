"""How a migration changes a table that exists: on SQLite by a copy, STRICT and with its triggers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy import CheckConstraint, inspect, text


@contextmanager
def changed(table: str) -> Iterator[BatchOperations]:
    """Like op.batch_alter_table, but the copy stays STRICT and keeps its checks and triggers."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        with op.batch_alter_table(table) as batch:
            yield batch
        return
    query = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
    triggers = [str(sql) for sql in connection.execute(query, {"name": table}).scalars()]
    checks = [
        CheckConstraint(text(str(check["sqltext"])), name=check["name"])
        for check in inspect(connection).get_check_constraints(table)
    ]
    options = {"sqlite_strict": True, "sqlite_autoincrement": True}
    with op.batch_alter_table(
        table, table_args=tuple(checks), table_kwargs=options, recreate="always"
    ) as batch:
        yield batch
    for trigger in triggers:
        op.execute(text(trigger.replace(":", r"\:")))
