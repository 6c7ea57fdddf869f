"""Example answers of the calendar's routes, as the API's document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STEPS = [
    {
        "phase": "continuous",
        "step": None,
        "from": "18:15",
        "to": "19:15",
        "admits": ["ICEBERG", "LIMIT", "MARKET", "SL", "SLM"],
    },
]
_DAYS = {
    "exchange": "NSE",
    "title": "National Stock Exchange of India",
    "known_from": "2011-01-01",
    "known_until": "2026-12-31",
    "notes": ["Hours of the Muhurat session of 2026-11-08 are provisional."],
    "data": [
        {
            "day": "2026-11-08",
            "weekday": "Sunday",
            "is_known": True,
            "is_session": True,
            "session": "muhurat",
            "name": "Sunday; times as announced provisionally",
            "opens_at": "2026-11-08T18:15:00+05:30",
            "closes_at": "2026-11-08T19:15:00+05:30",
            "final_at": "2026-11-08T19:45:00+05:30",
            "is_verified": False,
            "is_overridden": False,
            "doubt": None,
            "segments": {"equity": _STEPS},
        }
    ],
    "next": "2026-11-08",
}
_NOW = {
    "data": [
        {
            "exchange": "NSE",
            "segment": "equity_with_derivatives",
            "order_type": "SL",
            "at": "2026-11-20T15:22:00+05:30",
            "day": "2026-11-20",
            "is_session": True,
            "session": "regular",
            "holiday": None,
            "phase": "closing_auction",
            "step": "order entry, limit and market",
            "may_enter": False,
            "may_enter_reason": "SL orders are not taken now (closing auction, order entry, limit and "
            "market): only LIMIT, MARKET",
            "until": "2026-11-23T09:15:00+05:30",
            "until_latest": "2026-11-23T09:15:00+05:30",
            "is_verified": False,
            "is_provisional": True,
            "note": "The day is provisional: it was not compared with an independent record.",
            "source": "SEBI HO/47/11/11(3)2025-MRD-POD2/I/2765/2026 dated 2026-01-16, para 4.2",
        }
    ]
}
_OVERRIDE = {
    "exchange": "NSE",
    "day": "2026-12-05",
    "kind": "short",
    "session": "muhurat",
    "windows": ["18:15-19:15"],
    "note": "the exchange's circular of 2026-11-30",
}
_SAID = {
    "data": [
        {
            "id": 3,
            **_OVERRIDE,
            "by": "Asha",
            "said_at": "2026-11-30T18:02:00+05:30",
            "ended_by": None,
            "ended_at": None,
        }
    ]
}

CALENDAR: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/calendar"): _DAYS,
    ("GET", "/calendar/now"): _NOW,
    ("GET", "/calendar/overrides"): _SAID | {"next": "41"},
    ("POST", "/calendar/overrides"): _OVERRIDE,
}
"""By method and path below /api/v1, as examples.EXAMPLES."""
