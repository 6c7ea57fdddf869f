"""What BSE's list of scrips says, as its own page asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.adapters.answers import row_of, rows_of
from tunefolio.adapters.bhavcopies import asset_class
from tunefolio.core.identity import find_isin
from tunefolio.core.money import INR
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import MasterRow

WHO = "BSE"


def listed(body: Any) -> list[MasterRow]:
    """The active scrips by their ticker; the six-digit scrip code is their token.

    The group (A, B, T, X) says how a scrip is settled and is no part of its name: brokers do not tell it.
    """
    rows = (row_of(one, WHO) for one in rows_of(body, WHO))
    found = (_master_row(row) for row in rows if _text(row, "scrip_id") and _is_active(row))
    return list({row.claim.listing: row for row in found}.values())


def _is_active(row: Mapping[str, Any]) -> bool:
    return _text(row, "Status").lower() in {"", "active"}


def _master_row(row: Mapping[str, Any]) -> MasterRow:
    symbol, isin = _text(row, "scrip_id").upper(), find_isin(_text(row, "ISIN_NUMBER"))
    name = _text(row, "Issuer_Name") or _text(row, "Scrip_Name")
    claim = InstrumentClaim(Listing("BSE", symbol), isin, name, asset_class(isin, symbol), INR)
    return MasterRow(claim, token=_text(row, "SCRIP_CD"))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()
