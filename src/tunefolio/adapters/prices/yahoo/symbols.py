"""How Yahoo names instruments."""

from __future__ import annotations

from urllib.parse import quote

from tunefolio.core.money import Currency
from tunefolio.market.instruments import Listing

_SUFFIXES = {
    "NSE": ".NS", "BSE": ".BO", "LSE": ".L", "XETRA": ".DE", "SIX": ".SW", "TSX": ".TO", "ASX": ".AX",
    "SGX": ".SI", "HKEX": ".HK", "JPX": ".T",
}  # fmt: skip
_AMERICAN = frozenset({"NYSE", "NASDAQ", "AMEX", "ARCA", "BATS"})
_INDICES = {
    ("NSE", "NIFTY 50"): "^NSEI",
    ("NSE", "NIFTY BANK"): "^NSEBANK",
    ("BSE", "SENSEX"): "^BSESN",
}
_SMALL_COMPANIES = frozenset({"SM", "ST"})


def symbol_of(listing: Listing) -> str | None:
    """`INFY.NS`, `M&M.NS`, `BRK-B`, `^NSEI`; None for exchanges Yahoo does not carry."""
    index = _INDICES.get((listing.exchange, listing.symbol))
    if index is not None:
        return index
    if listing.exchange in _AMERICAN:
        return listing.symbol.replace(".", "-")
    suffix = _SUFFIXES.get(listing.exchange)
    if suffix is None:
        return None
    if listing.exchange == "HKEX":
        return f"{listing.symbol.zfill(4)}{suffix}"
    series = f"-{listing.series}" if listing.exchange == "NSE" and listing.series in _SMALL_COMPANIES else ""
    return f"{listing.symbol}{series}{suffix}"


def in_path(symbol: str) -> str:
    """The symbol as one segment of a URL's path: M&M.NS is M%26M.NS, ^NSEI is %5ENSEI."""
    return quote(symbol, safe="")


def pair_of(base: Currency, quote: Currency) -> str:
    """`USDINR=X`: what one unit of base costs in quote."""
    return f"{base}{quote}=X"
