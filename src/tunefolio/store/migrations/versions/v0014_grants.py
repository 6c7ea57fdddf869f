"""Leave that one person gives another to look at her books."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Id

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grants",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("grantee_id", Id, nullable=False),
        sa.Column("portfolio_id", Id, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("until_at", At()),
        sa.Column("accepted_at", At()),
        sa.Column("ended_at", At()),
        sa.Column("ended_by", Id),
        sa.CheckConstraint("owner_id <> grantee_id", name="another"),
        sa.ForeignKeyConstraint(["ended_by"], ["persons.id"], name="fk_grants_ended_by"),
        sa.ForeignKeyConstraint(["grantee_id"], ["persons.id"], name="fk_grants_grantee_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_grants_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("ix_grants_owner", "grants", ["owner_id", "id"])
    op.create_index("ix_grants_grantee", "grants", ["grantee_id", "id"])
    op.create_index(
        "uq_grants_open",
        "grants",
        ["owner_id", "grantee_id", "portfolio_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("grants")
