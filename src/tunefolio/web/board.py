"""The newest quote of each instrument that somebody here looks at, each encoded once for all who do.

Every change has a number, so "what has changed since" is a comparison and nobody's news must be queued.
Lives in one event loop.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import orjson

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency, Price, plain
from tunefolio.core.time import IST, Instant
from tunefolio.market.quotes import Quote, QuoteKind
from tunefolio.web import filters

MOST_KEPT = 50_000
"""Instruments a board remembers; those that nobody looks at are forgotten first."""


class Watcher(Protocol):
    """Whoever wants to know that instruments have moved."""

    def moved(self, instrument: InstrumentId) -> None: ...


@dataclass(slots=True)
class Entry:
    """One instrument's newest quote. version: the number of its last change; text: its JSON for everyone."""

    quote: Quote
    version: int
    text: bytes
    is_stale: bool


class Board:
    """Quotes by instrument, and who watches which. `boot` names this board: numbers hold here only."""

    def __init__(self, ticking: Collection[str] = ()) -> None:
        self.boot = secrets.token_hex(4)
        self.number = 0
        self.ticking = frozenset(ticking)
        self._entries: dict[InstrumentId, Entry] = {}
        self._currencies: dict[InstrumentId, Currency] = {}
        self._watchers: dict[InstrumentId, set[Watcher]] = {}

    def next(self) -> int:
        """The number of one more change."""
        self.number += 1
        return self.number

    def at(self) -> str:
        """Where the board stands: what a client comes back with."""
        return f"{self.boot}-{self.number}"

    def since(self, text: str) -> int | None:
        """The number of such a place; None when it is not of this board, or of its future."""
        boot, _, number = text.partition("-")
        if boot != self.boot or not (number.isascii() and number.isdigit() and len(number) <= 18):
            return None
        return int(number) if int(number) <= self.number else None

    def learn(self, currencies: Mapping[InstrumentId, Currency]) -> None:
        """These instruments exist; news of others is not kept."""
        if len(self._currencies) + len(currencies) > MOST_KEPT:
            self._forget()
        self._currencies.update(currencies)

    def knows(self, instrument: InstrumentId) -> bool:
        return instrument in self._currencies

    def find(self, instrument: InstrumentId) -> Entry | None:
        return self._entries.get(instrument)

    def watched(self) -> frozenset[InstrumentId]:
        return frozenset(self._watchers)

    def watch(self, watcher: Watcher, instruments: Iterable[InstrumentId]) -> None:
        for id in instruments:
            self._watchers.setdefault(id, set()).add(watcher)

    def unwatch(self, watcher: Watcher, instruments: Iterable[InstrumentId]) -> None:
        for id in instruments:
            watchers = self._watchers.get(id)
            if watchers is not None:
                watchers.discard(watcher)
                if not watchers:
                    del self._watchers[id]

    def apply(self, news: Iterable[Quote], expected: Instant) -> int:
        """Take what is not older and says something else; how many. expected: the oldest a price may be."""
        return self._take([quote for quote in news if self._is_news(quote)], expected)

    def catch_up(self, kept: Iterable[Quote], expected: Instant) -> int:
        """The same for what was kept: of one moment and source, what was heard goes before what was kept."""
        fresh = [quote for quote in kept if self._is_news(quote) and not self._was_heard(quote)]
        return self._take(fresh, expected)

    def judge(self, expected: Instant) -> int:
        """Prices grow old without moving: tell of those that crossed the line; how many."""
        entries = self._entries.values()
        return self._take([e.quote for e in entries if e.is_stale != (e.quote.as_of < expected)], expected)

    def read(self, payload: bytes) -> list[Quote]:
        """The quotes of one message of the fan-out, those of instruments the board knows.

        Raises Misuse for what is not such a message: a newer or older process of this house speaks otherwise.
        """
        try:
            rows = orjson.loads(payload)
            found = []
            for id, price, close, as_of, source, kind in rows:
                currency = self._currencies.get(id)
                if currency is not None:
                    before = None if close is None else Price.of(close, currency)
                    found.append(
                        Quote(
                            id,
                            Price.of(price, currency),
                            before,
                            Instant.parse(as_of),
                            str(source),
                            QuoteKind(kind),
                        )
                    )
        except (ValueError, TypeError) as problem:
            raise Misuse("quotes", f"is not a message of this house: {problem}") from None
        return found

    def _is_news(self, quote: Quote) -> bool:
        """A known instrument's quote that is not older than what stands and says something else."""
        if quote.instrument not in self._currencies:
            return False
        standing = self._entries.get(quote.instrument)
        return standing is None or (quote.as_of >= standing.quote.as_of and quote != standing.quote)

    def _was_heard(self, quote: Quote) -> bool:
        standing = self._entries.get(quote.instrument)
        if standing is None:
            return False
        return (standing.quote.as_of, standing.quote.source) == (quote.as_of, quote.source)

    def _take(self, fresh: Sequence[Quote], expected: Instant) -> int:
        if fresh:
            number = self.next()
            for quote in fresh:
                self._put(quote, number, is_stale=quote.as_of < expected)
        return len(fresh)

    def _put(self, quote: Quote, number: int, *, is_stale: bool) -> None:
        id = quote.instrument
        text = encoded(quote, is_live=quote.source in self.ticking, is_stale=is_stale)
        self._entries[id] = Entry(quote, number, text, is_stale)
        for watcher in self._watchers.get(id, ()):
            watcher.moved(id)

    def _forget(self) -> None:
        for id in [id for id in self._currencies if id not in self._watchers]:
            del self._currencies[id]
            self._entries.pop(id, None)


def encoded(quote: Quote, *, is_live: bool, is_stale: bool) -> bytes:
    """One quote as every client gets it: exact numbers as text, and the words that pages show; all ASCII.

    live: from a broker that sends ticks. text: price, change, change_ratio, previous_close as shown.
    """
    ratio = quote.day_change_ratio()
    before = quote.previous_close
    change = None if before is None else Price(quote.price.amount - before.amount, before.currency)
    told = {
        "id": quote.instrument,
        "price": plain(quote.price.amount),
        "previous_close": None if before is None else plain(before.amount),
        "change": None if change is None else plain(change.amount),
        "change_ratio": None if ratio is None else f"{ratio:.6f}",
        "currency": quote.price.currency,
        "as_of": quote.as_of.iso(IST),
        "source": quote.source,
        "kind": quote.kind.value,
        "live": is_live,
        "stale": is_stale,
        "text": [
            filters.price(quote.price),
            signed(change),
            filters.percent_signed(ratio),
            _shown_before(before),
        ],
    }
    return ascii_json(orjson.dumps(told))


def ascii_json(text: bytes) -> bytes:
    """The same JSON in ASCII, which turns from bytes to text and back at no cost, once for each client."""
    if text.isascii():
        return text
    return _WIDE.sub(_escaped, text.decode()).encode("ascii")


def _escaped(found: re.Match[str]) -> str:
    """UTF-16 units, as JSON writes them."""
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


_WIDE = re.compile(r"[^\x00-\x7f]")


@lru_cache(maxsize=MOST_KEPT)
def _shown_before(price: Price | None) -> str:
    """Yesterday's close stands all day."""
    return filters.price(price)


def signed(change: Price | None) -> str:
    """A difference of prices with its sign: +₹4.35, −₹0.10."""
    if change is None:
        return filters.NOTHING
    size = filters.price(Price(abs(change.amount), change.currency))
    return ("+" if change.amount > 0 else filters.MINUS if change.amount < 0 else "") + size


def joined(texts: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(texts) + b"]"
