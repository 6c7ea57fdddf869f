"""Tables of accounts' lines to their brokers."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text, UniqueConstraint

from tunefolio.store.columns import At, Bytes, Id
from tunefolio.store.declare import id_column, link, needed, owner, table

connections = table(
    "connections",
    id_column(),
    owner(),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, unique=True),
    needed("broker", Text),
    needed("state", Text),
    needed("api_key", Text),
    Column("token", Bytes),
    Column("expires_at", At()),
    Column("connected_at", At()),
    Column("synced_at", At()),
    needed("problem", Text, server_default=""),
    Column("problem_at", At()),
    Column("credentials", Bytes),
    Column("automatic_since", At()),
    CheckConstraint("state in ('connected', 'needs_login', 'disconnected')", name="state"),
)
"""token, credentials: sealed. automatic_since: the house logs in by itself, by its owner's wish."""

unread_rows = table(
    "unread_rows",
    id_column(),
    owner(),
    link("account_id", "accounts"),
    needed("place", Text),
    needed("symbol", Text),
    needed("reason", Text),
    needed("first_seen_at", At()),
    needed("last_seen_at", At()),
    UniqueConstraint("account_id", "place", "symbol"),
)
"""Lines of the newest statement that could not be understood; trades that could not be understood stay while
they explain a difference; those understood again are gone."""
