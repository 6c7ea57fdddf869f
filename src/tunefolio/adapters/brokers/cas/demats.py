"""A statement of NSDL or CDSL: what is held in every demat account and folio, without how it came there.

Each holding becomes an opening on the statement's last day, at the cost it prints, or at zero where it
prints none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.cas.schemes import Reading
from tunefolio.adapters.brokers.cas.values import Doubt, day_of, isin_of_scheme, maps, number, period_of
from tunefolio.core.money import INR, Money, Price, quantized
from tunefolio.core.time import TradingDay
from tunefolio.ledger.files import ParsedRow, RowProblem
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import EXCHANGES, AssetClass, InstrumentClaim, Listing

_ZERO = Decimal(0)
_PLACES = 8
_UNITS = {"equities": "num_shares", "mutual_funds": "balance", "bonds": "num_bonds"}
_NO_COST = "the statement does not say what it cost"


def read(cas: Mapping[str, Any]) -> Reading:
    """Everything a depository's statement says is held; raises Doubt for one without its period."""
    day = day_of(period_of(cas).get("to"), "statement period")
    found = Reading([], [], [])
    seen: Counter[str] = Counter()
    for account in maps(cas.get("accounts")):
        place = f"{account.get('dp_id') or ''}{account.get('client_id') or ''}"
        for family in _UNITS:
            for holding in maps(account.get(family)):
                found.count += 1
                try:
                    found.rows.append(_opening(found.count, family, holding, place, day, seen))
                except Doubt as doubt:
                    problem = RowProblem(found.count, doubt.field, doubt.problem, doubt.cure)
                    found.problems.append(problem)
    return found


def _opening(
    row: int, family: str, said: Mapping[str, Any], place: str, day: TradingDay, seen: Counter[str]
) -> ParsedRow:
    name = " ".join(str(said.get("name") or "").split())[:200]
    isin = isin_of_scheme(said.get("isin"), name)
    units = number(said.get(_UNITS[family]), "units")
    if units is None or units <= 0:
        raise Doubt("units", f"{name}: nothing is held", "Nothing has to be recorded")
    cost = _cost(said, units)
    folio = str(said.get("folio") or "").replace(" ", "")
    key = f"cas:{place}:{folio}:{isin}:{day.iso()}"
    seen[key] += 1
    key = key if seen[key] == 1 else f"{key}:{seen[key]}"
    price = Price(quantized(cost / units, _PLACES) if cost else _ZERO, INR)
    return ParsedRow(
        row,
        Kind.OPENING,
        day,
        None,
        _claim(family, said, isin, name),
        units,
        price,
        key,
        amount=Money(cost, INR).rounded() if cost else None,
        note="" if cost else _NO_COST,
    )


def _cost(said: Mapping[str, Any], units: Decimal) -> Decimal:
    """What all units cost, as printed in total or each; zero where it is not printed."""
    whole = number(said.get("total_cost"), "cost") or _ZERO
    each = number(said.get("avg_cost"), "cost") or _ZERO
    return whole if whole > 0 else max(each * units, _ZERO)


def _claim(family: str, said: Mapping[str, Any], isin: str, name: str) -> InstrumentClaim:
    """By its symbol where the exchange's list of ISINs knows one, else by its ISIN."""
    number_ = isin_of_scheme(isin, name)
    if family == "mutual_funds":
        return InstrumentClaim(Listing("MF", isin), number_, name, AssetClass.FUND, INR)
    exchange = str(said.get("exchange") or "NSE").upper()
    symbol = str(said.get("symbol") or isin).upper()
    listing = Listing(exchange if exchange in EXCHANGES else "NSE", symbol)
    known = AssetClass.BOND if family == "bonds" else AssetClass.EQUITY
    return InstrumentClaim(listing, number_, name, known, INR)
