"""Names to things, filled by decorators when a room's modules are imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from tunefolio.core.errors import Misuse

T = TypeVar("T")


class Registry(Generic[T]):
    """What answers to a name. A name is taken once; an unknown one names the known ones."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: put the thing under `name`; raises ValueError when the name is taken."""

        def put(thing: T) -> T:
            if name in self._entries and self._entries[name] is not thing:
                raise ValueError(f"two {self._what}s are called {name!r}")
            self._entries[name] = thing
            return thing

        return put

    def of(self, name: str) -> T:
        """The thing; raises Misuse naming what there is."""
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(sorted(self._entries)) or "none"
            raise Misuse(self._what, f"{name!r} is unknown", cure=f"Known: {known}") from None

    def find(self, name: str) -> T | None:
        return self._entries.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries))

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter(sorted(self._entries.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)
