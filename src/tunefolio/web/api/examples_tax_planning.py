"""Example answers of the routes that plan a sale and explain a year, as the API's document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.web.api.examples_charges import CHARGES
from tunefolio.web.api.examples_tax import TAX

_HELD = {
    "account_id": 2,
    "account": "Demat",
    "instrument_id": 7,
    "symbol": "INFY",
    "name": "Infosys Limited",
    "held": "100",
    "priced_at": "2026-11-20T10:29:00+05:30",
    "price": "1489.35",
}
_EFFECT = {
    "tax": "-1300.00",
    "exemption_used": "-2000.00",
    "carried": "0.00",
    "lacks": [{"reason": "the person's slab rate", "cure": "Enter the rate of the highest slab reached"}],
}
_CANDIDATE = {**_HELD, "units": "40", "gain": "-10000.00", "saved": "1300.00", "effect": _EFFECT}
_ORDER = CHARGES["GET", "/charges"]
_CHARGES = {name: value for name, value in _ORDER.items() if name != "deal"}
_LEFT_OUT = {
    **_HELD,
    "price": None,
    "price_reason": "no price of INFY is known",
    "price_cure": "Type one, or wait for the next",
    "reason": "no price of INFY is known",
    "cure": "Type one, or wait for the next",
}

TAX_PLANNING: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("POST", "/tax/what-if"): {
        **_HELD,
        "year": "2026-27",
        "day": "2026-11-20",
        "units": "10",
        "proceeds": "14893.50",
        "charges": _CHARGES,
        "lots": TAX["GET", "/tax/deeds"]["data"],
        "effect": _EFFECT,
        "tax": "-1300.00",
        "net": "16162.61",
    },
    ("GET", "/tax/harvest"): {
        "year": "2026-27",
        "exemption_left": "91660.00",
        "losses": [_CANDIDATE],
        "gains": [_CANDIDATE],
        "left_out": [_LEFT_OUT],
    },
    ("GET", "/tax/planning/explain"): {
        "name": "sold for",
        "value": "14893.50",
        "unit": "INR",
        "op": "product",
        "formula": "units × price of one",
        "inputs": [
            {
                "name": "units",
                "value": "10",
                "unit": "units",
                "op": "leaf",
                "ref": {"kind": "given", "label": "what the form asks for", "id": 0},
            },
            {
                "name": "price of one",
                "value": "1489.35",
                "unit": "INR",
                "op": "leaf",
                "ref": {"kind": "given", "label": "as typed", "id": 0},
            },
        ],
    },
    ("GET", "/tax/explain"): {
        "name": "payable",
        "value": "62870",
        "unit": "INR",
        "op": "nearest",
        "formula": "total, rounded once",
        "inputs": [
            {"name": "total", "value": "62868.5", "unit": "INR", "op": "sum"},
            {
                "name": "rounding.tax since 1961-04-01",
                "value": "10",
                "unit": "ratio",
                "op": "leaf",
                "ref": {"kind": "given", "label": "Income-tax Act, 1961", "id": 0},
            },
        ],
    },
}
"""By method and path below /api/v1, as examples.EXAMPLES."""
