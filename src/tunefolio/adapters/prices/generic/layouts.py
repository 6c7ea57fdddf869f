"""What the operator tells of a source of his own: where it is, what it serves, how its answers are read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Formatter
from urllib.parse import urlsplit

from tunefolio.adapters.options import POLITE, Options
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency
from tunefolio.market.instruments import EXCHANGES, Listing

NAME = "generic"
KINDS = ("bars", "quotes", "rates")
FORMATS = ("csv", "json")
DECIMALS = (".", ",")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
KEY = "@key"
_BAR_FIELDS = ("open", "high", "low", "volume")
_PLACES = frozenset({"symbol", "exchange", "series", "base", "quote", "from", "to"})
_OPTIONS = frozenset({
    "name", "kind", "url", "serves", "format", "rows", "day", "close", *_BAR_FIELDS, "date_format",
    "url_date_format", "decimal", "delimiter", "currency", "headers",
})  # fmt: skip
OPTIONS = _OPTIONS | {"file", *POLITE}


@dataclass(frozen=True, slots=True)
class Layout:
    """One source of the operator's own.

    root: scheme and host, which no placeholder can change; path: the rest of the address, with placeholders.
    serves: `EXCHANGE`, `EXCHANGE:SYMBOL`, or `XAU/USD` for rates. rows: where in JSON the rows are. fields:
    bar field to column name or JSON path. date_format: iso, seconds, milliseconds or a pattern of strptime.
    """

    name: str
    kind: str
    root: str
    path: str
    serves: tuple[str, ...]
    format: str
    rows: str
    fields: Mapping[str, str]
    date_format: str
    url_date_format: str
    decimal: str
    delimiter: str
    currency: Currency
    headers: Mapping[str, str] = field(repr=False)

    def knows(self, listing: Listing) -> bool:
        """A symbol of dots alone would climb the address, and is nobody's."""
        if self.kind == "rates" or not listing.symbol.strip("."):
            return False
        return listing.exchange in self.serves or f"{listing.exchange}:{listing.symbol}" in self.serves

    def knows_pair(self, base: Currency, quote: Currency) -> bool:
        return self.kind == "rates" and f"{base}/{quote}" in self.serves


def layouts(given: Mapping[str, str]) -> Iterator[Layout]:
    """The one described by options, then those of the file. Raises Misuse naming the option or the table."""
    if given.get("url"):
        own = {name: text for name, text in given.items() if name in _OPTIONS}
        yield _layout(Options(NAME, own, _OPTIONS), _headers_of(own.get("headers", "")))
    path = given.get("file", "").strip()
    if path:
        yield from _of_file(Path(path))


def _of_file(path: Path) -> Iterator[Layout]:
    """TOML with a table [[source]] for each; its names are those of the options, headers a table."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise Misuse(f"{NAME}.file", f"{path.name} cannot be read: {wrong}") from None
    tables = told.get("source", [])
    is_list = isinstance(tables, list) and all(isinstance(one, dict) for one in tables)
    if not is_list or set(told) - {"source"}:
        raise Misuse(f"{NAME}.file", "holds something else than [[source]] tables")
    for place, table in enumerate(tables, 1):
        headers = table.pop("headers", {})
        if not isinstance(headers, dict):
            raise Misuse(f"{NAME}.file", f"source {place}: headers is no table")
        words = {name: str(value) for name, value in table.items()}
        words.setdefault("name", str(place))
        try:
            yield _layout(
                Options(NAME, words, _OPTIONS), {name: str(value) for name, value in headers.items()}
            )
        except Misuse as wrong:
            option = wrong.field.partition(".")[2]
            problem = f"source {words['name']}: {option}: {wrong.problem}"
            raise Misuse(f"{NAME}.file", problem, cure=wrong.cure) from None


def _layout(given: Options, headers: Mapping[str, str]) -> Layout:
    kind = given.one_of("kind", "bars", KINDS)
    root, path = _address(given.text("url"), kind)
    form = given.one_of("format", "json", FORMATS)
    fields = {name: text for name in ("day", "close", *_BAR_FIELDS) if (text := given.text(name))}
    for name in ("day", "close"):
        if name not in fields:
            raise Misuse(f"{NAME}.{name}", "is missing", cure="Write the column or JSON path that holds it")
    if 0 < sum(name in fields for name in ("open", "high", "low")) < 3:
        raise Misuse(f"{NAME}.open", "open, high and low belong together", cure="Give all three or none")
    return Layout(
        name=given.text("name", NAME),
        kind=kind,
        root=root,
        path=path,
        serves=_served(given.listed("serves"), kind),
        format=form,
        rows=given.text("rows"),
        fields=fields,
        date_format=_date_format(given, "date_format", "iso"),
        url_date_format=_date_format(given, "url_date_format", "%Y-%m-%d"),
        decimal=given.one_of("decimal", ".", DECIMALS),
        delimiter=DELIMITERS[given.one_of("delimiter", "comma", DELIMITERS)],
        currency=Currency("") if kind == "rates" else given.currency("currency", "???"),
        headers=headers,
    )


def _address(url: str, kind: str) -> tuple[str, str]:
    """Root and path. Only the path and the query may hold placeholders: the host is the operator's word."""
    where = f"{NAME}.url"
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        parts.port  # noqa: B018  a wrong port shows only when it is read
        places = {name for _, name, _, _ in Formatter().parse(url) if name is not None}
    except ValueError:
        raise Misuse(where, f"{url!r} is not an address", cure="Write https://host/path/{symbol}") from None
    if not is_whole or "{" in parts.netloc or parts.fragment:
        raise Misuse(where, f"{url!r} is not an address", cure="Write https://host/path/{symbol}")
    if "@" in parts.netloc:
        raise Misuse(where, "a password stands in the address", cure="Send it by the option headers")
    if places - _PLACES:
        raise Misuse(
            where, f"unknown placeholder {sorted(places - _PLACES)[0]!r}",
            cure=f"Known: {', '.join(sorted(_PLACES))}",
        )  # fmt: skip
    missing = ({"base"} if kind == "rates" else {"symbol"}) - places
    if missing and kind != "rates":
        raise Misuse(where, "names no {symbol}: every instrument would get the same prices")
    root = f"{parts.scheme}://{parts.netloc}"
    return root, url[len(root) :] or "/"


def _served(words: tuple[str, ...], kind: str) -> tuple[str, ...]:
    where = f"{NAME}.serves"
    if not words:
        raise Misuse(where, "names nothing", cure="Write NSE:INFY,OWN or, for rates, XAU/USD")
    for word in words:
        if kind == "rates":
            base, sign, quote = word.partition("/")
            is_good = sign and len(base) == len(quote) == 3 and word.isascii() and word.upper() == word
        else:
            is_good = word.partition(":")[0] in EXCHANGES
        if not is_good:
            raise Misuse(where, f"{word!r} is unknown", cure="Write NSE:INFY,OWN or, for rates, XAU/USD")
    return words


def _date_format(given: Options, name: str, default: str) -> str:
    text = given.text(name, default)
    if text in ("iso", "seconds", "milliseconds"):
        return text
    sample = datetime(2026, 11, 20)  # noqa: DTZ001  a date, not a moment
    try:
        if datetime.strptime(sample.strftime(text), text).date() == sample.date():  # noqa: DTZ007
            return text
    except ValueError:
        pass
    raise Misuse(
        f"{NAME}.{name}", f"{text!r} does not tell a day",
        cure="Write iso, seconds, milliseconds, or a pattern like %d-%m-%Y",
    )  # fmt: skip


def _headers_of(text: str) -> Mapping[str, str]:
    """`Name: value`, several between bars."""
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split("|"))):
        name, sign, value = (part.strip() for part in one.partition(":"))
        if not (sign and name and value and name.replace("-", "").isalnum() and value.isprintable()):
            raise Misuse(f"{NAME}.headers", "a header is not `Name: value`", cure="Several: A: b | C: d")
        found[name] = value
    return found
