"""Prices and rates from plain files: CSV with a header in any order, or the notation's price and rate lines.

Every bad row is collected with its number; nothing is read by halves. docs/spec/book.md has the formats.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency, currency_of, decimal_of
from tunefolio.core.time import TradingDay
from tunefolio.ledger.directives import PriceLine, RateLine, TextInstrument, price_of, rate_of, written
from tunefolio.ledger.notation import day_of
from tunefolio.ledger.textbook import BookRefused, LineProblem, TextBook
from tunefolio.ledger.words import tokens_of

_DAY = ("date", "day", "trade_date", "timestamp")
_INSTRUMENT = ("instrument", "symbol", "ticker", "isin")
_PRICE = ("price", "close", "nav", "close_price")
_CURRENCY = ("currency", "ccy")
_BASE = ("base", "from", "base_currency")
_QUOTE = ("quote", "to", "quote_currency")
_RATE = ("rate", "price", "close")
_PAIR = ("pair", "symbol")


@dataclass(frozen=True, slots=True)
class MarketLines:
    """What files say of the market. unknown: rows about instruments that the book does not name."""

    prices: tuple[PriceLine, ...] = ()
    rates: tuple[RateLine, ...] = ()
    unknown: int = 0


@dataclass(slots=True)
class _Reading:
    """One file being read."""

    file: str
    names: Mapping[str, InstrumentId | None]
    prices: list[PriceLine] = field(default_factory=list)
    rates: list[RateLine] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    unknown: int = 0

    def attempt(self, number: int, read: Callable[[], None]) -> None:
        """Read one row; what is wrong with it is kept for the end."""
        try:
            read()
        except Misuse as wrong:
            place = f"{self.file}:{number}"
            self.problems.append(LineProblem(place, wrong.field, wrong.problem, wrong.cure))

    def price(self, number: int, day: str, name: str, price: Decimal, currency: Currency | None) -> None:
        when = _day(day)
        instrument = self._named(name)
        if instrument is None:
            self.unknown += 1
            return
        self.prices.append(PriceLine(when, instrument, price, currency, f"{self.file}:{number}"))

    def rate(self, number: int, day: str, base: Currency, quote: Currency, rate: Decimal) -> None:
        self.rates.append(RateLine(_day(day), base, quote, rate, f"{self.file}:{number}"))

    def _named(self, name: str) -> InstrumentId | None:
        found = self.names.get(written(name), 0)
        if found is None:
            cure = "Write it with its exchange, as NSE:INFY"
            raise Misuse("instrument", f"{name!r} is the symbol of several instruments", cure=cure)
        return InstrumentId(found) if found else None


def read_prices(texts: Mapping[str, str], book: TextBook) -> MarketLines:
    """Closes from files (name → text): rows of instruments outside the book are counted and left out."""
    return _read(texts, book, _price_columns)


def read_rates(texts: Mapping[str, str], book: TextBook) -> MarketLines:
    """Exchange rates from files (name → text)."""
    return _read(texts, book, _rate_columns)


_Row = Callable[[_Reading, int, Sequence[str]], None]
_Columns = Callable[[Sequence[str]], _Row | None]


def _read(texts: Mapping[str, str], book: TextBook, columns: _Columns) -> MarketLines:
    names = names_of(book.instruments)
    readings = [_read_file(_Reading(file, names), text, columns) for file, text in texts.items()]
    problems = [problem for reading in readings for problem in reading.problems]
    if problems:
        raise BookRefused(problems)
    return MarketLines(
        tuple(price for reading in readings for price in reading.prices),
        tuple(rate for reading in readings for rate in reading.rates),
        sum(reading.unknown for reading in readings),
    )


def names_of(known: Mapping[InstrumentId, TextInstrument]) -> dict[str, InstrumentId | None]:
    """Instruments by name, by ISIN and by bare symbol; None where a symbol or ISIN means several."""
    names: dict[str, InstrumentId | None] = {}
    for id, instrument in known.items():
        for short in (instrument.listing.symbol, instrument.isin):
            if short is not None:
                names[short] = None if names.get(short, id) != id else id
    return names | {instrument.name: id for id, instrument in known.items()}


def _read_file(reading: _Reading, text: str, columns: _Columns) -> _Reading:
    lines = text.removeprefix("\ufeff").splitlines()
    first = next((place for place, line in enumerate(lines) if _speaks(line)), None)
    if first is None:
        return reading
    if lines[first][0].isdigit():
        for place, line in enumerate(lines[first:], start=first + 1):
            if _speaks(line):
                reading.attempt(place, partial(_line, reading, place, line))
        return reading
    _table(reading, lines, first, columns)
    return reading


def _speaks(line: str) -> bool:
    return bool(line.strip()) and line.lstrip()[0] not in ";#"


def _line(reading: _Reading, number: int, text: str) -> None:
    """`DAY price NAME NUMBER [CCC]` or `DAY rate CCC NUMBER [CCC]`."""
    tokens = tokens_of(text)
    word = tokens[1].lower() if len(tokens) > 1 else ""
    if word == "price":
        name, price, currency = price_of(tokens[2:])
        reading.price(number, tokens[0], name, price, currency)
    elif word == "rate":
        reading.rate(number, tokens[0], *rate_of(tokens[2:], INR))
    else:
        cure = (
            "Write DAY price NSE:INFY 1500 or DAY rate USD 83.12, or begin with a header: date,symbol,close"
        )
        raise Misuse("line", f"{text.strip()[:40]!r} is no price and no rate", cure=cure)


def _table(reading: _Reading, lines: Sequence[str], first: int, columns: _Columns) -> None:
    delimiter = max(",;\t", key=lines[first].count)
    rows = csv.reader(lines[first:], delimiter=delimiter)
    header = [cell.strip().lower().replace(" ", "_") for cell in next(rows)]
    read = columns(header)
    if read is None:
        said = ", ".join(header)[:80]
        cure = "Prices: date, symbol, close. Rates: date, from, to, rate"
        problem = LineProblem(f"{reading.file}:{first + 1}", "header", f"{said!r} names too little", cure)
        reading.problems.append(problem)
        return
    for cells in rows:
        number = first + rows.line_num
        if any(cell.strip() for cell in cells) and not cells[0].startswith(("#", ";")):
            reading.attempt(number, partial(read, reading, number, cells))


def _place(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _price_columns(header: Sequence[str]) -> _Row | None:
    """How to read a row of prices, or None where the header names too little."""
    day, name, price = _place(header, _DAY), _place(header, _INSTRUMENT), _place(header, _PRICE)
    money, exchange = _place(header, _CURRENCY), _place(header, ("exchange",))
    if day is None or name is None or price is None:
        return None
    most = max(day, name, price)

    def read(reading: _Reading, number: int, cells: Sequence[str]) -> None:
        _long_enough(cells, most)
        whole = cells[name].strip()
        if exchange is not None and ":" not in whole:
            whole = f"{cells[exchange].strip()}:{whole}"
        currency = _currency(cells, money)
        reading.price(number, cells[day], whole, _above_zero(cells[price], "price"), currency)

    return read


def _rate_columns(header: Sequence[str]) -> _Row | None:
    """How to read a row of rates, or None where the header names too little."""
    day, base, quote = _place(header, _DAY), _place(header, _BASE), _place(header, _QUOTE)
    pair, rate = _place(header, _PAIR), _place(header, _RATE)
    if day is None or rate is None or (pair is None if base is None else quote is None):
        return None
    most = max(place for place in (day, rate, base, quote, pair) if place is not None)

    def read(reading: _Reading, number: int, cells: Sequence[str]) -> None:
        _long_enough(cells, most)
        if base is not None and quote is not None:
            codes = (cells[base], cells[quote])
        else:
            both = cells[pair or 0].strip().replace("/", "").replace("-", "")
            codes = (both[:3], both[3:])
        one, other = (currency_of(code.strip().upper()) for code in codes)
        if one == other:
            raise Misuse("rate", f"{one} in {other} is always 1", cure="Name two currencies")
        reading.rate(number, cells[day], one, other, _above_zero(cells[rate], "rate"))

    return read


def _long_enough(cells: Sequence[str], most: int) -> None:
    if len(cells) <= most:
        raise Misuse("row", f"has {len(cells)} columns, {most + 1} are needed", cure="Complete the row")


def _currency(cells: Sequence[str], place: int | None) -> Currency | None:
    text = cells[place].strip().upper() if place is not None and place < len(cells) else ""
    return currency_of(text) if text else None


def _above_zero(text: str, field: str) -> Decimal:
    number = decimal_of(text.replace(",", ""), field)
    if number <= 0:
        raise Misuse(field, f"{text.strip()} must be above zero", cure="Leave the row out")
    return number


def _day(text: str) -> TradingDay:
    """YYYY-MM-DD, with / for - and a time behind it left out."""
    return day_of(text.strip()[:10].replace("/", "-") if text[10:11] in {"", " ", "T"} else text)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text file as they are counted by editors."""
    return iter(text.split("\n"))
