"""Tables of the house's own running: which processes live, and when each duty of the timetable last ran."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Text
from sqlalchemy import Integer as Int

from tunefolio.store.columns import At, Id, Json
from tunefolio.store.declare import needed, table

processes = table(
    "processes",
    Column("name", Text, primary_key=True),
    needed("role", Text),
    needed("host", Text),
    needed("pid", Int),
    needed("version", Text),
    needed("started_at", At()),
    needed("seen_at", At()),
    Column("left_at", At()),
    needed("details", Json()),
)
"""One row a process, beaten every few seconds. left_at: it said goodbye; else an old seen_at is death."""

duties = table(
    "duties",
    Column("name", Text, primary_key=True),
    needed("last_run_at", At()),
    Column("paused_at", At()),
    Column("paused_by", Id, ForeignKey("persons.id", name="fk_duties_paused_by")),
)
"""When each entry of the timetable last ran, so that a restart knows what it missed; and its pause."""
