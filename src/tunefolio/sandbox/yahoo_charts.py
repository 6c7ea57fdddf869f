"""Yahoo's intervals and ranges, and how candles are gathered into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from typing import Any

from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.sandbox.abroad import place_of
from tunefolio.sandbox.corporate import Split, dividend, dividend_day
from tunefolio.sandbox.market import Candle, Market
from tunefolio.sandbox.universe import Listed


@dataclass(frozen=True, slots=True)
class Interval:
    """So many minutes, or so many days, weeks or months."""

    minutes: int = 0
    days: int = 0
    months: int = 0

    @property
    def is_daily(self) -> bool:
        return self.minutes == 0

    def group(self, candle: Candle) -> tuple[int, int]:
        """Candles of one group become one."""
        day = calendar_date(candle.start)
        if self.minutes:
            return day.toordinal(), int(candle.start.utc.timestamp()) // (60 * self.minutes)
        if self.months:
            return day.year, (day.month - 1) // self.months
        return (day.toordinal() - 1) // self.days, 0


INTERVALS = {
    "1m": Interval(minutes=1),
    "2m": Interval(minutes=2),
    "5m": Interval(minutes=5),
    "15m": Interval(minutes=15),
    "30m": Interval(minutes=30),
    "60m": Interval(minutes=60),
    "90m": Interval(minutes=90),
    "1h": Interval(minutes=60),
    "1d": Interval(days=1),
    "5d": Interval(days=5),
    "1wk": Interval(days=7),
    "1mo": Interval(months=1),
    "3mo": Interval(months=3),
}

RANGES = {
    "1d": 1, "5d": 5, "1mo": 30, "3mo": 91, "6mo": 182, "1y": 365, "2y": 730, "5y": 1826, "10y": 3652,
    "ytd": 0, "max": 0,
}  # fmt: skip
"""Calendar days back from now; ytd and max have their own starts."""

_FIRST = TradingDay(date(2014, 1, 1))
_MIDNIGHT = time(0)


def start_of(wanted: str, now: Instant) -> Instant:
    """Midnight in India on the first day of a range."""
    today = TradingDay(calendar_date(now))
    if wanted == "max":
        return Instant.at(_FIRST, _MIDNIGHT)
    if wanted == "ytd":
        return Instant.at(TradingDay(date(today.date.year, 1, 1)), _MIDNIGHT)
    return Instant.at(today.plus_days(1 - RANGES[wanted]), _MIDNIGHT)


def gathered(candles: Iterator[Candle], interval: Interval) -> Iterator[Candle]:
    """Candles of the coarser interval; a group begins at its first candle."""
    for _, group in groupby(candles, interval.group):
        part = list(group)
        yield Candle(
            part[0].start,
            part[0].open,
            max(candle.high for candle in part),
            min(candle.low for candle in part),
            part[-1].close,
            sum(candle.volume for candle in part),
        )


def events_of(market: Market, listed: Listed, stamps: list[int], *, now: Instant) -> dict[str, Any]:
    """`events` of a daily chart: what the company did on days of its rows, in the units of now."""
    grown = market.register.grown(listed, market.sessions.current(now))
    amount = round(float(dividend(listed) / grown), 4)
    place = place_of(listed)
    rows = sorted((place.day(stamp).date, stamp) for stamp in stamps)
    events = {
        "dividends": {
            str(stamp): {"amount": amount, "date": stamp}
            for year in range(rows[0][0].year, rows[-1][0].year + 1)
            if amount and (stamp := _row(rows, dividend_day(listed, year))) is not None
        },
        "splits": {
            str(stamp): _split(split, stamp)
            for split in market.register.splits_of(listed)
            if (stamp := _row(rows, split.ex_day)) is not None
        },
    }
    found = {name: rows for name, rows in events.items() if rows}
    return {"events": found} if found else {}


def _row(rows: list[tuple[date, int]], day: date) -> int | None:
    """The first row on or after the day; None when the rows begin after it or end before it."""
    if rows[0][0] > day:
        return None
    return next((stamp for at, stamp in rows if at >= day), None)


def _split(split: Split, stamp: int) -> dict[str, Any]:
    return {
        "date": stamp,
        "numerator": float(split.new),
        "denominator": float(split.old),
        "splitRatio": f"{split.new}:{split.old}",
    }
