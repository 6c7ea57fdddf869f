"""What a statement prints, as values: numbers and days, each told when it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import Isin, isin_of
from tunefolio.core.time import TradingDay

_ABSURD = Decimal(10) ** 15
_WRITTEN = ("%Y-%m-%d", "%d-%b-%Y", "%d/%m/%Y", "%d-%m-%Y")


class Doubt(Misuse):
    """Part of a statement that cannot be trusted."""

    def __init__(self, field: str, problem: str, cure: str = "") -> None:
        super().__init__(field, problem, cure=cure)


@dataclass(frozen=True, slots=True)
class Line:
    """One printed transaction. told: its description; said: its fields as they were read."""

    row: int
    type: str
    told: str
    said: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.said.get(name)
        return "" if value is None else str(value)

    def day(self) -> TradingDay:
        return day_of(self.said.get("date"), "date")

    def units(self) -> Decimal:
        return _needed(self.said.get("units"), "units")

    def amount(self) -> Decimal:
        return _needed(self.said.get("amount"), "amount")

    def units_or_none(self) -> Decimal | None:
        return _quietly(self.said.get("units"))

    def amount_or_none(self) -> Decimal | None:
        return _quietly(self.said.get("amount"))

    def nav_or_none(self) -> Decimal | None:
        nav = _quietly(self.said.get("nav"))
        return nav if nav is not None and nav > 0 else None


def number(value: Any, field: str) -> Decimal | None:
    """A finite number; None for nothing. Raises Doubt."""
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        raise Doubt(field, f"{str(value)[:40]!r} is not a number") from None
    if not found.is_finite() or abs(found) >= _ABSURD:
        raise Doubt(field, f"{str(value)[:40]!r} is not a plausible number")
    return found


def maps(value: Any) -> list[Mapping[str, Any]]:
    """The objects in what should be a list of them; a statement that was tampered with has others."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def period_of(cas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The statement's period, with `from` and `to`; empty where it has none."""
    period = cas.get("statement_period")
    return period if isinstance(period, Mapping) else {}


def day_of(value: Any, field: str) -> TradingDay:
    """A day in any of the ways statements write one; raises Doubt."""
    text = str(value or "").strip()
    for pattern in _WRITTEN:
        try:
            return TradingDay(datetime.strptime(text[:11], pattern).date())  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise Doubt(field, f"{text[:40]!r} is not a date")


def isin_of_scheme(value: Any, name: str) -> Isin:
    """Raises Doubt for a scheme that nothing names for sure."""
    if not value:
        raise Doubt("isin", f"{name or 'a scheme'} has no ISIN", "Record this scheme by hand")
    try:
        return isin_of(str(value))
    except Misuse as false:
        raise Doubt("isin", f"{name}: {false.problem}", "Record this scheme by hand") from None


def _needed(value: Any, field: str) -> Decimal:
    found = number(value, field)
    if found is None or found == 0:
        raise Doubt(field, "is lacking or zero")
    return found


def _quietly(value: Any) -> Decimal | None:
    try:
        return number(value, "number")
    except Doubt:
        return None
