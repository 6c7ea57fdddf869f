"""What sources' answers have in common: JSON that may be torn, prices as text or numbers, days as epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.money import plain, quantized
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.provider import RateClaim

_LARGEST = Decimal(10) ** 15
_DIGITS = 10
"""Decimals of a price that are kept; more would be the noise of floats, and no column holds them."""


def document(answer: Answer, who: str) -> Any:
    """Parsed JSON; Retry for a page, a torn or an empty body: those pass."""
    try:
        return jsons.loads(answer.content)
    except (ValueError, RecursionError):
        raise Retry(f"{who}: the answer is not JSON") from None


def nonsense(who: str, what: str) -> Rejected:
    """The answer can be read and does not say what it should."""
    return Rejected(f"{who}: {what}", code="wrong_type")


def row_of(value: Any, who: str) -> Mapping[str, Any]:
    """A JSON object; Rejected for anything else."""
    if not isinstance(value, dict):
        raise nonsense(who, "an object was expected")
    return value


def rows_of(value: Any, who: str) -> list[Any]:
    """A JSON list; Rejected for anything else."""
    if not isinstance(value, list):
        raise nonsense(who, "a list was expected")
    return value


def number(value: Any, who: str) -> Decimal:
    """A finite number, from its text or from JSON; Rejected for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise nonsense(who, "a number was expected")
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise nonsense(who, f"{str(value)[:40]!r} is not a number") from None
    if not found.is_finite() or abs(found) >= _LARGEST:
        raise nonsense(who, "a number is absurdly large")
    return found if -int(found.as_tuple().exponent) <= _DIGITS else quantized(found, _DIGITS)


def price(value: Any, who: str) -> Decimal:
    """A number above zero, to ten decimals at most."""
    found = number(value, who)
    if found <= 0:
        raise nonsense(who, f"{found} is no price")
    return found


def moment(seconds: Any, who: str) -> Instant:
    """The instant of an epoch in seconds."""
    try:
        return Instant(datetime.fromtimestamp(float(number(seconds, who)), UTC))
    except (OverflowError, ValueError, OSError):
        raise nonsense(who, "a time is beyond all calendars") from None


def date_of(answer: Answer) -> Instant | None:
    """The other side's clock; None where it tells no Date."""
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return Instant(told.replace(tzinfo=told.tzinfo or UTC))


def day_of(text: Any, who: str) -> TradingDay:
    """YYYY-MM-DD, with or without a time behind it."""
    try:
        return TradingDay.parse(str(text)[:10])
    except Misuse:
        raise nonsense(who, f"{str(text)[:40]!r} is not a date") from None


def ordered(bars: Iterable[Bar], since: TradingDay, until: TradingDay) -> tuple[Bar, ...]:
    """Those of [since, until), ascending, each day once: of a day told twice the later telling."""
    kept = {bar.day: bar for bar in bars if since <= bar.day < until}
    return tuple(kept[day] for day in sorted(kept))


def ordered_rates(rates: Iterable[RateClaim], since: TradingDay, until: TradingDay) -> tuple[RateClaim, ...]:
    """Those of [since, until), ascending, each day once: of a day told twice the later telling."""
    kept = {rate.day: rate for rate in rates if since <= rate.day < until}
    return tuple(kept[day] for day in sorted(kept))


def quotient(one: Decimal, other: Decimal) -> Decimal:
    """one ÷ other to ten decimals: a rate that nobody published but two published ones imply."""
    return Decimal(plain(quantized(one / other, _DIGITS)))
