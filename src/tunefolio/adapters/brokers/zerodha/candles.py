"""Kite's candles, asked for in pieces no longer than Kite allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import mapping
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.time import IST, Instant
from tunefolio.market.provider import Candle, Interval

WORDS: Mapping[Interval, str] = {
    Interval.MINUTE: "minute",
    Interval.FIVE_MINUTES: "5minute",
    Interval.FIFTEEN_MINUTES: "15minute",
    Interval.THIRTY_MINUTES: "30minute",
    Interval.HOUR: "60minute",
    Interval.DAY: "day",
}
SPANS: Mapping[Interval, timedelta] = {
    Interval.MINUTE: timedelta(days=60),
    Interval.FIVE_MINUTES: timedelta(days=100),
    Interval.FIFTEEN_MINUTES: timedelta(days=200),
    Interval.THIRTY_MINUTES: timedelta(days=200),
    Interval.HOUR: timedelta(days=400),
    Interval.DAY: timedelta(days=2000),
}
"""The longest span of one call; Kite refuses more."""
LENGTHS: Mapping[Interval, timedelta] = {
    Interval.MINUTE: timedelta(minutes=1),
    Interval.FIVE_MINUTES: timedelta(minutes=5),
    Interval.FIFTEEN_MINUTES: timedelta(minutes=15),
    Interval.THIRTY_MINUTES: timedelta(minutes=30),
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
}


def pieces(interval: Interval, since: Instant, until: Instant) -> Iterator[tuple[Instant, Instant]]:
    """[since, until) cut into spans that one call may ask for, oldest first."""
    start = since
    while start < until:
        end = min(until, start + SPANS[interval])
        yield start, end
        start = end


def candles(data: Any, where: str = "candles") -> Iterator[Candle]:
    """`data` of /instruments/historical, ascending; open interest where Kite sends a seventh figure."""
    told = mapping(data, where).get("candles")
    if not isinstance(told, list):
        raise Rejected(f"Zerodha: {where} is not a list", code="wrong_type")
    for at, row in enumerate(told):
        yield _candle(row, f"{where}[{at}]")


def _candle(row: Any, where: str) -> Candle:
    if not isinstance(row, list) or len(row) < 6:
        raise Rejected(f"Zerodha: {where} is not a candle", code="wrong_type")
    try:
        start = Instant.parse(str(row[0]), IST)
    except Misuse:
        raise Rejected(f"Zerodha: the time of {where} is not a time", code="wrong_type") from None
    if not all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in row[1:7]):
        raise Rejected(f"Zerodha: {where} holds something else than numbers", code="wrong_type")
    first, high, low, close = (Decimal(value) for value in row[1:5])
    return Candle(start, first, high, low, close, int(row[5]), int(row[6]) if len(row) > 6 else None)
