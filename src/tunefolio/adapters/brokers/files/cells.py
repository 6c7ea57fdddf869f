"""Cells of tables that nobody promised: days in any usual order, numbers with signs of money, plain texts."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from tunefolio.adapters.brokers.files import fields
from tunefolio.adapters.brokers.files.fields import Flaw
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.ledger.columnmaps import DayOrder, Point

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS = re.compile(r"([0-9A-Za-z]+)[-/. ]+([0-9A-Za-z]+)[-/., ]+(\d{2,4})(?![0-9])|(\d{4})-(\d{2})-(\d{2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([AaPp][Mm])?")
_MONEY_SIGNS = re.compile(r"(?:INR|USD|Rs\.?|₹|\$|€|£)", re.IGNORECASE)
_GROUPS = re.compile(r"[+-]?\d{1,3}(\.\d{3})*(,\d*)?")
"""Digits in groups of three with dots; a decimal comma."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ORDERS = {DayOrder.YMD: (0, 1, 2), DayOrder.DMY: (2, 1, 0), DayOrder.MDY: (2, 0, 1)}


@lru_cache(maxsize=4_096)
def day(text: str, field: str, order: DayOrder) -> TradingDay:
    """A day in the given order; ISO 8601, as spreadsheets give real dates, is always understood."""
    match = _PARTS.match(text)
    if match is None:
        raise Flaw(field, f"{text[:40]!r} is not a date", f"Its parts are said to be {order.value}")
    if match[4] is not None:
        parts = (match[4], match[5], match[6])
    else:
        said = (match[1], match[2], match[3])
        places = _ORDERS[DayOrder.YMD if len(said[0]) == 4 and said[0].isdigit() else order]
        parts = (said[places[0]], said[places[1]], said[places[2]])
    try:
        year = int(parts[0])
        return TradingDay(date(year + 2000 if year < 100 else year, _month(parts[1]), int(parts[2])))
    except ValueError:
        cure = f"Its parts are said to be {order.value}: choose another order"
        raise Flaw(field, f"{text[:40]!r} is not a date", cure) from None


def moment(text: str, on: TradingDay, field: str) -> Instant | None:
    """The time of day of a cell, in India; None for a cell without one."""
    match = _CLOCK.search(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "pm" else 0)
    try:
        clock = time(hour, minute, second)
    except ValueError:
        raise Flaw(field, f"{text[:40]!r} is not a time") from None
    return Instant.parse(f"{on.iso()}T{clock.isoformat()}", IST)


def number(text: str, field: str, point: Point = Point.DOT) -> Decimal:
    """A number with signs of money, brackets for below zero, and thousands grouped either way.

    With a decimal comma a dot that groups no three digits is a flaw: 99.50 must not be read as 9,950.
    """
    plain = _MONEY_SIGNS.sub("", text).replace("\u00a0", "").replace(" ", "").replace("\u2212", "-")
    below = plain.startswith("(") and plain.endswith(")")
    plain = plain.strip("()")
    if point is Point.COMMA:
        if "." in plain and _GROUPS.fullmatch(plain) is None:
            raise Flaw(field, f"{text[:40]!r} is not a number")
        plain = plain.replace(".", "").replace(",", ".")
    value = fields.number(plain.lstrip("+"), field)
    return -value if below else value


def text(said: str, field: str, longest: int = 200) -> str:
    """A text as it is written, shortened; what a spreadsheet would take for a formula stays text."""
    plain = "".join(c if c.isprintable() else " " for c in said).strip()
    if len(plain) > longest and field in {"symbol", "trade_id"}:
        raise Flaw(field, f"{plain[:40]!r}… is too long")
    return plain[:longest]


def symbol(said: str, field: str = "symbol") -> str:
    """What an exchange could call an instrument, in capitals; a formula is none."""
    if said.startswith(_FORMULA):
        raise Flaw(field, f"{said[:40]!r} is a formula, not a symbol", "Write the symbol as plain text")
    plain = text(said, field, 60).upper()
    if not plain or not any(c.isalnum() for c in plain):
        raise Flaw(field, f"{said[:40]!r} names nothing")
    return plain


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.index(text[:3].lower()) + 1
