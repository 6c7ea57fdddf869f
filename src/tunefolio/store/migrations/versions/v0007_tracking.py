"""What is wanted of the market, how far it is fetched, and what was refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Day, Id, Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
_STATES = "state in ('wanted', 'fetching', 'ready', 'unknown', 'failed', 'stopped')"


def upgrade() -> None:
    _tracking()
    _quarantine()
    _files()


def downgrade() -> None:
    for name in ("source_files", "quarantine", "tracking"):
        op.drop_table(name)


def _tracking() -> None:
    op.create_table(
        "tracking",
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("since", Day(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("cure", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("covered", Json(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("wished_at", At(), nullable=False),
        sa.Column("asked_at", At()),
        sa.Column("job_id", Id),
        sa.Column("stopped_at", At()),
        sa.Column("defects", Json(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("compared_at", At()),
        sa.CheckConstraint(_STATES, name=op.f("ck_tracking_state")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_tracking_instrument_id"),
        sa.PrimaryKeyConstraint("instrument_id", name="pk_tracking"),
        **STRICT,
    )
    op.create_index("ix_tracking_state", "tracking", ["state", "instrument_id"])


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("bar", Json(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("cure", sa.Text(), nullable=False),
        sa.Column("found_at", At(), nullable=False),
        sa.Column("settled_at", At()),
        sa.Column("verdict", sa.Text()),
        sa.Column("settled_by", Id),
        sa.CheckConstraint(
            "verdict in ('accepted', 'dropped', 'replaced')", name=op.f("ck_quarantine_verdict")
        ),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_quarantine_instrument_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("instrument_id", "day", "source", name="uq_quarantine_instrument_id_day_source"),
        **STRICT,
    )
    op.create_index("ix_quarantine_open", "quarantine", ["settled_at", "id"])


def _files() -> None:
    op.create_table(
        "source_files",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kept", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("fetched_at", At(), nullable=False),
        sa.CheckConstraint(
            "state in ('kept', 'repeated', 'awaited', 'missing')", name=op.f("ck_source_files_state")
        ),
        sa.PrimaryKeyConstraint("source", "day", name="pk_source_files"),
        **STRICT,
    )
    op.create_index("ix_source_files_digest", "source_files", ["source", "digest"])
