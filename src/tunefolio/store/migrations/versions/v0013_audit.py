"""The audit log, append-only; proofs of a person; brokers out of service; names and sectors corrected by
admins.

An audit row is never deleted and never changed, but for the two counters of a refused sign-in, which only
grow.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Id, Json

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
FIXED = "id, owner_id, actor_id, at, action, subject, details, address, device"
UNCOUNTED = "NEW.times <= OLD.times OR NEW.last_at < OLD.last_at OR OLD.action <> 'sign_in.failed'"
_ON_SQLITE = (
    f"""CREATE TRIGGER audit_not_changed BEFORE UPDATE OF {FIXED} ON audit
       BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END""",
    f"""CREATE TRIGGER audit_only_counts BEFORE UPDATE OF times, last_at ON audit WHEN {UNCOUNTED}
       BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END""",
    """CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit
       BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END""",
)
_ON_POSTGRESQL = (
    f"""CREATE TRIGGER audit_not_changed BEFORE UPDATE OF {FIXED} ON audit
       FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    f"""CREATE TRIGGER audit_only_counts BEFORE UPDATE OF times, last_at ON audit
       FOR EACH ROW WHEN ({UNCOUNTED}) EXECUTE FUNCTION refuse_change()""",
    "CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    """CREATE TRIGGER audit_not_truncated BEFORE TRUNCATE ON audit
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)


def upgrade() -> None:
    _create_audit()
    op.create_table(
        "proofs",
        sa.Column("session_id", Id, autoincrement=False, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("proved_at", At(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_proofs_owner_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_proofs_session_id"),
        sa.PrimaryKeyConstraint("session_id", name="pk_proofs"),
        **STRICT,
    )
    op.create_table(
        "broker_standings",
        sa.Column("broker", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", Id, nullable=False),
        sa.Column("set_at", At(), nullable=False),
        sa.CheckConstraint("standing in ('no_new_links', 'stopped')", name="standing"),
        sa.ForeignKeyConstraint(["set_by"], ["persons.id"], name="fk_broker_standings_set_by"),
        sa.PrimaryKeyConstraint("broker", name="pk_broker_standings"),
        **STRICT,
    )
    op.create_table(
        "corrections",
        sa.Column("instrument_id", Id, autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("name", "former_name", "sector", "industry", "reason")
        ),
        sa.Column("set_by", Id, nullable=False),
        sa.Column("set_at", At(), nullable=False),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_corrections_instrument_id"),
        sa.ForeignKeyConstraint(["set_by"], ["persons.id"], name="fk_corrections_set_by"),
        sa.PrimaryKeyConstraint("instrument_id", name="pk_corrections"),
        **STRICT,
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id),
        sa.Column("actor_id", Id),
        sa.Column("at", At(), nullable=False),
        sa.Column("last_at", At(), nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", Json(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["persons.id"], name="fk_audit_actor_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_audit_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        **STRICT,
    )
    op.create_index("ix_audit_owner", "audit", ["owner_id", "id"])
    op.create_index("ix_audit_action", "audit", ["action", "id"])
    op.create_index("ix_audit_actor", "audit", ["actor_id", "id"])
    for statement in _ON_SQLITE if op.get_bind().dialect.name == "sqlite" else _ON_POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("corrections")
    op.drop_table("broker_standings")
    op.drop_table("proofs")
    op.drop_table("audit")
