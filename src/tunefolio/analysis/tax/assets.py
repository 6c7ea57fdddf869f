"""What the law takes an instrument for. Known from what it is, or told; never guessed from a default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.market.instruments import AssetClass, Instrument

_INDIAN = frozenset({"NSE", "BSE"})
_CONTRACTS = frozenset({"NSE", "BSE", "NFO", "BFO", "MCX", "CDS", "BCD", "NCO"})
_FUNDS = frozenset({*_INDIAN, "MF"})
_ASK = "Say on the instrument's page what it is for tax"


class TaxClass(StrEnum):
    """LISTED_SECURITY: bonds, debentures, preference shares and rights on an exchange. DEBT_FUND: above 65 %
    in debt and money market. HYBRID_FUND: above 35 % and at most 65 % in Indian shares. OTHER_FUND: neither,
    as gold, silver or overseas funds. MARKET_LINKED: debentures whose return follows a market. DEPOSIT: earns
    interest, has no gains. PROVIDENT_FUND: earns it exempt.
    """

    LISTED_EQUITY = "listed_equity"
    EQUITY_FUND = "equity_fund"
    BUSINESS_TRUST = "business_trust"
    DEBT_FUND = "debt_fund"
    HYBRID_FUND = "hybrid_fund"
    OTHER_FUND = "other_fund"
    LISTED_SECURITY = "listed_security"
    UNLISTED_BOND = "unlisted_bond"
    MARKET_LINKED = "market_linked"
    SGB = "sgb"
    UNLISTED_SHARE = "unlisted_share"
    FOREIGN_SHARE = "foreign_share"
    GOLD = "gold"
    VDA = "vda"
    DERIVATIVE = "derivative"
    DEPOSIT = "deposit"
    PROVIDENT_FUND = "provident_fund"


UNITS = frozenset({TaxClass.DEBT_FUND, TaxClass.HYBRID_FUND, TaxClass.OTHER_FUND})
"""Units of funds that are not equity-oriented."""


@dataclass(frozen=True, slots=True)
class Asset:
    """An instrument as tax sees it. tax_class: Missing where nobody knows; is_listed: traded on an Indian
    exchange, which shortens the holding period of units."""

    instrument: InstrumentId
    name: str
    isin: str
    tax_class: TaxClass | Missing
    is_listed: bool


def asset_of(instrument: Instrument, *, told: TaxClass | None = None, category: str = "") -> Asset:
    """told: what a person or an admin says it is, before all else. category: of a fund's scheme, in the words
    of its fund house ("Debt Scheme - Liquid Fund")."""
    known = told if told is not None else tax_class_of(instrument, category=category)
    name = instrument.name or instrument.symbol
    return Asset(instrument.id, name, instrument.isin or "", known, instrument.exchange in _INDIAN)


def tax_class_of(instrument: Instrument, *, category: str = "") -> TaxClass | Missing:
    """What follows from class, exchange and ISIN alone; Missing with the cure where that is not enough."""
    exchange = instrument.exchange
    match instrument.asset_class:
        case asset_class if exchange == "CRYPTO" or asset_class is AssetClass.CRYPTO:
            return TaxClass.VDA
        case AssetClass.CASH | AssetClass.FIXED:
            return TaxClass.DEPOSIT
        case AssetClass.FUTURE | AssetClass.OPTION if exchange in _CONTRACTS:
            return TaxClass.DERIVATIVE
        case AssetClass.FUND | AssetClass.ETF if exchange in _FUNDS:
            return fund_class(category) if category else _unknown(instrument, "which assets the fund holds")
        case AssetClass.EQUITY if exchange in _INDIAN:
            return _of_isin(instrument, category)
        case AssetClass.BOND | AssetClass.GOLD if exchange in _INDIAN:
            return _of_bond(instrument)
        case AssetClass.EQUITY | AssetClass.ETF if exchange not in _CONTRACTS | {"OWN", "MF", "FX"}:
            return TaxClass.FOREIGN_SHARE
        case _:
            return _unknown(instrument, "what it is for tax")


def fund_class(category: str) -> TaxClass | Missing:
    """By the categories of SEBI's circular of 2017-10-06. Index funds, funds of funds and several hybrids may
    hold anything: Missing unless the words say what."""
    words = category.casefold()
    for pattern, found in _CATEGORIES:
        if re.search(pattern, words):
            return found
    return Missing(f"what a fund of the category {category!r} holds", _ASK)


_CATEGORIES: tuple[tuple[str, TaxClass], ...] = (
    (r"gold|silver|overseas|international", TaxClass.OTHER_FUND),
    (r"equity savings|arbitrage|aggressive hybrid", TaxClass.EQUITY_FUND),
    (r"conservative hybrid", TaxClass.DEBT_FUND),
    (r"balanced hybrid", TaxClass.HYBRID_FUND),
    (r"equity scheme|\belss\b|equity[- ]oriented", TaxClass.EQUITY_FUND),
    (r"debt scheme|liquid fund|gilt fund|money market|overnight fund", TaxClass.DEBT_FUND),
)
"""First match counts: an overseas fund of funds is no equity fund though its name may say equity."""


def _of_isin(instrument: Instrument, category: str) -> TaxClass | Missing:
    """An Indian ISIN says in its eighth and ninth character what sort of security it is."""
    isin = instrument.isin or ""
    sort = isin[7:9]
    if isin.startswith("INF"):
        return fund_class(category) if category else _unknown(instrument, "which assets the fund holds")
    if isin.startswith(("INE", "IN9")) and sort == "01":
        return TaxClass.LISTED_EQUITY
    if isin.startswith("INE") and sort in {"23", "25"}:
        return TaxClass.BUSINESS_TRUST
    if isin.startswith("INE") and sort in {"03", "04", "07", "08", "20"}:
        return TaxClass.LISTED_SECURITY
    return _unknown(instrument, "its ISIN, which tells shares from units and bonds")


def _of_bond(instrument: Instrument) -> TaxClass | Missing:
    if instrument.symbol.startswith("SGB"):
        return TaxClass.SGB
    if instrument.asset_class is AssetClass.BOND:
        return TaxClass.LISTED_SECURITY
    return _unknown(instrument, "whether it is a gold bond, a fund or metal")


def _unknown(instrument: Instrument, what: str) -> Missing:
    return Missing(f"{what}, of {instrument.exchange}:{instrument.symbol}", _ASK)
