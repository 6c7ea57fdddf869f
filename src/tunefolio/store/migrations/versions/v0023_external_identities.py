"""Accounts at outside providers that sign people in; steps of signing in that lead there and back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Id

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
BEFORE = "'second_step', 'passkey_new', 'passkey_sign_in', 'passkey_proof'"
AFTER = f"{BEFORE}, 'provider_sign_in', 'provider_link', 'provider_proof'"


def upgrade() -> None:
    op.create_table(
        "external_identities",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("used_at", At()),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_external_identities_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_external_identities"),
        sa.UniqueConstraint("issuer", "subject", name="uq_external_identities_issuer_subject"),
        sa.UniqueConstraint("owner_id", "issuer", name="uq_external_identities_owner_id_issuer"),
        **STRICT,
    )
    _steps(AFTER)


def _steps(kinds: str) -> None:
    """The table anew with these kinds: its rows live for minutes, and whoever is on the way begins again."""
    op.drop_table("challenges")
    op.create_table(
        "challenges",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("words", Bytes),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("expires_at", At(), nullable=False),
        sa.Column("used_at", At()),
        sa.CheckConstraint(f"kind in ({kinds})", name="kind"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_challenges_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_challenges"),
        sa.UniqueConstraint("token_hash", name="uq_challenges_token_hash"),
        **STRICT,
    )


def downgrade() -> None:
    """Links to providers are forgotten: the older program has no such door."""
    _steps(BEFORE)
    op.drop_table("external_identities")
