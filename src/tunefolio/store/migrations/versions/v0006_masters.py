"""What sources list, spells of symbols and ISINs, renames, the words instruments are found by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Day, Exact, Id

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
TABLES = ("masters", "listings", "listing_changes", "renames", "instrument_spells", "search_parts")


def upgrade() -> None:
    op.create_table(
        "masters",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("refreshed_at", At()),
        sa.Column("tried_at", At(), nullable=False),
        sa.Column("listed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_masters"),
        **STRICT,
    )
    _listings()
    _names()
    op.create_table(
        "search_parts",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("generation", Id, nullable=False),
        sa.Column("body", Bytes(), nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_search_parts"),
        **STRICT,
    )


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _listings() -> None:
    op.create_table(
        "listings",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        *_texts("source", "exchange", "symbol", "series", "isin", "name", "asset_class", "currency", "token"),
        sa.Column("tick", Exact(8)),
        sa.Column("lot", Exact(8)),
        sa.Column("expiry", Day()),
        sa.Column("strike", Exact(8)),
        sa.Column("listed", Day()),
        sa.Column("mark", Id, nullable=False),
        sa.Column("first_seen", Day(), nullable=False),
        sa.Column("gone", Day()),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_listings"),
        sa.UniqueConstraint(
            "source", "exchange", "symbol", "series", name="uq_listings_source_exchange_symbol_series"
        ),
        **STRICT,
    )
    op.create_index("ix_listings_symbol", "listings", ["symbol", "exchange"])
    op.create_index("ix_listings_token", "listings", ["source", "token"])
    op.create_index("ix_listings_isin", "listings", ["isin"])
    op.create_table(
        "listing_changes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        *_texts("source"),
        sa.Column("day", Day(), nullable=False),
        *_texts("kind", "exchange", "symbol", "series", "before", "after"),
        sa.PrimaryKeyConstraint("id", name="pk_listing_changes"),
        **STRICT,
    )
    op.create_index("ix_listing_changes_day", "listing_changes", ["day"])


def _names() -> None:
    op.create_table(
        "renames",
        *_texts("exchange", "old"),
        sa.Column("day", Day(), nullable=False),
        *_texts("new", "name", "source"),
        sa.PrimaryKeyConstraint("exchange", "old", "day", name="pk_renames"),
        **STRICT,
    )
    op.create_index("ix_renames_new", "renames", ["new", "exchange"])
    op.create_table(
        "instrument_spells",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("instrument_id", Id, nullable=False),
        *_texts("exchange", "symbol", "series", "isin"),
        sa.Column("since", Day()),
        sa.Column("until", Day()),
        *_texts("source"),
        sa.PrimaryKeyConstraint("id", name="pk_instrument_spells"),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name="fk_instrument_spells_instrument_id"
        ),
        **STRICT,
    )
    op.create_index("ix_instrument_spells_instrument", "instrument_spells", ["instrument_id"])
    op.create_index("ix_instrument_spells_symbol", "instrument_spells", ["symbol", "exchange"])
    op.create_index("ix_instrument_spells_isin", "instrument_spells", ["isin"])
