"""Wishes for an account, before it is anybody's; and a refresh token's address goes, which nobody ever wrote:
where a sign-in came from its session says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Id

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "sign_ups",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text()),
        sa.Column("asked_at", At(), nullable=False),
        sa.Column("expires_at", At(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ups"),
        sa.UniqueConstraint("token_hash", name="uq_sign_ups_token_hash"),
        **STRICT,
    )
    op.create_index("ix_sign_ups_email", "sign_ups", ["email"])
    op.drop_column("refresh_tokens", "used_from")


def downgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("used_from", sa.Text()))
    op.drop_table("sign_ups")
