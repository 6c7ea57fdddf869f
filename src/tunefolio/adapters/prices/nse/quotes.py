"""What NSE's page of one security says: its last price, and its place in NSE's classification."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tunefolio.adapters.answers import number, row_of, rows_of
from tunefolio.core.money import INR
from tunefolio.core.time import IST, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim, SectorClaim
from tunefolio.market.sectors import NSE_TAXONOMY

WHO = "NSE"
_WRITTEN = "%d-%b-%Y %H:%M:%S"


def security(body: Any) -> Mapping[str, Any] | None:
    """The one security in an answer, with or without its envelope; None when NSE does not know it."""
    cells = row_of(body, WHO)
    if "equityResponse" in cells:
        rows = rows_of(cells["equityResponse"] or [], WHO)
        cells = row_of(rows[0], WHO) if rows else {}
    return cells if _part(cells, "metaData").get("symbol") else None


def quote(cells: Mapping[str, Any], listing: Listing) -> QuoteClaim | None:
    """The close once it has been found (by the auction, or as an average), before that the last trade.

    None without a price or its time, and for another security than was asked for.
    """
    meta = _part(cells, "metaData")
    if meta.get("symbol") != listing.symbol:
        return None
    last = (
        _price(meta, "closePrice")
        or _price(_part(cells, "orderBook"), "lastPrice")
        or _price(_part(cells, "tradeInfo"), "lastPrice")
    )
    at = _moment(cells.get("lastUpdateTime"))
    if last is None or at is None:
        return None
    return QuoteClaim(listing, last, _price(meta, "previousClose"), at, INR)


def sector(cells: Mapping[str, Any]) -> SectorClaim | None:
    """Sector and basic industry; None where NSE has not classified it."""
    info = _part(cells, "secInfo")
    word, industry = _word(info, "sector"), _word(info, "basicIndustry") or _word(info, "industryInfo")
    return SectorClaim(word, industry, NSE_TAXONOMY) if word else None


def _part(cells: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = cells.get(name)
    return {} if value is None else row_of(value, WHO)


def _price(cells: Mapping[str, Any], name: str) -> Decimal | None:
    """A price above zero; NSE writes 0 and "-" for none."""
    value = cells.get(name)
    if value is None or value in ("", "-"):
        return None
    found = number(value, WHO)
    return found if found > 0 else None


def _moment(value: Any) -> Instant | None:
    try:
        return Instant(datetime.strptime(str(value).strip(), _WRITTEN).replace(tzinfo=IST))
    except ValueError:
        return None


def _word(cells: Mapping[str, Any], name: str) -> str:
    value = cells.get(name)
    return value.strip() if isinstance(value, str) and value.strip() != "-" else ""
