"""What was worked out of committed rows, remembered while these rows are the same; safe between threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from tunefolio.store.db import ReadDb, WriteDb

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Answers of each database, the least recently used dropped first; each good for one state of its rows.

    A writer's view may be rolled back, and its ids used again: it neither finds nor keeps anything.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: WeakKeyDictionary[Engine, OrderedDict[K, tuple[object, V]]] = WeakKeyDictionary()

    def find(self, db: ReadDb, key: K, state: object) -> V | None:
        """The answer kept for that very state, None when there is none."""
        if isinstance(db, WriteDb):
            return None
        with self._lock:
            mine = self._kept.get(db.connection.engine)
            kept = None if mine is None else mine.get(key)
            if mine is None or kept is None or kept[0] != state:
                return None
            mine.move_to_end(key)
            return kept[1]

    def last(self, db: ReadDb, key: K) -> V | None:
        """The answer kept for whatever state: to be brought up to date, never to be shown."""
        return self.last_of(db, key, lambda _state: True)

    def last_of(self, db: ReadDb, key: K, fits: Callable[[object], bool]) -> V | None:
        """The same, if its state fits."""
        if isinstance(db, WriteDb):
            return None
        with self._lock:
            mine = self._kept.get(db.connection.engine)
            kept = None if mine is None else mine.get(key)
            return None if kept is None or not fits(kept[0]) else kept[1]

    def keep(self, db: ReadDb, key: K, state: object, answer: V) -> None:
        """Remember it in place of that of any former state."""
        if isinstance(db, WriteDb):
            return
        with self._lock:
            mine = self._kept.setdefault(db.connection.engine, OrderedDict())
            mine[key] = (state, answer)
            mine.move_to_end(key)
            while len(mine) > self._most:
                mine.popitem(last=False)
