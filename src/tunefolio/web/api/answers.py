"""Answers as bytes from orjson; numbers keep their decimals exactly, what is missing carries its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Query
from pydantic import AfterValidator, Field
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.money import Money, Price, quantized
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.web.deps import MAX_ID
from tunefolio.web.render import json_default

Chosen = TypeVar("Chosen", bound=StrEnum)
Row = TypeVar("Row")
PAISA = 2
NO_INDUSTRY = "no source names an industry"
NO_SNAPSHOT = "no snapshot yet"
NO_COST = "nothing was paid"
EARLIEST, LATEST = "1800-01-01", "2200-01-01"
"""Between them lie the days that anybody may write."""


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return ready(encoded(body), status, headers)


def encoded(body: Any) -> bytes:
    """A body as the bytes of JSON."""
    return orjson.dumps(body, default=json_default)


def ready(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer whose bytes are there."""
    return Response(body, status, headers, media_type="application/json")


def nothing() -> Response:
    """204: it is done and there is nothing to tell."""
    return Response(status_code=204)


def number(value: Decimal, places: int = PAISA) -> orjson.Fragment:
    """A JSON number with exactly these decimals: no binary float stands between the ledger and its reader."""
    return orjson.Fragment(f"{quantized(value, places):f}")


def units(value: Decimal) -> orjson.Fragment:
    """A JSON number without idle zeros: 50, 10.5."""
    return orjson.Fragment(plain(value))


def unit_price(value: Decimal) -> orjson.Fragment:
    """A JSON number of two to four decimals: 245.30, 48.5512."""
    text = f"{quantized(value, 4):f}"
    return orjson.Fragment(text[:-2] if text.endswith("00") else text)


def per_cent(ratio: Decimal) -> orjson.Fragment:
    """A ratio as per cent of two decimals; only the first system's routes speak in per cent."""
    return number(ratio * 100)


def plain(value: Decimal) -> str:
    """10, 10.0 and 1E+1 all read 10."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def put(row: dict[str, Any], name: str, value: Any, reason: str) -> None:
    """row[name] = value; without one, null and its reason beside it."""
    row[name] = value
    if value is None:
        row[f"{name}_reason"] = reason


def amount(money: Money | Price | None) -> str | None:
    """Money in /api/v1: text, exact, with at least two decimals and no idle zeros behind them."""
    if money is None:
        return None
    whole, _, fraction = plain(money.amount).partition(".")
    return f"{whole}.{fraction.ljust(PAISA, '0')}"


def ist(moment: Instant | None) -> str | None:
    """A moment with the Indian offset, to the second."""
    return None if moment is None else moment.in_zone(IST).isoformat(timespec="seconds")


def day_of(text: str, field: str) -> TradingDay:
    """A date the caller wrote, of the centuries around this one: a day more or its first moment in another
    zone is then a date as well. Raises Misuse naming the field."""
    try:
        day = TradingDay.parse(text)
    except Misuse as wrong:
        raise Misuse(field, wrong.problem, cure=wrong.cure) from None
    if not EARLIEST <= day.iso() < LATEST:
        raise Misuse(field, f"{day} is too far away", cure=f"From {EARLIEST}, before {LATEST}")
    return day


@contextmanager
def naming(**names: str) -> Iterator[None]:
    """Around a deed: a wrong input is told by the name that the body has for it. names: theirs = ours."""
    try:
        yield
    except Misuse as wrong:
        if wrong.field not in names:
            raise
        raise Misuse(names[wrong.field], wrong.problem, cure=wrong.cure) from None


def after_day(cursor: str) -> tuple[TradingDay, int] | None:
    """The day and row a page ended with: "2024-04-01_17"; None for the first page."""
    if not cursor:
        return None
    day, _, row = cursor.partition("_")
    if not (row.isascii() and row.isdigit() and len(row) < 20):
        raise wrong_cursor()
    return day_of(day, "cursor"), min(int(row), MAX_ID)


def after_id(cursor: str) -> int | None:
    """The id a page ended with; None for the first page."""
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise wrong_cursor()
    return min(int(cursor), MAX_ID)


def wrong_cursor() -> Misuse:
    return Misuse("cursor", "is not one this list gave", cure="Pass `next` of the page before, unchanged")


def choice(text: str, among: type[Chosen], field: str, what: str) -> Chosen | None:
    """The word of an enum that a filter names, None for none; what: `state of a job`. Raises Misuse."""
    if not text:
        return None
    if text not in tuple(among):
        raise Misuse(field, f"{text[:40]!r} is no {what}", cure=f"Known: {', '.join(among)}")
    return among(text)


def leaf(
    found: Sequence[Row], limit: int, shape: Callable[[Row], Any], *, last: Callable[[Row], int]
) -> Response:
    """The rows of one page, of one more than fits there; `next` names the last where there are more."""
    body: dict[str, Any] = {"data": [shape(one) for one in found[:limit]]}
    if len(found) > limit:
        body["next"] = str(last(found[limit - 1]))
    return reply(body)


def clean(text: str) -> str:
    """Text that every database can keep; raises ValueError."""
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("must not hold NUL or half a character")
    return text


Text = Annotated[str, AfterValidator(clean), Field(max_length=500)]
Name = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=80)]
Number = Annotated[
    str, Field(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,8})?$", description='A decimal as text: "1500.50"')
]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=500, description="Most rows to answer.")]
Cursor = Annotated[
    str, Query(max_length=64, description="`next` of the page before; empty for the first page.")
]
QueryText = Annotated[str, AfterValidator(clean), Query(max_length=200)]
