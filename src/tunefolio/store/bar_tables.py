"""Past prices: the bars of an instrument and calendar year are one row."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text, text
from sqlalchemy import Integer as Int

from tunefolio.store.columns import At, Bytes, Day, Id
from tunefolio.store.declare import metadata, needed

bar_chunks = Table(
    "bar_chunks",
    metadata,
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    Column("year", Int, primary_key=True, autoincrement=False),
    needed("currency", Text),
    needed("source", Text),
    needed("scale", Int),
    needed("count", Int),
    needed("first_day", Day()),
    needed("last_day", Day()),
    needed("updated_at", At()),
    needed("digest", Id, server_default=text("0")),
    needed("body", Bytes),
    Column("codes", Bytes),
    Column("rest", Bytes),
    Index("ix_bar_chunks_digest", "instrument_id", "digest"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    postgresql_partition_by="RANGE (year)",
)
"""Packed by store/codec.py. source: the names of all that told it, joined by commas; codes: which told
each day, NULL where there is one. rest: open, high, low and volume, NULL where only closes were told. digest:
of what was told, so that whoever keeps something made of it sees cheaply whether it still stands. Partitions
on PostgreSQL: store/bar_years.py."""
