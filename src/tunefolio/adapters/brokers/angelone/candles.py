"""Angel One's candles: so many days to a call by their length, both ends of a span included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tunefolio.adapters.answers import date_of
from tunefolio.adapters.brokers.angelone.errors import data_of
from tunefolio.adapters.brokers.angelone.fields import number
from tunefolio.adapters.brokers.angelone.smart import SECURE, Lane, Leave, Smart
from tunefolio.adapters.brokers.angelone.tokens import Tokens
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.time import IST, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Candle, Interval

PATH = f"{SECURE}/historical/v1/getCandleData"
MINUTE = timedelta(minutes=1)

WORDS = {
    Interval.MINUTE: ("ONE_MINUTE", MINUTE, 30),
    Interval.FIVE_MINUTES: ("FIVE_MINUTE", timedelta(minutes=5), 100),
    Interval.FIFTEEN_MINUTES: ("FIFTEEN_MINUTE", timedelta(minutes=15), 200),
    Interval.THIRTY_MINUTES: ("THIRTY_MINUTE", timedelta(minutes=30), 200),
    Interval.HOUR: ("ONE_HOUR", timedelta(hours=1), 400),
    Interval.DAY: ("ONE_DAY", timedelta(days=1), 2000),
}
"""Angel One's word, how long it lasts, and the most days it tells of in one call."""


class AngelCandles:
    """The past within sessions. Raises Reauth, Retry, Rejected."""

    def __init__(self, smart: Smart, leave: Leave, tokens: Tokens) -> None:
        self._smart = smart
        self._leave = leave
        self._tokens = tokens

    def candles(
        self, listing: Listing, interval: Interval, *, since: Instant, until: Instant
    ) -> tuple[Candle, ...] | None:
        """Those that start in [since, until), without the running one by the clock of the answers."""
        token = self._tokens.of([listing]).get(listing)
        if token is None:
            return None
        word, length, _ = WORDS[interval]
        asked = {"exchange": listing.exchange, "symboltoken": token, "interval": word}
        found: dict[Instant, Candle] = {}
        for first, last in spans(interval, since, until):
            body = {**asked, "fromdate": _written(first), "todate": _written(last)}
            answer = self._smart.answer(self._leave, PATH, body, Lane.CANDLES)
            now = date_of(answer)
            for candle in candles(data_of(answer)):
                is_over = now is None or candle.start + length <= now
                if is_over and since <= candle.start < until:
                    found[candle.start] = candle
        return tuple(found[start] for start in sorted(found))


def spans(interval: Interval, since: Instant, until: Instant) -> Iterator[tuple[Instant, Instant]]:
    """[since, until) in pieces that Angel One answers, each with both its ends, in whole minutes."""
    most = timedelta(days=WORDS[interval][2])
    start = Instant(since.utc.replace(second=0, microsecond=0))
    while start < until:
        after = min(until, start + most)
        yield start, max(start, after - timedelta(microseconds=1))
        start = after


def candles(data: Any) -> list[Candle]:
    """`data` of getCandleData: rows of start, open, high, low, close, volume; null for none."""
    if data is None:
        return []
    if not isinstance(data, list):
        raise Rejected("Angel One: the candles are not a list", code="wrong_type")
    return [_candle(row, f"candles[{at}]") for at, row in enumerate(data)]


def _candle(row: Any, where: str) -> Candle:
    if not isinstance(row, list) or len(row) < 6:
        raise Rejected(f"Angel One: {where} lacks cells", code="missing_field")
    names = ("open", "high", "low", "close", "volume")
    cells = dict(zip(names, row[1:6], strict=True))
    first, high, low, close, volume = (number(cells, name, where) for name in names)
    if not 0 < low <= min(first, close) <= max(first, close) <= high:
        raise Rejected(f"Angel One: the prices of {where} contradict each other", code="wrong_type")
    return Candle(_start(row[0], where), first, high, low, close, _whole(volume, where))


def _start(value: Any, where: str) -> Instant:
    try:
        return Instant.parse(str(value), IST)
    except Misuse:
        raise Rejected(f"Angel One: the start of {where} is not a time", code="wrong_type") from None


def _whole(volume: Decimal, where: str) -> int:
    if volume < 0 or volume != volume.to_integral_value():
        raise Rejected(f"Angel One: the volume of {where} is no count", code="wrong_type")
    return int(volume)


def _written(moment: Instant) -> str:
    return moment.in_zone(IST).strftime("%Y-%m-%d %H:%M")
