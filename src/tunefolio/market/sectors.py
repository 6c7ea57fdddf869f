"""Which sector an instrument belongs to, by whom, and in whose words.

Precedence: user › house › exchange list (by ISIN) › provider › static map › asset class › Unclassified.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from tunefolio.core.identity import Isin, find_isin
from tunefolio.market.instruments import AssetClass, Instrument, InstrumentClaim
from tunefolio.market.provider import SectorClaim

UNCLASSIFIED = "Unclassified"
FUNDS = "Exchange-traded funds"
HOUSE_TAXONOMY = "house"
ISIN_TAXONOMY = "ISIN"
CLASS_TAXONOMY = "asset class"
NSE_TAXONOMY = "NSE"
DHAN_TAXONOMY = "Dhan"
YAHOO_TAXONOMY = "Yahoo"
NSE_FROM_YAHOO = "NSE (from Yahoo)"

_OF_CLASS = {
    AssetClass.ETF: FUNDS,
    AssetClass.FUND: "Mutual funds",
    AssetClass.BOND: "Bonds",
    AssetClass.GOLD: "Gold",
    AssetClass.FUTURE: "Derivatives",
    AssetClass.OPTION: "Derivatives",
    AssetClass.CRYPTO: "Crypto-assets",
    AssetClass.FOREX: "Currencies",
    AssetClass.CASH: "Cash",
    AssetClass.FIXED: "Deposits and provident funds",
}
"""What has no sector because it is no company's share stands under what it is."""

_SIZES = {
    "100": "Large (NIFTY 100)",
    "200": "Mid (rest of NIFTY 200)",
    "500": "Small (rest of NIFTY 500)",
    "": "Beyond NIFTY 500",
}
"""By NSE's nested indices of March 2026, which leave no company between two classes."""


class SectorSourceKind(StrEnum):
    """Who said so. house: an admin, for everyone; static: a packaged third-party map, or the asset class;
    none: nobody."""

    USER = "user"
    HOUSE = "house"
    EXCHANGE = "exchange"
    PROVIDER = "provider"
    STATIC = "static"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Classification:
    """A sector, with the taxonomy whose word it is. industry is "" where the source has none."""

    sector: str
    industry: str
    taxonomy: str
    source: SectorSourceKind


@dataclass(frozen=True, slots=True)
class ListedCompany:
    """One row of the exchange's list. sector: NSE's level 2, "" for shares NSE does not classify publicly.

    nifty: the smallest of NSE's nested indices that holds it: 100, 200, 500; "" for none of them.
    """

    symbol: str
    isin: Isin | None
    name: str
    series: str
    macro_sector: str
    sector: str
    static_sector: str
    static_industry: str
    nifty: str


@dataclass(frozen=True, slots=True)
class SectorBook:
    """The exchange's list and the static map, looked up by ISIN so that both listings of a share agree."""

    by_symbol: Mapping[str, ListedCompany]
    by_isin: Mapping[Isin, ListedCompany]
    yahoo_sectors: Mapping[str, str]
    yahoo_industries: Mapping[str, str]

    def classify(
        self, instrument: Instrument, override: SectorClaim | None = None, provider: SectorClaim | None = None
    ) -> Classification:
        """The classification in force; never raises, UNCLASSIFIED when nobody knows."""
        row = self.company(instrument)
        if override is not None:
            is_house = override.taxonomy == HOUSE_TAXONOMY
            return _claimed(override, SectorSourceKind.HOUSE if is_house else SectorSourceKind.USER)
        if row is not None and row.sector:
            return Classification(row.sector, "", NSE_TAXONOMY, SectorSourceKind.EXCHANGE)
        if provider is not None and provider.sector:
            return _claimed(self.in_nse_words(provider), SectorSourceKind.PROVIDER)
        if row is not None and row.static_sector:
            sector, industry = row.static_sector, row.static_industry
            return Classification(sector, industry, DHAN_TAXONOMY, SectorSourceKind.STATIC)
        if is_exchange_traded_fund(instrument.listing.exchange, instrument.isin):
            return Classification(FUNDS, "", ISIN_TAXONOMY, SectorSourceKind.STATIC)
        if instrument.asset_class in _OF_CLASS:
            word = _OF_CLASS[instrument.asset_class]
            return Classification(word, "", CLASS_TAXONOMY, SectorSourceKind.STATIC)
        return Classification(UNCLASSIFIED, "", "", SectorSourceKind.NONE)

    def cap_class(self, instrument: Instrument) -> str:
        """How large the company is, by NSE's indices; shares of other exchanges are not ranked here."""
        if instrument.asset_class is not AssetClass.EQUITY:
            return "Not a share"
        row = self.company(instrument)
        return "Not ranked" if row is None else _SIZES[row.nifty]

    def company(self, instrument: Instrument) -> ListedCompany | None:
        """The row of an instrument; see described_by."""
        return self.described_by(InstrumentClaim(instrument.listing, instrument.isin))

    def described_by(self, instrument: InstrumentClaim) -> ListedCompany | None:
        """The row of what a source describes: by ISIN, else by NSE symbol unless the ISIN is another's.

        A face-value split changes the ISIN but not the issuer's part of it (its first seven characters).
        """
        if instrument.isin is not None and instrument.isin in self.by_isin:
            return self.by_isin[instrument.isin]
        exchange, symbol = instrument.listing.exchange, instrument.listing.symbol
        row = self.by_symbol.get(symbol) if exchange in {"NSE", "BSE"} else None
        if row is None:
            return None
        if instrument.isin is None or row.isin is None:
            return row if exchange == "NSE" else None
        return row if instrument.isin[:7] == row.isin[:7] else None

    def in_nse_words(self, claim: SectorClaim) -> SectorClaim:
        """A Yahoo claim in NSE's words where exactly one fits; any other claim unchanged."""
        if claim.taxonomy != YAHOO_TAXONOMY:
            return claim
        industry = claim.industry.replace("—", " - ").replace("–", " - ")
        industry = " ".join(industry.split())
        word = self.yahoo_industries.get(industry) or self.yahoo_sectors.get(claim.sector)
        return claim if word is None else SectorClaim(word, claim.industry, NSE_FROM_YAHOO)

    def listed(self, symbol: str) -> ListedCompany | None:
        """The company that NSE lists under that symbol."""
        return self.by_symbol.get(symbol)

    def companies(self) -> Iterator[ListedCompany]:
        """Every company on the list, in the order of symbols."""
        return iter(self.by_symbol.values())


def is_exchange_traded_fund(exchange: str, isin: Isin | None) -> bool:
    """Indian fund units have an ISIN that begins with INF; those listed on a stock exchange are ETFs."""
    return exchange in {"NSE", "BSE"} and isin is not None and isin.startswith("INF")


@cache
def packaged() -> SectorBook:
    """The list that ships with the product (2,370 companies, some 10 ms); read once."""
    folder = resources.files("tunefolio.market.data")
    words = json.loads(folder.joinpath("yahoo_nse_sectors.json").read_text("utf-8"))
    table = folder.joinpath("nse_sectors.csv").read_text("utf-8")
    rows = [_company(row) for row in csv.reader(table.splitlines()[1:])]
    return SectorBook(
        by_symbol={row.symbol: row for row in rows},
        by_isin={row.isin: row for row in rows if row.isin is not None},
        yahoo_sectors=words["sectors"],
        yahoo_industries=words["industries"],
    )


def _company(row: list[str]) -> ListedCompany:
    symbol, isin, name, series, *words = row
    macro_sector, sector, static_sector, static_industry, nifty = words
    code = find_isin(isin)
    return ListedCompany(
        symbol, code, name, series, macro_sector, sector, static_sector, static_industry, nifty
    )


def _claimed(claim: SectorClaim, source: SectorSourceKind) -> Classification:
    return Classification(claim.sector, claim.industry, claim.taxonomy, source)
