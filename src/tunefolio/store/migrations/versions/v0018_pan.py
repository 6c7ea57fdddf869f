"""The permanent account number of a taxpayer, sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import Bytes

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("taxpayers", sa.Column("pan", Bytes))


def downgrade() -> None:
    op.drop_column("taxpayers", "pan")
