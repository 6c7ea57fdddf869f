"""What each fund is by the list of its association; what no exchange listed on 31 January 2018."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import Day

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "fund_categories",
        sa.Column("isin", sa.Text(), nullable=False),
        sa.Column("since", Day(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("isin", "since", name="pk_fund_categories"),
        **STRICT,
    )
    op.add_column("tax_instruments", sa.Column("unlisted_2018", sa.Integer()))


def downgrade() -> None:
    op.drop_column("tax_instruments", "unlisted_2018")
    op.drop_table("fund_categories")
