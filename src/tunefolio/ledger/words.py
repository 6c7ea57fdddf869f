"""The words of the text notation: splitting a line, and what may stand behind the instrument.

Every word belongs to some kinds of facts (kinds.RULES); one that does not fit is an error that names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import unquote

from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency, Money, currency_of, decimal_of, plain
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.feeparts import FeeParts, fee_part
from tunefolio.ledger.kinds import RULES, Delivery, Kind
from tunefolio.ledger.transactions import Ratio

NUMBER = re.compile(r"[-+]?[.,]*\d[\d.,]*(?:[eE][-+]?\d+)?\Z")
RATIO = re.compile(r"[-+]?[\d.,]+:[-+]?[\d.,]+\Z")

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_TAG = re.compile(r"#[^\s#\"]{1,40}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_BARE = re.compile(r'[^\s"#^;@=][^\s"]*\Z')


@dataclass(slots=True)
class Words:
    """What stands behind the instrument, gathered before the fact is made; names still as written."""

    price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal | None = None
    tax: Decimal | None = None
    accrued: Decimal | None = None
    cost_ratio: Decimal | None = None
    units: Decimal | None = None
    counter: Money | None = None
    other: str | None = None
    account: str | None = None
    acquired: TradingDay | None = None
    delivery: Delivery | None = None
    picks: tuple[tuple[str, Decimal], ...] = ()
    currency: Currency | None = None
    note: str | None = None
    at: Instant | None = None
    parts: FeeParts = ()
    order: str = ""
    key: str = ""
    tags: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)


def tokens_of(text: str) -> list[str]:
    """Words; quoted ones keep a leading quote, so that a note is not taken for words. A word that begins
    with ; ends the line: the rest is a comment."""
    if '"' not in text and ";" not in text:
        return text.split()
    return list(_tokens(text.strip()))


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:  # only an unfinished quote can stop here
            raise _unclosed()
        inside, word = found.groups()
        if word is not None and word.startswith('"'):
            raise _unclosed()
        if word is not None and word.startswith(";"):
            return
        yield '"' + re.sub(r"\\(.)", _unescaped, inside) if inside is not None else word
        place = found.end()


def _unclosed() -> Misuse:
    return Misuse("note", "the quote is not closed", cure='End the note with "')


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else found[1]


def quoted(note: str) -> str:
    """A text in double quotes on one line; tokens_of gives it back."""
    return '"' + note.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def word_of(name: str) -> str:
    """A name as it is, or in quotes where it would not be read as one word."""
    return name if _BARE.match(name) else quoted(name)


def unkeyed(text: str) -> str:
    """A key from its written form: %XX stands for a byte of UTF-8."""
    return unquote(text, errors="strict") if "%" in text else text


def number_of(text: str, field: str) -> Decimal:
    """A finite number; commas may group its digits."""
    return decimal_of(text.replace(",", ""), field)


def ratio_of(text: str) -> Ratio:
    """new:old, two numbers above zero."""
    new, colon, old = text.partition(":")
    if not colon:
        raise Misuse("ratio", f"{text!r} is no ratio", cure="Write new:old, as 10:1")
    return Ratio(number_of(new, "ratio"), number_of(old, "ratio"))


def words_of(kind: Kind, rest: Sequence[str]) -> Words:
    """The words behind the head of a line; raises Misuse naming the one that is wrong."""
    words = Words()
    left = iter(rest)
    for token in left:
        read = _READERS.get(token)
        if read is not None:
            _once(words, token)
            read(kind, words, left)
        else:
            _mark(kind, words, token)
    return words


def _once(words: Words, token: str) -> None:
    if token in words.said:
        raise Misuse("line", f"{token!r} is said twice", cure="Say it once, with the sum of both")
    words.said.add(token)


def _mark(kind: Kind, words: Words, token: str) -> None:
    """Notes, tags, keys and currencies: words that need nothing behind them."""
    first = token[0]
    if first == '"':
        if words.note is not None:
            raise Misuse("note", "there are two notes", cure="Write one, in one pair of quotes")
        words.note = token[1:]
    elif first == "#":
        words.tags.append(_tag(token))
    elif first == "^":
        _once(words, "^")
        words.key = unkeyed(token[1:])
        if not words.key:
            raise Misuse("key", "nothing stands behind ^", cure="Write ^ and the key without a space")
    elif _CURRENCY.match(token):
        _spoken(words, currency_of(token))
    else:
        raise Misuse("line", f"{token!r} is not understood here", cure=_hint(kind, token))


def _hint(kind: Kind, token: str) -> str:
    if NUMBER.match(token):
        return f"Say what the number is: @ PRICE, = TOTAL, fee, tax; for example {RULES[kind].example}"
    if re.fullmatch(r"[A-Za-z]{3}", token):
        return f"A currency is written in capitals: {token.upper()}. Put notes in double quotes"
    return f"Put notes in double quotes. For example: {RULES[kind].example}"


def _spoken(words: Words, currency: Currency) -> None:
    if words.currency is not None and words.currency != currency:
        raise Misuse(
            "currency",
            f"{words.currency} and {currency} in one line",
            cure="One line, one currency: record a convert, and a fact in each",
        )
    words.currency = currency


def _tag(token: str) -> str:
    if not _TAG.match(token):
        raise Misuse("tag", f"{token!r} is not a tag", cure="# and 1 to 40 characters without spaces")
    return token[1:]


def _next(left: Iterator[str], field: str) -> str:
    try:
        return next(left)
    except StopIteration:
        raise Misuse(field, "nothing stands behind it", cure=f"Write {field} and its value") from None


_Reader = Callable[[Kind, Words, Iterator[str]], None]


def _number(name: str, label: str, field: str) -> _Reader:
    """A reader of one number ≥ 0 into `field`, for kinds that allow `name`."""

    def read(kind: Kind, words: Words, left: Iterator[str]) -> None:
        text = _next(left, label)
        if not RULES[kind].allows(name):
            raise _misplaced(kind, name, label)
        number = number_of(text, label)
        if number < 0:
            raise Misuse(label, f"{plain(number)} must not be negative", cure="The kind says the direction")
        setattr(words, field, number)

    return read


def _misplaced(kind: Kind, name: str, label: str) -> Misuse:
    rule = RULES[kind]
    if name in {"price", "amount"}:
        what = "an amount only" if "amount" in rule.needs else f"no {name}"
        return Misuse(label, f"a {kind} has {what}", cure=f"For example: {rule.example}")
    if name in {"fees", "tax"}:
        return Misuse(label, f"a {kind} carries no {label}", cure="Record a fact of its own for it")
    return Misuse(label, f"a {kind} has no {name.replace('_', ' ')}", cure=f"For example: {rule.example}")


def _priced(kind: Kind, words: Words, left: Iterator[str]) -> None:
    _number("price", "price", "price")(kind, words, left)


def _totalled(kind: Kind, words: Words, left: Iterator[str]) -> None:
    _number("amount", "amount", "amount")(kind, words, left)


def _units(kind: Kind, words: Words, left: Iterator[str]) -> None:
    units = number_of(_next(left, "units"), "units")
    if not RULES[kind].allows("ratio") or not RULES[kind].allows("quantity"):
        raise _misplaced(kind, "quantity", "units")
    if units <= 0:
        raise Misuse("units", f"{plain(units)} must be above zero", cure="Say the units held afterwards")
    words.units = units


def _cost(kind: Kind, words: Words, left: Iterator[str]) -> None:
    text = _next(left, "cost")
    if not RULES[kind].allows("cost_ratio"):
        raise _misplaced(kind, "cost_ratio", "cost")
    if not text.endswith("%"):
        raise Misuse("cost", f"{text!r} is no share", cure="Write per cent, as cost 4.68%")
    words.cost_ratio = number_of(text[:-1], "cost").scaleb(-2)


def _for(kind: Kind, words: Words, left: Iterator[str]) -> None:
    amount = number_of(_next(left, "for"), "for")
    if not RULES[kind].allows("counter"):
        raise _misplaced(kind, "counter", "for")
    words.counter = Money(amount, currency_of(_next(left, "for")))


def _into(kind: Kind, words: Words, left: Iterator[str]) -> None:
    name = _next(left, "into").removeprefix('"')
    if not RULES[kind].allows("other") or RULES[kind].allows("delivery") or kind is Kind.SUBSCRIBE:
        raise _misplaced(kind, "other", "into")
    words.other = name


def _from(kind: Kind, words: Words, left: Iterator[str]) -> None:
    name = _next(left, "from").removeprefix('"')
    if kind is Kind.SUBSCRIBE:
        words.other = name
    elif kind is Kind.TRANSFER_IN:
        words.account = name
    else:
        raise _misplaced(kind, "counterpart", "from")


def _to(kind: Kind, words: Words, left: Iterator[str]) -> None:
    name = _next(left, "to").removeprefix('"')
    if kind is not Kind.TRANSFER_OUT:
        raise _misplaced(kind, "counterpart", "to")
    words.account = name


def _acquired(kind: Kind, words: Words, left: Iterator[str]) -> None:
    day = TradingDay.parse(_next(left, "acquired"))
    if not RULES[kind].allows("acquired"):
        raise _misplaced(kind, "acquired", "acquired")
    words.acquired = day


def _delivers(delivery: Delivery) -> _Reader:
    def read(kind: Kind, words: Words, left: Iterator[str]) -> None:
        name = _next(left, delivery.value).removeprefix('"')
        if not RULES[kind].allows("delivery"):
            raise _misplaced(kind, "delivery", delivery.value)
        if words.delivery is not None:
            raise Misuse("delivery", "takes and gives in one line", cure="A delivery goes one way")
        words.delivery, words.other = delivery, name

    return read


def _lots(kind: Kind, words: Words, left: Iterator[str]) -> None:
    text = _next(left, "lots")
    if not RULES[kind].allows("picks"):
        raise _misplaced(kind, "picks", "lots")
    words.picks = tuple(_pick(part) for part in text.split(",") if part)


def _pick(text: str) -> tuple[str, Decimal]:
    key, colon, units = text.removeprefix("^").rpartition(":")
    if not colon or not key:
        raise Misuse("lots", f"{text!r} names no units of a lot", cure="Write lots KEY:UNITS,KEY:UNITS")
    quantity = number_of(units, "lots")
    if quantity <= 0:
        raise Misuse("lots", f"{plain(quantity)} must be above zero", cure="Say the units taken of each lot")
    return unkeyed(key), quantity


def _at(_kind: Kind, words: Words, left: Iterator[str]) -> None:
    words.at = Instant.parse(_next(left, "at"))


def _parts(kind: Kind, words: Words, left: Iterator[str]) -> None:
    text = _next(left, "parts")
    if not RULES[kind].allows("fees"):
        raise _misplaced(kind, "parts", "parts")
    words.parts = tuple(fee_part(part) for part in text.split(",") if part)


def _order(kind: Kind, words: Words, left: Iterator[str]) -> None:
    number = _next(left, "order")
    if not RULES[kind].allows("price"):
        raise _misplaced(kind, "order", "order")
    words.order = unkeyed(number)


_READERS: dict[str, _Reader] = {
    "@": _priced,
    "=": _totalled,
    "fee": _number("fees", "fee", "fees"),
    "fees": _number("fees", "fee", "fees"),
    "tax": _number("tax", "tax", "tax"),
    "accrued": _number("accrued", "accrued", "accrued"),
    "units": _units,
    "cost": _cost,
    "for": _for,
    "into": _into,
    "from": _from,
    "to": _to,
    "acquired": _acquired,
    "takes": _delivers(Delivery.TAKES),
    "gives": _delivers(Delivery.GIVES),
    "lots": _lots,
    "at": _at,
    "parts": _parts,
    "order": _order,
}
