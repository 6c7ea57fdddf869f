"""Tables of leaving: exports of all that is somebody's, kept for a day; whose rows are being erased."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Text
from sqlalchemy import Integer as Int

from tunefolio.store.columns import At, Bytes, Id
from tunefolio.store.declare import id_column, needed, owner, table

exports = table(
    "exports",
    id_column(),
    owner(),
    needed("job_id", Id),
    needed("asked_at", At()),
    Column("made_at", At()),
    Column("expires_at", At()),
    Column("bytes", Id),
    Column("sha256", Text),
    Index("ix_exports_owner", "owner_id", "id"),
)
"""One export of everything. made_at, expires_at, bytes, sha256: once it is whole. job_id as a mere number:
the history of jobs is forgotten earlier or later than the file."""

export_parts = table(
    "export_parts",
    Column(
        "export_id", Id, ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("number", Int, primary_key=True, autoincrement=False),
    needed("owner_id", Id, ForeignKey("persons.id")),
    needed("body", Bytes),
    Index("ix_export_parts_owner", "owner_id"),
)
"""The zip in pieces of one size, from 0: any web server can send any stretch of it."""

departures = table(
    "departures",
    Column(
        "person_id", Id, ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
)
"""People being erased in this very transaction: only while such a row stands do the triggers of the audit log
let anything go. It is taken away before the transaction ends."""
