"""The table of leave that one person gives another to look at her books."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, text

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
    Index("ix_grants_owner", "owner_id", "id"),
    Index("ix_grants_grantee", "grantee_id", "id"),
    unique_where("ended_at IS NULL", "uq_grants_open", "owner_id", "grantee_id", "portfolio_id"),
    CheckConstraint("owner_id <> grantee_id", name="another"),
)
"""portfolio_id 0: all of them; a mere number, so that a portfolio can be deleted: its grant then shows
nothing."""
