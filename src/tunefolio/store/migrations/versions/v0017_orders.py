"""Order numbers of trades, and what their charges are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import Json

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transactions", sa.Column("fee_parts", Json()))
    op.add_column("transactions", sa.Column("order_number", sa.Text()))


def downgrade() -> None:
    op.drop_column("transactions", "order_number")
    op.drop_column("transactions", "fee_parts")
