"""Whether a grant shows amounts; public links to one portfolio."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Id

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    op.add_column("grants", sa.Column("amounts", sa.Text(), server_default="shown", nullable=False))
    op.create_table(
        "shared_links",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("portfolio_id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("until_at", At()),
        sa.Column("revoked_at", At()),
        sa.Column("seen_at", At()),
        sa.Column("seen", Id, server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("amounts in ('shown', 'hidden')", name="amounts"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_shared_links_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_shared_links"),
        sa.UniqueConstraint("token_hash", name="uq_shared_links_token_hash"),
        **STRICT,
    )
    op.create_index("ix_shared_links_owner", "shared_links", ["owner_id", "id"])


def downgrade() -> None:
    """A program that knows no hidden amounts would show them: such grants end."""
    op.execute("UPDATE grants SET ended_at = created_at WHERE amounts = 'hidden' AND ended_at IS NULL")
    op.drop_table("shared_links")
    op.drop_column("grants", "amounts")
