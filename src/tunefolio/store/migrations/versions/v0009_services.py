"""Heartbeats of processes, and duties that are paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Id, Json
from tunefolio.store.migrations.change import changed

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "processes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", At(), nullable=False),
        sa.Column("seen_at", At(), nullable=False),
        sa.Column("left_at", At()),
        sa.Column("details", Json(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_processes")),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    with changed("duties") as batch:
        batch.add_column(sa.Column("paused_at", At()))
        batch.add_column(sa.Column("paused_by", Id))
        batch.create_foreign_key("fk_duties_paused_by", "persons", ["paused_by"], ["id"])


def downgrade() -> None:
    with changed("duties") as batch:
        batch.drop_constraint("fk_duties_paused_by", type_="foreignkey")
        batch.drop_column("paused_by")
        batch.drop_column("paused_at")
    op.drop_table("processes")
