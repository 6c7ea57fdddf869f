"""Example answers of data health, as the API's document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AT = "2026-11-20T14:00:00+05:30"
_INFY = {"id": 7, "exchange": "NSE", "symbol": "INFY", "name": "Infosys"}
_FOLLOWED: dict[str, Any] = {
    "instrument": _INFY,
    "state": "wanted",
    "words": "yahoo: 503",
    "reason": "yahoo: 503",
    "cure": "It is tried again by itself; Data health shows when each source may be asked",
    "since": "2023-01-01",
    "source": "yahoo",
    "coverage": {
        "wanted": 904,
        "held": 470,
        "first_day": "2025-01-01",
        "last_day": "2026-11-19",
        "holes": [{"from": "2023-04-03", "to": "2025-01-01"}],
    },
    "progress": {
        "state": "queued",
        "stage": "INFY: prices of 2024",
        "done": 2,
        "total": 4,
        "attempts": 1,
        "problem": "yahoo: 503",
        "due_at": _AT,
    },
    "defects": [],
}
_PILE = {
    "instrument": _INFY,
    "source": "yahoo",
    "reason": "jump",
    "count": 1,
    "first_day": "2026-11-16",
    "last_day": "2026-11-16",
    "example": {
        "day": "2026-11-16",
        "close": "302.5",
        "detail": "-79.9 % from 1505 on 2026-11-13 to 302.5; the band is 20.0 %. It looks like a split or"
        " bonus of 5 for 1 that no source told",
        "cure": "Was there a corporate action, record it and accept; else use another source",
        "found_at": _AT,
    },
}
_OVERVIEW = {
    "as_of": _AT,
    "is_everyones": False,
    "sources": [
        {"name": "nse", "rests_seconds": None, "problem": None, "spent": None, "budget": None},
        {"name": "coingecko", "rests_seconds": 58, "problem": "429", "spent": 9_998, "budget": 10_000},
    ],
    "tracking": {"ready": 23, "fetching": 1},
    "unknown": [],
    "old_prices": [
        {"instrument": _INFY, "as_of": _AT, "source": "yahoo", "expected_since": "2026-11-20T14:30:00+05:30"}
    ],
    "doubted_count": 1,
    "files": [
        {
            "source": "nse",
            "day": "2026-11-19",
            "state": "kept",
            "rows": 2_901,
            "kept": 24,
            "tries": 2,
            "note": None,
            "fetched_at": _AT,
        }
    ],
    "calendar_doubts": [],
}

HEALTH: Mapping[tuple[str, str], Any] = {
    ("GET", "/data-health"): _OVERVIEW,
    ("GET", "/data-health/tracking"): {"data": [_FOLLOWED], "next": "41"},
    ("GET", "/data-health/quarantine"): {"data": [_PILE], "next": "41"},
    ("POST", "/data-health/quarantine/accept"): {"settled": 1},
    ("POST", "/data-health/quarantine/drop"): {"settled": 1},
    ("POST", "/data-health/quarantine/replace"): {"settled": 1},
    ("GET", "/instruments/{id}/tracking"): _FOLLOWED,
    ("POST", "/instruments/{id}/tracking"): _FOLLOWED,
}
