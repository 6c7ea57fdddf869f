"""Refresh tokens, personal tokens, and the keys that sign access tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Id, Json

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("session_id", Id, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("expires_at", At(), nullable=False),
        sa.Column("used_at", At()),
        sa.Column("used_from", sa.Text()),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_refresh_tokens_owner_id"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_refresh_tokens_session_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_refresh_tokens_token_hash"),
        **STRICT,
    )
    op.create_index("ix_refresh_tokens_session", "refresh_tokens", ["session_id"])
    op.create_index("ix_refresh_tokens_expires", "refresh_tokens", ["expires_at"])
    op.create_table(
        "personal_tokens",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("expires_at", At()),
        sa.Column("used_at", At()),
        sa.Column("used_from", sa.Text(), server_default="", nullable=False),
        sa.Column("revoked_at", At()),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_personal_tokens_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_personal_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_personal_tokens_token_hash"),
        **STRICT,
    )
    op.create_index("ix_personal_tokens_owner", "personal_tokens", ["owner_id", "id"])
    op.create_index(
        "uq_personal_tokens_name",
        "personal_tokens",
        ["owner_id", "name"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("secret", Bytes()),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("until_at", At()),
        sa.PrimaryKeyConstraint("id", name="pk_signing_keys"),
        sa.UniqueConstraint("kid", name="uq_signing_keys_kid"),
        **STRICT,
    )


def downgrade() -> None:
    for name in ("signing_keys", "personal_tokens", "refresh_tokens"):
        op.drop_table(name)
