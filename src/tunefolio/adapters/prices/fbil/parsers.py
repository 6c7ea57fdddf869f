"""What FBIL's answer says, without any network: rupees for one unit of a currency, or for a hundred."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from tunefolio.adapters.answers import day_of, document, nonsense, price, quotient, row_of, rows_of
from tunefolio.adapters.http import Answer
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay

WHO = "FBIL"
_PRODUCT = re.compile(r"INR\s*/\s*(\d{1,4})\s*([A-Z]{3})\s*\Z")

Rupees = Mapping[Currency, Mapping[TradingDay, Decimal]]
"""Rupees for one unit, by day."""


def rupees(answer: Answer) -> Rupees:
    """`INR / 100 JPY` is divided by its hundred. Rejected for a product that is not told in rupees."""
    found: dict[Currency, dict[TradingDay, Decimal]] = {}
    for line in rows_of(document(answer, WHO), WHO):
        row = row_of(line, WHO)
        product = _PRODUCT.match(str(row.get("subProdName") or "").strip())
        if product is None:
            raise nonsense(WHO, f"unknown product {str(row.get('subProdName'))[:40]!r}")
        units = Decimal(product[1])
        if units == 0:
            raise nonsense(WHO, "a price of no units")
        told = price(row.get("rate"), WHO)
        days = found.setdefault(Currency(product[2]), {})
        days[day_of(row.get("processRunDate"), WHO)] = told if units == 1 else quotient(told, units)
    return found
