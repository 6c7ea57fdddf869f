"""Every table, declared once. Owned rows carry owner_id, so that a viewer clause is one comparison.

Transactions, statements and their lines are append-only: triggers refuse UPDATE and DELETE (migrations/).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy import Integer as Int
from sqlalchemy.types import TypeEngine

from tunefolio.store.columns import MONEY, PRICE, QUANTITY, At, Bytes, Day, Id, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[Any]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _needed(
    name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]], *rest: Any, **options: Any
) -> Column[Any]:
    return Column(name, kind, *rest, nullable=False, **options)


def _owner() -> Column[Any]:
    return _needed("owner_id", Id, ForeignKey("persons.id"))


def _link(name: str, target: str, *, on_delete: str | None = None) -> Column[Any]:
    return _needed(name, Id, ForeignKey(f"{target}.id", ondelete=on_delete))


def _unique_where(condition: str, name: str, *columns: str) -> Index:
    """Unique among the rows that meet the condition."""
    where = text(condition)
    return Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


def _table(name: str, *items: Any) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True, sqlite_autoincrement=True)


# People -----------------------------------------------------------------------------------------

persons = _table(
    "persons",
    _id(),
    _needed("email", Text, unique=True),
    _needed("name", Text),
    _needed("password_hash", Text),
    _needed("role", Text),
    _needed("preferences", Json(), server_default=text("'{}'")),
    _needed("created_at", At()),
    Column("disabled_at", At()),
    CheckConstraint("role in ('admin', 'member', 'reader')", name="role"),
)

sessions = _table(
    "sessions",
    _id(),
    _owner(),
    _needed("token_hash", Text, unique=True),
    _needed("device", Text),
    _needed("address", Text),
    _needed("created_at", At()),
    _needed("seen_at", At()),
    _needed("expires_at", At()),
    Column("ended_at", At()),
    Index("ix_sessions_owner", "owner_id"),
)

invites = _table(
    "invites",
    _id(),
    _owner(),
    _needed("code_hash", Text, unique=True),
    _needed("email", Text),
    _needed("role", Text),
    _needed("created_at", At()),
    _needed("expires_at", At()),
    Column("used_at", At()),
    Column("used_by", Id, ForeignKey("persons.id")),
)

# The record -------------------------------------------------------------------------------------

portfolios = _table(
    "portfolios",
    _id(),
    _owner(),
    _needed("name", Text),
    _needed("currency", Text),
    _needed("created_at", At()),
    Column("archived_at", At()),
    UniqueConstraint("owner_id", "name"),
)

accounts = _table(
    "accounts",
    _id(),
    _owner(),
    _link("portfolio_id", "portfolios"),
    _needed("name", Text),
    _needed("kind", Text),
    _needed("currency", Text),
    _needed("broker", Text, server_default=""),
    _needed("broker_user", Text, server_default=""),
    _needed("created_at", At()),
    Column("archived_at", At()),
    UniqueConstraint("owner_id", "name"),
    _unique_where("broker <> ''", "uq_accounts_broker_user", "owner_id", "broker", "broker_user"),
    CheckConstraint("kind in ('manual', 'broker')", name="kind"),
)

instruments = _table(
    "instruments",
    _id(),
    _needed("exchange", Text),
    _needed("symbol", Text),
    _needed("series", Text, server_default=""),
    _needed("isin", Text, server_default=""),
    _needed("name", Text),
    _needed("asset_class", Text),
    _needed("currency", Text),
    _needed("created_at", At()),
    UniqueConstraint("isin", "exchange", "symbol", "series"),
    Index("ix_instruments_symbol", "symbol", "exchange"),
)

imports = _table(
    "imports",
    _id(),
    _owner(),
    _link("account_id", "accounts"),
    _needed("filename", Text),
    _needed("sha256", Text),
    _needed("format", Text),
    _needed("recorded_at", At()),
    _needed("added", Int),
    _needed("repeated", Int),
    _needed("refused", Int),
    Column("undone_at", At()),
    Index("ix_imports_owner", "owner_id", "id"),
)

uploads = _table(
    "uploads",
    _id(),
    _owner(),
    _needed("filename", Text),
    _needed("sha256", Text),
    _needed("content", Bytes),
    _needed("uploaded_at", At()),
    UniqueConstraint("owner_id", "sha256"),
)

transactions = _table(
    "transactions",
    _id(),
    _owner(),
    _link("account_id", "accounts"),
    _needed("book", Text),
    _needed("kind", Text),
    _needed("day", Day()),
    Column("at", At()),
    Column("instrument_id", Id, ForeignKey("instruments.id")),
    Column("quantity", QUANTITY),
    Column("price", PRICE),
    _needed("amount", MONEY),
    _needed("fees", MONEY),
    _needed("currency", Text),
    _needed("note", Text, server_default=""),
    _needed("source", Text),
    _needed("source_key", Text),
    _needed("generation", Int),
    _needed("fingerprint", Text),
    Column("import_id", Id, ForeignKey("imports.id")),
    Column("reverses", Id, ForeignKey("transactions.id"), unique=True),
    _needed("recorded_at", At()),
    UniqueConstraint("account_id", "book", "source_key", "generation"),
    Index("ix_transactions_account_day", "account_id", "book", "day", "id"),
    Index("ix_transactions_owner_day", "owner_id", "day", "id"),
    Index("ix_transactions_import", "import_id"),
    CheckConstraint("book in ('live', 'paper', 'test')", name="book"),
)

tags = _table("tags", _id(), _owner(), _needed("name", Text), UniqueConstraint("owner_id", "name"))

taggings = _table(
    "taggings",
    _owner(),
    Column("tag_id", Id, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    Column("transaction_id", Id, ForeignKey("transactions.id"), primary_key=True),
    Index("ix_taggings_transaction", "transaction_id"),
)

statements = _table(
    "statements",
    _id(),
    _owner(),
    _link("account_id", "accounts"),
    _needed("broker", Text),
    _needed("at", At()),
    Column("cash", MONEY),
    _needed("currency", Text),
    Index("ix_statements_account", "account_id", "at"),
)

holdings = _table(
    "holdings",
    _owner(),
    Column("statement_id", Id, ForeignKey("statements.id"), primary_key=True),
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    _needed("settled", QUANTITY),
    _needed("unsettled", QUANTITY),
    Column("average_price", PRICE),
    Column("last_price", PRICE),
    Column("close_price", PRICE),
    Column("pnl", MONEY),
)

deletions = _table(
    "deletions", Column("account_id", Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
)
"""Accounts being deleted in this very transaction: the only rows whose facts the triggers let go.

The row falls with its account, so that none outlives the transaction.
"""

# Prices and sectors -----------------------------------------------------------------------------

quotes = _table(
    "quotes",
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    _needed("price", PRICE),
    Column("previous_close", PRICE),
    _needed("currency", Text),
    _needed("as_of", At()),
    _needed("source", Text),
    _needed("kind", Text),
)

classifications = _table(
    "classifications",
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    _needed("sector", Text),
    _needed("industry", Text),
    _needed("taxonomy", Text),
    _needed("fetched_at", At()),
)
"""A provider's answer about an instrument; sector "" records that it knew none, so as not to ask again."""

sector_overrides = _table(
    "sector_overrides",
    Column("owner_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    _needed("sector", Text),
    _needed("industry", Text),
    _needed("set_at", At()),
)

# Snapshots --------------------------------------------------------------------------------------

snapshots = _table(
    "snapshots",
    _id(),
    _owner(),
    _link("account_id", "accounts"),
    _needed("type", Text),
    _needed("day", Day()),
    _needed("state", Text),
    _needed("taken_at", At()),
    Column("replaced_at", At()),
    Column("invested", MONEY),
    Column("value", MONEY),
    _needed("currency", Text),
    _needed("unpriced", Int),
    _unique_where("state <> 'replaced'", "uq_snapshots_one_a_day", "account_id", "type", "day"),
    Index("ix_snapshots_owner_day", "owner_id", "day"),
    CheckConstraint("type in ('SOD', 'EOD', 'MANUAL')", name="type"),
    CheckConstraint("state in ('taken', 'missed', 'replaced')", name="state"),
)

snapshot_lines = _table(
    "snapshot_lines",
    _owner(),
    Column("snapshot_id", Id, ForeignKey("snapshots.id"), primary_key=True),
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    _needed("quantity", QUANTITY),
    _needed("invested", MONEY),
    Column("price", PRICE),
    Column("value", MONEY),
    Column("priced_at", At()),
    Index("ix_snapshot_lines_instrument", "owner_id", "instrument_id"),
)

# Brokers ----------------------------------------------------------------------------------------

broker_apps = _table(
    "broker_apps",
    _id(),
    _owner(),
    _needed("broker", Text),
    _needed("api_key", Text),
    Column("api_secret", Bytes),
    _needed("created_at", At()),
    UniqueConstraint("owner_id", "broker"),
)
"""A person's own API application at a broker; the secret is sealed by the vault for this very row."""

connections = _table(
    "connections",
    _id(),
    _owner(),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, unique=True),
    _needed("broker", Text),
    _needed("state", Text),
    _needed("api_key", Text),
    Column("token", Bytes),
    Column("expires_at", At()),
    Column("connected_at", At()),
    Column("synced_at", At()),
    _needed("problem", Text, server_default=""),
    Column("problem_at", At()),
    CheckConstraint("state in ('connected', 'needs_login', 'disconnected')", name="state"),
)

login_states = _table(
    "login_states",
    _id(),
    _owner(),
    _needed("state_hash", Text, unique=True),
    _link("session_id", "sessions"),
    _needed("broker", Text),
    Column("portfolio_id", Id, ForeignKey("portfolios.id")),
    _needed("created_at", At()),
    _needed("expires_at", At()),
    Column("used_at", At()),
)
"""One attempt to log in at a broker: single use, minutes long, bound to the browser session that began it."""

# Work -------------------------------------------------------------------------------------------

jobs = _table(
    "jobs",
    _id(),
    Column("owner_id", Id, ForeignKey("persons.id")),
    _needed("kind", Text),
    _needed("args", Json()),
    Column("dedupe_key", Text),
    _needed("state", Text),
    _needed("due_at", At()),
    _needed("attempts", Int),
    _needed("max_attempts", Int),
    Column("lease_holder", Text),
    Column("lease_until", At()),
    _needed("done", Int),
    Column("total", Int),
    _needed("stage", Text, server_default=""),
    Column("cancel_requested_at", At()),
    Column("result", Json()),
    _needed("problem", Text, server_default=""),
    _needed("created_at", At()),
    Column("started_at", At()),
    Column("finished_at", At()),
    Index("ix_jobs_due", "state", "due_at"),
    Index("ix_jobs_owner", "owner_id", "id"),
    _unique_where("state in ('queued', 'running')", "uq_jobs_open_dedupe_key", "dedupe_key"),
    CheckConstraint("state in ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
)

duties = _table("duties", Column("name", Text, primary_key=True), _needed("last_run_at", At()))
"""When each entry of the timetable last ran: how a restart knows what it missed."""

OWNED = frozenset(table for table in metadata.tables.values() if "owner_id" in table.c)
"""Tables whose rows belong to one person; every query of them is scoped by viewers.owned()."""
