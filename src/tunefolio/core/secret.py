"""A text that cannot be printed by accident."""

from __future__ import annotations

import hmac
from typing import Final, NoReturn


class Secret:
    """Holds a secret; str, repr, format and JSON show a mask; only .reveal() gives it away.

    Compares in constant time; unhashable and unpicklable on purpose.
    """

    __slots__ = ("_text",)
    __hash__ = None  # type: ignore[assignment]
    MASK: Final = "•••"

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return self.MASK

    def __repr__(self) -> str:
        return f"Secret({self.MASK})"

    def __format__(self, spec: str) -> str:
        return format(self.MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")
