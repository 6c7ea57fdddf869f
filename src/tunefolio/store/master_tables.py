"""Tables of names: what every source lists, what changed, which symbol became which, what search reads."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlalchemy import Integer as Int

from tunefolio.store.columns import PRICE, At, Bytes, Day, Id
from tunefolio.store.declare import id_column, link, needed, table

masters = table(
    "masters",
    Column("source", Text, primary_key=True),
    Column("refreshed_at", At()),
    needed("tried_at", At()),
    needed("listed", Int, server_default="0"),
    needed("problem", Text, server_default=""),
)
"""Each source's newest list. refreshed_at: when it was read to its end; listed: how many rows it had."""

listings = table(
    "listings",
    id_column(),
    needed("source", Text),
    needed("exchange", Text),
    needed("symbol", Text),
    needed("series", Text),
    needed("isin", Text),
    needed("name", Text),
    needed("asset_class", Text),
    needed("currency", Text),
    needed("token", Text),
    Column("tick", PRICE),
    Column("lot", PRICE),
    Column("expiry", Day()),
    Column("strike", PRICE),
    Column("listed", Day()),
    needed("mark", Id),
    needed("first_seen", Day()),
    Column("gone", Day()),
    needed("reason", Text, server_default=""),
    UniqueConstraint("source", "exchange", "symbol", "series"),
    Index("ix_listings_symbol", "symbol", "exchange"),
    Index("ix_listings_token", "source", "token"),
    Index("ix_listings_isin", "isin"),
)
"""What each source lists, also what nobody here ever met. mark: a digest of the row, so that a list read
again writes nothing. gone: the first day on which the source no longer had it; reason: in one word."""

listing_changes = table(
    "listing_changes",
    id_column(),
    needed("source", Text),
    needed("day", Day()),
    needed("kind", Text),
    needed("exchange", Text),
    needed("symbol", Text),
    needed("series", Text),
    needed("before", Text),
    needed("after", Text),
    Index("ix_listing_changes_day", "day"),
)
"""What a new edition of a list said otherwise. Contracts that begin and expire are not news."""

renames = table(
    "renames",
    Column("exchange", Text, primary_key=True),
    Column("old", Text, primary_key=True),
    Column("day", Day(), primary_key=True),
    needed("new", Text),
    needed("name", Text),
    needed("source", Text),
    Index("ix_renames_new", "new", "exchange"),
)

instrument_spells = table(
    "instrument_spells",
    id_column(),
    link("instrument_id", "instruments"),
    needed("exchange", Text),
    needed("symbol", Text),
    needed("series", Text),
    needed("isin", Text),
    Column("since", Day()),
    Column("until", Day()),
    needed("source", Text),
    Index("ix_instrument_spells_instrument", "instrument_id"),
    Index("ix_instrument_spells_symbol", "symbol", "exchange"),
    Index("ix_instrument_spells_isin", "isin"),
)
"""What an instrument was called, where that has ever changed. since NULL: from its beginning; until NULL:
still; until is the first day on which it was called otherwise."""

search_parts = table(
    "search_parts",
    Column("part", Text, primary_key=True),
    needed("generation", Id),
    needed("body", Bytes),
)
"""The texts that search reads, packed, one part for each exchange and class; all of one generation."""
