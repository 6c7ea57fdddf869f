"""Tables of what is wanted of the market: whose past is followed, what was refused, which files came."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy import Integer as Int

from tunefolio.store.columns import At, Day, Id, Json
from tunefolio.store.declare import id_column, link, needed, table

tracking = table(
    "tracking",
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    needed("since", Day()),
    needed("state", Text),
    needed("reason", Text, server_default=""),
    needed("cure", Text, server_default=""),
    needed("source", Text, server_default=""),
    needed("covered", Json(), server_default=text("'[]'")),
    needed("wished_at", At()),
    Column("asked_at", At()),
    Column("job_id", Id),
    Column("stopped_at", At()),
    needed("defects", Json(), server_default=text("'[]'")),
    Column("compared_at", At()),
    CheckConstraint("state in ('wanted', 'fetching', 'ready', 'unknown', 'failed', 'stopped')", name="state"),
    Index("ix_tracking_state", "state", "instrument_id"),
)
"""since: the first day somebody needs; covered: for which days a source has answered, as pairs of ordinals.

defects: what a second source was found to tell wrongly or otherwise (market/defects.py), when last compared.

job_id is no foreign key: finished jobs are forgotten after a while, what they fetched is not.
"""

quarantine = table(
    "quarantine",
    id_column(),
    link("instrument_id", "instruments"),
    needed("day", Day()),
    needed("source", Text),
    needed("bar", Json()),
    needed("reason", Text),
    needed("detail", Text),
    needed("cure", Text),
    needed("found_at", At()),
    Column("settled_at", At()),
    Column("verdict", Text),
    Column("settled_by", Id),
    UniqueConstraint("instrument_id", "day", "source"),
    CheckConstraint("verdict in ('accepted', 'dropped', 'replaced')", name="verdict"),
    Index("ix_quarantine_open", "settled_at", "id"),
)
"""Bars that were not believed. settled_by: a person's number, kept when the person is erased."""

source_files = table(
    "source_files",
    Column("source", Text, primary_key=True),
    Column("day", Day(), primary_key=True),
    needed("state", Text),
    needed("digest", Text, server_default=""),
    needed("rows", Int, server_default="0"),
    needed("kept", Int, server_default="0"),
    needed("tries", Int, server_default="0"),
    needed("note", Text, server_default=""),
    needed("fetched_at", At()),
    CheckConstraint("state in ('kept', 'repeated', 'awaited', 'missing')", name="state"),
    Index("ix_source_files_digest", "source", "digest"),
)
"""One row for each publisher and session: what its file held, or that it never came."""
