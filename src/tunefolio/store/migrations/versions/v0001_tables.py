"""Every table of the first house. What each is for: store/tables.py."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tunefolio.store.columns import At, Bytes, Day, Exact, Id, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STRICT = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    _people()
    _record()
    _prices()
    _snapshots()
    _brokers()
    _work()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)


def _people() -> None:
    op.create_table(
        "persons",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("preferences", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("disabled_at", At()),
        sa.CheckConstraint("role in ('admin', 'member', 'reader')", name=op.f("ck_persons_role")),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint("email", name="uq_persons_email"),
        **STRICT,
    )
    op.create_table(
        "sessions",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("seen_at", At(), nullable=False),
        sa.Column("expires_at", At(), nullable=False),
        sa.Column("ended_at", At()),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_sessions_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
        **STRICT,
    )
    op.create_index("ix_sessions_owner", "sessions", ["owner_id"])
    op.create_table(
        "invites",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("expires_at", At(), nullable=False),
        sa.Column("used_at", At()),
        sa.Column("used_by", Id),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_invites_owner_id"),
        sa.ForeignKeyConstraint(["used_by"], ["persons.id"], name="fk_invites_used_by"),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("code_hash", name="uq_invites_code_hash"),
        **STRICT,
    )


def _record() -> None:
    op.create_table(
        "portfolios",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("archived_at", At()),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_portfolios_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_portfolios"),
        sa.UniqueConstraint("owner_id", "name", name="uq_portfolios_owner_id_name"),
        **STRICT,
    )
    op.create_table(
        "accounts",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("portfolio_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("broker", sa.Text(), server_default="", nullable=False),
        sa.Column("broker_user", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("archived_at", At()),
        sa.CheckConstraint("kind in ('manual', 'broker')", name=op.f("ck_accounts_kind")),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_accounts_owner_id"),
        sa.ForeignKeyConstraint(["portfolio_id"], ["portfolios.id"], name="fk_accounts_portfolio_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("owner_id", "name", name="uq_accounts_owner_id_name"),
        **STRICT,
    )
    op.create_index(
        "uq_accounts_broker_user",
        "accounts",
        ["owner_id", "broker", "broker_user"],
        unique=True,
        sqlite_where=sa.text("broker <> ''"),
        postgresql_where=sa.text("broker <> ''"),
    )
    op.create_table(
        "instruments",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), server_default="", nullable=False),
        sa.Column("isin", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asset_class", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instruments"),
        sa.UniqueConstraint(
            "isin", "exchange", "symbol", "series", name="uq_instruments_isin_exchange_symbol_series"
        ),
        **STRICT,
    )
    op.create_index("ix_instruments_symbol", "instruments", ["symbol", "exchange"])
    op.create_table(
        "imports",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("recorded_at", At(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("undone_at", At()),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_imports_account_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_imports_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        **STRICT,
    )
    op.create_index("ix_imports_owner", "imports", ["owner_id", "id"])
    op.create_table(
        "uploads",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", Bytes(), nullable=False),
        sa.Column("uploaded_at", At(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_uploads_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.UniqueConstraint("owner_id", "sha256", name="uq_uploads_owner_id_sha256"),
        **STRICT,
    )
    op.create_table(
        "transactions",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("at", At()),
        sa.Column("instrument_id", Id),
        sa.Column("quantity", Exact(8)),
        sa.Column("price", Exact(8)),
        sa.Column("amount", Exact(4), nullable=False),
        sa.Column("fees", Exact(4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("import_id", Id),
        sa.Column("reverses", Id),
        sa.Column("recorded_at", At(), nullable=False),
        sa.CheckConstraint("book in ('live', 'paper', 'test')", name=op.f("ck_transactions_book")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_transactions_account_id"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_transactions_import_id"),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_transactions_instrument_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_transactions_owner_id"),
        sa.ForeignKeyConstraint(["reverses"], ["transactions.id"], name="fk_transactions_reverses"),
        sa.PrimaryKeyConstraint("id", name="pk_transactions"),
        sa.UniqueConstraint(
            "account_id",
            "book",
            "source_key",
            "generation",
            name="uq_transactions_account_id_book_source_key_generation",
        ),
        sa.UniqueConstraint("reverses", name="uq_transactions_reverses"),
        **STRICT,
    )
    op.create_index("ix_transactions_account_day", "transactions", ["account_id", "book", "day", "id"])
    op.create_index("ix_transactions_import", "transactions", ["import_id"])
    op.create_index("ix_transactions_owner_day", "transactions", ["owner_id", "day", "id"])
    op.create_table(
        "tags",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_tags_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.UniqueConstraint("owner_id", "name", name="uq_tags_owner_id_name"),
        **STRICT,
    )
    op.create_table(
        "taggings",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("tag_id", Id, nullable=False),
        sa.Column("transaction_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_taggings_owner_id"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_taggings_tag_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name="fk_taggings_transaction_id"),
        sa.PrimaryKeyConstraint("tag_id", "transaction_id", name="pk_taggings"),
        **STRICT,
    )
    op.create_index("ix_taggings_transaction", "taggings", ["transaction_id"])
    op.create_table(
        "statements",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("broker", sa.Text(), nullable=False),
        sa.Column("at", At(), nullable=False),
        sa.Column("cash", Exact(4)),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_statements_account_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_statements_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_statements"),
        **STRICT,
    )
    op.create_index("ix_statements_account", "statements", ["account_id", "at"])
    op.create_table(
        "holdings",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("statement_id", Id, nullable=False),
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("settled", Exact(8), nullable=False),
        sa.Column("unsettled", Exact(8), nullable=False),
        sa.Column("average_price", Exact(8)),
        sa.Column("last_price", Exact(8)),
        sa.Column("close_price", Exact(8)),
        sa.Column("pnl", Exact(4)),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_holdings_instrument_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_holdings_owner_id"),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name="fk_holdings_statement_id"),
        sa.PrimaryKeyConstraint("statement_id", "instrument_id", name="pk_holdings"),
        **STRICT,
    )
    op.create_table(
        "deletions",
        sa.Column("account_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_deletions_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_deletions"),
        **STRICT,
    )


def _prices() -> None:
    op.create_table(
        "quotes",
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("price", Exact(8), nullable=False),
        sa.Column("previous_close", Exact(8)),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("as_of", At(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name="fk_quotes_instrument_id"),
        sa.PrimaryKeyConstraint("instrument_id", name="pk_quotes"),
        **STRICT,
    )
    op.create_table(
        "classifications",
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("industry", sa.Text(), nullable=False),
        sa.Column("taxonomy", sa.Text(), nullable=False),
        sa.Column("fetched_at", At(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name="fk_classifications_instrument_id"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "source", name="pk_classifications"),
        **STRICT,
    )
    op.create_table(
        "sector_overrides",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("industry", sa.Text(), nullable=False),
        sa.Column("set_at", At(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name="fk_sector_overrides_instrument_id"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_sector_overrides_owner_id"),
        sa.PrimaryKeyConstraint("owner_id", "instrument_id", name="pk_sector_overrides"),
        **STRICT,
    )


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("taken_at", At(), nullable=False),
        sa.Column("replaced_at", At()),
        sa.Column("invested", Exact(4)),
        sa.Column("value", Exact(4)),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.CheckConstraint("state in ('taken', 'missed', 'replaced')", name=op.f("ck_snapshots_state")),
        sa.CheckConstraint("type in ('SOD', 'EOD', 'MANUAL')", name=op.f("ck_snapshots_type")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_snapshots_account_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_snapshots_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        **STRICT,
    )
    op.create_index("ix_snapshots_owner_day", "snapshots", ["owner_id", "day"])
    op.create_index(
        "uq_snapshots_one_a_day",
        "snapshots",
        ["account_id", "type", "day"],
        unique=True,
        sqlite_where=sa.text("state <> 'replaced'"),
        postgresql_where=sa.text("state <> 'replaced'"),
    )
    op.create_table(
        "snapshot_lines",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("snapshot_id", Id, nullable=False),
        sa.Column("instrument_id", Id, nullable=False),
        sa.Column("quantity", Exact(8), nullable=False),
        sa.Column("invested", Exact(4), nullable=False),
        sa.Column("price", Exact(8)),
        sa.Column("value", Exact(4)),
        sa.Column("priced_at", At()),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name="fk_snapshot_lines_instrument_id"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_snapshot_lines_owner_id"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name="fk_snapshot_lines_snapshot_id"),
        sa.PrimaryKeyConstraint("snapshot_id", "instrument_id", name="pk_snapshot_lines"),
        **STRICT,
    )
    op.create_index("ix_snapshot_lines_instrument", "snapshot_lines", ["owner_id", "instrument_id"])


def _brokers() -> None:
    op.create_table(
        "broker_apps",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("broker", sa.Text(), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("api_secret", Bytes()),
        sa.Column("created_at", At(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_broker_apps_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_broker_apps"),
        sa.UniqueConstraint("owner_id", "broker", name="uq_broker_apps_owner_id_broker"),
        **STRICT,
    )
    op.create_table(
        "connections",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("broker", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("token", Bytes()),
        sa.Column("expires_at", At()),
        sa.Column("connected_at", At()),
        sa.Column("synced_at", At()),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("problem_at", At()),
        sa.CheckConstraint(
            "state in ('connected', 'needs_login', 'disconnected')", name=op.f("ck_connections_state")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_connections_account_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_connections_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_connections"),
        sa.UniqueConstraint("account_id", name="uq_connections_account_id"),
        **STRICT,
    )
    op.create_table(
        "login_states",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("session_id", Id, nullable=False),
        sa.Column("broker", sa.Text(), nullable=False),
        sa.Column("portfolio_id", Id),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("expires_at", At(), nullable=False),
        sa.Column("used_at", At()),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_login_states_owner_id"),
        sa.ForeignKeyConstraint(["portfolio_id"], ["portfolios.id"], name="fk_login_states_portfolio_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_login_states_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_login_states"),
        sa.UniqueConstraint("state_hash", name="uq_login_states_state_hash"),
        **STRICT,
    )


def _work() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", Id, autoincrement=True),
        sa.Column("owner_id", Id),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("args", Json(), nullable=False),
        sa.Column("dedupe_key", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", At(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_holder", sa.Text()),
        sa.Column("lease_until", At()),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("cancel_requested_at", At()),
        sa.Column("result", Json()),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", At(), nullable=False),
        sa.Column("started_at", At()),
        sa.Column("finished_at", At()),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_jobs_state")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name="fk_jobs_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        **STRICT,
    )
    op.create_index("ix_jobs_due", "jobs", ["state", "due_at"])
    op.create_index("ix_jobs_owner", "jobs", ["owner_id", "id"])
    op.create_index(
        "uq_jobs_open_dedupe_key",
        "jobs",
        ["dedupe_key"],
        unique=True,
        sqlite_where=sa.text("state in ('queued', 'running')"),
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.create_table(
        "duties",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_run_at", At(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_duties"),
        **STRICT,
    )


TABLES = (
    "persons",
    "sessions",
    "invites",
    "portfolios",
    "accounts",
    "instruments",
    "imports",
    "uploads",
    "transactions",
    "tags",
    "taggings",
    "statements",
    "holdings",
    "deletions",
    "quotes",
    "classifications",
    "sector_overrides",
    "snapshots",
    "snapshot_lines",
    "broker_apps",
    "connections",
    "login_states",
    "jobs",
    "duties",
)
"""In the order they are made: what is pointed at comes first."""
