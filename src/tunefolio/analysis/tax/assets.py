"""What the law takes an instrument for. Known from what it is, or told; never guessed from a default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tunefolio.analysis.tax.rulebook import category_rules
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule
from tunefolio.market.instruments import AssetClass, Instrument

_INDIAN = frozenset({"NSE", "BSE"})
_CONTRACTS = frozenset({"NSE", "BSE", "NFO", "BFO", "MCX", "CDS", "BCD", "NCO"})
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
    exchange, which shortens the holding period of units; known_by: the rules by which its category says so.
    """

    instrument: InstrumentId
    name: str
    isin: str
    tax_class: TaxClass | Missing
    is_listed: bool
    known_by: tuple[Rule, ...] = ()


def asset_of(instrument: Instrument, *, told: TaxClass | None = None, category: str = "") -> Asset:
    """told: what a person or an admin says it is, before all else. category: of a fund's scheme, in the words
    of its fund house ("Debt Scheme - Liquid Fund")."""
    known = told if told is not None else tax_class_of(instrument, category=category)
    name = instrument.name or instrument.symbol
    is_by_category = told is None and category and isinstance(known, TaxClass)
    rule = category_rule(category, name=_said(instrument)) if is_by_category else None
    by = () if rule is None else (rule,)
    return Asset(instrument.id, name, instrument.isin or "", known, instrument.exchange in _INDIAN, by)


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
        case AssetClass.FUND | AssetClass.ETF | AssetClass.EQUITY if exchange == "MF":
            return _of_fund(instrument, category)
        case AssetClass.FUND | AssetClass.ETF if exchange in _INDIAN:
            return _of_fund(instrument, category)
        case AssetClass.EQUITY if exchange in _INDIAN:
            return _of_isin(instrument, category)
        case AssetClass.BOND | AssetClass.GOLD if exchange in _INDIAN:
            return _of_bond(instrument)
        case AssetClass.EQUITY | AssetClass.ETF if exchange not in _CONTRACTS | {"OWN", "MF", "FX"}:
            return TaxClass.FOREIGN_SHARE
        case _:
            return _unknown(instrument, "what it is for tax")


def fund_class(category: str, *, name: str = "") -> TaxClass | Missing:
    """By the categories of SEBI's circular of 2017-10-06 and the older words; of an index fund by the index
    that its name tells. What stays open is Missing, with what would decide it. name: of the scheme, which
    also tells a theme that lies abroad."""
    rule = category_rule(category, name=name)
    found = "" if rule is None else rule.word("class")
    if rule is None or not found:
        hint = _ASK if rule is None else f"{_ASK}. {rule.word('hint')}"
        return Missing(f"what a fund of the category “{category}” holds", hint)
    if rule.name == _THEMATIC and _ABROAD.search(name):
        return Missing(
            f"whether {name}, of the category “{category}”, holds 65 % in shares of Indian companies",
            f"{_ASK}. Its theme seems to lie abroad: then it is neither an equity nor a debt fund",
        )
    return TaxClass(found)


def category_rule(category: str, *, name: str = "") -> Rule | None:
    """The row that says what funds of this category are, or what would decide it; None for unknown words. A
    row that asks for words in the fund's name goes before one that asks for none."""
    words = " ".join(category.casefold().split())
    return next(
        (
            rule
            for pattern, names, rule in _patterns()
            if pattern.fullmatch(words) and (names is None or names.search(name))
        ),
        None,
    )


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str] | None, Rule], ...]:
    """Those with names first, as they stand; of the others no two match the same words."""
    rows = [
        (
            re.compile(rule.word("words")),
            re.compile(rule.word("names"), re.IGNORECASE) if rule.word("names") else None,
            rule,
        )
        for rule in category_rules()
    ]
    return tuple(sorted(rows, key=lambda row: row[1] is None))


_THEMATIC = "fund.thematic"
_ABROAD = re.compile(
    r"\b(global|international|overseas|world|foreign|emerging markets?|asian?|asean|china|japan|taiwan|korea|"
    r"hong ?kong|europe(an)?|euro ?stoxx|brazil|us|usa|u\.s\.|america[ns]?|nasdaq|fang\+?|s&p 500)\b",
    re.IGNORECASE,
)


def _said(instrument: Instrument) -> str:
    """All that its names tell: an exchange's symbol often holds the index."""
    return f"{instrument.symbol} {instrument.name}".strip()


def _of_fund(instrument: Instrument, category: str) -> TaxClass | Missing:
    if not category:
        return _unknown(instrument, "which assets the fund holds")
    return fund_class(category, name=_said(instrument))


def _of_isin(instrument: Instrument, category: str) -> TaxClass | Missing:
    """An Indian ISIN says in its eighth and ninth character what sort of security it is."""
    isin = instrument.isin or ""
    sort = isin[7:9]
    if isin.startswith("INF"):
        return _of_fund(instrument, category)
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
