"""Which column of a table means what: a map that a person confirms once and the house remembers.

A map belongs to a shape: the names of the columns in their order, whatever stands above or below them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Currency, currency_of
from tunefolio.core.registry import Registry
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import exchange_of, quoted_in

MOST_WORDS = 40
_LONGEST = 200
_Word = TypeVar("_Word", bound=StrEnum)


class Column(StrEnum):
    """What a column can mean. FEES and TAXES may be several columns, which are added up."""

    DAY = "day"
    TIME = "time"
    KIND = "kind"
    SYMBOL = "symbol"
    ISIN = "isin"
    NAME = "name"
    EXCHANGE = "exchange"
    QUANTITY = "quantity"
    PRICE = "price"
    AMOUNT = "amount"
    CURRENCY = "currency"
    TRADE_ID = "trade_id"
    NOTE = "note"
    FEES = "fees"
    TAXES = "taxes"


SEVERAL = frozenset({Column.FEES, Column.TAXES})


class DayOrder(StrEnum):
    """How a table writes days; the sign between the parts does not matter, months may have names."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"


class Point(StrEnum):
    """Which sign separates the decimals; the other one groups thousands."""

    DOT = "dot"
    COMMA = "comma"


MAPPED_KINDS = (Kind.BUY, Kind.SELL, Kind.SIP, Kind.DIVIDEND, Kind.REINVEST, Kind.OPENING, Kind.FEE, Kind.TAX)
"""What a row of a mapped table can be: kinds that name one instrument and nothing else."""

USUAL_WORDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.BUY: ("buy", "b", "bought", "purchase", "purchased"),
    Kind.SELL: ("sell", "s", "sold", "sale", "redemption", "redeem"),
    Kind.SIP: ("sip",),
    Kind.DIVIDEND: ("dividend", "div", "cash dividend"),
    Kind.REINVEST: ("dividend reinvest", "drip", "reinvest"),
    Kind.OPENING: ("opening", "opening balance"),
    Kind.FEE: ("fee", "charge"),
    Kind.TAX: ("tax", "tds", "dividend tax"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it lies in a file. header_row, as a spreadsheet counts; sample: its first rows."""

    header: tuple[str, ...]
    header_row: int
    sheet: str
    sample: tuple[tuple[str, ...], ...]
    rows_total: int

    @property
    def shape(self) -> str:
        """The same for every table with these columns: SHA-256 of their names, capitals and spaces apart."""
        return hashlib.sha256("\x1f".join(plain_name(name) for name in self.header).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What each column means and how its cells are written.

    columns:  header names by meaning; one each, except FEES and TAXES. Without KIND the sign of the quantity
              says it: above zero bought, below zero sold.
    words:    what the table calls each kind, in lower case.
    exchange, currency: of rows that have no column for it.
    """

    columns: Mapping[Column, tuple[str, ...]]
    day_order: DayOrder = DayOrder.YMD
    point: Point = Point.DOT
    words: Mapping[Kind, tuple[str, ...]] = field(default_factory=lambda: dict(USUAL_WORDS))
    exchange: str = "NSE"
    currency: Currency = INR

    def of(self, column: Column) -> str:
        """The header of a single column; "" when the table has none."""
        return (self.columns.get(column) or ("",))[0]


@dataclass(frozen=True, slots=True)
class Profile:
    """A ready-made map of one source, known by words of its header that all must be there.

    names: the headers by meaning as the source was seen to write them, the likeliest first.
    """

    title: str
    words: frozenset[str]
    names: Mapping[Column, tuple[str, ...]]
    day_order: DayOrder
    exchange: str
    currency: Currency
    kinds: Mapping[Kind, tuple[str, ...]] = field(default_factory=lambda: dict(USUAL_WORDS))


PROFILES: Registry[Profile] = Registry("profile of tables")


def plain_name(name: str) -> str:
    """A header as it is compared: lower case, single spaces, no marks."""
    return " ".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def must_fit(columns: ColumnMap, table: Table) -> None:
    """Raises Misuse naming what a map lacks, or a column that this table does not have."""
    known = {name for name in table.header if name}
    for column, names in columns.columns.items():
        if len(names) > 1 and column not in SEVERAL:
            raise Misuse(column, "is one column", cure="Choose the one that means it")
        for name in names:
            if name not in known:
                raise Misuse(column, f"the table has no column {name[:60]!r}", cure="Choose one of its own")
    has = {column for column, names in columns.columns.items() if names}
    if Column.DAY not in has:
        raise Misuse("day", "no column says the day", cure="Choose the column with the trade date")
    if not has & {Column.SYMBOL, Column.ISIN}:
        raise Misuse("symbol", "no column names the instrument", cure="Choose the symbol or the ISIN")
    if Column.QUANTITY not in has:
        raise Misuse("quantity", "no column says how many", cure="Choose the column with the units")
    if not has & {Column.PRICE, Column.AMOUNT}:
        raise Misuse("price", "no column says the price or the total", cure="Choose one of them")


def as_json(columns: ColumnMap) -> dict[str, Any]:
    """For the API and the store; `from_json` reads it back."""
    return {
        "columns": {column.value: list(names) for column, names in columns.columns.items() if names},
        "day_order": columns.day_order.value,
        "point": columns.point.value,
        "words": {kind.value: list(words) for kind, words in columns.words.items() if words},
        "exchange": columns.exchange,
        "currency": columns.currency,
    }


def from_json(said: Mapping[str, Any]) -> ColumnMap:
    """Raises Misuse naming the field that is none."""
    columns = {
        _one_of(Column, name, "columns"): _texts(names, "columns")
        for name, names in _mapping(said, "columns").items()
    }
    words: dict[Kind, tuple[str, ...]] = dict(USUAL_WORDS)
    for name, some in _mapping(said, "words").items():
        kind = _one_of(Kind, name, "words")
        if kind not in MAPPED_KINDS:
            cure = f"Known: {', '.join(MAPPED_KINDS)}"
            raise Misuse("words", f"a table's row cannot be a {kind.value}", cure=cure)
        words[kind] = tuple(word.lower() for word in _texts(some, "words"))
    exchange = exchange_of(str(said.get("exchange", "NSE")))
    currency = said.get("currency") or quoted_in(exchange) or INR
    return ColumnMap(
        columns,
        _one_of(DayOrder, said.get("day_order", "ymd"), "day_order"),
        _one_of(Point, said.get("point", "dot"), "point"),
        words,
        exchange,
        currency_of(str(currency)),
    )


def _mapping(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = said.get(name) or {}
    if not isinstance(value, Mapping):
        raise Misuse(name, "must be names with lists", cure='As in {"day": ["Trade date"]}')
    return value


def _texts(value: Any, name: str) -> tuple[str, ...]:
    some: Iterable[Any] = [value] if isinstance(value, str) else value
    if not isinstance(some, list | tuple) or len(some) > MOST_WORDS:
        raise Misuse(name, f"must be a list of at most {MOST_WORDS} texts")
    texts = tuple(text.strip() for text in some if isinstance(text, str) and text.strip())
    if any(len(text) > _LONGEST for text in texts):
        raise Misuse(name, f"has a text of more than {_LONGEST} characters")
    return texts


def _one_of(family: type[_Word], value: Any, name: str) -> _Word:
    try:
        return family(value)
    except ValueError:
        known = ", ".join(family)
        raise Misuse(name, f"{str(value)[:40]!r} is unknown", cure=f"Known: {known}") from None
