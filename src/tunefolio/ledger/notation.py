"""The text notation: one fact, one line, both ways. Grammar and examples: docs/spec/notation.md.

2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #core "first tranche"
2023-07-20 demerger 1:1 NSE:RELIANCE into NSE:JIOFIN cost 4.68%
2024-05-01 transfer_out 10 NSE:INFY to "Kotak" ^T-17
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency, Money, Price, plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import BUYS, RULES, SALES, Kind
from tunefolio.ledger.meanings import Meanings, NameOf, Resolve, Spellings, no_account, no_currency, no_lot
from tunefolio.ledger.transactions import Fact, Pick, Ratio
from tunefolio.ledger.words import (
    NUMBER,
    RATIO,
    Words,
    number_of,
    quoted,
    ratio_of,
    tokens_of,
    unkeyed,
    word_of,
    words_of,
)
from tunefolio.market.instruments import EXCHANGES

_PRICED = BUYS | SALES | {Kind.OPENING, Kind.SHORT, Kind.COVER}
_ACCOUNT_WORD = {Kind.TRANSFER_OUT: "to", Kind.TRANSFER_IN: "from"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line understood: a fact, its tags, and the key it is known by, "" when it has none."""

    fact: Fact
    tags: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """`DAY reverse ^key`: the standing fact of that key is taken back."""

    day: TradingDay
    key: str


def parse_line(
    text: str,
    resolve: Resolve,
    currency: Currency = INR,
    *,
    account: Callable[[str], AccountId] = no_account,
    lot: Callable[[str], TransactionId] = no_lot,
    currency_of: Callable[[InstrumentId], Currency | None] = no_currency,
) -> tuple[Fact, tuple[str, ...]]:
    """One line → (fact, tags). Where the line names no currency, its instrument's holds, else `currency`.

    Raises Misuse naming the word.
    """
    found = read_line(text, Meanings(resolve, account, lot, currency, currency_of))
    if isinstance(found, TakenBack):
        raise Misuse(
            "kind", "a reversal takes back a fact of a text book", cure="Take the fact back by its number"
        )
    return found.fact, found.tags


def read_line(text: str, meanings: Meanings) -> Line | TakenBack:
    """One line of facts, with its key; raises Misuse naming the word and the cure."""
    tokens = tokens_of(text)
    if len(tokens) < 3:
        cure = "Write: DAY KIND QUANTITY INSTRUMENT @ PRICE, or DAY KIND AMOUNT"
        raise Misuse("line", "is too short", cure=cure)
    day = day_of(tokens[0])
    if tokens[1].lower() == "reverse":
        return _reversal(day, tokens[2:])
    kind = _kind(tokens[1])
    head, rest = _head(kind, tokens[2:])
    words = words_of(kind, rest)
    instrument = None if head.instrument is None else meanings.instrument(head.instrument)
    currency = words.currency or _usual_currency(instrument, meanings)
    fact = _fact(kind, day, head, _Scene(instrument, currency, words, meanings))
    return Line(fact, tuple(words.tags), words.key)


@lru_cache(maxsize=4096)
def day_of(text: str) -> TradingDay:
    """TradingDay.parse, remembered: a book names the same days again and again."""
    return TradingDay.parse(text)


def _reversal(day: TradingDay, rest: Sequence[str]) -> TakenBack:
    if len(rest) != 1 or not rest[0].startswith("^") or len(rest[0]) == 1:
        raise Misuse("reverse", "names the fact by its key", cure="Write DAY reverse ^key and nothing more")
    return TakenBack(day, unkeyed(rest[0][1:]))


def _usual_currency(instrument: InstrumentId | None, meanings: Meanings) -> Currency:
    known = None if instrument is None else meanings.currency_of(instrument)
    return known or meanings.currency


def _kind(word: str) -> Kind:
    try:
        return Kind(word.lower().replace("-", "_"))
    except ValueError:
        raise Misuse("kind", f"{word!r} is unknown", cure=f"Known: {', '.join(Kind)}, reverse") from None


@dataclass(slots=True)
class _Head:
    """What stands between the kind and the words: a ratio or a number, and an instrument."""

    number: Decimal | None = None
    ratio: Ratio | None = None
    instrument: str | None = None


def _head(kind: Kind, rest: Sequence[str]) -> tuple[_Head, Sequence[str]]:
    """The head in either order (`10 NSE:INFY`, `NSE:INFY 10`), and what is left."""
    head, rule = _Head(), RULES[kind]
    takes_instrument = rule.allows("instrument")
    needs_number = kind is not Kind.RENAME and not rule.allows("ratio")
    place = 0
    while place < min(2, len(rest)):
        token = rest[place]
        if rule.allows("ratio") and head.ratio is None and RATIO.match(token):
            head.ratio = ratio_of(token)
        elif needs_number and head.number is None and head.ratio is None and _is_number(token, place):
            head.number = number_of(token, _number_field(kind, rest))
        elif takes_instrument and head.instrument is None and _is_instrument(kind, token):
            head.instrument = token.removeprefix('"')
        else:
            break
        place += 1
    _must_be_whole(kind, head, rest)
    return head, rest[place:]


def _is_number(token: str, place: int) -> bool:
    """A number; or, in the first place where no instrument can stand, what should have been one."""
    return NUMBER.match(token) is not None or (place == 0 and ":" not in token and not token.startswith('"'))


def _is_instrument(kind: Kind, token: str) -> bool:
    """EXCHANGE:SYMBOL; any word where the kind cannot do without an instrument."""
    if "instrument" in RULES[kind].needs:
        return token not in {"@", "="}
    if token.startswith('"'):
        return token[1:].partition(":")[0].upper() in EXCHANGES and ":" in token
    return ":" in token and token[0] not in "#^"


def _number_field(kind: Kind, rest: Sequence[str]) -> str:
    if "quantity" in RULES[kind].needs:
        return "quantity"
    return (
        "quantity"
        if kind in _ACCOUNT_WORD and any(_is_instrument(kind, word) for word in rest[:2])
        else "amount"
    )


def _must_be_whole(kind: Kind, head: _Head, rest: Sequence[str]) -> None:
    rule = RULES[kind]
    if "ratio" in rule.needs and head.ratio is None:
        if rest and NUMBER.match(rest[0]):
            ratio_of(rest[0])
        raise Misuse("ratio", f"a {kind} needs its ratio, new:old", cure=f"For example: {rule.example}")
    if head.number is None and ("quantity" in rule.needs or "amount" in rule.needs or kind in _ACCOUNT_WORD):
        number_of(rest[0], "quantity" if "quantity" in rule.needs else "amount")
        raise Misuse("line", f"a {kind} needs a number", cure=f"For example: {rule.example}")
    if "instrument" in rule.needs and head.instrument is None:
        raise Misuse(
            "instrument", f"a {kind} names an instrument", cure=f"Write it as NSE:INFY: {rule.example}"
        )


@dataclass(frozen=True, slots=True)
class _Scene:
    instrument: InstrumentId | None
    currency: Currency
    words: Words
    meanings: Meanings


def _fact(kind: Kind, day: TradingDay, head: _Head, scene: _Scene) -> Fact:
    """The fact that head and words make; Fact checks the rules of its kind."""
    words, currency = scene.words, scene.currency
    is_counted = "quantity" in RULES[kind].needs or (kind in _ACCOUNT_WORD and scene.instrument is not None)
    quantity = head.number if is_counted else words.units
    if is_counted and head.number is not None and head.number <= 0:
        raise Misuse(
            "quantity", f"{plain(head.number)} must be above zero", cure="The kind says the direction"
        )
    price = None if words.price is None else Price(words.price, currency)
    amount = (
        _total(kind, quantity, price, scene)
        if is_counted or head.number is None
        else _paid(kind, head, scene)
    )
    counterpart = None if words.account is None else scene.meanings.account(words.account)
    return Fact(
        kind, day, amount, scene.instrument, quantity, price,
        _money(words.fees, currency), words.note or "", words.at,
        tax=_money(words.tax, currency),
        accrued=_money(words.accrued, currency),
        other=None if words.other is None else scene.meanings.instrument(words.other),
        ratio=head.ratio,
        cost_ratio=words.cost_ratio,
        counter=words.counter,
        counterpart=counterpart,
        acquired=words.acquired,
        picks=tuple(Pick(scene.meanings.lot(key), units) for key, units in words.picks),
        delivery=words.delivery,
        parts=words.parts,
        order=words.order,
    )  # fmt: skip


def _money(amount: Decimal | None, currency: Currency) -> Money | None:
    return None if amount is None else Money(amount, currency)


def _paid(kind: Kind, head: _Head, scene: _Scene) -> Money:
    """The amount of a kind that has one only: no price, no second total."""
    number, total = head.number, scene.words.amount
    if scene.words.price is not None or number is None or (total is not None and (total or number)):
        raise Misuse("price", f"a {kind} has an amount only", cure=f"For example: {RULES[kind].example}")
    if number < 0:
        raise Misuse("amount", f"{plain(number)} must be above zero", cure="The kind says the direction")
    if number == 0 and total is None:
        raise Misuse("amount", "0 must be above zero", cure="Write 0 and = 0 where a zero is really meant")
    return Money(number, scene.currency)


def _total(kind: Kind, quantity: Decimal | None, price: Price | None, scene: _Scene) -> Money:
    """The total named after "=", else quantity × price, rounded once; zero where the kind has none."""
    words = scene.words
    if price is not None and price.amount < 0:
        raise Misuse(
            "price", f"{plain(price.amount)} must not be negative", cure="The kind says the direction"
        )
    if words.amount is not None:
        return Money(words.amount, scene.currency)
    if price is not None and quantity is not None and kind is not Kind.MERGER:
        if price.amount == 0 and kind in _PRICED:
            cure = "Write = 0 if nothing was paid, or record a bonus, an airdrop or a write_off"
            raise Misuse("price", f"a {kind} at zero is rarely meant", cure=cure)
        return (price * quantity).rounded()
    if "amount" in RULES[kind].needs:
        raise Misuse("price", f"a {kind} needs a price or a total", cure="Write @ PRICE per unit, or = TOTAL")
    return Money.zero(scene.currency)


def line(
    fact: Fact,
    name_of: NameOf | Spellings,
    tags: Sequence[str] = (),
    currency: Currency = INR,
    *,
    key: str = "",
) -> str:
    """One fact → one line; read_line gives the same fact back. `currency`: what a reader will assume."""
    names = name_of if isinstance(name_of, Spellings) else Spellings(name_of)
    parts = [fact.day.iso(), fact.kind.value, *_head_parts(fact, names), *_value_parts(fact, names)]
    parts += _further_parts(fact, names)
    if fact.amount.currency != currency and fact.kind is not Kind.CONVERT:
        parts.append(fact.amount.currency)
    if fact.at is not None:
        parts += ["at", fact.at.iso()]
    if fact.order:
        parts += ["order", keyed(fact.order)]
    parts += [f"#{tag}" for tag in tags]
    if fact.note:
        parts.append(quoted(fact.note))
    if key:
        parts.append(f"^{keyed(key)}")
    return " ".join(parts)


def reversal_line(taken_back: TakenBack) -> str:
    """`DAY reverse ^key`."""
    return f"{taken_back.day.iso()} reverse ^{keyed(taken_back.key)}"


def keyed(key: str) -> str:
    """A key as it is written: what would end the word, or part it, as %XX of its UTF-8 bytes."""
    return re.sub(r"[\s\x00-\x1f\x7f\",%;]", lambda c: "".join(f"%{b:02X}" for b in c[0].encode()), key)


def _head_parts(fact: Fact, names: Spellings) -> Iterator[str]:
    is_counted = "quantity" in RULES[fact.kind].needs or (
        fact.kind in _ACCOUNT_WORD and fact.instrument is not None
    )
    if fact.ratio is not None:
        yield str(fact.ratio)
    elif is_counted:
        yield plain(fact.quantity)
    elif fact.kind not in {Kind.RENAME, Kind.MERGER}:
        yield plain(fact.amount.amount)
    if fact.kind is Kind.CONVERT:
        yield fact.amount.currency
    if fact.instrument is not None:
        yield word_of(names.instrument(fact.instrument))
    if fact.other is not None and fact.delivery is None and fact.kind is not Kind.SUBSCRIBE:
        yield from ("into", word_of(names.instrument(fact.other)))


def _value_parts(fact: Fact, names: Spellings) -> Iterator[str]:
    if fact.price is not None:
        yield from ("@", plain(fact.price.amount))
    if _needs_total(fact):
        yield from ("=", plain(fact.amount.amount))
    if fact.kind is Kind.SUBSCRIBE and fact.other is not None:
        yield from ("from", word_of(names.instrument(fact.other)))
    if fact.counter is not None:
        yield from ("for", plain(fact.counter.amount), fact.counter.currency)
    for word, sum_ in (("fee", fact.charges), ("tax", fact.withheld), ("accrued", fact.interest)):
        if sum_.amount:
            yield from (word, plain(sum_.amount))
    if fact.parts:
        yield from ("parts", ",".join(map(str, fact.parts)))


def _needs_total(fact: Fact) -> bool:
    """Where the total does not follow from quantity and price by the rule of _total."""
    rule = RULES[fact.kind]
    if not rule.allows("amount"):
        return False
    if not rule.allows("quantity"):
        return fact.amount.amount == 0
    if fact.kind in _ACCOUNT_WORD and fact.instrument is None:
        return False
    if fact.price is None or fact.quantity is None or fact.kind is Kind.MERGER:
        return "amount" in rule.needs or fact.amount.amount != 0
    if fact.price.amount == 0 and fact.kind in _PRICED:
        return True
    return (fact.price * fact.quantity).rounded().amount != fact.amount.amount


def _further_parts(fact: Fact, names: Spellings) -> Iterator[str]:
    if fact.cost_ratio is not None:
        yield from ("cost", f"{plain(fact.cost_ratio * 100)}%")
    if fact.quantity is not None and RULES[fact.kind].allows("ratio"):
        yield from ("units", plain(fact.quantity))
    if fact.delivery is not None and fact.other is not None:
        yield from (fact.delivery.value, word_of(names.instrument(fact.other)))
    if fact.picks:
        parts = (f"{keyed(names.lot(pick.lot))}:{plain(pick.quantity)}" for pick in fact.picks)
        yield from ("lots", ",".join(parts))
    if fact.acquired is not None:
        yield from ("acquired", fact.acquired.iso())
    if fact.counterpart is not None:
        yield from (_ACCOUNT_WORD[fact.kind], quoted(names.account(fact.counterpart)))
