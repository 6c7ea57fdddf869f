"""How Angel One writes the exchange's listings, products and times."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from tunefolio.core.time import IST, Instant
from tunefolio.sandbox.universe import Kind, Listed, Universe

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EXCHANGE_TYPES = {1: "NSE", 2: "NFO", 3: "BSE", 4: "BFO", 5: "MCX", 7: "NCDEX", 13: "CDS"}
"""The market feed's numbers of the exchanges."""
PRODUCTS = {"CNC": "DELIVERY", "MIS": "INTRADAY", "NRML": "CARRYFORWARD"}


def token_of(listed: Listed) -> str:
    """The number of its exchange; an index has one of Angel One's own."""
    return f"99{listed.exchange_token:06}" if _is_index(listed) else str(listed.exchange_token)


def symbol_of(listed: Listed) -> str:
    """At NSE with every series, EQ as well; an index by its name."""
    company = listed.company
    if _is_index(listed):
        return company.symbol.title()
    return f"{company.symbol}-{company.series or 'EQ'}" if listed.exchange == "NSE" else company.symbol


def find(universe: Universe, exchange: str, token: str) -> Listed | None:
    """By exchange ("NSE") and token."""
    return _by_token(universe.listings).get((exchange, token))


def spelt(moment: Instant) -> str:
    """`18-Sep-2026 15:59:57`, on India's wall."""
    local = moment.in_zone(IST)
    return f"{local.day:02}-{MONTHS[local.month - 1]}-{local.year} {local:%H:%M:%S}"


def rupees(paise: float) -> str:
    """With two decimals; below zero with a space behind the sign, as it comes from there."""
    return f"- {-paise / 100:.2f}" if paise < 0 else f"{paise / 100:.2f}"


def _is_index(listed: Listed) -> bool:
    return listed.company.kind is Kind.INDEX


@lru_cache(maxsize=4)
def _by_token(listings: tuple[Listed, ...]) -> dict[tuple[str, str], Listed]:
    return dict(_keyed(listings))


def _keyed(listings: Iterable[Listed]) -> Iterable[tuple[tuple[str, str], Listed]]:
    return (((listed.exchange, token_of(listed)), listed) for listed in listings)
