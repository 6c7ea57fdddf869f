"""Example answers of watchlists, alerts, notices and channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AT = "2026-11-20T14:00:00+05:30"
_LIST = {"id": 1, "name": "Large caps", "position": 0, "size": 1, "created_at": AT}
_LINE = {
    "instrument": {
        "id": 4,
        "exchange": "NSE",
        "symbol": "INFY",
        "name": "Infosys Limited",
        "currency": "INR",
    },
    "note": "Buy below the 200-day average",
    "position": 0,
    "added_at": AT,
    "price": "1490.00",
    "as_of": AT,
    "previous_close": "1475.00",
    "day_change_ratio": "0.0101694915",
    "low_52w": "1307.00",
    "high_52w": "1953.90",
}
_ALERT = {
    "id": 7,
    "kind": "price",
    "title": "INFY",
    "words": "at or above 1,500 INR",
    "instrument_id": 4,
    "portfolio_id": None,
    "account_id": None,
    "parameters": {"level": "1500", "direction": "up"},
    "repeat": "every",
    "hysteresis": "0.01",
    "cooldown_seconds": 3600,
    "note": "",
    "state": "armed",
    "spoken": 2,
    "spoken_at": AT,
    "unit": "INR",
    "created_at": AT,
    "value": "1490.00",
    "level": "1500.00",
    "distance_ratio": "0.0067114094",
}
_NOTICE = {
    "id": 31,
    "kind": "price",
    "urgency": "info",
    "title": "INFY: at or above 1,500 INR",
    "text": "Infosys Limited (NSE) stood at 1500.05 INR on 20 Nov 2026, 14:00 IST.",
    "link": "/alerts#a-7",
    "event": "alert:7:2026-11-20T08:30:00+00:00:1500.05",
    "alert_id": 7,
    "at": AT,
    "read_at": None,
    "deliveries": [{"channel_id": 2, "state": "sent", "attempts": 1, "problem": "", "sent_at": AT}],
}
_CHANNEL = {
    "id": 2,
    "kind": "email",
    "hint": "a…@example.org",
    "muted": ["sync_failed"],
    "verified_at": AT,
    "problem": "",
    "problem_at": None,
    "created_at": AT,
}

ALERTS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/watchlists"): {"data": [_LIST]},
    ("POST", "/watchlists"): _LIST,
    ("GET", "/watchlists/{id}"): _LIST | {"data": [_LINE]},
    ("POST", "/watchlists/{id}/items"): {"instrument_id": 4},
    ("GET", "/alerts"): {"data": [_ALERT], "next": "7"},
    ("POST", "/alerts"): _ALERT,
    ("POST", "/alerts/preview"): {"times": 2, "sessions": 248, "days": ["2026-03-04", "2026-09-17"]},
    ("GET", "/alerts/{id}"): _ALERT,
    ("GET", "/notices"): {"unread": 1, "data": [_NOTICE], "next": "31"},
    ("POST", "/notices/read"): {"marked": 1},
    ("GET", "/channels"): {"data": [_CHANNEL]},
    ("POST", "/channels"): _CHANNEL,
    ("POST", "/channels/{id}/confirm"): {"verified": True},
}
"""By method and path below /api/v1, as examples.EXAMPLES."""
