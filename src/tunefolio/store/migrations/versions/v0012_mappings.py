"""What people say the columns of their files mean."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Id, Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mappings",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("map", Json(), nullable=False),
        sa.Column("updated_at", At(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_mappings_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mappings"),
        sa.UniqueConstraint("owner_id", "shape", name="uq_mappings_owner_id_shape"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("mappings")
