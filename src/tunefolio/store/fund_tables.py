"""The table of what each fund is, shared by everyone."""

from __future__ import annotations

from sqlalchemy import Column, Text

from tunefolio.store.columns import Day
from tunefolio.store.declare import needed, table

fund_categories = table(
    "fund_categories",
    Column("isin", Text, primary_key=True),
    Column("since", Day(), primary_key=True),
    needed("category", Text),
    needed("source", Text),
)
"""What a list calls a fund from that day on, the first on which it was read so; a change is a row more."""
