"""What operators say of sessions: shared by everyone, never overwritten."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text

from tunefolio.store.columns import At, Day, Id, Json
from tunefolio.store.declare import id_column, needed, table, unique_where

calendar_overrides = table(
    "calendar_overrides",
    id_column(),
    needed("exchange", Text),
    needed("day", Day()),
    needed("kind", Text),
    needed("session", Text),
    needed("windows", Json()),
    needed("note", Text, server_default=""),
    Column("set_by", Id, ForeignKey("persons.id")),
    needed("set_at", At()),
    Column("ended_by", Id, ForeignKey("persons.id")),
    Column("ended_at", At()),
    CheckConstraint("kind in ('closed', 'open', 'short', 'known')", name="kind"),
    unique_where("ended_at IS NULL AND kind <> 'known'", "uq_calendar_overrides_in_force", "exchange", "day"),
    unique_where("ended_at IS NULL AND kind = 'known'", "uq_calendar_overrides_known", "exchange"),
)
"""One word in force for each day of an exchange, and one that extends it. ended_at: undone or replaced.

set_by, ended_by: the admin; None for the command line, which needs no sign-in.
"""
