"""What can be held. An instrument is named by ISIN, exchange, symbol and series together.

No one of them is a stable key: ISINs change at a split, symbols are renamed, a stock moves from EQ to BE.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.money import INR, Currency


class AssetClass(StrEnum):
    EQUITY = "equity"
    ETF = "etf"
    FUND = "fund"
    BOND = "bond"
    GOLD = "gold"
    FUTURE = "future"
    OPTION = "option"
    CRYPTO = "crypto"
    FOREX = "forex"
    CASH = "cash"
    FIXED = "fixed"
    INDEX = "index"


EXCHANGES = {
    "NSE": "National Stock Exchange of India",
    "BSE": "BSE",
    "NFO": "NSE derivatives",
    "BFO": "BSE derivatives",
    "MCX": "Multi Commodity Exchange",
    "CDS": "NSE currency",
    "BCD": "BSE currency",
    "NCO": "NSE commodities",
    "MF": "mutual funds",
    "NYSE": "New York Stock Exchange",
    "NASDAQ": "Nasdaq",
    "AMEX": "NYSE American",
    "ARCA": "NYSE Arca",
    "BATS": "Cboe BZX",
    "OTC": "over the counter, United States",
    "LSE": "London Stock Exchange",
    "XETRA": "Xetra",
    "EURONEXT": "Euronext",
    "SIX": "SIX Swiss Exchange",
    "TSX": "Toronto Stock Exchange",
    "ASX": "Australian Securities Exchange",
    "SGX": "Singapore Exchange",
    "HKEX": "Hong Kong Exchanges",
    "JPX": "Tokyo Stock Exchange",
    "CRYPTO": "crypto-assets, by their ticker",
    "FX": "currency pairs",
    "OWN": "holdings of one's own: deposits, provident funds, what no exchange lists",
}
"""The exchanges TuneFolio knows, by the code brokers use. An unknown one is an error, never a default."""


_INDIAN = ("NSE", "BSE", "NFO", "BFO", "MCX", "CDS", "BCD", "NCO", "MF")
_AMERICAN = ("NYSE", "NASDAQ", "AMEX", "ARCA", "BATS", "OTC")
_ELSEWHERE = {
    "XETRA": "EUR", "EURONEXT": "EUR", "LSE": "GBP", "SIX": "CHF", "TSX": "CAD", "ASX": "AUD", "SGX": "SGD",
    "HKEX": "HKD", "JPX": "JPY",
}  # fmt: skip
_QUOTED_IN = {
    **dict.fromkeys(_INDIAN, INR),
    **dict.fromkeys(_AMERICAN, Currency("USD")),
    **{exchange: Currency(code) for exchange, code in _ELSEWHERE.items()},
}


def quoted_in(exchange: str) -> Currency | None:
    """What an exchange usually quotes in; None where that depends on the instrument (CRYPTO, FX, OWN)."""
    return _QUOTED_IN.get(exchange)


def usual_currency(name: str, otherwise: Currency) -> Currency:
    """What a line about EXCHANGE:SYMBOL is in when it does not say; `otherwise` where the exchange does not
    tell, or for no instrument ("")."""
    return quoted_in(name.strip().upper().partition(":")[0]) or otherwise


class Listing(NamedTuple):
    """How one exchange names an instrument. `series` is "" where the source gives none."""

    exchange: str
    symbol: str
    series: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that can be held, as one exchange lists it."""

    id: InstrumentId
    listing: Listing
    isin: Isin | None
    name: str
    asset_class: AssetClass = AssetClass.EQUITY
    currency: Currency = INR

    @property
    def symbol(self) -> str:
        return self.listing.symbol

    @property
    def exchange(self) -> str:
        return self.listing.exchange

    @property
    def economic_key(self) -> str:
        """The same for one company's share on two exchanges: the ISIN, else exchange and symbol."""
        return self.isin or f"{self.exchange}:{self.symbol}"


@dataclass(frozen=True, slots=True)
class InstrumentClaim:
    """An instrument as an outside source describes it, before it has an id here."""

    listing: Listing
    isin: Isin | None = None
    name: str = ""
    asset_class: AssetClass = AssetClass.EQUITY
    currency: Currency = INR


_BY_EXCHANGE = {
    "MF": AssetClass.FUND,
    "CRYPTO": AssetClass.CRYPTO,
    "FX": AssetClass.FOREX,
    "NFO": AssetClass.FUTURE,
    "BFO": AssetClass.FUTURE,
    "MCX": AssetClass.FUTURE,
    "CDS": AssetClass.FUTURE,
    "BCD": AssetClass.FUTURE,
    "NCO": AssetClass.FUTURE,
}


def usual_class(exchange: str, symbol: str) -> AssetClass:
    """What an exchange mostly lists, where a source says no more; options by how their symbols end."""
    usual = _BY_EXCHANGE.get(exchange, AssetClass.EQUITY)
    if usual is AssetClass.FUTURE and symbol.endswith(("CE", "PE")):
        return AssetClass.OPTION
    return usual


def exchange_of(code: str) -> str:
    """A known exchange code, upper case; raises Misuse naming the known ones."""
    exchange = code.strip().upper()
    if exchange not in EXCHANGES:
        raise Misuse("exchange", f"{code!r} is unknown", cure=f"Known: {', '.join(EXCHANGES)}")
    return exchange
