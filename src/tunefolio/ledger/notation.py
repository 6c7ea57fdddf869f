"""The text notation: one fact, one line, both ways. Grammar and examples: docs/spec/notation.md.

2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #core "first tranche"
2024-07-01 dividend 280 NSE:INFY
2024-04-01 deposit 50000 USD
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency, Money, Price, currency_of, decimal_of, plain
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.transactions import MOVES_UNITS, NEEDS_INSTRUMENT, Fact, Kind

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_TAG = re.compile(r"#[^\s#\"]{1,40}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")

Resolve = Callable[[str], InstrumentId]
NameOf = Callable[[InstrumentId], str]


@dataclass(slots=True)
class _Words:
    """What stands behind the amount, gathered before the fact is made."""

    price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal | None = None
    currency: Currency | None = None
    note: str = ""
    at: Instant | None = None
    tags: list[str] = field(default_factory=list)


def parse_line(text: str, resolve: Resolve, currency: Currency = INR) -> tuple[Fact, tuple[str, ...]]:
    """One line → (fact, tags). `currency` holds where the line names none. Raises Misuse naming the word."""
    tokens = list(_tokens(text))
    if len(tokens) < 3:
        raise Misuse(
            "line", "too short", cure="Write: DAY KIND QUANTITY INSTRUMENT @ PRICE, or DAY KIND AMOUNT"
        )
    day = TradingDay.parse(tokens[0])
    kind = _kind(tokens[1])
    number = decimal_of(tokens[2].replace(",", ""), "quantity" if kind in MOVES_UNITS else "amount")
    rest = tokens[3:]
    instrument: InstrumentId | None = None
    if kind in NEEDS_INSTRUMENT or (kind is Kind.FEE and rest and ":" in rest[0]):
        if not rest:
            raise Misuse("instrument", f"a {kind} names an instrument", cure="Write it as NSE:INFY")
        instrument = resolve(rest[0])
        rest = rest[1:]
    words = _words(rest)
    return _fact(kind, day, number, instrument, words, words.currency or currency), tuple(words.tags)


def line(fact: Fact, name_of: NameOf, tags: Sequence[str] = (), currency: Currency = INR) -> str:
    """One fact → one line; parse_line gives the same fact back."""
    parts = [fact.day.iso(), fact.kind.value]
    if fact.kind in MOVES_UNITS:
        parts.append(plain(fact.quantity))
    else:
        parts.append(plain(fact.amount.amount))
    if fact.instrument is not None:
        parts.append(name_of(fact.instrument))
    if fact.price is not None:
        parts += ["@", plain(fact.price.amount)]
    if fact.kind in MOVES_UNITS and not _follows_from_price(fact):
        parts += ["=", plain(fact.amount.amount)]
    if fact.charges.amount:
        parts += ["fee", plain(fact.charges.amount)]
    if fact.amount.currency != currency:
        parts.append(fact.amount.currency)
    if fact.at is not None:
        parts += ["at", fact.at.iso()]
    parts += [f"#{tag}" for tag in tags]
    if fact.note:
        parts.append(_quoted(fact.note))
    return " ".join(parts)


def _follows_from_price(fact: Fact) -> bool:
    if fact.price is None or fact.quantity is None:
        return False
    return (fact.price * fact.quantity).rounded().amount == fact.amount.amount


def _tokens(text: str) -> Iterator[str]:
    """Words, and quoted notes kept with a leading quote so that they are not taken for words."""
    place = 0
    text = text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:  # only an unfinished quote can stop here
            raise Misuse("note", "the quote is not closed", cure='End the note with "')
        quoted, word = found.groups()
        if word is not None and word.startswith('"'):
            raise Misuse("note", "the quote is not closed", cure='End the note with "')
        yield '"' + re.sub(r"\\(.)", _unescaped, quoted) if quoted is not None else word
        place = found.end()


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else found[1]


def _quoted(note: str) -> str:
    return '"' + note.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _kind(word: str) -> Kind:
    try:
        return Kind(word.lower())
    except ValueError:
        raise Misuse("kind", f"{word!r} is unknown", cure=f"Known: {', '.join(Kind)}") from None


def _words(rest: Sequence[str]) -> _Words:
    words = _Words()
    left = iter(rest)
    for token in left:
        match token:
            case "@":
                words.price = _next_number(left, "price")
            case "=":
                words.amount = _next_number(left, "amount")
            case "fee":
                words.fees = _next_number(left, "fee")
            case "at":
                words.at = Instant.parse(_next(left, "at"))
            case _ if token.startswith('"'):
                words.note = token[1:]
            case _ if token.startswith("#"):
                words.tags.append(_tag(token))
            case _ if _CURRENCY.match(token):
                words.currency = currency_of(token)
            case _:
                raise Misuse("line", f"{token!r} is not understood here", cure="Put notes in double quotes")
    return words


def _tag(token: str) -> str:
    if not _TAG.match(token):
        raise Misuse("tag", f"{token!r} is not a tag", cure="# and 1 to 40 characters without spaces")
    return token[1:]


def _next(left: Iterator[str], field: str) -> str:
    try:
        return next(left)
    except StopIteration:
        raise Misuse(field, "nothing stands behind it") from None


def _next_number(left: Iterator[str], field: str) -> Decimal:
    return decimal_of(_next(left, field).replace(",", ""), field)


def _fact(
    kind: Kind,
    day: TradingDay,
    number: Decimal,
    instrument: InstrumentId | None,
    words: _Words,
    currency: Currency,
) -> Fact:
    """The fact that the words make. `number` is the quantity where units move, else the amount."""
    fees = None if words.fees is None else Money(words.fees, currency)
    if kind in MOVES_UNITS:
        price = None if words.price is None else Price(words.price, currency)
        amount = _total(kind, number, price, words, currency)
        return Fact(kind, day, amount, instrument, number, price, fees, words.note, words.at)
    if words.price is not None or words.amount is not None:
        raise Misuse("price", f"a {kind} has an amount only")
    return Fact(kind, day, Money(number, currency), instrument, None, None, fees, words.note, words.at)


def _total(kind: Kind, quantity: Decimal, price: Price | None, words: _Words, currency: Currency) -> Money:
    """The total named after "=", else quantity × price, rounded once."""
    if quantity <= 0:
        raise Misuse("quantity", f"{plain(quantity)} must be above zero", cure="The kind says the direction")
    if price is not None and price.amount < 0:
        raise Misuse("price", "must not be negative")
    if words.amount is not None:
        return Money(words.amount, currency)
    if price is None:
        raise Misuse("price", f"a {kind} needs a price or a total", cure="Write @ PRICE per unit, or = TOTAL")
    return (price * quantity).rounded()
