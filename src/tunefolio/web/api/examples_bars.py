"""Example answers of daily bars: as they were paid, and in today's units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.web.api.answered import Looks

_DAYS = {
    "instrument_id": 4,
    "symbol": "AXISBANK",
    "exchange": "NSE",
    "currency": "INR",
    "sources": ["nse"],
    "days": ["2026-11-19", "2026-11-20"],
    "next": "2026-11-23",
    "problem": None,
}
_RAW = _DAYS | {
    "adjusted": False,
    "open": ["1190.00", "1191.20"],
    "high": ["1199.90", "1202.00"],
    "low": ["1184.05", "1188.15"],
    "close": ["1190.35", "1196.80"],
    "volume": [6120441, 7340018],
}
_ADJUSTED = _DAYS | {
    "adjusted": True,
    "open": [1190.0, 1191.2],
    "high": [1199.9, 1202.0],
    "low": [1184.05, 1188.15],
    "close": [1190.35, 1196.8],
    "volume": [6120441.0, 7340018.0],
    "factor": [1.0, 1.0],
}

BARS: Mapping[tuple[str, str], Any] = {
    ("GET", "/instruments/{id}/bars"): Looks("adjusted", (_RAW, _ADJUSTED)),
}
