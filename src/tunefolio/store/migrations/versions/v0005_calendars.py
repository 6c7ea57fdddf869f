"""What an operator says about sessions before a release does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Day, Id, Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "calendar_overrides",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("windows", Json(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("set_by", Id),
        sa.Column("set_at", At(), nullable=False),
        sa.Column("ended_by", Id),
        sa.Column("ended_at", At()),
        sa.CheckConstraint(
            "kind in ('closed', 'open', 'short', 'known')", name=op.f("ck_calendar_overrides_kind")
        ),
        sa.ForeignKeyConstraint(["set_by"], ["persons.id"], name="fk_calendar_overrides_set_by"),
        sa.ForeignKeyConstraint(["ended_by"], ["persons.id"], name="fk_calendar_overrides_ended_by"),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_overrides"),
        **STRICT,
    )
    in_force = "ended_at IS NULL AND kind <> 'known'"
    _unique_where(in_force, "uq_calendar_overrides_in_force", ["exchange", "day"])
    _unique_where("ended_at IS NULL AND kind = 'known'", "uq_calendar_overrides_known", ["exchange"])


def downgrade() -> None:
    op.drop_table("calendar_overrides")


def _unique_where(condition: str, name: str, columns: list[str]) -> None:
    where = sa.text(condition)
    op.create_index(
        name, "calendar_overrides", columns, unique=True, sqlite_where=where, postgresql_where=where
    )
