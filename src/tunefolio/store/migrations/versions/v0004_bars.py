"""Bars instead of closes alone, in chunks by year; on PostgreSQL a partition for each year."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from tunefolio.store import bar_years
from tunefolio.store.codec import old_body
from tunefolio.store.columns import At, Bytes, Day, Id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
KEPT = "instrument_id, year, currency, source, scale, count, first_day, last_day, body, updated_at"
"""What both tables have. Bodies of before are read as they are."""


def upgrade() -> None:
    op.create_table(
        "bar_chunks",
        *_columns("bar_chunks"),
        sa.Column("digest", Id, server_default=sa.text("0"), nullable=False),
        sa.Column("codes", Bytes()),
        sa.Column("rest", Bytes()),
        postgresql_partition_by="RANGE (year)",
        **STRICT,
    )
    op.create_index("ix_bar_chunks_digest", "bar_chunks", ["instrument_id", "digest"])
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        bar_years.found(connection)
        for (year,) in connection.execute(sa.text("SELECT DISTINCT year FROM close_chunks")).all():
            if bar_years.FIRST <= year < bar_years.UNTIL:
                bar_years.make(connection, year)
    _copy("close_chunks", "bar_chunks")
    op.drop_table("close_chunks")


def downgrade() -> None:
    """Closes stay, packed as they were before; what else was told of the days is lost."""
    op.create_table("close_chunks", *_columns("close_chunks"), **STRICT)
    _copy("bar_chunks", "close_chunks")
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT instrument_id, year, scale, count, body FROM bar_chunks")).all()
    change = sa.text("UPDATE close_chunks SET body = :body WHERE instrument_id = :id AND year = :year")
    for row in rows:
        body = old_body(bytes(row.body), row._mapping["count"], row.scale)
        connection.execute(change, {"body": body, "id": row.instrument_id, "year": row.year})
    op.drop_table("bar_chunks")
    if connection.dialect.name == "postgresql":
        op.execute(f"DROP SCHEMA {bar_years.SCHEMA} CASCADE")


def _copy(source: str, target: str) -> None:
    names = KEPT.split(", ")
    chosen = sa.select(*sa.table(source, *map(sa.column, names)).c)
    op.execute(sa.insert(sa.table(target, *map(sa.column, names))).from_select(names, chosen))


def _columns(table: str) -> list[Any]:
    return [
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_day", Day(), nullable=False),
        sa.Column("last_day", Day(), nullable=False),
        sa.Column("updated_at", At(), nullable=False),
        sa.Column("body", Bytes(), nullable=False),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name=f"fk_{table}_instrument_id"),
        sa.PrimaryKeyConstraint("instrument_id", "year", name=f"pk_{table}"),
    ]
