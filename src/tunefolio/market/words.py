"""How names are compared when somebody searches: without case, accents, punctuation and the word "and"."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_NOISE = frozenset({"and"})
"""`&` and "and" are written one for the other, so neither counts."""


@lru_cache(maxsize=50_000)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared: "Mahindra & Mahindra Ltd." gives mahindra, mahindra, ltd."""
    if text.isascii():
        plain = text.lower()
    else:
        apart = unicodedata.normalize("NFKD", text).casefold()
        plain = "".join(one for one in apart if not unicodedata.combining(one))
    spaced = "".join(one if one.isalnum() else " " for one in plain)
    return tuple(word for word in spaced.split() if word not in _NOISE)


def compact(text: str) -> str:
    """The same in one piece: M&M, m & m and MM are alike, and so are BAJAJ-AUTO and "bajaj auto"."""
    return "".join(words_of(text))
