"""Tables of the market, shared by everyone: what can be held, what it costs, what companies do."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Text, UniqueConstraint

from tunefolio.store.columns import PRICE, QUANTITY, At, Day, Exact, Id, Json
from tunefolio.store.declare import id_column, link, needed, table, unique_where

COST_RATIO = Exact(12)
RATE = Exact(10)

instruments = table(
    "instruments",
    id_column(),
    needed("exchange", Text),
    needed("symbol", Text),
    needed("series", Text, server_default=""),
    needed("isin", Text, server_default=""),
    needed("name", Text),
    needed("asset_class", Text),
    needed("currency", Text),
    needed("created_at", At()),
    Column("private_to", Id, ForeignKey("persons.id")),
    unique_where("private_to IS NULL", "uq_instruments_shared", "isin", "exchange", "symbol", "series"),
    unique_where("private_to IS NOT NULL", "uq_instruments_private", "private_to", "exchange", "symbol"),
    Index("ix_instruments_symbol", "symbol", "exchange"),
)
"""private_to: the one person who sees it: a deposit, a provident fund. None: everyone."""

accrual_terms = table(
    "accrual_terms",
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    needed("terms", Json()),
)

quotes = table(
    "quotes",
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    needed("price", PRICE),
    Column("previous_close", PRICE),
    needed("currency", Text),
    needed("as_of", At()),
    needed("source", Text),
    needed("kind", Text),
)

classifications = table(
    "classifications",
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    needed("sector", Text),
    needed("industry", Text),
    needed("taxonomy", Text),
    needed("fetched_at", At()),
)
"""A provider's answer about an instrument; sector "" records that it knew none, so as not to ask again."""

rates = table(
    "rates",
    Column("base", Text, primary_key=True),
    Column("quote", Text, primary_key=True),
    Column("day", Day(), primary_key=True),
    needed("rate", RATE),
    needed("source", Text),
)

actions = table(
    "actions",
    id_column(),
    needed("kind", Text),
    link("instrument_id", "instruments"),
    Column("other_id", Id, ForeignKey("instruments.id")),
    needed("ex_day", Day()),
    Column("ratio_new", QUANTITY),
    Column("ratio_old", QUANTITY),
    Column("cost_ratio", COST_RATIO),
    Column("amount", PRICE),
    needed("currency", Text),
    needed("source", Text),
    needed("reference", Text),
    needed("note", Text, server_default=""),
    needed("found_at", At()),
    UniqueConstraint("reference"),
    Index("ix_actions_instrument", "instrument_id", "ex_day"),
)
"""What companies do to their holders: market facts, shared. What a person made of them: action_decisions."""
