"""The tables of the API's front door: what renews a sign-in, what programs carry, what signs tokens."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text

from tunefolio.store.columns import At, Bytes, Json
from tunefolio.store.declare import id_column, link, needed, owner, table, unique_where

refresh_tokens = table(
    "refresh_tokens",
    id_column(),
    owner(),
    link("session_id", "sessions", on_delete="CASCADE"),
    needed("token_hash", Text, unique=True),
    needed("created_at", At()),
    needed("expires_at", At()),
    Column("used_at", At()),
    Index("ix_refresh_tokens_session", "session_id"),
    Index("ix_refresh_tokens_expires", "expires_at"),
)
"""Each is good once. Those of one session are a family: they live and end with it."""

personal_tokens = table(
    "personal_tokens",
    id_column(),
    owner(),
    needed("name", Text),
    needed("ending", Text),
    needed("token_hash", Text, unique=True),
    needed("scopes", Json()),
    needed("created_at", At()),
    Column("expires_at", At()),
    Column("used_at", At()),
    needed("used_from", Text, server_default=""),
    Column("revoked_at", At()),
    Index("ix_personal_tokens_owner", "owner_id", "id"),
    unique_where("revoked_at IS NULL", "uq_personal_tokens_name", "owner_id", "name"),
)
"""ending: the last characters, by which its owner recognises it; the rest is kept as a hash alone."""

signing_keys = table(
    "signing_keys",
    id_column(),
    needed("kid", Text, unique=True),
    Column("secret", Bytes),
    needed("created_at", At()),
    Column("until_at", At()),
)
"""What access tokens are signed with, sealed by the vault. until_at: believed until then; None signs."""
