"""Example answers of price charts and the market overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MOVER = {
    "id": 4,
    "symbol": "AXISBANK",
    "exchange": "NSE",
    "name": "Axis Bank Limited",
    "price": "1196.80",
    "currency": "INR",
    "change_ratio": "0.005418",
    "as_of": "2026-11-20T14:00:00+05:30",
    "source": "nse",
}
_NSE = {
    "exchange": "NSE",
    "title": "National Stock Exchange of India",
    "phase": "continuous",
    "is_session": True,
    "until": "2026-11-20T15:15:00+05:30",
    "next_entry": None,
    "problem": None,
}

CHARTS: Mapping[tuple[str, str], Any] = {
    ("GET", "/market"): {
        "exchanges": [_NSE],
        "indices": [],
        "gainers": [_MOVER],
        "losers": [],
        "breadth": {
            "rose": 1,
            "fell": 0,
            "same": 0,
            "above_means": [{"sessions": 50, "above": 1, "of": 1}],
            "year_highs": [],
            "year_lows": [],
        },
        "sectors": [{"sector": "Financial Services", "mean_change_ratio": "0.005418", "instruments": 1}],
        "actions": [],
        "rates": [{"base": "USD", "quote": "INR", "day": "2026-11-19", "rate": "88.6125"}],
        "newest_price_at": "2026-11-20T14:00:00+05:30",
        "followed": 1,
    },
    ("GET", "/instruments/{id}/chart"): {
        "instrument_id": 4,
        "symbol": "AXISBANK",
        "currency": "INR",
        "prices": "adjusted",
        "sources": ["nse"],
        "days": ["2026-11-19", "2026-11-20"],
        "open": [1181.0, 1189.5],
        "high": [1194.4, 1201.0],
        "low": [1176.2, 1185.1],
        "close": [1190.35, 1196.8],
        "volume": [4112872.0, None],
        "has_range": [True, True],
        "studies": {"sma20": [None, 1174.21]},
        "events": [{"day": "2026-11-20", "kind": "dividend", "title": "Dividend 1 INR a unit"}],
        "trades": [{"day": "2026-11-19", "kind": "buy", "title": "Buy", "transaction_id": 91}],
    },
}
