"""The tables of what people tell of their taxes: who is taxed, a year's income beside the books, old losses,
what an instrument or a deed is for tax."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text, UniqueConstraint
from sqlalchemy import Integer as Int

from tunefolio.store.columns import MONEY, PRICE, At, Bytes, Exact, Id
from tunefolio.store.declare import id_column, link, needed, owner, table

RATE = Exact(6)

taxpayers = table(
    "taxpayers",
    id_column(),
    owner(),
    needed("name", Text),
    needed("residency", Text),
    needed("created_at", At()),
    UniqueConstraint("owner_id", "name"),
    Column("pan", Bytes),
)
"""pan: the permanent account number, sealed by the vault for this very row."""

taxpayer_accounts = table(
    "taxpayer_accounts",
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    owner(),
    link("taxpayer_id", "taxpayers", on_delete="CASCADE"),
)
"""Whose income an account's is. One without a row belongs to its owner's first taxpayer."""

tax_years = table(
    "tax_years",
    Column("taxpayer_id", Id, ForeignKey("taxpayers.id", ondelete="CASCADE"), primary_key=True),
    Column("year", Int, primary_key=True, autoincrement=False),
    owner(),
    needed("regime", Text),
    needed("age", Text),
    Column("salary", MONEY),
    Column("house_property", MONEY),
    Column("business", MONEY),
    Column("other_sources", MONEY),
    Column("slab_rate", RATE),
    needed("told_at", At()),
)
"""year: the calendar year in which the financial year begins. Incomes: all four, or none was told."""

tax_losses = table(
    "tax_losses",
    Column("taxpayer_id", Id, ForeignKey("taxpayers.id", ondelete="CASCADE"), primary_key=True),
    Column("into_year", Int, primary_key=True, autoincrement=False),
    Column("loss_year", Int, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    owner(),
    needed("amount", MONEY),
    CheckConstraint("loss_year < into_year", name="earlier"),
)
"""What is left of losses from before the books, as they are brought into a year."""

tax_instruments = table(
    "tax_instruments",
    Column("owner_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("instrument_id", Id, ForeignKey("instruments.id"), primary_key=True),
    Column("tax_class", Text),
    Column("value_2018", PRICE),
    Column("unlisted_2018", Int),
)
"""What a person says an instrument is for tax; value_2018: fair market value of 2018-01-31, rupees a unit;
unlisted_2018: 1 for what no exchange listed on that day."""

tax_deeds = table(
    "tax_deeds",
    Column("transaction_id", Id, ForeignKey("transactions.id"), primary_key=True, autoincrement=False),
    owner(),
    Column("stt", MONEY),
    Column("way", Text),
    Column("subscribed", Int),
)
"""What a fact alone does not say. stt: securities transaction tax among its charges, rupees; way: how units
left; subscribed: 1 for a gold bond bought from its issuer, 0 for one bought from another."""
