"""Tables of the watch over the house: what was done, who proved herself lately, brokers out of service, names
and sectors an admin has corrected for everyone."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, text
from sqlalchemy import Integer as Int

from tunefolio.store.columns import At, Id, Json
from tunefolio.store.declare import id_column, needed, table

audit = table(
    "audit",
    id_column(),
    Column("owner_id", Id, ForeignKey("persons.id")),
    Column("actor_id", Id, ForeignKey("persons.id")),
    needed("at", At()),
    needed("last_at", At()),
    needed("times", Int, server_default=text("1")),
    needed("action", Text),
    needed("subject", Text),
    needed("details", Json()),
    needed("address", Text),
    needed("device", Text),
    Index("ix_audit_owner", "owner_id", "id"),
    Index("ix_audit_action", "action", "id"),
    Index("ix_audit_actor", "actor_id", "id"),
)
"""owner_id: in whose own part it stands, None for nobody's; actor_id: who did it, None for a stranger or the
house. Append-only by triggers; of a refused sign-in alone `times` and `last_at` grow, so that guessing fills
no disk."""

proofs = table(
    "proofs",
    Column("session_id", Id, ForeignKey("sessions.id"), primary_key=True, autoincrement=False),
    needed("owner_id", Id, ForeignKey("persons.id")),
    needed("proved_at", At()),
)
"""When the person of a session last typed her password again."""

broker_standings = table(
    "broker_standings",
    Column("broker", Text, primary_key=True),
    needed("standing", Text),
    needed("reason", Text),
    needed("set_by", Id, ForeignKey("persons.id")),
    needed("set_at", At()),
    CheckConstraint("standing in ('no_new_links', 'stopped')", name="standing"),
)
"""Brokers that are not in full service; one without a row is."""

corrections = table(
    "corrections",
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True, autoincrement=False),
    needed("name", Text),
    needed("former_name", Text),
    needed("sector", Text),
    needed("industry", Text),
    needed("reason", Text),
    needed("set_by", Id, ForeignKey("persons.id")),
    needed("set_at", At()),
)
"""What an admin says of an instrument for everyone; "" leaves what others say. former_name: to go back to."""
