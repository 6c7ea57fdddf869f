"""Example answers of the charges' routes, as the API's document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_RULE = {
    "name": "exchange.nse.cash",
    "from": "2024-10-01",
    "to": "2026-02-28",
    "values": {"rate": "0.0000297"},
    "confidence": "high",
    "is_doubtful": False,
    "note": "True to label: one rate for all, no slabs",
    "sources": [{"title": "Tradejini: pricing, October 2024", "address": "https://tradejini.com/pricing"}],
}
_LINE = {
    "name": "exchange",
    "title": "Exchange transaction charge",
    "base": "15000.00",
    "rate": "0.00297%",
    "exact": "0.4455",
    "amount": "0.45",
    "rules": [_RULE],
    "is_doubtful": False,
    "parts": None,
}
_CHARGES = {
    "value": "15000.00",
    "lines": [_LINE],
    "total": "30.89",
    "on_the_note": "15.55",
    "known": "30.89",
    "exact": "30.8994",
    "is_doubtful": True,
}
_ORDER = {
    "deal": {
        "date": "2025-06-02",
        "broker": "zerodha",
        "plan": "standard",
        "exchange": "NSE",
        "segment": "delivery",
        "side": "sell",
        "quantity": "10",
        "price": "1500",
        "value": "15000.00",
        "scrip": "INFY",
        "order": "1",
        "group": "A",
        "units": "share",
        "product": "carry",
        "ending": "exercised",
        "services": ["call_and_trade"],
    },
    **_CHARGES,
}
_NOTE = {
    "date": "2023-07-13",
    "broker": "zerodha",
    "plan": "standard",
    "trades": 3,
    "intraday": [{"scrip": "INFY", "units": "500"}],
    **_CHARGES,
}
_DAY = {
    "account_id": 2,
    "account": "Zerodha AB1234",
    "day": "2025-06-02",
    "broker": "zerodha",
    "plan": "standard",
    "trades": 3,
    "trades_without_charges": 0,
    "total": "30.89",
    "recorded": "15.60",
    "comparison": {"title": "Total", "computed": "15.55", "stated": "15.60", "difference": "0.05"},
    "intraday": [{"scrip": "INFY", "units": "500"}],
    "charges": _CHARGES,
    "left_out": [
        {
            "what": "GS2033",
            "reason": "no tariff is known for a bond on NSE",
            "cure": "Its charges stand on the broker's own note",
        }
    ],
    "remarks": ["Counted without a broker: only what state and exchange take"],
}

_COMPARED = {
    "lines": [
        {"title": "Brokerage", "computed": "0.00", "stated": "0.00", "difference": "0.00"},
        {"title": "Securities transaction tax", "computed": "15.00", "stated": "15.00", "difference": "0.00"},
        {"title": "Stamp duty", "computed": "2.25", "stated": "2.00", "difference": "-0.25"},
    ],
    "total": {
        "title": "Total of what the broker states",
        "computed": "17.25",
        "stated": "17.00",
        "difference": "-0.25",
    },
}
_ASKED = {
    "account_id": 1,
    "account": "Zerodha AB1234",
    "day": "2026-11-19",
    "broker": "Zerodha",
    **_COMPARED,
    "orders": [
        {
            "order": "1100000012345678",
            "symbol": "INFY",
            "exchange": "NSE",
            "segment": "delivery",
            "side": "buy",
            "quantity": "10",
            "price": "1500",
            **_COMPARED,
        }
    ],
    "not_asked": [],
    "remarks": ["Neither side holds the depository's charge"],
}

CHARGES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/charges"): _ORDER,
    ("GET", "/charges/rules"): {"date": "2025-06-02", "data": [_RULE]},
    ("POST", "/charges/note"): _NOTE,
    ("GET", "/charges/notes"): {"data": [_DAY | {"stated": None}], "next": "2025-05-30"},
    ("POST", "/charges/notes/compare"): _ASKED,
}
"""By method and path below /api/v1, as examples.EXAMPLES."""
