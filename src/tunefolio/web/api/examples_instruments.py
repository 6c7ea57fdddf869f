"""Example answers of the routes of instruments."""

from __future__ import annotations

from typing import Any

_NAMED = {
    "exchange": "NSE",
    "symbol": "ETERNAL",
    "series": "EQ",
    "isin": "INE758T01015",
    "name": "ETERNAL LIMITED",
    "class": "equity",
    "currency": "INR",
}
_FOUND = {
    "id": 42,
    "listing_id": 1594,
    "key": "NSE:ETERNAL",
    **_NAMED,
    "expiry": None,
    "is_listed": True,
}
_WHOLE = {
    "id": 42,
    **_NAMED,
    "status": "listed",
    "listed_until": None,
    "spells": [
        {"symbol": "ZOMATO", "isin": "INE758T01015", "since": None, "until": "2025-04-09"},
        {"symbol": "ETERNAL", "isin": "INE758T01015", "since": "2025-04-09", "until": None},
    ],
    "listings": [
        {
            "source": "zerodha",
            "series": "",
            "token": "1304833",
            "tick": "0.05",
            "lot": "1",
            "expiry": None,
            "strike": None,
            "first_seen": "2026-11-20",
            "gone": None,
            "reason": "",
        }
    ],
}
_CHANGE = {
    "id": 7,
    "source": "nse",
    "day": "2026-11-20",
    "kind": "series",
    "exchange": "NSE",
    "symbol": "RPOWER",
    "series": "BE",
    "before": "EQ",
    "after": "BE",
}
_SOURCE = {"source": "nse", "refreshed_at": "2026-11-20T08:15:03+05:30", "listed": 2871, "problem": ""}

INSTRUMENTS: dict[tuple[str, str], Any] = {
    ("GET", "/instruments"): {"data": [_FOUND], "next": "0000-0-42-eternal"},
    ("POST", "/instruments"): {"id": 42},
    ("GET", "/instruments/changes"): {"data": [_CHANGE], "sources": [_SOURCE], "next": "7"},
    ("POST", "/instruments/refresh"): {"job_id": 65},
    ("GET", "/instruments/{id}"): _WHOLE,
}
