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
    Column.DAY: (
        "trade date", "date", "transaction date", "order date", "activity date", "settlement date",
        "day", "trade day",
    ),
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
        "brokerage", "commission", "fee", "fees", "charges", "total charges", "gst", "stt", "stamp duty",
        "exchange transaction charges", "sebi charges", "sebi tax", "sebi fees", "other charges",
        "ipft charges", "exchange turnover charges", "transaction charges",
    ),
    Column.TAXES: ("tds", "tax withheld", "withholding tax", "tax"),
}  # fmt: skip
_KNOWN = frozenset(name for names in _USUAL.values() for name in names)
_NUMBERS = re.compile(r"(\d{1,4})[-/. ]+(\d{1,2}|[A-Za-z]{3,9})[-/., ]+(\d{1,4})")
_DIGITS = re.compile(r"[^\w.,:/]*(?:[A-Za-z]{2,3}\.?)?[^\w.,:/]*(\d[\d.,]*\d)[^\w.,:/]*", re.ASCII)
"""A number and nothing else but signs of money, brackets and its own sign."""
_GROUPED = re.compile(r"\d{1,3}(\D\d{2,3})*\D\d{3}")
_POINTS = {".": Point.DOT, ",": Point.COMMA}
_SPACES = str.maketrans("", "", " \u00a0\u202f")
_NO_NUMBERS = frozenset(Column) - {
    Column.QUANTITY, Column.PRICE, Column.AMOUNT, Column.FEES, Column.TAXES,
}  # fmt: skip


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
        columns = _dated(table, _named(table.header, _USUAL))
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


def _dated(table: Table, columns: Mapping[Column, tuple[str, ...]]) -> Mapping[Column, tuple[str, ...]]:
    """With the day, where no usual name says it: the only other column whose cells are all days."""
    if Column.DAY in columns:
        return columns
    taken = {name for names in columns.values() for name in names}
    others = [name for name in table.header if name and name not in taken]
    days = [name for name in others if _are_days(_cells(table, [name]))]
    return {**columns, Column.DAY: (days[0],)} if len(days) == 1 else columns


def _are_days(cells: Sequence[str]) -> bool:
    found = [_NUMBERS.match(cell) for cell in cells]
    return bool(found) and all(one is not None and 4 in (len(one[1]), len(one[3])) for one in found)


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
    """By the cells that can be read in one way only, also of columns whose meaning nobody guessed; the dot
    where none decides, or they contradict."""
    texts = {name for column in _NO_NUMBERS for name in columns.get(column, ())}
    cells = _cells(table, (name for name in table.header if name and name not in texts))
    return Point.COMMA if {said_point(cell) for cell in cells} - {None} == {Point.COMMA} else Point.DOT


def said_point(cell: str) -> Point | None:
    """The sign before the decimals as this one number shows it; None where it could be either, or is none.

    Of two signs the last one; of one that comes again, which groups digits, the other. A single sign stands
    before decimals unless three digits follow it and one to three, not only a zero, go before it.
    """
    match = _DIGITS.fullmatch(cell.translate(_SPACES))
    digits = match[1] if match else ""
    signs = [sign for sign in digits if sign in _POINTS]
    match signs:
        case []:
            return None
        case [*groups, last] if last not in groups and len(set(groups)) == 1:
            return _POINTS[last] if _GROUPED.fullmatch(digits.rpartition(last)[0]) else None
        case [sign]:
            return _point_of_one(digits, sign)
        case [sign, *more] if set(more) == {sign} and _GROUPED.fullmatch(digits):
            return Point.COMMA if sign == "." else Point.DOT
        case _:
            return None


def _point_of_one(digits: str, sign: str) -> Point | None:
    whole, decimals = digits.split(sign)
    may_group = len(decimals) == 3 and len(whole) < 4 and whole != "0"
    return None if may_group else _POINTS[sign]
