"""Facts of every kind, lot methods, changes by day, daily closes, rates, market actions, targets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Day, Exact, Id, Json
from tunefolio.store.migrations.change import changed

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}
_KEY = ["isin", "exchange", "symbol", "series"]


def upgrade() -> None:
    _instruments()
    _facts()
    with changed("accounts") as batch:
        batch.add_column(sa.Column("lot_method", sa.Text(), server_default="fifo", nullable=False))
        methods = "lot_method in ('fifo', 'lifo', 'hifo', 'average')"
        batch.create_check_constraint(op.f("ck_accounts_lot_method"), methods)
    _changes_by_day()
    _market()
    _wishes()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
    with changed("accounts") as batch:
        batch.drop_constraint(op.f("ck_accounts_lot_method"), type_="check")
        batch.drop_column("lot_method")
    for name in ("instrument", "other", "counterpart"):
        op.drop_index(f"ix_transactions_{name}", table_name="transactions")
    with changed("transactions") as batch:
        batch.drop_constraint("fk_transactions_other_id", type_="foreignkey")
        for column in reversed(_new_columns()):
            batch.drop_column(column.name)
    op.drop_index("uq_instruments_shared", table_name="instruments")
    op.drop_index("uq_instruments_private", table_name="instruments")
    with changed("instruments") as batch:
        batch.drop_constraint("fk_instruments_private_to", type_="foreignkey")
        batch.drop_column("private_to")
        batch.create_unique_constraint("uq_instruments_isin_exchange_symbol_series", _KEY)


def _instruments() -> None:
    """Unique among those that everyone sees; a private one only among its owner's."""
    with changed("instruments") as batch:
        batch.drop_constraint("uq_instruments_isin_exchange_symbol_series", type_="unique")
        batch.add_column(sa.Column("private_to", Id))
        batch.create_foreign_key("fk_instruments_private_to", "persons", ["private_to"], ["id"])
    _index_where("private_to IS NULL", "uq_instruments_shared", "instruments", _KEY, unique=True)
    columns = ["private_to", "exchange", "symbol"]
    _index_where("private_to IS NOT NULL", "uq_instruments_private", "instruments", columns, unique=True)


def _new_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tax", Exact(4), server_default=sa.text("0"), nullable=False),
        sa.Column("accrued", Exact(4), server_default=sa.text("0"), nullable=False),
        sa.Column("other_id", Id),
        sa.Column("ratio_new", Exact(8)),
        sa.Column("ratio_old", Exact(8)),
        sa.Column("cost_ratio", Exact(12)),
        sa.Column("counter_amount", Exact(4)),
        sa.Column("counter_currency", sa.Text()),
        sa.Column("counterpart_id", Id),
        sa.Column("acquired", Day()),
        sa.Column("picks", Json()),
        sa.Column("delivery", sa.Text()),
    ]


def _facts() -> None:
    """No fact changes: those of before have none of the new fields, and their fingerprints still hold."""
    with changed("transactions") as batch:
        for column in _new_columns():
            batch.add_column(column)
        batch.create_foreign_key("fk_transactions_other_id", "instruments", ["other_id"], ["id"])
    op.create_index("ix_transactions_instrument", "transactions", ["instrument_id", "owner_id", "day", "id"])
    others = ["other_id", "owner_id"]
    _index_where("other_id IS NOT NULL", "ix_transactions_other", "transactions", others)
    counterparts = ["counterpart_id"]
    _index_where("counterpart_id IS NOT NULL", "ix_transactions_counterpart", "transactions", counterparts)


def _index_where(condition: str, name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _changes_by_day() -> None:
    op.create_table(
        "day_rows",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("tag_id", Id, nullable=False),
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("first_day", Day(), nullable=False),
        sa.Column("last_day", Day(), nullable=False),
        sa.Column("body", Bytes(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_day_rows_account_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_day_rows_owner_id"),
        sa.PrimaryKeyConstraint("account_id", "tag_id", "instrument_id", "currency", name="pk_day_rows"),
        **STRICT,
    )
    op.create_table(
        "day_states",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("newest", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("computed_at", At(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_day_states_account_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_day_states_owner_id"),
        sa.PrimaryKeyConstraint("account_id", name="pk_day_states"),
        **STRICT,
    )


def _market() -> None:
    op.create_table(
        "accrual_terms",
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("terms", Json(), nullable=False),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_accrual_terms_instrument_id"),
        sa.PrimaryKeyConstraint("instrument_id", name="pk_accrual_terms"),
        **STRICT,
    )
    op.create_table(
        "close_chunks",
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_day", Day(), nullable=False),
        sa.Column("last_day", Day(), nullable=False),
        sa.Column("body", Bytes(), nullable=False),
        sa.Column("updated_at", At(), nullable=False),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_close_chunks_instrument_id"),
        sa.PrimaryKeyConstraint("instrument_id", "year", name="pk_close_chunks"),
        **STRICT,
    )
    op.create_table(
        "rates",
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("rate", Exact(10), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("base", "quote", "day", name="pk_rates"),
        **STRICT,
    )
    op.create_table(
        "actions",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("other_id", Id),
        sa.Column("ex_day", Day(), nullable=False),
        sa.Column("ratio_new", Exact(8)),
        sa.Column("ratio_old", Exact(8)),
        sa.Column("cost_ratio", Exact(12)),
        sa.Column("amount", Exact(8)),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("found_at", At(), nullable=False),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_actions_instrument_id"),
        sa.ForeignKeyConstraint(["other_id"], ["instruments.id"], name="fk_actions_other_id"),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
        sa.UniqueConstraint("reference", name="uq_actions_reference"),
        **STRICT,
    )
    op.create_index("ix_actions_instrument", "actions", ["instrument_id", "ex_day"])


def _wishes() -> None:
    op.create_table(
        "action_decisions",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("action_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_at", At(), nullable=False),
        sa.CheckConstraint("decision in ('applied', 'declined')", name=op.f("ck_action_decisions_decision")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_action_decisions_account_id"),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name="fk_action_decisions_action_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_action_decisions_owner_id"),
        sa.PrimaryKeyConstraint("action_id", "account_id", name="pk_action_decisions"),
        **STRICT,
    )
    op.create_index("ix_action_decisions_account", "action_decisions", ["account_id"])
    op.create_table(
        "targets",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("portfolio_id", Id, nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weight", Exact(6), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_targets_owner_id"),
        sa.PrimaryKeyConstraint("owner_id", "portfolio_id", "dimension", "name", name="pk_targets"),
        **STRICT,
    )


TABLES = (
    "day_rows",
    "day_states",
    "accrual_terms",
    "close_chunks",
    "rates",
    "actions",
    "action_decisions",
    "targets",
)
"""In the order they are made."""
