"""Leases have a table of their own; until now they were rows `lease:…` among the duties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("held_until", At(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO leases (name, held_until)"
        " SELECT substr(name, length('lease:') + 1), last_run_at FROM duties WHERE name LIKE 'lease:%'"
    )
    op.execute("DELETE FROM duties WHERE name LIKE 'lease:%'")


def downgrade() -> None:
    op.execute("INSERT INTO duties (name, last_run_at) SELECT 'lease:' || name, held_until FROM leases")
    op.drop_table("leases")
