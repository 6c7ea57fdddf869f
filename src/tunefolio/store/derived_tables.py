"""Tables of what is worked out from facts and can be worked out again: snapshots, and changes by day."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text
from sqlalchemy import Integer as Int

from tunefolio.store.columns import MONEY, PRICE, QUANTITY, At, Bytes, Day, Id
from tunefolio.store.declare import id_column, link, needed, owner, table, unique_where

# Snapshots --------------------------------------------------------------------------------------

snapshots = table(
    "snapshots",
    id_column(),
    owner(),
    link("account_id", "accounts"),
    needed("type", Text),
    needed("day", Day()),
    needed("state", Text),
    needed("taken_at", At()),
    Column("replaced_at", At()),
    Column("invested", MONEY),
    Column("value", MONEY),
    needed("currency", Text),
    needed("unpriced", Int),
    unique_where("state <> 'replaced'", "uq_snapshots_one_a_day", "account_id", "type", "day"),
    Index("ix_snapshots_owner_day", "owner_id", "day"),
    CheckConstraint("type in ('SOD', 'EOD', 'MANUAL')", name="type"),
    CheckConstraint("state in ('taken', 'missed', 'replaced')", name="state"),
)

snapshot_lines = table(
    "snapshot_lines",
    owner(),
    Column("snapshot_id", Id, ForeignKey("snapshots.id"), primary_key=True),
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    needed("quantity", QUANTITY),
    needed("invested", MONEY),
    Column("price", PRICE),
    Column("value", MONEY),
    Column("priced_at", At()),
    Index("ix_snapshot_lines_instrument", "owner_id", "instrument_id"),
)

# Changes by day ---------------------------------------------------------------------------------

day_rows = table(
    "day_rows",
    owner(),
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("tag_id", Id, primary_key=True, autoincrement=False),
    Column("instrument_id", Id, primary_key=True, autoincrement=False),
    Column("currency", Text, primary_key=True),
    needed("first_day", Day()),
    needed("last_day", Day()),
    needed("body", Bytes),
)
"""The days on which one line of an account changed, packed by store/day_codec.py: a history of ten years is
read in one row a line. tag_id 0: all facts. instrument_id 0: cash."""

day_states = table(
    "day_states",
    owner(),
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    needed("newest", Id),
    needed("number", Int),
    needed("computed_at", At()),
    needed("problem", Text, server_default=""),
)
"""Up to which fact an account's day_rows were worked out (heads.heads), and what stood against it."""
