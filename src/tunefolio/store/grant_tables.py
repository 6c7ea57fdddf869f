"""The tables of leave to look at a person's books: given to another person, or to whoever has a link."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text

from tunefolio.store.columns import At, Id
from tunefolio.store.declare import id_column, link, needed, owner, table, unique_where

grants = table(
    "grants",
    id_column(),
    owner(),
    link("grantee_id", "persons"),
    needed("portfolio_id", Id, server_default=text("0")),
    needed("created_at", At()),
    Column("until_at", At()),
    Column("accepted_at", At()),
    Column("ended_at", At()),
    Column("ended_by", Id, ForeignKey("persons.id", name="fk_grants_ended_by")),
    needed("amounts", Text, server_default="shown"),
    Index("ix_grants_owner", "owner_id", "id"),
    Index("ix_grants_grantee", "grantee_id", "id"),
    unique_where("ended_at IS NULL", "uq_grants_open", "owner_id", "grantee_id", "portfolio_id"),
    CheckConstraint("owner_id <> grantee_id", name="another"),
)
"""portfolio_id 0: all of them; a mere number, so that a portfolio can be deleted: its grant then shows
nothing."""

shared_links = table(
    "shared_links",
    id_column(),
    owner(),
    needed("portfolio_id", Id),
    needed("title", Text),
    needed("amounts", Text),
    needed("token_hash", Text),
    needed("created_at", At()),
    Column("until_at", At()),
    Column("revoked_at", At()),
    Column("seen_at", At()),
    needed("seen", Id, server_default=text("0")),
    UniqueConstraint("token_hash"),
    Index("ix_shared_links_owner", "owner_id", "id"),
    CheckConstraint("amounts in ('shown', 'hidden')", name="amounts"),
)
"""portfolio_id: a mere number, as in grants. token_hash: the token itself is kept nowhere. seen: how often it
was looked at; of those who look nothing is kept."""
