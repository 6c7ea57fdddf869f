"""Answers made once for one value: while the very same object is asked about, the same text goes out.

Safe because what faces show is frozen: a view that has changed is another object.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", str, bytes)

_MOST = 64 * 1024 * 1024


class Kept(Generic[T]):
    """The texts of the subjects last asked about, up to `most` characters or bytes in all. Thread-safe."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held = 0
        self._texts: OrderedDict[tuple[Hashable, int], tuple[object, T]] = OrderedDict()

    def of(self, name: Hashable, subject: object, make: Callable[[], T]) -> T:
        """The text called `name` of that very object; made, outside the lock, when there is none."""
        key = (name, id(subject))
        with self._lock:
            found = self._texts.get(key)
            if found is not None and found[0] is subject:
                self._texts.move_to_end(key)
                return found[1]
        text = make()
        with self._lock:
            self._put(key, subject, text)
        return text

    def _put(self, key: tuple[Hashable, int], subject: object, text: T) -> None:
        former = self._texts.pop(key, None)
        self._held += len(text) - (len(former[1]) if former else 0)
        self._texts[key] = (subject, text)  # holding the subject keeps its id from being given to another
        while self._held > self._most and self._texts:
            _, (_, dropped) = self._texts.popitem(last=False)
            self._held -= len(dropped)
