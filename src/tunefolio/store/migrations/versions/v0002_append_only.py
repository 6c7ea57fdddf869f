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
_ITS_PARENT = "SELECT 1 FROM deletions JOIN {parent} ON {parent}.account_id = deletions.account_id WHERE {parent}.id = OLD.{link}"
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


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, leave in LEAVE.items():
        statements = _sqlite(table, leave) if is_sqlite else _postgresql(table, leave)
        for statement in statements:
            op.execute(statement)


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in LEAVE:
        for deed in ("changed", "deleted") if is_sqlite else ("changed", "deleted", "truncated"):
            op.execute(f"DROP TRIGGER {table}_not_{deed}" + ("" if is_sqlite else f" ON {table}"))
        if not is_sqlite:
            op.execute(f"DROP FUNCTION {table}_refuse_delete()")
    if not is_sqlite:
        op.execute("DROP FUNCTION refuse_change()")


def _sqlite(table: str, leave: str) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
    return (
        f"CREATE TRIGGER {table}_not_changed BEFORE UPDATE {FIXED.get(table, '')} ON {table} {refuse}",
        f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} WHEN NOT EXISTS ({leave}) {refuse}",
    )


def _postgresql(table: str, leave: str) -> tuple[str, ...]:
    refuse = f"RAISE EXCEPTION '{table} are append-only' USING ERRCODE = 'restrict_violation';"
    return (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% are append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$",
        f"CREATE FUNCTION {table}_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT EXISTS ({leave}) THEN {refuse} END IF; RETURN OLD; END $$",
        f"CREATE TRIGGER {table}_not_changed BEFORE UPDATE {FIXED.get(table, '')} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse_delete()",
        f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    )
