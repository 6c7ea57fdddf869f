"""What people tell of their taxes; accounts by the user whom a broker calls about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import MONEY, PRICE, At, Exact, Id

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
TABLES = ("taxpayers", "taxpayer_accounts", "tax_years", "tax_losses", "tax_instruments", "tax_deeds")


def upgrade() -> None:
    op.create_table(
        "taxpayers",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("residency", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        _of_person("taxpayers"),
        sa.PrimaryKeyConstraint("id", name="pk_taxpayers"),
        sa.UniqueConstraint("owner_id", "name", name="uq_taxpayers_owner_id_name"),
        **STRICT,
    )
    op.create_table(
        "taxpayer_accounts",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("taxpayer_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_taxpayer_accounts_account_id"),
        _of_person("taxpayer_accounts"),
        _of_taxpayer("taxpayer_accounts"),
        sa.PrimaryKeyConstraint("account_id", name="pk_taxpayer_accounts"),
        **STRICT,
    )
    op.create_table(
        "tax_years",
        sa.Column("taxpayer_id", Id, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("age", sa.Text(), nullable=False),
        sa.Column("salary", MONEY),
        sa.Column("house_property", MONEY),
        sa.Column("business", MONEY),
        sa.Column("other_sources", MONEY),
        sa.Column("slab_rate", Exact(6)),
        sa.Column("told_at", At(), nullable=False),
        _of_person("tax_years"),
        _of_taxpayer("tax_years"),
        sa.PrimaryKeyConstraint("taxpayer_id", "year", name="pk_tax_years"),
        **STRICT,
    )
    op.create_table(
        "tax_losses",
        sa.Column("taxpayer_id", Id, nullable=False),
        sa.Column("into_year", sa.Integer(), nullable=False),
        sa.Column("loss_year", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.CheckConstraint("loss_year < into_year", name="earlier"),
        _of_person("tax_losses"),
        _of_taxpayer("tax_losses"),
        sa.PrimaryKeyConstraint("taxpayer_id", "into_year", "loss_year", "kind", name="pk_tax_losses"),
        **STRICT,
    )
    op.create_table(
        "tax_instruments",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("tax_class", sa.Text()),
        sa.Column("value_2018", PRICE),
        _of_person("tax_instruments"),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name="fk_tax_instruments_instrument_id"
        ),
        sa.PrimaryKeyConstraint("owner_id", "instrument_id", name="pk_tax_instruments"),
        **STRICT,
    )
    op.create_table(
        "tax_deeds",
        sa.Column("transaction_id", Id, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("stt", MONEY),
        sa.Column("way", sa.Text()),
        sa.Column("subscribed", sa.Integer()),
        _of_person("tax_deeds"),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name="fk_tax_deeds_transaction_id"),
        sa.PrimaryKeyConstraint("transaction_id", name="pk_tax_deeds"),
        **STRICT,
    )
    is_linked = sa.text("broker <> ''")
    op.create_index(
        "ix_accounts_called",
        "accounts",
        ["broker", "broker_user"],
        sqlite_where=is_linked,
        postgresql_where=is_linked,
    )


def downgrade() -> None:
    op.drop_index("ix_accounts_called", "accounts")
    for name in reversed(TABLES):
        op.drop_table(name)


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name=f"fk_{table}_owner_id")


def _of_taxpayer(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_taxpayer_id"
    return sa.ForeignKeyConstraint(["taxpayer_id"], ["taxpayers.id"], name=name, ondelete="CASCADE")
