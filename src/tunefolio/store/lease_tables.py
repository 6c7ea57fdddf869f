"""The table of leases: what one process at a time may do."""

from __future__ import annotations

from sqlalchemy import Column, Text

from tunefolio.store.columns import At
from tunefolio.store.declare import needed, table

leases = table(
    "leases",
    Column("name", Text, primary_key=True),
    needed("held_until", At()),
)
"""One row a lease that was ever taken. held_until: it holds so long; in the past, nobody has it."""
