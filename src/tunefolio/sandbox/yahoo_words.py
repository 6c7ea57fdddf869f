"""Yahoo's own classification in eleven sectors, as its simulated face tells it; the sandbox's own table."""

from __future__ import annotations

from dataclasses import dataclass

from tunefolio.sandbox.universe import Company, Kind


@dataclass(frozen=True, slots=True)
class Profile:
    """Sector and industry in Yahoo's words."""

    sector: str
    industry: str


_BY_NSE_SECTOR = {
    "Automobile and Auto Components": Profile("Consumer Cyclical", "Auto Manufacturers"),
    "Capital Goods": Profile("Industrials", "Specialty Industrial Machinery"),
    "Chemicals": Profile("Basic Materials", "Specialty Chemicals"),
    "Construction": Profile("Industrials", "Engineering & Construction"),
    "Construction Materials": Profile("Basic Materials", "Building Materials"),
    "Consumer Durables": Profile("Consumer Cyclical", "Furnishings, Fixtures & Appliances"),
    "Consumer Services": Profile("Consumer Cyclical", "Specialty Retail"),
    "Diversified": Profile("Industrials", "Conglomerates"),
    "Fast Moving Consumer Goods": Profile("Consumer Defensive", "Packaged Foods"),
    "Financial Services": Profile("Financial Services", "Credit Services"),
    "Forest Materials": Profile("Basic Materials", "Paper & Paper Products"),
    "Healthcare": Profile("Healthcare", "Drug Manufacturers - Specialty & Generic"),
    "Information Technology": Profile("Technology", "Information Technology Services"),
    "Media Entertainment & Publication": Profile("Communication Services", "Entertainment"),
    "Metals & Mining": Profile("Basic Materials", "Steel"),
    "Oil Gas & Consumable Fuels": Profile("Energy", "Oil & Gas Refining & Marketing"),
    "Power": Profile("Utilities", "Utilities - Independent Power Producers"),
    "Realty": Profile("Real Estate", "Real Estate - Development"),
    "Services": Profile("Industrials", "Integrated Freight & Logistics"),
    "Telecommunication": Profile("Communication Services", "Telecom Services"),
    "Textiles": Profile("Consumer Cyclical", "Textile Manufacturing"),
    "Utilities": Profile("Utilities", "Utilities - Regulated Electric"),
}

_BY_SYMBOL = {
    "ASIANPAINT": Profile("Basic Materials", "Specialty Chemicals"),
    "AVADHSUGAR": Profile("Consumer Defensive", "Confectioners"),
    "AXISBANK": Profile("Financial Services", "Banks - Regional"),
    "BIRLACABLE": Profile("Industrials", "Electrical Equipment & Parts"),
    "DISHTV": Profile("Communication Services", "Entertainment"),
    "HAL": Profile("Industrials", "Aerospace & Defense"),
    "HDFCBANK": Profile("Financial Services", "Banks - Regional"),
    "ICICIBANK": Profile("Financial Services", "Banks - Regional"),
    "ITC": Profile("Consumer Defensive", "Tobacco"),
    "KOTAKBANK": Profile("Financial Services", "Banks - Regional"),
    "SBIN": Profile("Financial Services", "Banks - Regional"),
    "TITAN": Profile("Consumer Cyclical", "Luxury Goods"),
    "TMCV": Profile("Industrials", "Farm & Heavy Construction Machinery"),
}


def profile_of(company: Company) -> Profile | None:
    """None for funds and indices, and for shares that neither table knows."""
    if company.kind is not Kind.SHARE:
        return None
    return _BY_SYMBOL.get(company.symbol) or _BY_NSE_SECTOR.get(company.sector)
