"""Fields of Angel One's rows: text or number alike, spaces after signs, times on India's wall."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from tunefolio.adapters.brokers.angelone.errors import missing, wrong
from tunefolio.adapters.brokers.angelone.instruments import listing_of
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.identity import find_isin
from tunefolio.core.money import INR, Money, Price, quantized
from tunefolio.core.time import IST, Instant
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing, exchange_of, usual_class

PRICE_DIGITS = 8
"""Averages are computed in floats; what stands after the eighth decimal is noise."""
ABSURD = 10**18
"""No price, sum or count of units reaches this."""
_STAMP = "%d-%b-%Y %H:%M:%S"


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """An object, or Rejected."""
    if not isinstance(value, dict):
        raise Rejected(f"Angel One: {where} is not an object", code="wrong_type")
    return value


def rows(value: Any, where: str) -> list[Mapping[str, Any]]:
    """A list of objects, or Rejected. null is an empty list: so Angel One tells an empty book."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Rejected(f"Angel One: {where} is not a list", code="wrong_type")
    return [mapping(row, f"{where}[{number}]") for number, row in enumerate(value)]


def text(row: Mapping[str, Any], field: str, where: str) -> str:
    """A text that must be there; a number is read as its digits (order numbers come as either)."""
    value = row.get(field)
    if value is None or value == "":
        raise missing(field, where)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise wrong(field, where, "text")
    return str(value).strip()


def words(row: Mapping[str, Any], field: str) -> str:
    """A text that may be missing, null or empty."""
    value = row.get(field)
    return "" if value is None or isinstance(value, dict | list | bool) else str(value).strip()


def number(row: Mapping[str, Any], field: str, where: str) -> Decimal:
    """A finite number that must be there."""
    found = find_number(row, field, where)
    if found is None:
        raise missing(field, where)
    return found


def find_number(row: Mapping[str, Any], field: str, where: str) -> Decimal | None:
    """A number, from JSON's or from text such as "- 2235.80"; None where there is none."""
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise wrong(field, where, "a number")
    if isinstance(value, str):
        value = value.replace(" ", "").replace(",", "")
        if not value:
            return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise wrong(field, where, "a number") from None
    if not amount.is_finite() or abs(amount) >= ABSURD:
        raise wrong(field, where, "a sensible number")
    return amount


def units(row: Mapping[str, Any], field: str, where: str) -> Decimal:
    """How many, not below zero; null is none."""
    found = find_number(row, field, where) or Decimal(0)
    if found < 0:
        raise Rejected(f"Angel One: {field!r} of {where} is below zero", code="negative_units")
    return found


def price(row: Mapping[str, Any], field: str, where: str) -> Price | None:
    """None for 0 and null: Angel One writes either where there is no price."""
    amount = find_number(row, field, where)
    return Price(quantized(amount, PRICE_DIGITS), INR) if amount is not None and amount > 0 else None


def money(row: Mapping[str, Any], field: str, where: str) -> Money | None:
    amount = find_number(row, field, where)
    return None if amount is None else Money(quantized(amount, PRICE_DIGITS), INR)


def stamp(row: Mapping[str, Any], field: str, where: str) -> Instant | None:
    """`18-Sep-2026 15:59:57`, in India; None where there is none."""
    value = words(row, field)
    if not value:
        return None
    try:
        return Instant(datetime.strptime(value, _STAMP).replace(tzinfo=IST))
    except (ValueError, OverflowError):
        raise wrong(field, where, "a time") from None


NAMED = ("exchange", "tradingsymbol")
"""The fields by which a row names its instrument."""

DAY_PRODUCTS = frozenset({"INTRADAY", "BO", "CO"})
"""Products that Angel One squares off the same day: nothing is delivered."""


def claim(row: Mapping[str, Any], where: str) -> InstrumentClaim:
    """The instrument a row speaks of. Rejected: an exchange we do not know."""
    symbol = text(row, "tradingsymbol", where)
    try:
        exchange = exchange_of(text(row, "exchange", where))
    except Misuse as unknown:
        raise Rejected(f"Angel One: {unknown}", code="unknown_exchange") from None
    listing = listing_of(exchange, symbol)
    isin = find_isin(words(row, "isin"))
    return InstrumentClaim(listing, isin, "", _class_of(listing, isin), INR)


def _class_of(listing: Listing, isin: str | None) -> AssetClass:
    """By exchange for contracts, else by the ISIN: INF fund, IN0 government, 07 and 08 debenture."""
    if isin is None:
        return usual_class(listing.exchange, listing.symbol)
    if isin.startswith("INF"):
        return AssetClass.ETF
    if isin.startswith("IN0"):
        return AssetClass.GOLD if listing.symbol.startswith("SGB") else AssetClass.BOND
    return AssetClass.BOND if isin.startswith("INE") and isin[7:9] in {"07", "08"} else AssetClass.EQUITY
