"""A first guess at what the columns of an unknown table mean; a person confirms it or chooses better."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from tunefolio.ledger.columnmaps import (
    PROFILES,
    SEVERAL,
    Column,
    ColumnMap,
    DayOrder,
    Point,
    Profile,
    Table,
    plain_name,
)

_USUAL: Mapping[Column, tuple[str, ...]] = {
    Column.DAY: ("trade date", "date", "transaction date", "order date", "activity date", "settlement date"),
    Column.TIME: ("time", "trade time", "order execution time", "execution time"),
    Column.KIND: (
        "trade type", "buy sell", "side", "type", "transaction type", "action", "order side", "activity",
    ),
    Column.SYMBOL: (
        "symbol", "ticker", "trading symbol", "scrip", "scrip code", "stock symbol",
        "instrument",
    ),
    Column.ISIN: ("isin", "isin code", "isin number"),
    Column.NAME: (
        "name", "company", "company name", "security", "security name", "scrip name", "scrip contract",
    ),
    Column.EXCHANGE: ("exchange", "market"),
    Column.QUANTITY: ("quantity", "qty", "shares", "units", "no of shares", "filled quantity"),
    Column.PRICE: ("price", "rate", "trade price", "average price", "avg price", "price per share", "nav"),
    Column.AMOUNT: ("amount", "value", "trade value", "total", "gross amount", "total amount"),
    Column.CURRENCY: ("currency", "ccy"),
    Column.TRADE_ID: ("trade id", "trade no", "trade number", "transaction id", "fill id"),
    Column.NOTE: ("note", "notes", "remarks", "comment", "description"),
    Column.FEES: (
        "brokerage", "commission", "fees", "charges", "total charges", "gst", "stt", "stamp duty",
        "exchange transaction charges", "sebi charges", "sebi tax", "sebi fees", "other charges",
        "ipft charges", "exchange turnover charges", "transaction charges",
    ),
    Column.TAXES: ("tds", "tax withheld", "withholding tax", "tax"),
}  # fmt: skip
_KNOWN = frozenset(name for names in _USUAL.values() for name in names)
_NUMBERS = re.compile(r"(\d{1,4})[-/. ]+(\d{1,2}|[A-Za-z]{3,9})[-/., ]+(\d{1,4})")
_COMMA_DECIMALS = re.compile(r"-?\d{1,3}(\.\d{3})*,\d{1,2}|-?\d+,\d{1,2}")


def likeness(row: Sequence[str]) -> tuple[int, int]:
    """How much a row looks like a header: usual names in it, then other words. (0, 0): it cannot be one,
    because it has a number or fewer than two words."""
    names = [plain_name(cell) for cell in row if cell]
    if len(names) < 2 or any(name.replace(" ", "").isdigit() or not name for name in names):
        return (0, 0)
    return (len(_KNOWN & set(names)), len(names) if len(names) < 3 else 3)


def profile_of(table: Table) -> Profile | None:
    """The ready-made profile whose words are all among the headers; None when none is."""
    names = {plain_name(name) for name in table.header}
    return next((profile for _, profile in PROFILES if profile.words <= names), None)


def guessed(table: Table) -> ColumnMap:
    """The profile's map where one knows the table, else by the usual names of columns."""
    profile = profile_of(table)
    if profile is None:
        columns = _named(table.header, _USUAL)
        return ColumnMap(columns, _day_order(table, columns, DayOrder.DMY), _point(table, columns))
    columns = _named(table.header, profile.names)
    return ColumnMap(
        columns,
        _day_order(table, columns, profile.day_order),
        _point(table, columns),
        profile.kinds,
        profile.exchange,
        profile.currency,
    )


def _named(header: Sequence[str], names: Mapping[Column, tuple[str, ...]]) -> dict[Column, tuple[str, ...]]:
    """Each header means one thing; the first of a column's usual names that stands there is taken."""
    by_name = {plain_name(name): name for name in reversed(header) if name}
    found: dict[Column, tuple[str, ...]] = {}
    taken: set[str] = set()
    for column, usual in names.items():
        there = [by_name[name] for name in usual if name in by_name and by_name[name] not in taken]
        chosen = there if column in SEVERAL else there[:1]
        if chosen:
            found[column] = tuple(chosen)
            taken.update(chosen)
    return found


def _cells(table: Table, names: Iterable[str]) -> list[str]:
    places = [table.header.index(name) for name in names]
    return [row[place] for row in table.sample for place in places if place < len(row) and row[place]]


def _day_order(table: Table, columns: Mapping[Column, tuple[str, ...]], otherwise: DayOrder) -> DayOrder:
    """By a part that can only be a day or a year; `otherwise` where every day could be either."""
    for cell in _cells(table, columns.get(Column.DAY, ())):
        match = _NUMBERS.match(cell)
        if match is None:
            if cell[:1].isalpha():
                return DayOrder.MDY
            continue
        first, second, _ = match.groups()
        if len(first) == 4:
            return DayOrder.YMD
        if second.isalpha() or int(first) > 12:
            return DayOrder.DMY
        if int(second) > 12:
            return DayOrder.MDY
    return otherwise


def _point(table: Table, columns: Mapping[Column, tuple[str, ...]]) -> Point:
    numbers = [
        cell for column in (Column.PRICE, Column.AMOUNT) for cell in _cells(table, columns.get(column, ()))
    ]
    return Point.COMMA if numbers and all(_COMMA_DECIMALS.fullmatch(n) for n in numbers) else Point.DOT
