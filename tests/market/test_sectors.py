"""Sector precedence and honest taxonomies, on the packaged list."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from tunefolio.core.identity import InstrumentId, find_isin
from tunefolio.market.instruments import AssetClass, Instrument, Listing
from tunefolio.market.provider import SectorClaim
from tunefolio.market.sectors import (
    UNCLASSIFIED,
    Classification,
    SectorBook,
    SectorSourceKind,
    packaged,
)


@pytest.fixture
def book() -> SectorBook:
    return packaged()


def share(name: str, isin: str = "", number: int = 1) -> Instrument:
    """share("NSE:INFY", "INE009A01021")"""
    exchange, symbol = name.split(":")
    return Instrument(InstrumentId(number), Listing(exchange, symbol), find_isin(isin), symbol)


INFY = share("NSE:INFY", "INE009A01021")
UNLISTED = share("NSE:NOSUCHCO", "")
SMALL = share("NSE:20MICRONS", "INE144J01027")
YAHOO_TECH = SectorClaim("Technology", "Information Technology Services", "Yahoo")
MINE = SectorClaim("My pets", "", "own")


def test_precedence_from_the_top(book: SectorBook) -> None:
    by_user = book.classify(INFY, MINE, YAHOO_TECH)
    assert by_user == Classification("My pets", "", "own", SectorSourceKind.USER)
    assert book.classify(INFY, None, YAHOO_TECH) == Classification(
        "Information Technology", "", "NSE", SectorSourceKind.EXCHANGE
    )
    by_provider = book.classify(SMALL, None, SectorClaim("Basic Materials", "Gold", "Yahoo"))
    assert by_provider == Classification("Basic Materials", "Gold", "Yahoo", SectorSourceKind.PROVIDER)
    assert book.classify(SMALL) == Classification(
        "Metals & Mining", "Industrial Minerals", "Dhan", SectorSourceKind.STATIC
    )
    assert book.classify(UNLISTED) == Classification(UNCLASSIFIED, "", "", SectorSourceKind.NONE)


def test_what_is_no_share_stands_under_its_asset_class(book: SectorBook) -> None:
    deposit = Instrument(
        InstrumentId(9), Listing("OWN", "SBI-FD"), None, "A deposit", asset_class=AssetClass.FIXED
    )
    assert book.classify(deposit).sector == "Deposits and provident funds"
    assert book.classify(deposit, MINE).sector == "My pets"


def test_companies_have_a_size_and_what_is_none_has_not(book: SectorBook) -> None:
    assert book.cap_class(INFY) == "Large (NIFTY 100)"
    assert book.cap_class(SMALL) == "Beyond NIFTY 500"
    assert book.cap_class(UNLISTED) == "Not ranked"
    fund = Instrument(InstrumentId(9), Listing("MF", "X"), None, "", asset_class=AssetClass.FUND)
    assert book.cap_class(fund) == "Not a share"


def test_an_empty_claim_of_a_provider_is_no_claim(book: SectorBook) -> None:
    assert book.classify(UNLISTED, None, SectorClaim("", "", "Yahoo")).source is SectorSourceKind.NONE


def test_a_stock_on_two_exchanges_has_one_sector(book: SectorBook) -> None:
    on_bse = share("BSE:INFY", "INE009A01021", 2)
    assert book.classify(on_bse) == book.classify(INFY)
    assert on_bse.economic_key == INFY.economic_key


def test_a_new_isin_after_a_split_is_still_the_company(book: SectorBook) -> None:
    split = share("NSE:INFY", "INE009A01013")
    assert split.isin is not None
    assert split.isin not in book.by_isin
    assert book.classify(split).source is SectorSourceKind.EXCHANGE


def test_a_symbol_reused_by_another_company_is_not_believed(book: SectorBook) -> None:
    another = share("NSE:INFY", "US0378331005")
    assert another.isin is not None
    assert book.classify(another).source is SectorSourceKind.NONE
    assert book.classify(share("BSE:INFY")).source is SectorSourceKind.NONE
    assert book.classify(share("NASDAQ:INFY", "US0378331005")).source is SectorSourceKind.NONE


@pytest.mark.parametrize(
    ("sector", "industry", "word"),
    [
        ("Healthcare", "Biotechnology", "Healthcare"),
        ("Real Estate", "Real Estate - Development", "Realty"),
        ("Energy", "Oil & Gas Integrated", "Oil Gas & Consumable Fuels"),
        ("Technology", "Software—Application", "Information Technology"),
        ("Technology", "Software - Infrastructure", "Information Technology"),
        ("Utilities", "Utilities—Renewable", "Power"),
        ("Communication Services", "Telecom Services", "Telecommunication"),
        ("Communication Services", "Publishing", "Media Entertainment & Publication"),
        ("Basic Materials", "Steel", "Metals & Mining"),
    ],
)
def test_yahoo_in_the_words_of_the_exchange(book: SectorBook, sector: str, industry: str, word: str) -> None:
    found = book.classify(UNLISTED, None, SectorClaim(sector, industry, "Yahoo"))
    assert found == Classification(word, industry, "NSE (from Yahoo)", SectorSourceKind.PROVIDER)


@pytest.mark.parametrize(
    "sector", ["Technology", "Industrials", "Basic Materials", "Consumer Cyclical", "Utilities"]
)
def test_an_ambiguous_word_of_yahoo_stays_yahoos(book: SectorBook, sector: str) -> None:
    found = book.classify(UNLISTED, None, SectorClaim(sector, "", "Yahoo"))
    assert (found.sector, found.taxonomy) == (sector, "Yahoo")


def test_another_providers_words_are_not_translated(book: SectorBook) -> None:
    found = book.classify(UNLISTED, None, SectorClaim("Healthcare", "", "Vendor"))
    assert found.taxonomy == "Vendor"


def test_every_translation_ends_in_a_real_sector_of_the_exchange(book: SectorBook) -> None:
    words = {row.sector for row in book.companies()} - {""}
    assert len(words) == 22
    assert set(book.yahoo_sectors.values()) | set(book.yahoo_industries.values()) <= words


def test_the_list_is_whole(book: SectorBook) -> None:
    rows = list(book.companies())
    assert len(rows) == 2_370
    assert sum(row.isin is not None for row in rows) == 2_369
    assert sum(bool(row.sector) for row in rows) == 751
    listed = book.listed("M&M")
    assert listed is not None
    assert listed.name == "Mahindra & Mahindra Limited"
    assert book.listed("NOSUCHCO") is None
    assert packaged() is book


def test_it_agrees_with_the_source_table(book: SectorBook) -> None:
    folder = os.environ.get("TUNEFOLIO_DATA")
    if not folder:
        pytest.skip("TUNEFOLIO_DATA is not set: no source table to compare with")
    with (Path(folder) / "nse_sectors.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            ours = book.listed(row["symbol"])
            assert ours is not None
            assert (ours.sector, ours.static_sector, ours.static_industry, ours.series) == (
                row["nse_sector"],
                row["dhan_sector"],
                row["dhan_industry"],
                row["series"],
            )
