"""Kotak's candles, asked for in pieces no longer than Kotak allows; it takes days, both ends included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.kotakneo.errors import TITLE, body_of, mapping, number, problem_of
from tunefolio.adapters.brokers.kotakneo.neo import Lane, Neo, Pass
from tunefolio.adapters.brokers.kotakneo.scrips import Symbol
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.time import IST, Instant, TradingDay, calendar_date
from tunefolio.market.provider import Candle, Interval

PATH = "/market-data/1.0/historical/details"
WITHOUT = frozenset({"mcx_fo", "nse_com"})
"""Segments of which Kotak tells no past."""
WORDS: Mapping[Interval, str] = {
    Interval.MINUTE: "1min",
    Interval.FIVE_MINUTES: "5min",
    Interval.FIFTEEN_MINUTES: "15min",
    Interval.THIRTY_MINUTES: "30min",
    Interval.HOUR: "60min",
    Interval.DAY: "D",
}
SPANS: Mapping[Interval, int] = {
    Interval.MINUTE: 30,
    Interval.FIVE_MINUTES: 30,
    Interval.FIFTEEN_MINUTES: 60,
    Interval.THIRTY_MINUTES: 90,
    Interval.HOUR: 90,
    Interval.DAY: 180,
}
"""The most days of one call; Kotak refuses more."""
LENGTHS: Mapping[Interval, timedelta] = {
    Interval.MINUTE: timedelta(minutes=1),
    Interval.FIVE_MINUTES: timedelta(minutes=5),
    Interval.FIFTEEN_MINUTES: timedelta(minutes=15),
    Interval.THIRTY_MINUTES: timedelta(minutes=30),
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
}


def fetched(
    neo: Neo, leave: Pass, *, symbol: Symbol, interval: Interval, since: Instant, until: Instant
) -> tuple[Candle, ...] | None:
    """Whole candles within [since, until), ascending; None where Kotak has no past at all."""
    if symbol.segment in WITHOUT:
        return None
    last = until - LENGTHS[interval]
    found: dict[Instant, Candle] = {}
    for first, end in pieces(interval, since, until):
        params = [
            ("neosymbol", str(symbol)),
            ("interval", WORDS[interval]),
            ("fromdate", first.iso()),
            ("todate", end.iso()),
        ]
        told = candles(body_of(neo.ask(leave, PATH, Lane.HISTORICAL, params)))
        found |= {one.start: one for one in told if since <= one.start <= last}
    return tuple(found[start] for start in sorted(found))


def pieces(interval: Interval, since: Instant, until: Instant) -> Iterator[tuple[TradingDay, TradingDay]]:
    """The days of [since, until) in spans that one call may ask for, oldest first; both ends included."""
    day = TradingDay(calendar_date(since))
    last = TradingDay(calendar_date(until - timedelta(microseconds=1)))
    while day <= last:
        end = min(last, day.plus_days(SPANS[interval] - 1))
        yield day, end
        day = end.plus_days(1)


def candles(told: Any, where: str = "candles") -> Iterator[Candle]:
    """A whole answer; open interest where Kotak has come to send it."""
    envelope = mapping(told, where)
    if (problem := problem_of(envelope)) is not None:
        raise problem
    listed = mapping(envelope.get("data"), where).get("candles")
    if listed is None:
        return
    if not isinstance(listed, list):
        raise Rejected(f"{TITLE}: {where} is not a list", code="wrong_type")
    for at, row in enumerate(listed):
        yield _candle(row, f"{where}[{at}]")


def _candle(row: Any, where: str) -> Candle:
    if not isinstance(row, list) or len(row) < 6:
        raise Rejected(f"{TITLE}: {where} is not a candle", code="wrong_type")
    try:
        start = Instant.parse(str(row[0]), IST)
    except Misuse:
        raise Rejected(f"{TITLE}: the time of {where} is not a time", code="wrong_type") from None
    names = ("open", "high", "low", "close", "volume")
    told: dict[str, Decimal] = {
        name: number({name: value}, name, where) for name, value in zip(names, row[1:6], strict=True)
    }
    interest = None if len(row) < 7 or row[6] is None else int(number({"oi": row[6]}, "oi", where))
    return Candle(
        start, told["open"], told["high"], told["low"], told["close"], int(told["volume"]), interest
    )
