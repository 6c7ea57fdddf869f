"""Exports of everything; people who leave; the audit log lets go of what was theirs, and of nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Id

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
FIXED = "id, owner_id, actor_id, at, action, subject, details, address, device"
KEPT = "id, owner_id, actor_id, at, action, subject"
BLANKED = "details, address, device"
_STAYS = "NOT EXISTS (SELECT 1 FROM departures)"
_ITS_OWNER = "SELECT 1 FROM departures WHERE person_id = OLD.owner_id"
_REFUSED = "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
_ON_SQLITE = (
    "DROP TRIGGER audit_not_changed",
    "DROP TRIGGER audit_not_deleted",
    f"CREATE TRIGGER audit_not_changed BEFORE UPDATE OF {KEPT} ON audit {_REFUSED}",
    f"CREATE TRIGGER audit_not_blanked BEFORE UPDATE OF {BLANKED} ON audit WHEN {_STAYS} {_REFUSED}",
    f"CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit WHEN NOT EXISTS ({_ITS_OWNER}) {_REFUSED}",
)
_FUNCTION = """CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NOT EXISTS ({leave}) THEN
        RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'restrict_violation';
    END IF; RETURN {row}; END $$"""
_ON_POSTGRESQL = (
    "DROP TRIGGER audit_not_changed ON audit",
    "DROP TRIGGER audit_not_deleted ON audit",
    _FUNCTION.format(name="audit_refuse_delete", leave=_ITS_OWNER, row="OLD"),
    _FUNCTION.format(name="audit_refuse_blanking", leave="SELECT 1 FROM departures", row="NEW"),
    f"""CREATE TRIGGER audit_not_changed BEFORE UPDATE OF {KEPT} ON audit
       FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    f"""CREATE TRIGGER audit_not_blanked BEFORE UPDATE OF {BLANKED} ON audit
       FOR EACH ROW EXECUTE FUNCTION audit_refuse_blanking()""",
    """CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit
       FOR EACH ROW EXECUTE FUNCTION audit_refuse_delete()""",
)
_BACK_ON_SQLITE = (
    "DROP TRIGGER audit_not_changed",
    "DROP TRIGGER audit_not_blanked",
    "DROP TRIGGER audit_not_deleted",
    f"CREATE TRIGGER audit_not_changed BEFORE UPDATE OF {FIXED} ON audit {_REFUSED}",
    f"CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit {_REFUSED}",
)
_BACK_ON_POSTGRESQL = (
    "DROP TRIGGER audit_not_changed ON audit",
    "DROP TRIGGER audit_not_blanked ON audit",
    "DROP TRIGGER audit_not_deleted ON audit",
    "DROP FUNCTION audit_refuse_delete()",
    "DROP FUNCTION audit_refuse_blanking()",
    f"""CREATE TRIGGER audit_not_changed BEFORE UPDATE OF {FIXED} ON audit
       FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    "CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    op.add_column("persons", sa.Column("leaving_at", At()))
    op.add_column("persons", sa.Column("erased_at", At()))
    op.create_table(
        "exports",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("job_id", Id, nullable=False),
        sa.Column("asked_at", At(), nullable=False),
        sa.Column("made_at", At()),
        sa.Column("expires_at", At()),
        sa.Column("bytes", Id),
        sa.Column("sha256", sa.Text()),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_exports_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
        **STRICT,
    )
    op.create_index("ix_exports_owner", "exports", ["owner_id", "id"])
    op.create_table(
        "export_parts",
        sa.Column("export_id", Id, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name="fk_export_parts_export_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_export_parts_owner_id"),
        sa.PrimaryKeyConstraint("export_id", "number", name="pk_export_parts"),
        **STRICT,
    )
    op.create_index("ix_export_parts_owner", "export_parts", ["owner_id"])
    op.create_table(
        "departures",
        sa.Column("person_id", Id, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name="fk_departures_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_departures"),
        **STRICT,
    )
    for statement in _ON_SQLITE if _is_sqlite() else _ON_POSTGRESQL:
        op.execute(statement)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def downgrade() -> None:
    """Whoever is leaving stays shut out: the older program knows no grace."""
    for statement in _BACK_ON_SQLITE if _is_sqlite() else _BACK_ON_POSTGRESQL:
        op.execute(statement)
    op.execute(
        "UPDATE persons SET disabled_at = leaving_at WHERE leaving_at IS NOT NULL AND disabled_at IS NULL"
    )
    for table in ("departures", "export_parts", "exports"):
        op.drop_table(table)
    op.drop_column("persons", "erased_at")
    op.drop_column("persons", "leaving_at")
