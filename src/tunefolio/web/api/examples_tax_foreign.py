"""Example answers of the routes of Schedule FA, as the API's document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_A3 = {
    "key": "3~9~41~2023-05-04",
    "name": "Apple Inc",
    "country": "UNITED STATES OF AMERICA",
    "country_code": "2",
    "nature": "Company",
    "instrument": 9,
    "account": 3,
    "account_name": "Vested",
    "bought_by": 41,
    "acquired": "2023-05-04",
    "currency": "USD",
    "units": "6",
    "initial": "139810.00",
    "peak": "195028.21",
    "closing": None,
    "received": "126.99",
    "proceeds": "61173.22",
    "peak_day": "2024-02-26",
    "missing": [
        {
            "figure": "closing",
            "reason": "a close of Apple Inc by 2024-12-31",
            "cure": "Fetch its closes of that year",
        }
    ],
    "remarks": [],
}
_A2 = {
    "key": "3~USD",
    "account": 3,
    "account_name": "Vested",
    "currency": "USD",
    "peak": "171166.36",
    "closing": "165676.27",
    "interest": "0.00",
    "dividends": "126.99",
    "proceeds": "61173.22",
    "peak_day": "2024-09-09",
    "missing": [],
}
_PAID = {
    "name": "sum of 2023-05-04",
    "value": "1706.00",
    "unit": "USD",
    "op": "leaf",
    "ref": {"kind": "fact", "label": "fact 41", "id": 41, "day": "2023-05-04"},
}
_RATE = {
    "name": "USD in rupees on 2023-05-04",
    "value": "81.9520",
    "unit": "",
    "op": "leaf",
    "ref": {"kind": "rate", "label": "frankfurter", "id": 0, "day": "2023-05-04"},
}

TAX_FOREIGN: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/tax/foreign"): {
        "from": "2024-01-01",
        "to": "2024-12-31",
        "until": "2024-12-31",
        "a3": [_A3],
        "a2": [_A2],
        "not_available": 1,
        "for_you": "Address, ZIP code and the nature of each entity stand in no book: fill them in",
        "doubts": ["rate of exchange (low confidence): Schedule FA wants another bank's rate"],
        "disclaimer": "Computed from the books as recorded and the rules named; not advice.",
    },
    ("GET", "/tax/foreign/explain"): {
        "name": "initial",
        "value": "139810.11",
        "unit": "INR",
        "op": "product, 2 decimals",
        "formula": "cost at the rate of its day",
        "inputs": [_PAID, _RATE],
    },
}
