"""Second factors, passkeys, links for mailboxes, known browsers; when an address was confirmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Id, Json

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
TABLES = ("authenticators", "recovery_codes", "passkeys", "challenges", "mail_links", "devices")


def upgrade() -> None:
    op.add_column("persons", sa.Column("verified_at", At()))
    op.create_table(
        "authenticators",
        *_owned("authenticators"),
        sa.Column("secret", Bytes),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("confirmed_at", At()),
        sa.Column("last_step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.UniqueConstraint("owner_id", name="uq_authenticators_owner_id"),
        **STRICT,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("owner_id", Id, autoincrement=False, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("made_at", At(), nullable=False),
        sa.Column("used_at", At()),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_recovery_codes_owner_id"),
        sa.PrimaryKeyConstraint("owner_id", "code_hash", name="pk_recovery_codes"),
        **STRICT,
    )
    op.create_table(
        "passkeys",
        *_owned("passkeys"),
        sa.Column("credential_id", Bytes, nullable=False),
        sa.Column("public_key", Bytes, nullable=False),
        sa.Column("sign_count", Id, nullable=False),
        sa.Column("transports", Json(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("used_at", At()),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
        sa.UniqueConstraint("owner_id", "name", name="uq_passkeys_owner_id_name"),
        **STRICT,
    )
    _steps()
    op.create_table(
        "devices",
        *_owned("devices"),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("seen_at", At(), nullable=False),
        sa.UniqueConstraint("owner_id", "token_hash", name="uq_devices_owner_id_token_hash"),
        **STRICT,
    )


def _steps() -> None:
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
        sa.CheckConstraint(
            "kind in ('second_step', 'passkey_new', 'passkey_sign_in', 'passkey_proof')", name="kind"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_challenges_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_challenges"),
        sa.UniqueConstraint("token_hash", name="uq_challenges_token_hash"),
        **STRICT,
    )
    op.create_table(
        "mail_links",
        *_owned("mail_links"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text()),
        sa.Column("asked_at", At(), nullable=False),
        sa.Column("expires_at", At(), nullable=False),
        sa.Column("used_at", At()),
        sa.CheckConstraint("kind in ('verify', 'change', 'reset')", name="kind"),
        sa.UniqueConstraint("token_hash", name="uq_mail_links_token_hash"),
        **STRICT,
    )
    op.create_index("ix_mail_links_owner", "mail_links", ["owner_id", "id"])


def _owned(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    return (
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name=f"fk_{table}_owner_id"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("persons", "verified_at")
