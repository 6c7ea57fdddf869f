"""Every table, declared once. Owned rows carry owner_id, so that a viewer clause is one comparison.

Transactions, statements and their lines are append-only: triggers refuse UPDATE and DELETE (migrations/).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy import Integer as Int

from tunefolio.store.alert_tables import alerts as alerts
from tunefolio.store.alert_tables import channels as channels
from tunefolio.store.alert_tables import deliveries as deliveries
from tunefolio.store.alert_tables import notices as notices
from tunefolio.store.alert_tables import watchlist_items as watchlist_items
from tunefolio.store.alert_tables import watchlists as watchlists
from tunefolio.store.audit_tables import audit as audit
from tunefolio.store.audit_tables import broker_standings as broker_standings
from tunefolio.store.audit_tables import corrections as corrections
from tunefolio.store.audit_tables import proofs as proofs
from tunefolio.store.bar_tables import bar_chunks as bar_chunks
from tunefolio.store.calendar_tables import calendar_overrides as calendar_overrides
from tunefolio.store.columns import MONEY, PRICE, QUANTITY, At, Bytes, Day, Exact, Id, Json
from tunefolio.store.connection_tables import connections as connections
from tunefolio.store.connection_tables import unread_rows as unread_rows
from tunefolio.store.declare import id_column, index_where, link, needed, owner, table, unique_where
from tunefolio.store.declare import metadata as metadata
from tunefolio.store.derived_tables import day_rows as day_rows
from tunefolio.store.derived_tables import day_states as day_states
from tunefolio.store.derived_tables import snapshot_lines as snapshot_lines
from tunefolio.store.derived_tables import snapshots as snapshots
from tunefolio.store.factor_tables import authenticators as authenticators
from tunefolio.store.factor_tables import challenges as challenges
from tunefolio.store.factor_tables import devices as devices
from tunefolio.store.factor_tables import external_identities as external_identities
from tunefolio.store.factor_tables import mail_links as mail_links
from tunefolio.store.factor_tables import passkeys as passkeys
from tunefolio.store.factor_tables import recovery_codes as recovery_codes
from tunefolio.store.factor_tables import sign_ups as sign_ups
from tunefolio.store.fund_tables import fund_categories as fund_categories
from tunefolio.store.grant_tables import grants as grants
from tunefolio.store.grant_tables import shared_links as shared_links
from tunefolio.store.lease_tables import leases as leases
from tunefolio.store.leaving_tables import departures as departures
from tunefolio.store.leaving_tables import export_parts as export_parts
from tunefolio.store.leaving_tables import exports as exports
from tunefolio.store.mapping_tables import mappings as mappings
from tunefolio.store.market_tables import COST_RATIO
from tunefolio.store.market_tables import accrual_terms as accrual_terms
from tunefolio.store.market_tables import actions as actions
from tunefolio.store.market_tables import classifications as classifications
from tunefolio.store.market_tables import instruments as instruments
from tunefolio.store.market_tables import quotes as quotes
from tunefolio.store.market_tables import rates as rates
from tunefolio.store.master_tables import instrument_spells as instrument_spells
from tunefolio.store.master_tables import listing_changes as listing_changes
from tunefolio.store.master_tables import listings as listings
from tunefolio.store.master_tables import masters as masters
from tunefolio.store.master_tables import renames as renames
from tunefolio.store.master_tables import search_parts as search_parts
from tunefolio.store.service_tables import duties as duties
from tunefolio.store.service_tables import processes as processes
from tunefolio.store.tax_tables import tax_deeds as tax_deeds
from tunefolio.store.tax_tables import tax_instruments as tax_instruments
from tunefolio.store.tax_tables import tax_losses as tax_losses
from tunefolio.store.tax_tables import tax_years as tax_years
from tunefolio.store.tax_tables import taxpayer_accounts as taxpayer_accounts
from tunefolio.store.tax_tables import taxpayers as taxpayers
from tunefolio.store.token_tables import personal_tokens as personal_tokens
from tunefolio.store.token_tables import refresh_tokens as refresh_tokens
from tunefolio.store.token_tables import signing_keys as signing_keys
from tunefolio.store.tracking_tables import quarantine as quarantine
from tunefolio.store.tracking_tables import source_files as source_files
from tunefolio.store.tracking_tables import tracking as tracking

# People -----------------------------------------------------------------------------------------

persons = table(
    "persons",
    id_column(),
    needed("email", Text, unique=True),
    needed("name", Text),
    needed("password_hash", Text),
    needed("role", Text),
    needed("preferences", Json(), server_default=text("'{}'")),
    needed("created_at", At()),
    Column("disabled_at", At()),
    Column("verified_at", At()),
    Column("leaving_at", At()),
    Column("erased_at", At()),
    CheckConstraint("role in ('admin', 'member', 'reader')", name="role"),
)

sessions = table(
    "sessions",
    id_column(),
    owner(),
    needed("token_hash", Text, unique=True),
    needed("device", Text),
    needed("address", Text),
    needed("created_at", At()),
    needed("seen_at", At()),
    needed("expires_at", At()),
    Column("ended_at", At()),
    Index("ix_sessions_owner", "owner_id"),
)

invites = table(
    "invites",
    id_column(),
    owner(),
    needed("code_hash", Text, unique=True),
    needed("email", Text),
    needed("role", Text),
    needed("created_at", At()),
    needed("expires_at", At()),
    Column("used_at", At()),
    Column("used_by", Id, ForeignKey("persons.id")),
)

# The record -------------------------------------------------------------------------------------

portfolios = table(
    "portfolios",
    id_column(),
    owner(),
    needed("name", Text),
    needed("currency", Text),
    needed("created_at", At()),
    Column("archived_at", At()),
    UniqueConstraint("owner_id", "name"),
)

accounts = table(
    "accounts",
    id_column(),
    owner(),
    link("portfolio_id", "portfolios"),
    needed("name", Text),
    needed("kind", Text),
    needed("currency", Text),
    needed("broker", Text, server_default=""),
    needed("broker_user", Text, server_default=""),
    needed("created_at", At()),
    Column("archived_at", At()),
    needed("lot_method", Text, server_default="fifo"),
    UniqueConstraint("owner_id", "name"),
    unique_where("broker <> ''", "uq_accounts_broker_user", "owner_id", "broker", "broker_user"),
    index_where("broker <> ''", "ix_accounts_called", "broker", "broker_user"),
    CheckConstraint("kind in ('manual', 'broker')", name="kind"),
    CheckConstraint("lot_method in ('fifo', 'lifo', 'hifo', 'average')", name="lot_method"),
)

imports = table(
    "imports",
    id_column(),
    owner(),
    link("account_id", "accounts"),
    needed("filename", Text),
    needed("sha256", Text),
    needed("format", Text),
    needed("recorded_at", At()),
    needed("added", Int),
    needed("repeated", Int),
    needed("refused", Int),
    Column("undone_at", At()),
    Index("ix_imports_owner", "owner_id", "id"),
)

uploads = table(
    "uploads",
    id_column(),
    owner(),
    needed("filename", Text),
    needed("sha256", Text),
    needed("content", Bytes),
    needed("uploaded_at", At()),
    UniqueConstraint("owner_id", "sha256"),
)

transactions = table(
    "transactions",
    id_column(),
    owner(),
    link("account_id", "accounts"),
    needed("book", Text),
    needed("kind", Text),
    needed("day", Day()),
    Column("at", At()),
    Column("instrument_id", Id, ForeignKey("instruments.id")),
    Column("quantity", QUANTITY),
    Column("price", PRICE),
    needed("amount", MONEY),
    needed("fees", MONEY),
    needed("currency", Text),
    needed("note", Text, server_default=""),
    needed("source", Text),
    needed("source_key", Text),
    needed("generation", Int),
    needed("fingerprint", Text),
    Column("import_id", Id, ForeignKey("imports.id")),
    Column("reverses", Id, ForeignKey("transactions.id"), unique=True),
    needed("recorded_at", At()),
    needed("tax", MONEY, server_default=text("0")),
    needed("accrued", MONEY, server_default=text("0")),
    Column("other_id", Id, ForeignKey("instruments.id")),
    Column("ratio_new", QUANTITY),
    Column("ratio_old", QUANTITY),
    Column("cost_ratio", COST_RATIO),
    Column("counter_amount", MONEY),
    Column("counter_currency", Text),
    Column("counterpart_id", Id),
    Column("acquired", Day()),
    Column("picks", Json()),
    Column("delivery", Text),
    Column("fee_parts", Json()),
    Column("order_number", Text),
    UniqueConstraint("account_id", "book", "source_key", "generation"),
    Index("ix_transactions_account_day", "account_id", "book", "day", "id"),
    Index("ix_transactions_owner_day", "owner_id", "day", "id"),
    Index("ix_transactions_import", "import_id"),
    Index("ix_transactions_instrument", "instrument_id", "owner_id", "day", "id"),
    index_where("other_id IS NOT NULL", "ix_transactions_other", "other_id", "owner_id"),
    index_where("counterpart_id IS NOT NULL", "ix_transactions_counterpart", "counterpart_id"),
    CheckConstraint("book in ('live', 'paper', 'test')", name="book"),
)

"""counterpart_id points at accounts, but as a mere number: the other account may be erased with its own half,
and no fact is ever changed for that."""

tags = table("tags", id_column(), owner(), needed("name", Text), UniqueConstraint("owner_id", "name"))

taggings = table(
    "taggings",
    owner(),
    Column("tag_id", Id, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    Column("transaction_id", Id, ForeignKey("transactions.id"), primary_key=True),
    Index("ix_taggings_transaction", "transaction_id"),
)

statements = table(
    "statements",
    id_column(),
    owner(),
    link("account_id", "accounts"),
    needed("broker", Text),
    needed("at", At()),
    Column("cash", MONEY),
    needed("currency", Text),
    Index("ix_statements_account", "account_id", "at"),
)

holdings = table(
    "holdings",
    owner(),
    Column("statement_id", Id, ForeignKey("statements.id"), primary_key=True),
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    needed("settled", QUANTITY),
    needed("unsettled", QUANTITY),
    Column("average_price", PRICE),
    Column("last_price", PRICE),
    Column("close_price", PRICE),
    Column("pnl", MONEY),
)

deletions = table(
    "deletions", Column("account_id", Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
)
"""Accounts being deleted in this very transaction: the only rows whose facts the triggers let go.

The row falls with its account, so that none outlives the transaction.
"""

# What a person says about the market --------------------------------------------------------------

action_decisions = table(
    "action_decisions",
    owner(),
    Column("action_id", Id, ForeignKey("actions.id"), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    needed("decision", Text),
    needed("decided_at", At()),
    Index("ix_action_decisions_account", "account_id"),
    CheckConstraint("decision in ('applied', 'declined')", name="decision"),
)

targets = table(
    "targets",
    Column("owner_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("portfolio_id", Id, primary_key=True, autoincrement=False),
    Column("dimension", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    needed("weight", Exact(6)),
)
"""Which share of a portfolio (0: of all portfolios) a person wants in a slice; 1 is the whole."""

sector_overrides = table(
    "sector_overrides",
    Column("owner_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    needed("sector", Text),
    needed("industry", Text),
    needed("set_at", At()),
)

# Brokers ----------------------------------------------------------------------------------------

broker_apps = table(
    "broker_apps",
    id_column(),
    owner(),
    needed("broker", Text),
    needed("api_key", Text),
    Column("api_secret", Bytes),
    needed("created_at", At()),
    UniqueConstraint("owner_id", "broker"),
)
"""A person's own API application at a broker; the secret is sealed by the vault for this very row."""

login_states = table(
    "login_states",
    id_column(),
    owner(),
    needed("state_hash", Text, unique=True),
    link("session_id", "sessions"),
    needed("broker", Text),
    Column("portfolio_id", Id, ForeignKey("portfolios.id")),
    needed("created_at", At()),
    needed("expires_at", At()),
    Column("used_at", At()),
)
"""One attempt to log in at a broker: single use, minutes long, bound to the browser session that began it."""

# Work -------------------------------------------------------------------------------------------

jobs = table(
    "jobs",
    id_column(),
    Column("owner_id", Id, ForeignKey("persons.id")),
    needed("kind", Text),
    needed("args", Json()),
    Column("dedupe_key", Text),
    needed("state", Text),
    needed("due_at", At()),
    needed("attempts", Int),
    needed("max_attempts", Int),
    Column("lease_holder", Text),
    Column("lease_until", At()),
    needed("done", Int),
    Column("total", Int),
    needed("stage", Text, server_default=""),
    Column("cancel_requested_at", At()),
    Column("result", Json()),
    needed("problem", Text, server_default=""),
    needed("created_at", At()),
    Column("started_at", At()),
    Column("finished_at", At()),
    Index("ix_jobs_due", "state", "due_at"),
    Index("ix_jobs_owner", "owner_id", "id"),
    unique_where("state in ('queued', 'running')", "uq_jobs_open_dedupe_key", "dedupe_key"),
    CheckConstraint("state in ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
)

OWNED = frozenset(table for table in metadata.tables.values() if "owner_id" in table.c)
"""Tables whose rows belong to one person; every query of them is scoped by viewers.owned()."""
