"""How figures read: ₹ in lakh and crore, signs, ages, Indian time. Templates format, they never compute.

Every filter answers "—" for None: the reason stands beside it, in the template.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from tunefolio.core.errors import sentence
from tunefolio.core.money import Currency, Money, Price, minor_digits, quantized
from tunefolio.core.time import IST, Instant, TradingDay

NOTHING = "—"
MINUS = "−"
_SIGNS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_CRORE = Decimal(10_000_000)
_LAKH = Decimal(100_000)


def symbol(currency: Currency | str) -> str:
    """₹, $, …; the code and a thin space where there is no common sign."""
    return _SIGNS.get(currency, f"{currency}\u202f")


def grouped(whole: str, currency: Currency | str = "INR") -> str:
    """Digits in groups: 1,15,25,310 for rupees, 11,525,310 for all else."""
    if currency != "INR" or len(whole) <= 3:
        return f"{int(whole):,}"
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)]
    return ",".join([*reversed(pairs), tail])


def plain(value: Decimal, digits: int, currency: Currency | str = "INR") -> str:
    """|value| to `digits` places, grouped; no sign."""
    whole, _, fraction = f"{abs(quantized(value, digits)):f}".partition(".")
    return grouped(whole, currency) + (f".{fraction}" if fraction else "")


def money(amount: Money | None, digits: int | None = None) -> str:
    """₹1,15,25,310.00; a loss carries a true minus sign before the currency."""
    if amount is None:
        return NOTHING
    places = minor_digits(amount.currency) if digits is None else digits
    sign = MINUS if quantized(amount.amount, places) < 0 else ""
    return f"{sign}{symbol(amount.currency)}{plain(amount.amount, places, amount.currency)}"


def money_signed(amount: Money | None, digits: int | None = None) -> str:
    """As money, with + before a gain: the sign, not only the colour, tells which it is."""
    text = money(amount, digits)
    return f"+{text}" if amount is not None and amount.amount > 0 else text


def money_short(amount: Money | None) -> str:
    """₹1.15 Cr, ₹83.76 L, ₹58,118; $1.25 M, $12.5 K for other currencies."""
    if amount is None:
        return NOTHING
    steps = (
        ((_CRORE, "Cr"), (_LAKH, "L"))
        if amount.currency == "INR"
        else ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 4, "K"))
    )
    sign = MINUS if amount.amount < 0 else ""
    for size, word in steps:
        if abs(amount.amount) >= size:
            unit = size / 10 if word == "K" else size
            return f"{sign}{symbol(amount.currency)}{plain(amount.amount / unit, 2, amount.currency)} {word}"
    return money(amount, 0)


def price(value: Price | None) -> str:
    """₹1,489.35; up to four places where the price has them (fund NAVs), never fewer than two; from a hundred
    thousand up two are enough."""
    if value is None:
        return NOTHING
    digits = 4 if abs(value.amount) < _LARGE else 2
    return f"{symbol(value.currency)}{_trimmed(plain(value.amount, digits, value.currency), 2)}"


_LARGE = Decimal(100_000)


def percent(ratio: Decimal | None, digits: int = 2) -> str:
    """A ratio as per cent: 0.0738 reads 7.38%."""
    if ratio is None:
        return NOTHING
    value = quantized(ratio * 100, digits)
    return f"{MINUS if value < 0 else ''}{plain(value, digits, '')}%"


def percent_signed(ratio: Decimal | None, digits: int = 2) -> str:
    text = percent(ratio, digits)
    return f"+{text}" if ratio is not None and ratio > 0 else text


def quantity(units: Decimal | None) -> str:
    """1,500 or 0.35: no idle zeros, at most eight places."""
    if units is None:
        return NOTHING
    return (MINUS if units < 0 else "") + _trimmed(plain(units, 8), 0)


def tone(value: Money | Price | Decimal | None) -> str:
    """up, down or flat: the class that colours a figure; its sign says the same without colour."""
    if value is None:
        return "flat"
    amount = value if isinstance(value, Decimal) else value.amount
    return "up" if amount > 0 else "down" if amount < 0 else "flat"


def ist(moment: Instant | None, pattern: str = "%d %b %Y, %H:%M IST") -> str:
    """A moment on the wall clock of India."""
    return NOTHING if moment is None else moment.in_zone(IST).strftime(pattern)


def clock_time(moment: Instant | None) -> str:
    """09:15 IST."""
    return ist(moment, "%H:%M IST")


def iso(moment: Instant | TradingDay | None) -> str:
    """For <time datetime>; a moment carries the Indian offset."""
    match moment:
        case None:
            return ""
        case Instant():
            return moment.iso(IST)
        case TradingDay():
            return moment.iso()


def day(date: TradingDay | None) -> str:
    """21 Nov 2026."""
    return NOTHING if date is None else date.date.strftime("%d %b %Y").lstrip("0")


@pass_context
def age(context: Context, moment: Instant | None) -> str:
    """just now, 4 min ago, 3 h ago, 2 days ago; against `now` of the page."""
    if moment is None:
        return NOTHING
    now = context.get("now")
    return age_between(moment, now) if isinstance(now, Instant) else ist(moment)


def age_between(moment: Instant, now: Instant) -> str:
    """The words of `age`; "in …" for a moment to come."""
    span = now - moment
    future = span < timedelta(0)
    seconds = int(abs(span).total_seconds())
    if seconds < 45:
        return "in a moment" if future else "just now"
    for size, word in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size or word == "min":
            count = max(1, round(seconds / size))
            unit = f"{word}s" if word == "day" and count != 1 else word
            return f"in {count} {unit}" if future else f"{count} {unit} ago"
    raise AssertionError("unreachable: the loop ends at minutes")


def said(field: str, problem: str) -> str:
    """A field and what is wrong with it: a sentence without its full stop."""
    return sentence(field.replace("_", " ").capitalize(), problem)


def _trimmed(text: str, keep: int) -> str:
    """Without idle zeros behind the point, but with at least `keep` places."""
    whole, point, fraction = text.partition(".")
    if not point:
        return text
    fraction = fraction.rstrip("0").ljust(keep, "0")
    return f"{whole}.{fraction}" if fraction else whole


def install(environment: Environment) -> None:
    """Put every filter where templates find it."""
    filters: dict[str, Any] = {
        "money": money,
        "money_signed": money_signed,
        "money_short": money_short,
        "price": price,
        "percent": percent,
        "percent_signed": percent_signed,
        "quantity": quantity,
        "tone": tone,
        "ist": ist,
        "clock_time": clock_time,
        "iso": iso,
        "day": day,
        "age": age,
        "said": said,
    }
    environment.filters.update(filters)
