"""Cells into values; what cannot be one is a Flaw, which becomes the row's problem."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import Isin, isin_of
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.ledger.files import RowProblem
from tunefolio.market.instruments import exchange_of

_ABSURD = Decimal(10) ** 15
_PLACES = 8
_GROUPED = re.compile(r"-?\d{1,3}(,\d{2,3})*,\d{3}(\.\d+)?\Z")
"""Thousands in threes or, above them, lakhs in twos; always three digits last: 99,50 is no 9,950."""


class Flaw(Exception):
    """One cell that is not what its column says."""

    def __init__(self, field: str, problem: str, cure: str = "") -> None:
        super().__init__(field, problem, cure)
        self.field = field
        self.problem = problem
        self.cure = cure

    def at(self, row: int) -> RowProblem:
        return RowProblem(row, self.field, self.problem, self.cure)


def columns(cells: Sequence[str]) -> dict[str, int]:
    """Where each named column stands; names in lower case, the first of two equal ones."""
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if cell:
            places.setdefault(" ".join(cell.lower().split()), place)
    return places


def must_have(places: Mapping[str, int], needed: Sequence[str], found: Sequence[str]) -> None:
    """Raises Misuse naming the columns that are missing and those that are there."""
    lacking = [name for name in needed if name not in places]
    if lacking:
        raise without(lacking, found)


def without(lacking: Sequence[str], found: Sequence[str]) -> Misuse:
    """The refusal of a file whose header lacks columns."""
    seen = ", ".join(cell for cell in found if cell)[:300] or "none"
    columns = "column" if len(lacking) == 1 else "columns"
    return Misuse(
        "file",
        f"lacks the {columns} {', '.join(lacking)}; found: {seen}",
        cure="Download it again as the broker gives it",
    )


def cell(cells: Sequence[str], places: Mapping[str, int], name: str) -> str:
    """The cell of a named column; "" when the row is too short or the column is not there."""
    place = places.get(name, -1)
    return cells[place] if 0 <= place < len(cells) else ""


def needed(cells: Sequence[str], places: Mapping[str, int], name: str) -> str:
    text = cell(cells, places, name)
    if not text:
        raise Flaw(name, "is empty")
    return text


def number(text: str, field: str) -> Decimal:
    """A finite number of at most eight decimals; grouping commas are allowed."""
    plain = text.replace(",", "") if "," in text and _GROUPED.match(text) else text
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise Flaw(field, f"{text[:40]!r} is not a number") from None
    if not value.is_finite() or abs(value) >= _ABSURD:
        raise Flaw(field, f"{text[:40]!r} is not a plausible number")
    if len(plain) > _PLACES and value != round(value, _PLACES):
        raise Flaw(field, f"{text[:40]!r} has more than {_PLACES} decimal places")
    return value


def above_zero(text: str, field: str) -> Decimal:
    value = number(text, field)
    if value <= 0:
        cure = "A sale has trade_type sell and a positive quantity" if field == "quantity" else ""
        raise Flaw(field, f"{text[:40]} must be above zero", cure)
    return value


@lru_cache(maxsize=1_024)
def day(text: str, field: str) -> TradingDay:
    """YYYY-MM-DD."""
    try:
        if len(text) != 10:
            raise ValueError
        return TradingDay(date.fromisoformat(text))
    except ValueError:
        raise Flaw(field, f"{text[:40]!r} is not a date", "Write YYYY-MM-DD") from None


def moment(text: str, field: str) -> Instant | None:
    """ISO 8601 without a zone, read as IST; None for an empty cell."""
    if not text:
        return None
    try:
        return Instant.parse(text, IST)
    except Misuse:
        raise Flaw(field, f"{text[:40]!r} is not a time", "Write YYYY-MM-DDTHH:MM:SS") from None


def exchange(text: str, field: str) -> str:
    try:
        return exchange_of(text)
    except Misuse as unknown:
        raise Flaw(field, unknown.problem, unknown.cure) from None


def isin(text: str, field: str) -> Isin | None:
    """None for an empty cell; a false one is a flaw."""
    if not text:
        return None
    try:
        return isin_of(text)
    except Misuse as false:
        raise Flaw(field, false.problem, false.cure) from None
