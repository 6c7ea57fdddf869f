"""Example answers of imports: each step of the way of a file into the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AT = "2026-11-20T14:00:00+05:30"
_SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SHAPE = "4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a"
_IMPORT = {
    "id": 3,
    "account_id": 1,
    "filename": "tradebook-2025.csv",
    "format": "zerodha_tradebook_csv",
    "sha256": _SHA,
    "added": 118,
    "repeated": 2,
    "refused": 1,
    "recorded_at": AT,
    "undone_at": None,
}
_ROW = {
    "row": 2,
    "kind": "buy",
    "day": "2025-04-02",
    "exchange": "NSE",
    "symbol": "INFY",
    "isin": "INE009A01021",
    "quantity": "10",
    "price": "1500.50",
    "amount": "15005.00",
    "currency": "INR",
    "fees": "17.80",
    "tax": None,
    "note": None,
    "fate": "fresh",
    "problem": None,
}
_PROBLEM = {
    "row": 7,
    "field": "quantity",
    "problem": "-5 must be above zero",
    "cure": "A sale has trade_type sell and a positive quantity",
}
_PREVIEW = {
    "account_id": 1,
    "filename": "tradebook-2025.csv",
    "format": "zerodha_tradebook_csv",
    "title": "Zerodha tradebook (CSV)",
    "sha256": _SHA,
    "rows_total": 121,
    "fresh": 118,
    "repeated": 2,
    "refused": 1,
    "problems": [_PROBLEM],
    "sample": [_ROW],
    "supersedes": [],
    "balances": [
        {
            "symbol": "INF179K01608",
            "name": "HDFC Flexi Cap Fund - Growth Option - Regular Plan",
            "place": "10000001/90",
            "day": "2026-03-31",
            "stated": "70",
            "counted": "70",
            "difference": "0",
        }
    ],
    "warnings": [],
}
_MAP = {
    "columns": {
        "day": ["Trade Date"],
        "kind": ["Activity"],
        "symbol": ["Ticker"],
        "quantity": ["Quantity"],
        "price": ["Price Per Share (in USD)"],
        "fees": ["Commission Charges (in USD)"],
    },
    "day_order": "mdy",
    "point": "dot",
    "words": {"buy": ["buy"], "sell": ["sell"]},
    "exchange": "NASDAQ",
    "currency": "USD",
}
_TAKEN = {
    "filename": "trades.xlsx",
    "sha256": _SHA,
    "format": "table",
    "title": "Vested trade report",
    "needs": "columns",
    "next": "columns",
    "table": {
        "header": ["Trade Date", "Ticker", "Activity", "Quantity"],
        "header_row": 3,
        "sheet": "Trades",
        "sample": [["03/31/2025", "AAPL", "Buy", "1.25"]],
        "rows_total": 42,
        "shape": _SHAPE,
    },
    "map": _MAP,
}

IMPORTS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/imports"): {"data": [_IMPORT], "next": "3"},
    ("GET", "/imports/{id}"): _IMPORT,
    ("GET", "/imports/maps"): {"data": [{"shape": _SHAPE, "title": "trades.xlsx", "updated_at": AT, **_MAP}]},
    ("POST", "/accounts/{id}/imports/upload"): _TAKEN,
    ("POST", "/accounts/{id}/imports/columns"): _TAKEN | {"needs": None, "next": "rows"},
    ("POST", "/accounts/{id}/imports/preview"): _PREVIEW,
    ("POST", "/accounts/{id}/imports/rows"): {
        "rows_total": 121,
        "fresh": 118,
        "repeated": 2,
        "refused": 1,
        "found": 121,
        "data": [
            {"row": 2, "fate": "fresh", "what": _ROW, "problems": []},
            {"row": 7, "fate": "refused", "what": None, "problems": [_PROBLEM]},
        ],
        "next_offset": 100,
    },
    ("POST", "/accounts/{id}/imports"): _IMPORT,
    ("POST", "/accounts/{id}/imports/book"): {
        "accounts": [{"account": "Zerodha", "is_new": False, "added": 118, "repeated": 0}]
    },
    ("POST", "/imports/{id}/undo"): {"reversed": 118},
}
