"""What a chart says of the past. Its closes and dividends are in today's units: divided by every later split.

Here they become what was paid on the day; a split is told by Yahoo as it tells a bonus, as new units for old.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tunefolio.adapters.prices.yahoo.parsers import MINOR_UNITS, digits, items, number, object_of, result_of
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.money import Currency, currency_of, plain, quantized
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionClaim, ActionKind, Adjustment, Terms, adjustment, raw_prices
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import HistoryClaim, RateClaim

SOURCE = "yahoo"
AMBIGUOUS = "Yahoo does not tell a bonus from a split"
_DIVIDEND_DIGITS = 4
_RATE_DIGITS = 6
_MAJOR = {"GBp": "GBP", "GBX": "GBP", "ILA": "ILS", "ZAc": "ZAR"}


def history(
    body: Mapping[str, Any], listing: Listing, since: TradingDay, until: TradingDay
) -> HistoryClaim | None:
    """The raw closes of [since, until) in a daily chart, and every action in it; None when it holds nothing.

    The chart must reach to now: an earlier end would hide splits that its prices are divided by.
    """
    result = result_of(body, "chart")
    if result is None:
        return None
    meta = object_of(result.get("meta"))
    zone, scale = _zone(meta), 100 if meta.get("currency") in MINOR_UNITS else 1
    currency = _currency(meta)
    splits = list(_splits(result, zone))
    factors = adjustment(splits)
    prices = [
        (day, close / scale) for day, close in _closes(result, zone) if since <= day < until and close > 0
    ]
    told = [*splits, *_dividends(result, zone, factors, currency, scale)]
    actions = [ActionClaim(listing, day, terms, SOURCE) for day, terms in told if day >= since]
    closes = raw_prices(prices, factors, digits=digits(meta))
    return HistoryClaim(
        tuple(closes), currency, tuple(sorted(actions, key=lambda one: (one.ex_day, one.reference)))
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
    try:
        return TradingDay(datetime.fromtimestamp(int(second), UTC).astimezone(zone).date())
    except (OverflowError, ValueError, OSError):
        raise Rejected("Yahoo: a time beyond all calendars", code="wrong_type") from None


def _zone(meta: Mapping[str, Any]) -> tzinfo:
    """The exchange's own, in which a daily candle's second lies on its day; else its offset of today."""
    try:
        return ZoneInfo(str(meta.get("exchangeTimezoneName") or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        offset = number(meta.get("gmtoffset"))
        seconds = int(offset) if offset is not None and abs(offset) < 86_400 else 0
        return timezone(timedelta(seconds=seconds))


def _currency(meta: Mapping[str, Any]) -> Currency:
    """The currency of prices once minor units are gone; "" where Yahoo names none."""
    text = str(meta.get("currency") or "")
    try:
        return currency_of(_MAJOR.get(text, text))
    except Misuse:
        return Currency("")
