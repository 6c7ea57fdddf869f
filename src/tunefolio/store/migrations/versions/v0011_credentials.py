"""Credentials of logins by form, sealed; and rows of a broker's answer that nobody could read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Id

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    op.add_column("connections", sa.Column("credentials", Bytes))
    op.add_column("connections", sa.Column("automatic_since", At()))
    op.create_table(
        "unread_rows",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_seen_at", At(), nullable=False),
        sa.Column("last_seen_at", At(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_unread_rows_account_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_unread_rows_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_unread_rows"),
        sa.UniqueConstraint("account_id", "place", "symbol", name="uq_unread_rows_account_id_place_symbol"),
        **STRICT,
    )


def downgrade() -> None:
    op.drop_table("unread_rows")
    op.drop_column("connections", "automatic_since")
    op.drop_column("connections", "credentials")
