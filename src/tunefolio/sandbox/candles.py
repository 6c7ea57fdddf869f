"""Candles of any length, gathered from those of a minute; how each is told is its face's affair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.sandbox.market import Candle, Market
from tunefolio.sandbox.universe import Listed


def gathered(
    market: Market, listed: Listed, first: TradingDay, after: TradingDay, now: Instant, *, minutes: int
) -> Iterator[Candle]:
    """Of [first, after), each of so many minutes, counted from its session's open; the running one as it
    stands, too."""

    def place(candle: Candle) -> tuple[TradingDay, int]:
        day = TradingDay(calendar_date(candle.start))
        return day, (candle.start - market.window(listed, day).open) // timedelta(minutes=minutes)

    for _, parts in groupby(market.minutes(listed, first, after, now), place):
        yield joined(list(parts))


def joined(parts: Sequence[Candle]) -> Candle:
    """Neighbours as one."""
    return Candle(
        parts[0].start,
        parts[0].open,
        max(one.high for one in parts),
        min(one.low for one in parts),
        parts[-1].close,
        sum(one.volume for one in parts),
    )
