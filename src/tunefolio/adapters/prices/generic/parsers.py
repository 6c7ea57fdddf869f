"""Reads CSV and JSON as a layout says, without any network. A row without a day or a close is left out."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tunefolio.adapters.answers import document, moment, nonsense, number, price
from tunefolio.adapters.http import Answer
from tunefolio.adapters.prices.generic.layouts import KEY, Layout
from tunefolio.core.errors import Misuse, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim, RateClaim

Row = Mapping[str, Any]
"""Field of the layout to what stands there."""


def bars(answer: Answer, layout: Layout) -> Iterator[Bar]:
    for row in _rows(answer, layout):
        ends = [_optional(row.get(name), layout) for name in ("open", "high", "low")]
        opening, high, low = ends if all(one is not None and one > 0 for one in ends) else (None, None, None)
        volume = _optional(row.get("volume"), layout)
        units = None if volume is None or volume < 0 else int(volume)
        yield Bar(_day(row["day"], layout), _price(row["close"], layout), opening, high, low, units)


def rates(answer: Answer, layout: Layout, base: Currency, quote: Currency) -> list[RateClaim]:
    return [
        RateClaim(base, quote, _day(row["day"], layout), _price(row["close"], layout))
        for row in _rows(answer, layout)
    ]


def quote(answer: Answer, layout: Layout, listing: Listing) -> QuoteClaim | None:
    """The newest row's price; None without rows."""
    told = [(_moment(row["day"], layout), _price(row["close"], layout)) for row in _rows(answer, layout)]
    if not told:
        return None
    at, last = max(told)
    return QuoteClaim(listing, last, None, at, layout.currency)


def _rows(answer: Answer, layout: Layout) -> Iterator[Row]:
    """Rows that have a day and a close."""
    lines = _csv_rows(answer, layout) if layout.format == "csv" else _json_rows(answer, layout)
    for row in lines:
        if row.get("day") not in (None, "") and row.get("close") not in (None, ""):
            yield row


def _csv_rows(answer: Answer, layout: Layout) -> Iterator[Row]:
    text = answer.content.decode("utf-8-sig", "replace")
    lines = text.splitlines()
    if not lines or lines[0].lstrip().startswith("<"):
        raise Retry(f"{layout.name}: the answer is not a table")
    rows = csv.DictReader(lines, delimiter=layout.delimiter)
    missing = sorted(set(layout.fields.values()) - {(name or "").strip() for name in rows.fieldnames or ()})
    if missing:
        raise nonsense(layout.name, f"the table has no column {missing[0]!r}")
    for line in rows:
        cells = {(name or "").strip(): value for name, value in line.items()}
        if any(cells[column] is None for column in layout.fields.values()):
            raise Retry(f"{layout.name}: a line is torn")
        yield {name: cells[column].strip() for name, column in layout.fields.items()}


def _json_rows(answer: Answer, layout: Layout) -> Iterator[Row]:
    """A list of rows, one row alone, or rows under their days (the day is then `@key`)."""
    found = _at(document(answer, layout.name), layout.rows)
    if found is None:
        raise nonsense(layout.name, f"nothing stands at {layout.rows!r}")
    if layout.fields["day"] == KEY:
        if not isinstance(found, dict):
            raise nonsense(layout.name, "rows under their days were expected")
        for day, row in found.items():
            yield {name: day if path == KEY else _at(row, path) for name, path in layout.fields.items()}
        return
    for row in found if isinstance(found, list) else [found]:
        if not isinstance(row, dict | list):
            raise nonsense(layout.name, "a row is neither an object nor a list")
        yield {name: _at(row, path) for name, path in layout.fields.items()}


def _at(value: Any, path: str) -> Any:
    """What stands at a path of names and places between slashes; None where there is none."""
    for step in filter(None, path.split("/")):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.lstrip("-").isdigit() and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _price(value: Any, layout: Layout) -> Decimal:
    return price(_plain(value, layout), layout.name)


def _optional(value: Any, layout: Layout) -> Decimal | None:
    return None if value in (None, "") else number(_plain(value, layout), layout.name)


def _plain(value: Any, layout: Layout) -> Any:
    """Text without its thousands, with a point before the decimals."""
    if not isinstance(value, str):
        return value
    thousands = "." if layout.decimal == "," else ","
    text = value.strip().replace(thousands, "").replace(" ", "").replace("\u00a0", "")
    return text.replace(",", ".") if layout.decimal == "," else text


def _moment(value: Any, layout: Layout) -> Instant:
    """A time without a zone is one of UTC."""
    match layout.date_format:
        case "seconds":
            return moment(value, layout.name)
        case "milliseconds":
            return moment(number(value, layout.name) / 1000, layout.name)
        case "iso":
            try:
                return Instant.parse(str(value), UTC)
            except Misuse:
                raise nonsense(layout.name, f"{str(value)[:40]!r} is not a time") from None
        case pattern:
            return Instant(_by_pattern(value, pattern, layout.name).replace(tzinfo=UTC))


def _day(value: Any, layout: Layout) -> TradingDay:
    """The day as it is written; of an epoch the date in UTC."""
    if layout.date_format in ("seconds", "milliseconds"):
        return TradingDay(_moment(value, layout).utc.date())
    if layout.date_format == "iso":
        try:
            return TradingDay.parse(str(value)[:10])
        except Misuse:
            raise nonsense(layout.name, f"{str(value)[:40]!r} is not a date") from None
    return TradingDay(_by_pattern(value, layout.date_format, layout.name).date())


def _by_pattern(value: Any, pattern: str, who: str) -> datetime:
    try:
        return datetime.strptime(str(value).strip(), pattern)  # noqa: DTZ007  a date as it is written
    except ValueError:
        raise nonsense(who, f"{str(value)[:40]!r} is not written as {pattern}") from None
