"""Example answer of daily bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BARS: Mapping[tuple[str, str], Any] = {
    ("GET", "/instruments/{id}/bars"): {
        "instrument_id": 4,
        "symbol": "AXISBANK",
        "exchange": "NSE",
        "currency": "INR",
        "adjusted": False,
        "sources": ["nse"],
        "days": ["2026-11-19", "2026-11-20"],
        "open": ["1190.00", "1191.20"],
        "high": ["1199.90", "1202.00"],
        "low": ["1184.05", "1188.15"],
        "close": ["1190.35", "1196.80"],
        "volume": [6120441, 7340018],
        "factor": None,
        "next": "2026-11-23",
        "problem": None,
    },
}
