"""Triggers that keep facts as they are: no UPDATE ever, and DELETE only with the whole account.

An account may go when it stands in `deletions`; the row is written by the transaction that erases the account
and falls with it (store/erasure.py). TRUNCATE, which PostgreSQL has, is refused as well.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ITSELF = "SELECT 1 FROM deletions WHERE account_id = OLD.account_id"
_ITS_PARENT = (
    "SELECT 1 FROM deletions JOIN {parent} ON {parent}.account_id = deletions.account_id "
    "WHERE {parent}.id = OLD.{link}"
)
LEAVE = {
    "transactions": _ITSELF,
    "statements": _ITSELF,
    "holdings": _ITS_PARENT.format(parent="statements", link="statement_id"),
    "snapshots": _ITSELF,
    "snapshot_lines": _ITS_PARENT.format(parent="snapshots", link="snapshot_id"),
}
"""When a row of the table may be deleted."""

FIXED = {
    "snapshots": "OF id, owner_id, account_id, type, day, taken_at, invested, value, currency, unpriced",
}
"""Columns that are fixed; every column of the tables not named here. A snapshot may be marked as replaced."""


_ON_SQLITE = (
    """CREATE TRIGGER {table}_not_changed BEFORE UPDATE {fixed} ON {table}
       BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END""",
    """CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} WHEN NOT EXISTS ({leave})
       BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END""",
)
_REFUSE = """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION '% are append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"""
_ON_POSTGRESQL = (
    """CREATE FUNCTION {table}_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NOT EXISTS ({leave}) THEN
           RAISE EXCEPTION '{table} are append-only' USING ERRCODE = 'restrict_violation';
       END IF; RETURN OLD; END $$""",
    """CREATE TRIGGER {table}_not_changed BEFORE UPDATE {fixed} ON {table}
       FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table}
       FOR EACH ROW EXECUTE FUNCTION {table}_refuse_delete()""",
    """CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table}
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute(_REFUSE)
    for table, leave in LEAVE.items():
        for statement in _ON_SQLITE if is_sqlite else _ON_POSTGRESQL:
            op.execute(statement.format(table=table, leave=leave, fixed=FIXED.get(table, "")))


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in LEAVE:
        for deed in ("changed", "deleted") if is_sqlite else ("changed", "deleted", "truncated"):
            op.execute(f"DROP TRIGGER {table}_not_{deed}" + ("" if is_sqlite else f" ON {table}"))
        if not is_sqlite:
            op.execute(f"DROP FUNCTION {table}_refuse_delete()")
    if not is_sqlite:
        op.execute("DROP FUNCTION refuse_change()")
