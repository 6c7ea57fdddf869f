"""What a chart says of the past. Its closes and dividends are in today's units: divided by every later split.

Here they become what was paid on the day; a split is told by Yahoo as it tells a bonus, as new units for old.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tunefolio.adapters.prices.yahoo.parsers import (
    MINOR_UNITS,
    digits,
    instant,
    items,
    number,
    object_of,
    result_of,
)
from tunefolio.adapters.prices.yahoo.parsers import currency as currency_named
from tunefolio.core.errors import Rejected
from tunefolio.core.money import Currency, plain, quantized
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.actions import ActionClaim, ActionKind, Adjustment, Terms, adjustment
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import BarsClaim, RateClaim

SOURCE = "yahoo"
AMBIGUOUS = "Yahoo does not tell a bonus from a split"
_DIVIDEND_DIGITS = 4
_RATE_DIGITS = 6


def bars(
    body: Mapping[str, Any], listing: Listing, *, since: TradingDay, until: TradingDay, now: Instant
) -> BarsClaim | None:
    """The raw bars of [since, until) in a daily chart, and every action in it; None when it holds nothing.

    The chart must reach to now: an earlier end would hide splits that its prices are divided by. A session
    that is not over by `now` is no bar.
    Volumes are multiplied as prices are divided; a day whose open, high or low is null keeps its close alone.
    """
    result = result_of(body, "chart")
    if result is None:
        return None
    meta = object_of(result.get("meta"))
    zone, currency = _zone(meta), currency_named(meta)
    scale = 100 if meta.get("currency") in MINOR_UNITS else 1
    splits = list(_splits(result, zone))
    factors = adjustment(splits)
    end = min(until, _running_day(meta, zone, now) or until)
    found = [_raw(row, factors, scale, digits(meta)) for row in _rows(result, zone) if since <= row.day < end]
    told = [*splits, *_dividends(result, zone, factors, currency, scale)]
    actions = [ActionClaim(listing, day, terms, SOURCE) for day, terms in told if day >= since]
    return BarsClaim(
        tuple(found), currency, tuple(sorted(actions, key=lambda one: (one.ex_day, one.reference)))
    )


def rates(
    body: Mapping[str, Any], base: Currency, quote: Currency, since: TradingDay, until: TradingDay
) -> tuple[RateClaim, ...] | None:
    """The closes of a currency pair's chart, as rates; None when it holds nothing."""
    result = result_of(body, "chart")
    if result is None:
        return None
    zone = _zone(object_of(result.get("meta")))
    return tuple(
        RateClaim(base, quote, day, quantized(close, _RATE_DIGITS))
        for day, close in _closes(result, zone)
        if since <= day < until and close > 0
    )


def _closes(result: Mapping[str, Any], zone: tzinfo) -> list[tuple[TradingDay, Decimal]]:
    """Every close that is not null, ascending; of two on one day (the running one repeated) the later."""
    columns = items(object_of(result.get("indicators")).get("quote"))
    closes = items(object_of(columns[0]).get("close")) if columns else []
    found: dict[TradingDay, Decimal] = {}
    for stamp, close in zip(items(result.get("timestamp")), closes, strict=False):
        second, price = number(stamp), number(close)
        if second is not None and price is not None:
            found[_day(second, zone)] = price
    return sorted(found.items())


def _rows(result: Mapping[str, Any], zone: tzinfo) -> list[Bar]:
    """What is told of each day whose close is not null, in today's units; ascending, the later of two."""
    columns = items(object_of(result.get("indicators")).get("quote"))
    quote = object_of(columns[0]) if columns else {}
    names = ("open", "high", "low", "close", "volume")
    told = [items(quote.get(name)) for name in names]
    found: dict[TradingDay, Bar] = {}
    for place, stamp in enumerate(items(result.get("timestamp"))):
        second = number(stamp)
        row = [number(column[place]) if place < len(column) else None for column in told]
        opening, high, low, close, volume = row
        if second is None or close is None or close <= 0:
            continue
        day = _day(second, zone)
        is_whole = all(price is not None and price > 0 for price in row[:3])
        ends = (opening, high, low) if is_whole else (None, None, None)
        found[day] = Bar(day, close, *ends, None if volume is None or volume < 0 else int(volume))
    return [found[day] for day in sorted(found)]


def _raw(bar: Bar, factors: Adjustment, scale: int, places: int) -> Bar:
    """The bar as it was paid."""

    def paid(price: Decimal | None) -> Decimal | None:
        return None if price is None else quantized(factors.raw(price / scale, bar.day), places)

    volume = None if bar.volume is None else round(bar.volume * factors.factor(bar.day))
    close = quantized(factors.raw(bar.close / scale, bar.day), places)
    return Bar(bar.day, close, paid(bar.open), paid(bar.high), paid(bar.low), volume)


def _running_day(meta: Mapping[str, Any], zone: tzinfo, now: Instant) -> TradingDay | None:
    """The day whose regular session is not over yet; None when the newest told session is."""
    period = object_of(object_of(meta.get("currentTradingPeriod")).get("regular"))
    end = number(period.get("end"))
    return _day(end, zone) if end is not None and now < instant(end) else None


def _splits(result: Mapping[str, Any], zone: tzinfo) -> Iterator[tuple[TradingDay, Terms]]:
    for row in _events(result, "splits"):
        new, old = number(row.get("numerator")), number(row.get("denominator"))
        day = _day_of(row, zone)
        if new is None or old is None or new <= 0 or old <= 0:
            raise Rejected("Yahoo: a split without its ratio", code="wrong_type")
        if new != old:
            yield day, Terms(ActionKind.SPLIT, _plain(new), _plain(old), note=AMBIGUOUS)


def _dividends(
    result: Mapping[str, Any], zone: tzinfo, factors: Adjustment, currency: Currency, scale: int
) -> Iterator[tuple[TradingDay, Terms]]:
    """As paid: amounts come in today's units like the closes, and carry the same noise."""
    sums: dict[TradingDay, Decimal] = {}
    for row in _events(result, "dividends"):
        amount = number(row.get("amount"))
        if amount is None or amount < 0:
            raise Rejected("Yahoo: a dividend without its amount", code="wrong_type")
        day = _day_of(row, zone)
        sums[day] = sums.get(day, Decimal(0)) + amount
    for day, amount in sums.items():
        paid = quantized(factors.raw(amount / scale, day), _DIVIDEND_DIGITS)
        if paid > 0:
            yield day, Terms(ActionKind.DIVIDEND, amount=_plain(paid), currency=currency)


def _plain(value: Decimal) -> Decimal:
    """Without the zeros that a float leaves behind its point."""
    return Decimal(plain(value))


def _events(result: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    return [object_of(row) for row in object_of(object_of(result.get("events")).get(name)).values()]


def _day_of(row: Mapping[str, Any], zone: tzinfo) -> TradingDay:
    second = number(row.get("date"))
    if second is None:
        raise Rejected("Yahoo: an event without its day", code="wrong_type")
    return _day(second, zone)


def _day(second: Decimal, zone: tzinfo) -> TradingDay:
    return TradingDay(instant(second).utc.astimezone(zone).date())


def _zone(meta: Mapping[str, Any]) -> tzinfo:
    """The exchange's own, in which a daily candle's second lies on its day; else its offset of today."""
    try:
        return ZoneInfo(str(meta.get("exchangeTimezoneName") or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        offset = number(meta.get("gmtoffset"))
        seconds = int(offset) if offset is not None and abs(offset) < 86_400 else 0
        return timezone(timedelta(seconds=seconds))
