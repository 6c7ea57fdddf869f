"""Example answers of the routes whose figures name their explanation: performance, allocation, a holding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

AT = "2026-11-20T14:00:00+05:30"
_LOT = "lot:2:4:0"
_MATCH = "match:2:4:0"
_INCOME = "income:2:4:96"
_SLICE = "slice:all:sector:Information Technology"


def _why(figure: str, scope: str = "all", period: str = "") -> str:
    words = {"figure": figure, "scope": scope, "period": period}
    return f"/api/v1/explain?{urlencode({name: word for name, word in words.items() if word})}"


def _money(name: str, title: str, value: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "value": value,
        "currency": "INR",
        "unit": "money",
        "convention": None,
        "note": None,
        "explain": _why(f"statement.{name}", period="1Y"),
    }


def _ratio(name: str, title: str, value: str, convention: str) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "title": title, "value": value, "unit": "ratio"}
    told |= {"convention": convention, "currency": None, "note": None}
    return told | {"explain": _why(name, period="1Y")}


def _explained(family: str, scope: str, **values: str) -> dict[str, Any]:
    """Each value with the address of its explanation beside it."""
    told: dict[str, Any] = {}
    for name, value in values.items():
        told |= {name: value, f"{name}_explain": _why(f"{family}.{name}", scope)}
    return told


_COMPUTED = {"at": AT, "is_current": True, "problem": None}
_PERFORMANCE = {
    "scope": "all",
    "currency": "INR",
    "period": {"name": "1Y", "first": "2025-11-21", "last": "2026-11-20"},
    "statement": {
        "start": _money("start", "Value at the start", "482000.00"),
        "lines": [_money("realised", "Realised gains, before charges", "4200.00")],
        "end": _money("end", "Value at the end", "521045.75"),
        "details": [_money("paid_in", "Money in", "10000.00")],
    },
    "returns": [_ratio("xirr", "XIRR, a year", "0.0738120000", "Act/365, from the first flow")],
    "risk": [_ratio("volatility", "Volatility", "0.1821000000", "sd of daily returns (n − 1) × √252")],
    "benchmark": {
        "instrument": 7,
        "title": "NIFTY 50 TRI",
        "figures": [_ratio("benchmark", "The benchmark", "0.0612000000", "over the same days")],
    },
    "curve": [
        {
            "day": "2026-11-20",
            "value": "521045.75",
            "growth": "0.0712",
            "invested": "492000",
            "benchmark": "0.0612",
            "drawdown": "0",
        }
    ],
    "computed": _COMPUTED,
    "derivations": None,
    "notes": ["units that moved in kind enter every return at market value on their day"],
}
_ALLOCATION = {
    "by": "sector",
    "currency": "INR",
    "value": "36509.15",
    "explain": _why("allocation.value"),
    "unpriced": 1,
    "targets_sum": "1",
    "notes": ["not available: no price yet"],
    "data": [
        {"name": "Information Technology", "instruments": 1, "unpriced": 0, "target": "0.6", "drift": "0.03",
         "to_target": "-1196.16", "parts": None}
        | _explained(
            "slice", _SLICE, invested="24757.50", value="23101.65", pnl="-1655.85", weight="0.6327632936",
        )
    ],
}  # fmt: skip
_METHOD = {"cost": "9007.50", "average_price": "1501.25", "realised": "395.00", "unrealised": "-606.90"}
_HOLDING_SCOPE = "holding:2:4"
_HOLDING = {
    "account": {"id": 2, "name": "Family demat"},
    "instrument": {
        "id": 4, "exchange": "NSE", "symbol": "INFY", "isin": "INE009A01021", "name": "Infosys Limited",
    },
    "sector": "Information Technology",
    "currency": "INR",
    "method": "fifo",
    "figures": [
        {"name": "value", "title": "Value", "value": "8400.60", "currency": "INR", "unit": "money",
         "convention": None, "note": None, "explain": _why("holding.value", _HOLDING_SCOPE)}
    ],
    "returns": [_ratio("xirr", "XIRR, a year", "-0.0260921558", "Act/365, from the first flow")],
    "chosen": {"title": "FIFO"} | _explained("chosen", _HOLDING_SCOPE, **_METHOD),
    "averaged": {"title": "Average"} | _explained("averaged", _HOLDING_SCOPE, **_METHOD),
    "lots": [
        {"opened_by": 91, "side": "long", "day": "2024-04-01"}
        | _explained(
            "lot", _LOT, quantity="6", age_days="963", average_price="1501.25", cost="9007.50", fees="7.50",
            value="8400.60", gain="-606.90", gain_before_charges="-599.40", gain_ratio="-0.0673771857",
            xirr="-0.0260921558",
        )
    ],
    "matches": [
        {"closed_by": 95, "opened_by": 91, "day": "2024-05-01"}
        | _explained(
            "match", _MATCH, quantity="4", held_days="30", cost="6005.00", proceeds="6400.00", gain="395.00",
            gain_before_charges="400.00",
        )
    ],
    "income": [
        {"transaction": 96, "day": "2024-06-01", "kind": "dividend"}
        | _explained("income", _INCOME, gross="28.00", fees="0.00", tax="0.00", net="28.00")
    ],
    "computed": _COMPUTED,
    "derivations": None,
} | _explained("holding", _HOLDING_SCOPE, quantity="6")  # fmt: skip
_DERIVATION = {
    "name": "value of INFY",
    "value": "8400.60",
    "unit": "INR",
    "op": "product, 2",
    "formula": "units × price, rounded",
    "inputs": [
        {"name": "units held", "value": "6", "unit": "units", "op": "given"},
        {"name": "price of INFY", "value": "1400.10", "unit": "INR", "op": "given"},
    ],
}

VIEWS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/performance"): _PERFORMANCE,
    ("GET", "/allocation"): _ALLOCATION,
    ("GET", "/holdings/{account}/{instrument}"): _HOLDING,
    ("GET", "/explain"): _DERIVATION,
}
"""By method and path below /api/v1, as examples.EXAMPLES."""
