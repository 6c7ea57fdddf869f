"""Lines of the packed parts as matches: how well each fits, where it stands in the answer, where to go on.

The order of matches is total and the same in every process: a page begins exactly where another ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tunefolio.core.errors import Misuse
from tunefolio.market.instruments import EXCHANGES
from tunefolio.market.masters import CONTRACTS
from tunefolio.market.words import words_of
from tunefolio.store.search_index import GONE, coded, id_of, symbol_of

LONGEST = 60
CONTRACT_WORDS = frozenset(str(one) for one in CONTRACTS)
_ENOUGH = 1_500
_PLACES = {exchange: place for place, exchange in enumerate(EXCHANGES)}
_MOST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed. whole: in one piece; words: each of them."""

    whole: bytes
    words: tuple[bytes, ...]

    @classmethod
    def of(cls, text: str) -> Asked:
        """At most LONGEST characters count; EXCHANGE: before a symbol is left to the caller."""
        words = words_of(text[:LONGEST]) or tuple(text[:LONGEST].lower().split()[:1])
        words = tuple(word for word in words if any(one.isalnum() for one in word))
        return cls("".join(words).encode(), tuple(word.encode() for word in words))

    def tier(self, line: bytes) -> int | None:
        """0: the symbol begins with it; 1: every word begins one; 2: every word stands in it; else None.

        A mere letter only counts where it begins a word.
        """
        text = line[: line.rindex(b"\t")]
        if text.startswith(self.whole, 2):
            return 0
        if all(b" " + word in text for word in self.words):
            return 1
        return 2 if all(len(word) > 1 and word in text for word in self.words) else None


@dataclass(order=True, frozen=True, slots=True)
class Hit:
    """In the order of the answer. id: of an instrument where it is known, else of a listing."""

    is_gone: bool
    is_contract: bool
    tier: int
    is_new: bool
    length: int
    symbol: bytes
    place: int
    line: bytes = field(repr=False)
    id: int = 0

    @property
    def where(self) -> tuple[int, bytes]:
        """The exchange and the symbol: what a listing and the instrument it became have in common."""
        return self.place, self.symbol


def hit_of(part: str, tier: int, line: bytes, *, is_new: bool) -> Hit:
    """A line of that part as a match."""
    exchange, kind, state = part.split("|")
    symbol = symbol_of(line)
    place = _PLACES.get(exchange, len(_PLACES))
    id = id_of(line[line.rindex(b"\t") + 1 :])
    return Hit(state == GONE, kind in CONTRACT_WORDS, tier, is_new, len(symbol), symbol, place, line, id)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: its last match without the line, which is read again where it is needed."""

    is_gone: bool
    is_contract: bool
    tier: int
    is_new: bool
    place: int
    id: int
    symbol: str

    @classmethod
    def of(cls, hit: Hit) -> Position:
        return cls(hit.is_gone, hit.is_contract, hit.tier, hit.is_new, hit.place, hit.id, hit.symbol.decode())

    def hit(self, line: bytes) -> Hit:
        """The match it was. line: b"" where it is no longer there: then all that equal it come after."""
        symbol = self.symbol.encode()
        head = (self.is_gone, self.is_contract, self.tier, self.is_new)
        return Hit(*head, len(symbol), symbol, self.place, line, self.id)

    @property
    def text(self) -> str:
        """0001-0-1594-eternal: gone, contract, tier, new; exchange; id; symbol."""
        flags = f"{self.is_gone:d}{self.is_contract:d}{self.tier}{self.is_new:d}"
        return f"{flags}-{self.place}-{self.id}-{self.symbol}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """What `text` says; raises Misuse for anything else."""
        flags, place, id, symbol = [*text.split("-", 3), "", "", ""][:4]
        is_sound = len(flags) == 4 and set(flags[:2] + flags[3:]) <= {"0", "1"} and flags[2] in "012"
        numbers = place, id
        if not (is_sound and symbol and all(_is_number(one) for one in numbers) and int(id) <= _MOST_ID):
            raise Misuse(
                "cursor", "is not one this list gave", cure="Pass `next` of the page before, unchanged"
            )
        gone, contract, tier, new = (int(flag) for flag in flags)
        return cls(bool(gone), bool(contract), tier, bool(new), int(place), int(id), symbol)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def matches(asked: Asked, body: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of one part that match, with their tiers, in the order of the answer; take as many as needed.

    A rare word is looked for once and its lines are judged; a frequent one tier by tier, as far as is asked.
    """
    for word in sorted(asked.words, key=len, reverse=True):
        lines = list(_lines(body, word, _ENOUGH))
        if len(lines) < _ENOUGH:
            judged = [(tier, line) for line in lines if (tier := asked.tier(line)) is not None]
            judged.sort(key=lambda one: one[0])  # a stable sort: within a tier the part's own order stays
            yield from judged
            return
    rarest = min(asked.words, key=body.count) if len(asked.words) > 1 else asked.words[0]
    for tier, needle in enumerate((b"\n " + asked.whole, b" " + rarest, rarest)):
        for line in _lines(body, needle, None):
            if asked.tier(line) == tier:
                yield tier, line


def _lines(body: bytes, needle: bytes, most: int | None) -> Iterator[bytes]:
    """Each line that holds the needle, once; at most `most`."""
    at, count = 0, 0
    while (at := body.find(needle, at)) >= 0 and count != most:
        start = body.rfind(b"\n", 0, at + 1)
        end = body.find(b"\n", max(at, start) + 1)
        if end < 0:
            return
        yield body[start:end]
        count += 1
        at = end


def line_with(body: bytes, id: int) -> bytes:
    """The line of that id; b"" where the part has none."""
    at = body.find(b"\t" + coded(id) + b"\n")
    if at < 0:
        return b""
    return body[body.rfind(b"\n", 0, at) : body.index(b"\n", at)]
